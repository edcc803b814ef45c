"""Command line of the scripts that evaluate folders of motions: one set of flags for all of them."""

import argparse
from pathlib import Path

from options.common import add_run_arguments, fraction, new_parser

FILE_TYPES = ("mot", "npy", "mocap")
BASELINES = ("bige", "mdm", "t2m", "vqvae")


def build_parser(description: str, *, baseline: bool = True, out: str = "output/evaluation") -> argparse.ArgumentParser:
    """The parser of an evaluation script, under the script's docstring."""
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
        choices=FILE_TYPES,
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
    guidance = parser.add_argument_group("guidance")
    guidance.add_argument(
        "--low", type=fraction, default=0.35, help="Least peak activation asked of vastus medialis, 0 to 1."
    )
    guidance.add_argument(
        "--high", type=fraction, default=0.45, help="Greatest peak activation asked of vastus medialis, 0 to 1."
    )
    models = parser.add_argument_group("models")
    models.add_argument(
        "--vq-name",
        type=Path,
        metavar="PATH",
        help="Compare features of this VQ-VAE's encoder (checkpoint or run folder); the default is the shipped one.",
    )
    models.add_argument(
        "--surrogate-name",
        type=Path,
        metavar="PATH",
        help="Predict activations that files lack with this surrogate (checkpoint or run folder); the default is the "
        "shipped one.",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out",
        type=Path,
        default=Path(out),
        metavar="DIR",
        help="Write the tables as CSV, JSON, LaTeX and Markdown to DIR.",
    )
    add_run_arguments(parser)
    return parser
