"""Command line of make_demo_sessions.py."""

import argparse
from pathlib import Path

from options.config_parser import new_parser
from options.shared_options import positive_integer


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of make_demo_sessions.py, under the script's docstring."""
    parser = new_parser(description)
    people = parser.add_argument_group("people")
    people.add_argument("--people", type=positive_integer, default=80, metavar="N", help="Make so many people.")
    people.add_argument(
        "--trials",
        type=positive_integer,
        default=2,
        metavar="N",
        help="Let each perform so many trials, each its own way.",
    )
    people.add_argument(
        "--repetitions", type=positive_integer, default=5, metavar="N", help="Put so many squats into each trial."
    )
    people.add_argument(
        "--seed",
        type=int,
        default=0,
        help="Draw the population from this integer: the same seed gives the same files, and person 7 is the same "
        "person whatever --people says.",
    )
    run = parser.add_argument_group("run")
    run.add_argument(
        "--no-labels",
        action="store_true",
        help="Leave the muscle-driven repetitions out; the same command without this adds them later.",
    )
    run.add_argument(
        "--jobs",
        type=positive_integer,
        default=1,
        metavar="N",
        help="Make so many people at once, one CPU thread each.",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out-dir",
        type=Path,
        default=Path("demo/full"),
        metavar="DIR",
        help="Write to DIR/Data/demo-person-<number>/; people who are complete there are kept.",
    )
    return parser
