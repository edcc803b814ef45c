"""Argument groups that several scripts share, and where the data they name lies.

Nothing here imports torch or a motion: `--help` answers at once.
"""

import argparse
import os
from pathlib import Path

from dataset.sessions import DATA_ROOT_VARIABLE, data_root
from options.config_parser import add_option
from utils.runs.shared_configs import ComputeConfig, DataConfig, OutputConfig, SessionConfig


def add_data_arguments(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add `--dataname` and `--data-root`; `data_root_of` answers where they point. Returns the group."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--dataname",
        choices=("mcs", "demo"),
        help="Take OpenCap sessions from a data root (mcs) or the synthetic demo sessions (demo); "
        "the default is mcs where --data-root or $BIGE_DATA names a data root, and demo otherwise.",
    )
    add_data_root_argument(group)
    return group


def add_session_arguments(parser: argparse.ArgumentParser, verb: str) -> argparse._ArgumentGroup:
    """Add `--subject`, `--trial`, `--data-root`: the trials of a session that `verb` is done to. Returns the group."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--subject",
        required=True,
        metavar="SESSION",
        help=f"{verb} the trials of this OpenCap session: its folder, or its id under the data root.",
    )
    group.add_argument(
        "--trial",
        nargs="+",
        metavar="NAME",
        help=f"{verb} these trials, by name in OpenSimData/Kinematics or by path; the default is all trials named "
        "squat or sqt, and every trial where none is.",
    )
    add_data_root_argument(group)
    return group


def add_data_root_argument(group: argparse._ArgumentGroup) -> None:
    """Add `--data-root`."""
    group.add_argument(
        "--data-root",
        type=Path,
        metavar="DIR",
        help="Folder that holds Data/<session>/ or OpenCapData_<session>/; the default is $BIGE_DATA.",
    )


def add_threads_argument(group: argparse._ArgumentGroup) -> None:
    """Add `--threads`."""
    group.add_argument(
        "--threads",
        type=positive_integer,
        metavar="N",
        help="Use at most this many CPU threads; the default is half of the cores.",
    )


def add_run_arguments(parser: argparse.ArgumentParser, *, seed: int = 123) -> argparse._ArgumentGroup:
    """Add `--device`, `--seed` and `--threads`. Returns the group."""
    group = parser.add_argument_group("run")
    group.add_argument(
        "--device",
        default="auto",
        help="Compute on this torch device; auto takes the GPU where there is one, and the CPU otherwise.",
    )
    group.add_argument("--seed", type=int, default=seed, help="Seed every random choice of this run with this integer.")
    add_threads_argument(group)
    return group


def add_output_arguments(
    parser: argparse.ArgumentParser, exp_name: str, *, out_dir: str = "output"
) -> argparse._ArgumentGroup:
    """Add `--out-dir` and `--exp-name`: everything goes to <out-dir>/<exp-name>. Returns the group."""
    group = parser.add_argument_group("output")
    group.add_argument("--out-dir", type=Path, default=Path(out_dir), metavar="DIR", help="Put run folders in DIR.")
    group.add_argument("--exp-name", default=exp_name, metavar="NAME", help="Name the run folder in --out-dir.")
    return group


def run_folder(arguments: argparse.Namespace) -> Path:
    """<out-dir>/<exp-name>, the folder that everything of a run goes to."""
    return Path(arguments.out_dir) / arguments.exp_name


def data_root_of(arguments: argparse.Namespace) -> tuple[str, Path]:
    """Where `--dataname` and `--data-root` point: the data's name (`mcs` or `demo`) and its folder.

    Raises InputError where `mcs` is asked for and neither `--data-root` nor `$BIGE_DATA` names a folder.
    """
    name = arguments.dataname or ("mcs" if arguments.data_root or os.environ.get(DATA_ROOT_VARIABLE) else "demo")
    if name == "mcs" or arguments.data_root:
        return name, data_root(arguments.data_root)
    from dataset.locations import demo_root

    return name, demo_root()


def positive_integer(text: str) -> int:
    """An integer of at least 1, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def fraction(text: str) -> float:
    """A number from 0 to 1, for argparse."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def add_session_options(parser: argparse.ArgumentParser, verb: str) -> argparse._ArgumentGroup:
    """Add the options of a `SessionConfig`: the trials of a session that `verb` is done to. Returns the group."""
    group = parser.add_argument_group("data")
    add_option(
        group, SessionConfig, "subject", metavar="SESSION",
        help=f"{verb} the trials of this OpenCap session: its folder, or its id under the data root.",
    )  # fmt: skip
    add_option(
        group, SessionConfig, "trial", metavar="NAME",
        help=f"{verb} these trials, by name in OpenSimData/Kinematics or by path; the default is all trials named "
        "squat or sqt, and every trial where none is.",
    )  # fmt: skip
    add_option(group, SessionConfig, "data_root", metavar="DIR", help=DATA_ROOT_HELP)
    return group


def add_data_options(parser: argparse.ArgumentParser, config_class: type[DataConfig]) -> argparse._ArgumentGroup:
    """Add `--dataname` and `--data-root` of a configuration with sessions to read. Returns the group."""
    group = parser.add_argument_group("data")
    add_option(
        group, config_class, "dataname", choices=("mcs", "demo"),
        help="Read OpenCap sessions from a data root (mcs) or the synthetic demo sessions (demo); the default is mcs "
        "if --data-root or $BIGE_DATA names a data root, and demo otherwise.",
    )  # fmt: skip
    add_option(group, config_class, "data_root", metavar="DIR", help=DATA_ROOT_HELP)
    return group


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
        group, config_class, "device",
        help="Torch device to compute on; auto chooses a GPU if there is one, and the CPU otherwise.",
    )  # fmt: skip
    add_option(group, config_class, "seed", help="Seed of every random choice, an integer of at least 0.")
    add_option(
        group, config_class, "threads", metavar="N",
        help="Use at most this many CPU threads; the default is half of the cores.",
    )  # fmt: skip
    return group


DATA_ROOT_HELP = "Folder that holds Data/<session>/ or OpenCapData_<session>/; the default is $BIGE_DATA."
