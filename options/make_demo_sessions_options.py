"""Command line of make_demo_sessions.py."""

import argparse

from options.config_parser import add_option, new_parser
from utils.demo_sessions.demo_config import DemoConfig


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of make_demo_sessions.py, under the script's docstring."""
    parser = new_parser(description)
    people = parser.add_argument_group("people")
    add_option(people, DemoConfig, "people", metavar="N", help="Number of synthetic subjects.")
    add_option(
        people, DemoConfig, "trials", metavar="N", help="Squat trials of each subject; each has a style of its own."
    )
    add_option(people, DemoConfig, "repetitions", metavar="N", help="Squats in each trial.")
    add_option(
        people,
        DemoConfig,
        "seed",
        metavar="N",
        help="Seed of the population: the same seed gives the same files, and person 7 is the same person whatever "
        "--people says.",
    )
    run = parser.add_argument_group("run")
    add_option(
        run,
        DemoConfig,
        "labels",
        help="Simulate the muscle activations of every repetition. After --no-labels, the same command without it adds "
        "them.",
    )
    add_option(run, DemoConfig, "jobs", metavar="N", help="Number of processes, each with one CPU thread.")
    output = parser.add_argument_group("output")
    add_option(
        output,
        DemoConfig,
        "out_dir",
        metavar="DIR",
        help="Write to DIR/Data/demo-person-<number>/; sessions that are complete there are kept.",
    )
    return parser
