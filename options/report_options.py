"""Command line of report.py."""

import argparse
from pathlib import Path

from options.config_parser import new_parser


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of report.py, under the script's docstring."""
    parser = new_parser(description)
    parser.add_argument(
        "run",
        type=Path,
        metavar="RUN_DIR",
        help="Run folder of LIMO_Surrogate.py (<out-dir>/<exp-name>), or the folder of one of its sessions.",
    )
    data = parser.add_argument_group("data")
    data.add_argument(
        "--subject",
        metavar="SESSION",
        help="Session folder of the person, or its id under the data root; the default is where the run's args.json "
        "says it was. Its model gives the figure, its squats the reference; without it the page shows curves only.",
    )
    data.add_argument(
        "--data-root",
        type=Path,
        metavar="DIR",
        help="Folder that holds Data/<session>/ or OpenCapData_<session>/; the default is the run's own.",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out", type=Path, metavar="FILE", help="Write the page here; the default is report.html beside the motions."
    )
    output.add_argument("--overwrite", action="store_true", help="Replace a report that is there already.")
    return parser
