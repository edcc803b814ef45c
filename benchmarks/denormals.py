"""Measure the networks of guidance with and without denormal numbers (below 1e-38), side by side.

    python benchmarks/denormals.py demo/shipped/Data/demo-person-040

Attention weights of a trained surrogate are denormal for frames that do not matter, and CPUs compute with denormal
numbers much more slowly. `utils.runs.environment.configure_cpu` makes torch treat them as zero.
"""

import time
from statistics import median

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("session", help="OpenCap session folder of the subject.")
    parser.add_argument("--samples", type=int, default=20, help="Samples that are optimised together (default: 20).")
    parser.add_argument("--repeats", type=int, default=5, help="Number of runs, whose median is printed (default: 5).")
    arguments = parser.parse_args()

    import torch

    from dataset.sessions import open_session
    from utils.guidance.latents.latent_space import load_latent_space
    from utils.guidance.subject.frozen_models import load_models

    torch.set_num_threads(1)
    session = open_session(arguments.session)
    models = load_models(None, None, session, torch.device("cpu"), 6.0)
    draw = load_latent_space(None, models.vqvae, frames=49, seed=0).sampler
    z = torch.stack([draw(start) for start in range(arguments.samples)])

    def step() -> tuple[float, torch.Tensor]:
        leaf = z.clone().requires_grad_()
        start = time.perf_counter()
        activations = models.describe(leaf).activations
        torch.autograd.grad(activations.sum(), leaf)
        return time.perf_counter() - start, activations.detach()

    found = {}
    for name, flush in (("kept", False), ("flushed to zero", True)):
        torch.set_flush_denormal(flush)
        step()
        runs = [step() for _ in range(arguments.repeats)]
        found[name] = median(seconds for seconds, _ in runs), runs[0][1]
    print(f"{arguments.samples} samples of 196 frames, decoder, skeleton and surrogate with gradients, one thread")
    for name, (seconds, _) in found.items():
        print(f"denormal numbers {name:<16}{1e3 * seconds:9.0f} ms")
    (slow, exact), (fast, flushed) = found.values()
    difference = float((exact - flushed).abs().max())
    print(f"{slow / fast:.1f} times faster; largest difference of an activation {difference:.1g}")


if __name__ == "__main__":
    run_benchmark(main)
