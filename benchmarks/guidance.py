"""Measure one iteration of guidance by part, for growing numbers of samples and lengths of the motions.

python benchmarks/guidance.py --subject demo-person-040 --samples 5 20 --seq-len 49 98
"""

import time

from benchmark_parser import make_parser


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--subject", default="demo-person-040", help="Demo person, or the folder of a session.")
    parser.add_argument("--samples", type=int, nargs="+", default=[5, 20], help="Samples that are optimised together.")
    parser.add_argument("--seq-len", type=int, nargs="+", default=[49], help="Length of the motions in latents.")
    parser.add_argument("--repeats", type=int, default=5, help="Iterations, whose fastest is printed part by part.")
    arguments = parser.parse_args()

    import torch

    from utils.guidance.guidance_config import GuidanceConfig
    from utils.guidance.preparation import Preparation, prepare

    def iteration(prepared: Preparation, z: torch.Tensor) -> dict[str, float]:
        """Seconds of CPU time by part."""
        models, objective, update = prepared.models, prepared.objective(), prepared.latents.update
        variable = update.zero(z).requires_grad_()
        clock = [time.process_time()]

        def lap() -> None:
            clock.append(time.process_time())

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
        parts = ("proximity and change", "decoder", "filter and feet", "surrogate", "terms", "gradient")
        return dict(zip(parts, (1e3 * (b - a) for a, b in zip(clock, clock[1:], strict=False)), strict=True))

    for seq_len in arguments.seq_len:
        most = max(arguments.samples)
        config = GuidanceConfig(
            subject=arguments.subject, seq_len=seq_len, min_samples=most, threads=1, verify=False, device="cpu"
        )
        prepared = prepare(config)
        starts = torch.stack([prepared.latents.sampler(number) for number in range(most)])
        for samples in arguments.samples:
            runs = [iteration(prepared, starts[:samples]) for _ in range(arguments.repeats)]
            best = {part: min(run[part] for run in runs) for part in runs[0]}
            total = sum(best.values())
            print(f"{samples} samples of {seq_len} latents, one thread: {total:.0f} ms an iteration")
            for part, milliseconds in best.items():
                print(f"  {part:22}{milliseconds:8.1f} ms  {milliseconds / total:4.0%}")


if __name__ == "__main__":
    main()
