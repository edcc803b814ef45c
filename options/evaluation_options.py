"""Command lines of the scripts that evaluate folders of motions: one set of flags for all of them."""

import argparse
from collections.abc import Sequence

from dataset.motion_folders.file_types import FILE_TYPES
from options.config_parser import add_option, new_parser
from options.shared_options import DATA_ROOT_HELP, add_compute_options
from utils.metrics.catalogue import DISTANCES, GUIDANCE
from utils.metrics.evaluation_config import EvaluationConfig
from utils.metrics.published_values import BASELINES

FILE_TYPE_HELP = (
    "Read OpenSim motion files (mot), arrays of frames by 33 coordinates in degrees and metres (npy), or the "
    "recorded squat trials of OpenCap sessions, repetition by repetition (mocap)."
)


def build_parser(
    description: str,
    table_name: str,
    parts: Sequence[str],
    *,
    file_types: Sequence[str] = FILE_TYPES,
    file_type_help: str = FILE_TYPE_HELP,
    baseline: bool = True,
) -> argparse.ArgumentParser:
    """The parser of an evaluation script.

    Args:
        description: the script's docstring.
        table_name: first part of the names of the written files.
        parts: the parts of `utils.metrics.catalogue` that the script computes; only flags that these need are added.
        file_types: choices of `--file_type`.
        file_type_help: help text of `--file_type`.
        baseline: whether there is a flag `--baseline`.
    """
    parser = new_parser(description)
    parser.set_defaults(table_name=table_name, parts=tuple(parts))
    _add_motion_options(parser, file_types, file_type_help, baseline)
    _add_reference_options(parser)
    if GUIDANCE in parts:
        _add_guidance_options(parser)
    if DISTANCES in parts:
        add_option(
            parser.add_argument_group("models"), EvaluationConfig, "vq_name", metavar="PATH",
            help="Compute features with the encoder of this VQ-VAE (checkpoint or run folder); the default is the "
            "shipped one.",
        )  # fmt: skip
    add_option(
        parser.add_argument_group("output"), EvaluationConfig, "out_dir", flags=("--out-dir", "--out"), metavar="DIR",
        help="Write the tables as CSV, JSON, LaTeX and Markdown to DIR.",
    )  # fmt: skip
    add_compute_options(parser, EvaluationConfig)
    return parser


def _add_motion_options(
    parser: argparse.ArgumentParser, file_types: Sequence[str], file_type_help: str, baseline: bool
) -> None:
    motions = parser.add_argument_group("motions")
    add_option(
        motions, EvaluationConfig, "folder_path", flags=["--folder_path"], metavar="DIR",
        help="Evaluate the motions in DIR: a folder of subjects' folders (latents_subject_run_<session>/ or "
        "<subject>/), one folder of motions, or a data root of OpenCap sessions.",
    )  # fmt: skip
    add_option(
        motions, EvaluationConfig, "file_type", flags=["--file_type"], choices=file_types,
        help=file_type_help,
    )  # fmt: skip
    if "npy" in file_types:
        add_option(
            motions, EvaluationConfig, "fps", metavar="HZ",
            help="Frames per second of arrays, which do not state it; the default is 60.",
        )  # fmt: skip
    if baseline:
        add_option(
            motions, EvaluationConfig, "baseline", choices=tuple(BASELINES),
            help="Name the row after this method and set its row of the paper beside it; the default is the name of "
            "the folder, without a row of the paper.",
        )  # fmt: skip
    add_option(
        motions, EvaluationConfig, "subject", metavar="SESSION",
        help="Evaluate all motions on the model of this OpenCap session, a folder or an id under --data-root; the "
        "default is the session that each subject's folder is named after.",
    )  # fmt: skip
    add_option(
        motions, EvaluationConfig, "model", metavar="OSIM",
        help="Evaluate all motions on this OpenSim model (.osim), in place of those of the sessions.",
    )  # fmt: skip


def _add_reference_options(parser: argparse.ArgumentParser) -> None:
    reference = parser.add_argument_group("reference")
    add_option(
        reference, EvaluationConfig, "reference", metavar="DIR",
        help="Compare with the muscle-driven repetitions of the sessions in DIR, or with the motion files in it; the "
        "default is the data root, or the demo sessions where there is none.",
    )  # fmt: skip
    add_option(
        reference, EvaluationConfig, "data_root", metavar="DIR",
        help=f"{DATA_ROOT_HELP} The subjects' models are read from there.",
    )  # fmt: skip


def _add_guidance_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("guidance")
    add_option(
        group,
        EvaluationConfig,
        "low",
        metavar="ACTIVATION",
        help="Lower limit of the requested peak activation, 0 to 1; the default is that of the run "
        "that made the motions, and 0.35 where there is no record of it.",
    )
    add_option(
        group,
        EvaluationConfig,
        "high",
        metavar="ACTIVATION",
        help="Upper limit of the requested peak activation, 0 to 1; the default is that of the run "
        "that made the motions, and 0.45 where there is no record of it.",
    )
    add_option(
        group, EvaluationConfig, "muscle", metavar="NAME",
        help="Muscle or group whose peak activation was requested; the default is that of the run that made the "
        "motions, and vastus medialis where there is no record of it.",
    )  # fmt: skip
    add_option(
        group, EvaluationConfig, "surrogate_name", metavar="PATH",
        help="Predict activations with this surrogate (checkpoint or run folder) where the files have none; the "
        "default is the shipped one.",
    )  # fmt: skip
