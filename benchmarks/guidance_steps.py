"""Compare the steps of guidance: how small the change is after how many iterations.

    python benchmarks/guidance_steps.py demo-person-040 --constraint "knee_flexion:max:below:70"
    python benchmarks/guidance_steps.py SESSION --constraint "patellofemoral_compression:max:below:80%own" --samples 6

From the same starts and for the same objective, each row optimises with a schedule of so many iterations. `form` steps
are measured by what they change of a motion, as guidance does; `principal` are Adam's along the principal components of
the training latents. Met are the samples that meet what is required, by the surrogate; the objective is the mean of its
part without constraints over these, times 1000, and the change is their mean difference in form from the own squats.
The time is processor time of one thread.
"""

import time

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("session", help="Folder of a session with squats, or id of a demo person.")
    parser.add_argument("--constraint", nargs="+", required=True, help="What is asked, as for LIMO_Surrogate.py.")
    parser.add_argument("--samples", type=int, default=6, help="Samples (default: 6).")
    parser.add_argument("--iterations", type=int, nargs="+", default=[15, 30, 60, 120, 250], help="Schedules.")
    arguments = parser.parse_args()

    import torch

    from utils.biomechanics.registry import evaluate_quantity
    from utils.biomechanics.statistics import summarise
    from utils.guidance.guidance_config import GuidanceConfig
    from utils.guidance.latents.latent_updates import FormUpdate
    from utils.guidance.optimisation.latent_optimizer import LatentOptimizer
    from utils.guidance.optimisation.schedule import Schedule
    from utils.guidance.preparation import prepare

    prepared = prepare(
        GuidanceConfig(
            dataname="demo", subject=arguments.session, constraint=arguments.constraint,
            min_samples=arguments.samples, threads=1, device="cpu",
        )
    )  # fmt: skip
    form = prepared.latents.update
    if not isinstance(form, FormUpdate):
        parser.error(f"{arguments.session} has no squats on two feet to start from")
    z = torch.stack([prepared.latents.sampler(number) for number in range(arguments.samples)])
    objective = prepared.objective()
    print("steps      iterations  met  objective  change      s")
    for name, update in (("form", form), ("principal", form.principal)):
        for iterations in arguments.iterations:
            schedule = Schedule(iterations, first=0, ramp=0)
            began = time.process_time()
            found = LatentOptimizer(objective, schedule, update.usual_lr, update).optimise(z)
            seconds = time.process_time() - began
            with torch.no_grad():
                values, losses = objective.term_values(found)
                distance, _ = objective.proximity(found)
                met = objective.violation(values, distance) <= 0
                score = objective.score(losses, objective.attraction(found, z, distance))
                context = prepared.models.describe(found)
                change = summarise(evaluate_quantity("change_from_own", context), "rms")[:, 0]
            mean = f"{1e3 * score[met].mean():11.1f}{change[met].mean():7.2f}°" if met.any() else f"{'':19}"
            print(f"{name:11}{iterations:10}{int(met.sum()):5}{mean}{seconds:7.1f}", flush=True)


if __name__ == "__main__":
    run_benchmark(main)
