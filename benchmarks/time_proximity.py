"""Measure the proximity to training latents by one matrix product and by a loop over the latents.

python benchmarks/time_proximity.py --latents 400 --samples 20 --code-dim 512
"""

import time
from collections.abc import Callable

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--latents", type=int, default=400, help="Number of training latents (default: 400).")
    parser.add_argument("--samples", type=int, default=20, help="Samples that are optimised together (default: 20).")
    parser.add_argument("--code-dim", type=int, default=512, help="Channels of a latent frame (default: 512).")
    parser.add_argument("--repeats", type=int, default=5, help="Number of runs, whose fastest is printed (default: 5).")
    arguments = parser.parse_args()

    import torch

    from utils.guidance.objective.proximity import Proximity

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(arguments.latents, 49, arguments.code_dim, generator=generator)
    z = latents[: arguments.samples] + 0.1 * torch.randn(arguments.samples, 49, arguments.code_dim, generator=generator)
    z.requires_grad_()
    proximity = Proximity(latents)

    def loop(z: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.stack([(one - latent).norm() for latent in latents]).min() for one in z])

    def step(distance: Callable[[torch.Tensor], torch.Tensor]) -> tuple[float, torch.Tensor, torch.Tensor]:
        seconds = []
        for _ in range(arguments.repeats):
            start = time.perf_counter()
            values = distance(z)
            gradient = torch.autograd.grad(values.sum(), z)[0]
            seconds.append(time.perf_counter() - start)
        return min(seconds), values.detach(), gradient

    slow, expected, expected_gradient = step(loop)
    fast, values, gradient = step(lambda z: proximity(z)[0])
    print(f"{arguments.samples} samples, {arguments.latents} latents of 49 x {arguments.code_dim}, one thread")
    print(f"loop over latents   {1e3 * slow:9.1f} ms")
    print(f"one matrix product  {1e3 * fast:9.1f} ms   {slow / fast:.0f} times faster")
    print(f"largest difference  {float((values - expected).abs().max()):.2g} in the distance, ", end="")
    print(f"{float((gradient - expected_gradient).abs().max()):.2g} in its gradient")


if __name__ == "__main__":
    run_benchmark(main)
