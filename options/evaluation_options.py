"""Command line of the scripts that evaluate folders of motions: one set of flags for all of them."""

import argparse
from pathlib import Path

from options.config_parser import new_parser
from options.shared_options import add_run_arguments, fraction

FILE_TYPES = ("mot", "npy", "mocap")
BASELINES = ("bige", "mdm", "t2m", "vqvae")


def build_parser(
    description: str,
    *,
    file_types: tuple[str, ...] = FILE_TYPES,
    baseline: bool = True,
    features: bool = False,
    guidance: bool = False,
) -> argparse.ArgumentParser:
    """The parser of an evaluation script, under the script's docstring.

    features: it compares features of a VQ-VAE. guidance: it looks at activations.
    """
    parser = new_parser(description)
    motions = parser.add_argument_group("motions")
    motions.add_argument(
        "--folder_path",
        type=Path,
        required=True,
        metavar="DIR",
        help="Evaluate the motions in DIR: a folder of subjects' folders (latents_subject_run_<session>/ or "
        "<subject>/), one folder of motions, or a data root of OpenCap sessions.",
    )
    motions.add_argument(
        "--file_type",
        choices=file_types,
        default="mot",
        help="Read OpenSim motion files (mot), arrays of frames by 33 coordinates in degrees and metres at 60 Hz "
        "(npy), or the recorded squat trials of OpenCap sessions, repetition by repetition (mocap).",
    )
    if baseline:
        motions.add_argument(
            "--baseline",
            choices=BASELINES,
            help="Name the row after this method and set the paper's row for it beside it; the default is the "
            "folder's name.",
        )
    motions.add_argument(
        "--subject",
        metavar="SESSION",
        help="Put every motion on the skeleton of this OpenCap session, a folder or an id under --data-root; the "
        "default is the session that each subject's folder is named after.",
    )
    reference = parser.add_argument_group("reference")
    reference.add_argument(
        "--reference",
        type=Path,
        metavar="DIR",
        help="Compare with the muscle-driven repetitions of the sessions in DIR (or the motion files in it); the "
        "default is the data root, and the demo sessions where there is none.",
    )
    reference.add_argument(
        "--data-root",
        type=Path,
        metavar="DIR",
        help="Folder that holds Data/<session>/ or OpenCapData_<session>/, where the subjects' models are; the "
        "default is $BIGE_DATA.",
    )
    if guidance:
        _add_guidance(parser)
    if features:
        parser.add_argument_group("models").add_argument(
            "--vq-name",
            type=Path,
            metavar="PATH",
            help="Compare features of this VQ-VAE's encoder (checkpoint or run folder); by default the shipped one.",
        )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out",
        type=Path,
        default=Path("output/evaluation"),
        metavar="DIR",
        help="Write the tables as CSV, JSON, LaTeX and Markdown to DIR.",
    )
    add_run_arguments(parser)
    return parser


def _add_guidance(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("guidance")
    group.add_argument(
        "--low", type=fraction, default=0.35, help="Least peak activation asked of vastus medialis, 0 to 1."
    )
    group.add_argument(
        "--high", type=fraction, default=0.45, help="Greatest peak activation asked of vastus medialis, 0 to 1."
    )
    group.add_argument(
        "--surrogate-name",
        type=Path,
        metavar="PATH",
        help="Predict activations that files lack with this surrogate (checkpoint or run folder); the default is the "
        "shipped one.",
    )
