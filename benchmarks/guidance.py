"""Measure one iteration of guidance by part, for growing numbers of samples, lengths and training latents.

    python benchmarks/guidance.py
    python benchmarks/guidance.py --subject demo-person-040 --samples 1 5 20 --seq-len 49 98 --repeats 5
    python benchmarks/guidance.py --device cuda --samples 1 20 200

Each row is a process of its own, on one thread. ms is the processor time of an iteration with the surrogate, or by the
clock on a GPU, the median of --repeats; the percentages are its parts. The ratio is to the first row. GFLOP/s counts
matrix products and convolutions of both passes, and the share is that of products of square matrices in float32,
measured in the same process. MB is the largest resident memory, with the packages, the subject and the networks, whose
loading takes the memory of `start`; on a GPU it is the memory of tensors. The last column says how many iterations it
takes until so many motions are different and meet what is required, by the surrogate alone. Further rows have other
numbers of training latents to which proximity is measured, the shipped ones repeated, with the first number of samples
and length.
"""

from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Any

from benchmark_parser import make_parser, run_benchmark
from measuring import apart, clock, counted_operations, machine, peak_megabytes, product_rate, spread

PARTS = ("proximity", "decoder", "feet", "surrogate", "terms", "gradient")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--subject", default="demo-person-040", help="Demo person, or the folder of a session.")
    parser.add_argument("--samples", type=int, nargs="+", default=[1, 5, 20], help="Samples optimised together.")
    parser.add_argument("--seq-len", type=int, nargs="+", default=[49, 98], help="Length of the motions in latents.")
    parser.add_argument(
        "--training-latents", type=int, nargs="*", default=[1000, 10000], help="Further numbers of training latents."
    )
    parser.add_argument("--repeats", type=int, default=5, help="Measured iterations (default: 5).")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda.")
    arguments = parser.parse_args()
    print(machine(arguments.device))
    columns = "".join(f"{part:>11}" for part in PARTS)
    print(
        f"samples  latents  training      ms   ratio  spread  ms a sample{columns}   GFLOP/s  share     MB  (start)"
        "  iterations"
    )
    cases = [(samples, seq_len, 0) for seq_len in arguments.seq_len for samples in arguments.samples]
    cases += [(arguments.samples[0], arguments.seq_len[0], count) for count in arguments.training_latents]
    first = None
    for samples, seq_len, training in cases:
        found = apart(measure, arguments.subject, samples, seq_len, training, arguments.repeats, arguments.device)
        totals = [sum(run) for run in found["runs"]]
        ms = median(totals)
        first = first or ms
        parts = [median(run[i] for run in found["runs"]) / ms for i in range(len(PARTS))]
        print(
            f"{samples:7}{seq_len:9}{found['training']:10}{ms:8.0f}{ms / first:8.2f}{spread(totals):8.0%}"
            f"{ms / samples:13.1f}"
            + "".join(f"{part:11.0%}" for part in parts)
            + f"{found['rate'] / 1e9:10.1f}{found['share']:7.0%}{found['megabytes']:7.0f}{found['start']:9.0f}"
            f"{found['iterations']:12}",
            flush=True,
        )


def measure(subject: str, samples: int, seq_len: int, training: int, repeats: int, device: str) -> dict[str, Any]:
    """Milliseconds of the parts of each iteration, operations a second, peak megabytes, and iterations to success.

    With `training`, proximity is to so many latents.
    """
    import torch

    from utils.guidance.guidance_config import GuidanceConfig
    from utils.guidance.guidance_observer import GuidanceObserver
    from utils.guidance.objective.proximity import Proximity
    from utils.guidance.preparation import prepare
    from utils.guidance.simulated_search import find_samples

    config = GuidanceConfig(
        subject=subject, seq_len=seq_len, min_samples=samples, threads=1, verify=False, device=device
    )
    prepared = prepare(config)
    known = prepared.latents.latents
    assert known is not None, "the shipped VQ-VAE has its training latents"
    if training:
        known = known.repeat(-(-training // len(known)), 1, 1)[:training]
        prepared = replace(prepared, latents=replace(prepared.latents, latents=known, proximity=Proximity(known)))
    start = peak_megabytes(device)
    models, objective, update = prepared.models, prepared.objective(), prepared.latents.update
    z = torch.stack([prepared.latents.sampler(number) for number in range(samples)])

    def iteration() -> list[float]:
        laps = [clock(device)]

        def lap() -> None:
            laps.append(clock(device))

        variable = update.zero(z).requires_grad_()
        moved = z + update(variable)
        distance, _ = objective.proximity(moved)
        cost = objective.attraction(moved, z, distance)
        lap()
        decoded = models.vqvae.decode(moved)
        lap()
        motion, points = models.placed(decoded)
        lap()
        context = models.describe_motion(motion, contact_points=points)
        context.prediction  # noqa: B018  # computed when it is first asked for
        lap()
        losses = [term.weight * term.loss(term.value(context)) for term in prepared.terms]
        lap()
        torch.autograd.grad((cost + torch.stack(losses).sum(0)).sum(), variable)
        lap()
        return [1e3 * (end - begin) for begin, end in pairwise(laps)]

    operations = counted_operations(iteration)  # in the first one, which is slower than the others
    runs = [iteration() for _ in range(repeats)]
    megabytes = peak_megabytes(device)
    found = find_samples(prepared, GuidanceObserver())
    rate = operations / (median(map(sum, runs)) / 1e3)
    return {
        "runs": runs,
        "rate": rate,
        "share": rate / product_rate(device=device),
        "megabytes": megabytes,
        "start": start,
        "training": len(known),
        "iterations": len(found.history) if sum(sample.accepted for sample in found.samples) >= samples else "none",
    }


if __name__ == "__main__":
    run_benchmark(main)
