"""Command line of export_mot.py."""

import argparse
from pathlib import Path

from options.config_parser import new_parser
from options.shared_options import add_data_root_argument


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of export_mot.py, under the script's docstring."""
    parser = new_parser(description)
    parser.add_argument(
        "motion", nargs="+", type=Path, metavar="MOT", help="Export these motion files (OpenSim .mot or .sto)."
    )
    data = parser.add_argument_group("data")
    data.add_argument(
        "--subject",
        metavar="SESSION",
        help="Take the skeleton from this OpenCap session: its folder, or its id under the data root. bvh and json "
        "need it.",
    )
    add_data_root_argument(data)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--format",
        choices=("bvh", "json", "mot"),
        default="bvh",
        help="bvh: bones for Blender and other animation programs. json: bodies with bone meshes for the OpenCap "
        "viewer (opencap-visualizer). mot: the motion with knee_angle_*_beta columns, in degrees, with which OpenSim "
        "shows the patella of OpenCap's models in its place.",
    )
    output.add_argument(
        "--unit",
        choices=("m", "cm"),
        default="m",
        help="Write lengths of a .bvh in metres, Blender's unit, or in centimetres, which Maya, MotionBuilder and "
        "Unreal expect.",
    )
    output.add_argument(
        "--out-dir",
        type=Path,
        default=Path("output/exports"),
        metavar="DIR",
        help="Write DIR/<motion>.bvh, .json or .mot; a file that is there already is refused, not replaced.",
    )
    return parser
