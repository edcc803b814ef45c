"""Command line of export_mot.py."""

import argparse

from options.config_parser import add_option, new_parser
from options.shared_options import DATA_ROOT_HELP, MODEL_HELP
from utils.export.export_config import FORMATS, UNITS_PER_M, ExportConfig


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of export_mot.py, under the script's docstring."""
    parser = new_parser(description)
    add_option(
        parser,
        ExportConfig,
        "motions",
        flags=("motions",),
        metavar="MOT",
        help="Motion files to export (OpenSim .mot or .sto).",
    )
    data = parser.add_argument_group("data")
    add_option(
        data,
        ExportConfig,
        "subject",
        metavar="SESSION",
        help="Take the model from this OpenCap session: its folder, or its id under the data root. Not needed for mot.",
    )
    add_option(data, ExportConfig, "data_root", metavar="DIR", help=DATA_ROOT_HELP)
    add_option(data, ExportConfig, "model", metavar="OSIM", help=MODEL_HELP)
    output = parser.add_argument_group("output")
    add_option(
        output,
        ExportConfig,
        "format",
        choices=FORMATS,
        help="bvh: bones for Blender and other animation programs. json: bodies with bone meshes for the OpenCap "
        "viewer (opencap-visualizer). mot: the motion in degrees, with knee_angle_*_beta columns in radians; with "
        "these OpenSim shows the patella of OpenCap's models in its place. opensim: a folder with which OpenSim's "
        "inverse dynamics and static optimisation repeat the simulation of the motion; its README says how.",
    )
    add_option(
        output,
        ExportConfig,
        "unit",
        choices=tuple(UNITS_PER_M),
        help="Unit of lengths in a .bvh: metres, as in Blender, or centimetres, as in Maya, MotionBuilder and Unreal.",
    )
    add_option(
        output,
        ExportConfig,
        "out_dir",
        metavar="DIR",
        help="Write DIR/<motion>.bvh, .json or .mot, or the folder DIR/<motion>_opensim; what exists already is an "
        "error and is not replaced.",
    )
    return parser
