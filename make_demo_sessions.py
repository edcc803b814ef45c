"""Make OpenCap sessions of synthetic people who squat, so that everything runs without a download.

    python make_demo_sessions.py                                  # 80 people with muscle activations, in demo/full
    python make_demo_sessions.py --no-labels --jobs 2             # their kinematics alone, in a few minutes
    python make_demo_sessions.py --people 3 --out-dir output/few --seed 7

Writes <out-dir>/Data/demo-person-<number>/ in OpenCap's layout (metadata, scaled model, squat trials at 60 Hz, muscle-
driven repetitions), <out-dir>/holdout.txt with the held-out people, every fifth, and, when all is there,
<out-dir>/demo.json. Started again, it goes on where it stopped.
"""

from options.make_demo_sessions_options import build_parser
from utils.cli import run


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    import multiprocessing
    from functools import partial

    from tqdm import tqdm

    from dataset.demo.population import finish, start

    everyone = range(arguments.people)
    start(arguments.out_dir, arguments)
    make = partial(make_person, arguments)
    if arguments.jobs == 1:
        made = list(tqdm(map(make, everyone), total=arguments.people, desc="people", disable=None))
    else:
        with multiprocessing.get_context("spawn").Pool(arguments.jobs) as pool:
            people = pool.imap_unordered(make, everyone)
            made = list(tqdm(people, total=arguments.people, desc="people", disable=None))
    holdout = finish(arguments.out_dir, arguments, everyone)
    print(f"{len(made)} people in {arguments.out_dir}, held out: {', '.join(holdout) or 'none'}")


def make_person(arguments, person_index: int) -> str:
    """Make one person's session and, unless told otherwise, its labels; returns the session's id."""
    import torch

    from dataset.demo.population import make_session

    torch.set_num_threads(1)
    session = make_session(arguments.out_dir, arguments.seed, person_index, arguments.repetitions, arguments.trials)
    if not arguments.no_labels:
        label(session)
    return session.id


def label(session) -> None:
    """Simulate the muscle activations of every repetition that has none yet, into the session's own Dynamics folder."""
    from utils.simulation.session_simulation import simulate_session

    simulate_session(session, session.squat_trials, session.path.parent, progress=False)


if __name__ == "__main__":
    run(main)
