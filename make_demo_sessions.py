"""Make OpenCap sessions of synthetic subjects who squat, so that everything runs without recordings.

    python make_demo_sessions.py                                  # 240 people with muscle activations, in demo/full
    python make_demo_sessions.py --no-labels --jobs 2             # their kinematics alone, in a few minutes
    python make_demo_sessions.py --people 3 --out-dir output/few --seed 7

Writes <out-dir>/Data/demo-person-<number>/ in OpenCap's layout (metadata, scaled model, squat trials at 60 Hz and
muscle-driven repetitions), <out-dir>/holdout.txt with the held-out people, every fifth, <out-dir>/validation.txt with
those that choose the checkpoint of a training, and, when all sessions are complete, <out-dir>/demo.json. An interrupted
run continues where it stopped when the same command is given again.
"""

from options.config_parser import parse_config
from options.make_demo_sessions_options import build_parser
from utils.cli import run
from utils.demo_sessions.demo_config import DemoConfig


def main() -> None:
    config = parse_config(build_parser(__doc__), DemoConfig)

    from utils.demo_sessions.demo_session_maker import make_demo_sessions

    result = make_demo_sessions(config)
    print(f"{len(result.sessions)} people in {result.folder}, held out: {', '.join(result.held_out) or 'none'}")


if __name__ == "__main__":
    run(main)
