r"""Generate one person's squats that meet a clinician's constraints.

    python LIMO_Surrogate.py --exp-name demo --dataname demo --subject demo-person-040 --total-iter 600
    python LIMO_Surrogate.py --exp-name TestBIGE --vq-name output/VQVAE9/300000.pth --dataname mcs --seq-len 49 \
        --total-iter 3000 --lr 0.5 --num-runs 3000 --min-samples 20 --subject SESSION --low 0.35 --high 0.45
    python LIMO_Surrogate.py ... --constraint knee_flexion:max:within:80:100 --constraint asymmetry:rms:below:2

Writes to <out-dir>/<exp-name>/ losses_<session>.csv, TensorBoard events, summary.json and, in
mot_visualization/latents_subject_run_<session>/, the motions entry_<j>_<exp-name>.mot by peak activation (kinematics in
degrees on the floor y = 0, and the predicted activations), latents.npz, summary.json, args.json, overview.png and
report.html, which explains all of it.
Exits with 1 if fewer than --min-samples motions met what is required; those that missed by least fill up.
"""

import logging
import math
import sys
from pathlib import Path

from options.limo_surrogate_options import build_parser
from options.shared_options import data_root_of, run_folder
from utils.cli import run

logger = logging.getLogger("bige")


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    from dataset.errors import InputError
    from utils.guidance.objective.published_terms import terms_of

    if arguments.refine is None:
        arguments.refine = 2 if arguments.verify else 0
    if not arguments.verify and (arguments.candidates > 1 or arguments.refine or arguments.exact_paths):
        raise InputError("--candidates, --refine and --exact-paths are of the simulation, which --no-verify leaves out")

    terms = terms_of(arguments)

    from dataset.sessions import open_session
    from utils.guidance.latents.latent_space import load_latents
    from utils.guidance.optimisation.latent_optimizer import Guidance
    from utils.guidance.optimisation.refinement import ITERATIONS, refine
    from utils.guidance.optimisation.schedule import Schedule
    from utils.guidance.optimisation.search import search
    from utils.guidance.output.guided_views import show_guided
    from utils.guidance.output.loss_log import LossLog
    from utils.guidance.output.overview import draw_overview
    from utils.guidance.output.progress import Progress
    from utils.guidance.output.summary import in_order, summarise_run, table, write_samples, write_summary
    from utils.guidance.subject.frozen_models import load_models
    from utils.guidance.verification import choose_by_simulation, simulate
    from utils.report.build import write_report
    from utils.runs.environment import choose_device, set_seed, set_threads
    from utils.runs.record import save_arguments
    from utils.runs.run_folder import RunFolder
    from utils.simulation.session_simulation import build_simulator

    set_threads(arguments.threads)
    set_seed(arguments.seed)
    is_path = Path(arguments.subject).expanduser().is_dir() or len(Path(arguments.subject).parts) > 1
    session = open_session(arguments.subject, None if is_path else data_root_of(arguments)[1])
    device = choose_device(arguments.device)
    models = load_models(arguments.vq_name, arguments.surrogate_name, session, device, arguments.smooth_hz)
    latents = load_latents(
        arguments.vq_name, models, arguments.seq_len, arguments.seed, arguments.start_noise, arguments.move
    )
    folder = RunFolder(run_folder(arguments), session.id)
    folder.prepare(arguments.overwrite)
    for place in (folder.run, folder.motions):  # the run's are those of its last session
        save_arguments(arguments, place)

    guidance = Guidance(
        models.describe,
        terms,
        latents.proximity,
        move=latents.move,
        schedule=Schedule(arguments.total_iter, release=arguments.release),
        lr=arguments.lr,
        beta=arguments.beta,
        furthest=latents.furthest(arguments.max_distance),
        patience=arguments.patience,
    )
    log = LossLog(folder, terms)
    with Progress(arguments.total_iter, log) as progress:
        samples = search(
            guidance,
            latents.draw,
            wanted=math.ceil(arguments.candidates * arguments.min_samples),
            starts=arguments.num_runs,
            batch_size=arguments.batch_size,
            give_up=arguments.give_up,
            report=progress,
        )
        if arguments.verify and samples:
            logger.info("simulating %d motions on the person's own model", len(samples))
            simulator = build_simulator(session.model_path, folder.run / "cache", exact_paths=arguments.exact_paths)
        if arguments.refine and samples:
            samples = refine(
                samples,
                guidance,
                models,
                lambda motion: simulate(simulator, motion).activations,
                arguments.refine,
                progress.rounds(ITERATIONS),
            )
    if not samples:
        raise KeyboardInterrupt

    samples, verification = in_order(samples, arguments.muscle), None
    if arguments.verify:
        limits, wanted = (arguments.low, arguments.high), arguments.min_samples
        samples, verification = choose_by_simulation(samples, simulator, arguments.muscle, *limits, wanted)
    paths = write_samples(folder, samples, latents.names)
    summary = summarise_run(
        samples,
        terms,
        models.skeleton,
        session=session.id,
        muscle=arguments.muscle,
        wanted=arguments.min_samples,
        names=latents.names,
        distance_to_others=latents.distance_to_others,
        paths=paths,
    )
    if verification:
        verification.add_to(summary, arguments.low, arguments.high)
    write_summary(folder, summary)
    draw_overview(folder.motions / "overview.png", samples, models, session, arguments, verification)
    print(table(summary))
    if verification:
        print(f"\nsimulated on {session.model_path.name}: peak {arguments.muscle}, promised and found")
        print(verification.table(arguments.low, arguments.high))
    show_guided(folder.events, samples, paths, latents, models.skeleton)
    logger.info("%d motions, summary.json and overview.png in %s", len(paths), folder.motions)
    logger.info("open %s in a browser", write_report(folder.motions, session, verification))
    if guidance.interrupted:
        raise KeyboardInterrupt
    if summary["accepted"] < arguments.min_samples:
        logger.error("only %d of %d meet what is required", summary["accepted"], arguments.min_samples)
        sys.exit(1)


if __name__ == "__main__":
    run(main)
