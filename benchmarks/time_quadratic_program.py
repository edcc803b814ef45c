"""Measure the quadratic programs of static optimisation for 20 motions of 196 frames, on one thread, in float64.

    python benchmarks/time_quadratic_program.py

Problem 1 has the 7×40 blocks of both legs' muscles beside a 23×48 block of contact forces. Problem 2 has the muscles of
one leg, two problems for each frame. The matrices are random; each muscle spans about a third of a leg's coordinates.
"""

import time
from typing import TYPE_CHECKING, Any

from benchmark_parser import make_parser, run_benchmark

if TYPE_CHECKING:
    import torch

FRAMES = 20 * 196


def draw(generator: "torch.Generator") -> tuple[dict[str, Any], dict[str, Any]]:
    """Both problems at the sizes of a real frame, as keyword arguments of the solver."""
    import torch

    from models.muscles.quadratic_program import ColumnBlock

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    legs = [30 * normal(FRAMES, 7, 40) * (torch.rand(FRAMES, 7, 40, generator=generator) < 0.35) for _ in range(2)]
    contact = 400 * normal(FRAMES, 23, 48)
    activations = torch.rand(FRAMES, 80, generator=generator, dtype=torch.float64) ** 3
    forces = torch.rand(FRAMES, 48, generator=generator, dtype=torch.float64) ** 3
    muscle_moments = [
        torch.einsum("fmn,fn->fm", leg, part) for leg, part in zip(legs, activations.split(40, 1), strict=True)
    ]
    moments = torch.einsum("fmn,fn->fm", contact, forces) + 5 * normal(FRAMES, 23)
    moments[:, :14] += torch.cat(muscle_moments, dim=1)
    zeros, ones = torch.zeros(48, dtype=torch.float64), torch.ones(80, dtype=torch.float64)
    first = {
        "d": torch.cat([2 * ones, 0.02 + zeros]),
        "c": torch.zeros(128, dtype=torch.float64),
        "blocks": [
            ColumnBlock(legs[0], slice(0, 7)),
            ColumnBlock(legs[1], slice(7, 14)),
            ColumnBlock(contact, slice(0, 23)),
        ],
        "b": moments,
        "slack_scale": torch.full((23,), 5.0, dtype=torch.float64),
        "lower": torch.cat([0.05 * ones, zeros]),
        "upper": torch.cat([ones, zeros + float("inf")]),
    }
    second = {
        "d": 2 * ones[:40],
        "c": 0 * ones[:40],
        "blocks": torch.cat(legs),
        "b": torch.cat(muscle_moments) + 5 * normal(2 * FRAMES, 7),
        "slack_scale": torch.full((7,), 5.0, dtype=torch.float64),
        "lower": 0.05 * ones[:40],
        "upper": ones[:40],
    }
    return first, second


def main() -> None:
    """Print milliseconds per frame and iterations."""
    make_parser(__doc__).parse_args()

    import torch

    from models.muscles.interior_point import WarmStart
    from models.muscles.quadratic_program import solve_quadratic_program

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    first, second = draw(generator)
    print("problem      tolerance  start  forward ms/frame  backward ms/frame  iterations")
    for name, problem, chunk in (("1, 23×128", first, 256), ("2, 2×7×40", second, 1024)):
        for tolerance in (1e-5, 1e-8):
            start = None
            for kind in ("cold", "warm"):
                b = problem["b"] + 0.5 * torch.randn(problem["b"].shape, generator=generator, dtype=torch.float64)
                given = {**problem, "b": b.requires_grad_()}
                begin = time.perf_counter()
                solution = solve_quadratic_program(**given, tolerance=tolerance, start=start, chunk=chunk)
                middle = time.perf_counter()
                solution.x.sum().backward()
                end = time.perf_counter()
                start = WarmStart(solution.x.detach(), solution.y)
                forward, backward = 1e3 * (middle - begin) / FRAMES, 1e3 * (end - middle) / FRAMES
                print(
                    f"{name:12} {tolerance:<9.0e}  {kind}  {forward:16.3f}  {backward:17.3f}  {solution.iterations:10d}"
                )


if __name__ == "__main__":
    run_benchmark(main)
