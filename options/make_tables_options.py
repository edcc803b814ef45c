"""Command line of make_tables.py."""

import argparse
from pathlib import Path

from options.config_parser import new_parser
from options.shared_options import add_data_arguments, add_run_arguments


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of make_tables.py, under the script's docstring."""
    parser = new_parser(description)
    add_data_arguments(parser)
    rows = parser.add_argument_group("rows")
    rows.add_argument(
        "--row",
        action="append",
        default=[],
        type=_named_folder,
        metavar="NAME=DIR",
        help="Add a row of generated motions, a folder of subjects' folders; may be given repeatedly. Subjects are "
        "sessions of the data; BIGE, VQ-VAE, MDM and T2M-GPT get the paper's row of that name beside them.",
    )
    rows.add_argument(
        "--recordings",
        type=Path,
        metavar="DIR",
        help="Add the rows of recorded people, an OpenCap data root with muscle-driven repetitions in it.",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--results",
        type=Path,
        default=Path("RESULTS.md"),
        metavar="FILE",
        help="Put the tables between the comments of this Markdown file; what is around them stays.",
    )
    output.add_argument(
        "--out", type=Path, default=Path("output/tables"), metavar="DIR", help="Write CSV, JSON and LaTeX to DIR too."
    )
    add_run_arguments(parser)
    return parser


def _named_folder(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if not name or not folder:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=DIR")
    return name, Path(folder)
