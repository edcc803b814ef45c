"""Options that several scripts share, made from the configurations that the scripts' configurations inherit from."""

import argparse

from options.config_parser import add_option
from utils.runs.shared_configs import (
    DATA_NAMES,
    ComputeConfig,
    DataConfig,
    OutputConfig,
    SessionConfig,
    WindowConfig,
)
from utils.training.training_config import PRECISIONS, TrainingConfig

MODEL_HELP = (
    "Use this OpenSim model (.osim) in place of the session's own. The default is the scaled model of the session; of "
    "several, one of the stated body mass, then one with contact spheres, then the newest."
)
DATA_ROOT_HELP = "Folder that holds Data/<session>/ or OpenCapData_<session>/; the default is $BIGE_DATA."


def add_session_options(parser: argparse.ArgumentParser, verb: str, subject_help: str = "") -> argparse._ArgumentGroup:
    """Add `--subject`, `--trial`, `--data-root` and `--model` of a `SessionConfig`.

    Args:
        parser: the parser.
        verb: what is done to the trials, such as "Segment", for the help.
        subject_help: help of `--subject` where more is done with the session than that.

    Returns:
        The group of the options.
    """
    group = parser.add_argument_group("data")
    add_option(
        group, SessionConfig, "subject", metavar="SESSION",
        help=subject_help or f"{verb} the trials of this OpenCap session: its folder, or its id under the data root.",
    )  # fmt: skip
    add_option(
        group, SessionConfig, "trial", metavar="NAME",
        help=f"{verb} these trials, by name in OpenSimData/Kinematics or by path; the default is all trials named "
        "squat or sqt, and all trials if there is none.",
    )  # fmt: skip
    add_option(group, SessionConfig, "data_root", metavar="DIR", help=DATA_ROOT_HELP)
    add_option(group, SessionConfig, "model", metavar="OSIM", help=MODEL_HELP)
    return group


def add_data_options(parser: argparse.ArgumentParser, config_class: type[DataConfig]) -> argparse._ArgumentGroup:
    """Add `--dataname` and `--data-root` of a configuration with sessions to read. Returns the group."""
    group = parser.add_argument_group("data")
    add_option(
        group, config_class, "dataname", choices=DATA_NAMES,
        help="Read OpenCap sessions from a data root (mcs) or the synthetic demo sessions (demo); the default is mcs "
        "if --data-root or $BIGE_DATA names a data root, and demo otherwise.",
    )  # fmt: skip
    add_option(group, config_class, "data_root", metavar="DIR", help=DATA_ROOT_HELP)
    return group


def add_training_compute_options(parser: argparse.ArgumentParser, config_class: type[TrainingConfig]) -> None:
    """Add `--device`, `--seed`, `--threads`, `--precision`, `--compile` and `--local_rank` of a training."""
    group = add_compute_options(parser, config_class)
    add_option(
        group, config_class, "precision", choices=PRECISIONS, default=argparse.SUPPRESS,
        help="Arithmetic of the networks in training; bfloat16 is faster only on hardware that computes in it "
        "natively. The default is float32.",
    )  # fmt: skip
    add_option(
        group, config_class, "compiled", flags=("--compile",), action="store_true", default=argparse.SUPPRESS,
        help="Compile the networks with torch.compile, which takes a minute at the start and pays on a GPU; on a CPU "
        "it needs a C++ compiler.",
    )  # fmt: skip
    add_option(
        group, config_class, "local_rank", flags=("--local_rank", "--local-rank"), metavar="N",
        default=argparse.SUPPRESS,
        help="Number of this process on its machine; deepspeed and torchrun pass it.",
    )  # fmt: skip


def add_seq_len(group: argparse._ArgumentGroup, config_class: type[WindowConfig]) -> None:
    """Add `--seq-len` of a configuration of windows to a group."""
    add_option(
        group, config_class, "seq_len", metavar="N",
        help="Length of the windows in latents of 4 frames at 60 Hz, at most 150: 49 are 196 frames, 3.3 s. "
        "Repetitions that do not fit, with 0.6 s of standing after them, are left out.",
    )  # fmt: skip


def add_output_options(parser: argparse.ArgumentParser, config_class: type[OutputConfig]) -> argparse._ArgumentGroup:
    """Add `--out-dir` and `--exp-name`, which name the run folder. Returns the group."""
    group = parser.add_argument_group("output")
    add_option(group, config_class, "out_dir", metavar="DIR", help="Create run folders in DIR.")
    add_option(group, config_class, "exp_name", metavar="NAME", help="Name of the run folder in --out-dir.")
    return group


def add_compute_options(parser: argparse.ArgumentParser, config_class: type[ComputeConfig]) -> argparse._ArgumentGroup:
    """Add `--device`, `--seed` and `--threads`. Returns the group."""
    group = parser.add_argument_group("run")
    add_option(
        group, config_class, "device", metavar="NAME",
        help="Torch device to compute on; auto chooses an NVIDIA GPU if there is one, and the CPU otherwise.",
    )  # fmt: skip
    add_option(group, config_class, "seed", metavar="N", help="Seed of every random choice, an integer of at least 0.")
    add_option(
        group, config_class, "threads", metavar="N",
        help="Use at most this many CPU threads; the default is half of the cores.",
    )  # fmt: skip
    return group
