"""Command line of retarget_baselines.py."""

import argparse

from dataset.errors import InputError
from options.config_parser import add_option, config_of, new_parser
from options.shared_options import add_output_options, add_session_options
from utils.retargeting.retargeting_config import (
    JOINT_DEFINITIONS,
    SOURCE_TYPES,
    UNITS,
    JointExportConfig,
    RetargetingConfig,
)

_ONLY_RETARGETING = ("type", "input", "unit", "mean", "std", "max_mean_mm", "max_p95_mm")
_ONLY_EXPORT = ("trial",)


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of retarget_baselines.py, under the script's docstring."""
    parser = new_parser(description)
    add_session_options(
        parser,
        "Export, with --export-joints,",
        "Retarget to the model of this OpenCap session (its folder, or its id under the data root) or, with "
        "--export-joints, export its trials.",
    )
    _add_source_options(parser)
    _add_fit_and_run_options(parser)
    output = add_output_options(parser, RetargetingConfig)
    add_option(output, RetargetingConfig, "overwrite", help="Replace motions or joints that exist already.")
    return parser


def _add_source_options(parser: argparse.ArgumentParser) -> None:
    source = parser.add_argument_group("source")
    add_option(
        source, RetargetingConfig, "type", required=False, choices=SOURCE_TYPES,
        help="Read MDM's results.npy (mdm), joint positions (T, 22, 3) or (N, T, 22, 3) as T2M-GPT writes them (t2m) "
        "or of any origin (joints), HumanML3D's 263 features (humanml), or an .npz of SMPL parameters (smpl).",
    )  # fmt: skip
    add_option(
        source, RetargetingConfig, "input", required=False, metavar="PATH",
        help="Retarget the motions of this file, or of all files of this folder.",
    )  # fmt: skip
    add_option(
        source, RetargetingConfig, "fps", metavar="HZ",
        help="Frames per second of the source; the default is the rate that the file states, and 20 where it states "
        "none. With --export-joints, the rate of the written positions.",
    )  # fmt: skip
    add_option(
        source, RetargetingConfig, "joints_of", choices=JOINT_DEFINITIONS,
        help="Define the joints as the body model of SMPL and HumanML3D does, whose straight legs bend by 10 degrees "
        "at the knee (body-model), or as the joint centres of a skeleton, which --export-joints writes (skeleton). The "
        "default is skeleton for --type joints and --export-joints, and body-model otherwise.",
    )  # fmt: skip
    add_option(
        source, RetargetingConfig, "unit", choices=UNITS,
        help="Unit of the source's joint positions, or of the translation of SMPL parameters.",
    )  # fmt: skip
    add_option(
        source, RetargetingConfig, "mean", metavar="NPY",
        help="Mean of the features, (263,), if the features of --type humanml are normalised; together with --std.",
    )  # fmt: skip
    add_option(
        source, RetargetingConfig, "std", metavar="NPY",
        help="Standard deviation of the features, (263,); together with --mean.",
    )  # fmt: skip
    source.add_argument(
        "--export-joints", action="store_true",
        help="Write the 22 joints of the subject's own trials instead, as .npy (T, 22, 3) in metres, y up, z forward, "
        "with the floor at 0.",
    )  # fmt: skip


def _add_fit_and_run_options(parser: argparse.ArgumentParser) -> None:
    fit = parser.add_argument_group("fit")
    add_option(
        fit, RetargetingConfig, "max_mean_mm", metavar="MM",
        help="Report a motion as not fitting if the mean distance of its joints from their targets exceeds this, in mm "
        "over joints and frames. OpenSim's guide accepts this RMS error of markers.",
    )  # fmt: skip
    add_option(
        fit, RetargetingConfig, "max_p95_mm", metavar="MM",
        help="The same for the 95th percentile of the distances, in mm. OpenSim's guide accepts this as the largest "
        "error of a marker.",
    )  # fmt: skip
    run = parser.add_argument_group("run")
    add_option(
        run, RetargetingConfig, "device", metavar="NAME",
        help="Torch device to compute on; auto chooses an NVIDIA GPU if there is one, and the CPU otherwise.",
    )  # fmt: skip
    add_option(
        run, RetargetingConfig, "threads", metavar="N",
        help="Use at most this many CPU threads; the default is half of the cores.",
    )  # fmt: skip


def parse_retargeting(parser: argparse.ArgumentParser) -> RetargetingConfig | JointExportConfig:
    """Parse the command line into the configuration of what it asks for, retargeting or an export of joints.

    Raises:
        InputError: a flag of the other task is given, or values do not go together.
    """
    namespace = parser.parse_args()
    exports = namespace.export_joints
    for name in _ONLY_RETARGETING if exports else _ONLY_EXPORT:
        if getattr(namespace, name) != parser.get_default(name):
            condition = "cannot be used together with" if exports else "can only be used together with"
            raise InputError(f"--{name.replace('_', '-')} {condition} --export-joints")
    return config_of(namespace, JointExportConfig) if exports else config_of(namespace, RetargetingConfig)
