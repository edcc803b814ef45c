"""Command line of segment_squats.py."""

import argparse
from pathlib import Path

from options.common import new_parser


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of segment_squats.py, under the script's docstring."""
    parser = new_parser(description)
    data = parser.add_argument_group("data")
    data.add_argument(
        "--subject",
        required=True,
        metavar="SESSION",
        help="Segment the trials of this OpenCap session: its folder, or its id under the data root.",
    )
    data.add_argument(
        "--trial",
        nargs="+",
        metavar="NAME",
        help="Segment these trials, by name in OpenSimData/Kinematics or by path; the default is all trials named "
        "squat or sqt, and every trial where none is.",
    )
    data.add_argument(
        "--data-root",
        type=Path,
        metavar="DIR",
        help="Folder that holds Data/<session>/ or OpenCapData_<session>/; the default is $BIGE_DATA.",
    )
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
