"""Command line of retarget_baselines.py."""

import argparse
from pathlib import Path

from options.config_parser import new_parser
from options.shared_options import add_output_arguments, add_session_arguments, add_threads_argument


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of retarget_baselines.py, under the script's docstring."""
    parser = new_parser(description)
    add_session_arguments(parser, "Export, with --export-joints,")
    source = parser.add_argument_group("source")
    source.add_argument(
        "--type",
        choices=("mdm", "t2m", "humanml", "joints", "smpl"),
        help="Read MDM's results.npy (mdm), joint arrays (T, 22, 3) or (N, T, 22, 3) as T2M-GPT writes them (t2m) or "
        "of any origin (joints), HumanML3D's 263 features (humanml), or an .npz of SMPL parameters (smpl).",
    )
    source.add_argument(
        "--input", type=Path, metavar="PATH", help="Retarget the motions of this file, or of all files of this folder."
    )
    source.add_argument(
        "--fps",
        type=positive_number,
        metavar="HZ",
        help="Frames of the source in a second; the default is what the file says, and 20 where it says nothing. "
        "With --export-joints, the rate of what is written.",
    )
    source.add_argument(
        "--joints-of",
        choices=("body-model", "skeleton"),
        help="Take the joints for those of a body model, SMPL's and HumanML3D's, whose straight legs bend by 10 "
        "degrees between their joints, or for the joint centres of a skeleton, as --export-joints writes them; the "
        "default is skeleton for --type joints and --export-joints, and body-model otherwise.",
    )
    source.add_argument("--unit", choices=("m", "cm", "mm"), default="m", help="Unit of the source's joint positions.")
    source.add_argument(
        "--mean",
        type=Path,
        metavar="NPY",
        help="Mean of the features, (263,), where --type humanml reads normalised ones; goes with --std.",
    )
    source.add_argument("--std", type=Path, metavar="NPY", help="Standard deviation of the features, (263,).")
    source.add_argument(
        "--export-joints",
        action="store_true",
        help="The other way: write the 22 joints of the subject's own trials as .npy, (T, 22, 3) in metres, y up, "
        "z forward, the floor at 0.",
    )
    fit = parser.add_argument_group("fit")
    fit.add_argument(
        "--max-mean-mm",
        type=positive_number,
        default=20.0,
        metavar="MM",
        help="Call a motion a misfit where its joints are further than this from where the source has them, in mm, "
        "mean over joints and frames: what OpenSim's guide allows the RMS of markers.",
    )
    fit.add_argument(
        "--max-p95-mm",
        type=positive_number,
        default=40.0,
        metavar="MM",
        help="The same for the 95th percentile, in mm: what OpenSim's guide allows the largest error.",
    )
    run = parser.add_argument_group("run")
    run.add_argument(
        "--device",
        default="auto",
        help="Compute on this torch device; auto takes the GPU where there is one, and the CPU otherwise.",
    )
    add_threads_argument(run)
    output = add_output_arguments(parser, "retargeted")
    output.add_argument("--overwrite", action="store_true", help="Replace motions that are there already.")
    return parser


def positive_number(text: str) -> float:
    """A number above 0, for argparse."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value
