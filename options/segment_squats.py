"""Command line of segment_squats.py."""

import argparse
from pathlib import Path

from options.common import add_session_arguments, new_parser


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of segment_squats.py, under the script's docstring."""
    parser = new_parser(description)
    add_session_arguments(parser, "Segment")
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out-dir",
        type=Path,
        default=Path("output/segments"),
        metavar="DIR",
        help="Write to DIR/<session>/: <trial>_segment_<k>.mot at the trial's own rate, in degrees and metres, "
        "<trial>_segments.csv with times in seconds and depths in degrees, and <trial>_segments.png.",
    )
    return parser
