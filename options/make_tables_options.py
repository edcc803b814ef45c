"""Command line of make_tables.py."""

import argparse
from pathlib import Path

from options.config_parser import add_option, new_parser, user_path
from options.shared_options import add_compute_options, add_data_options
from utils.metrics.tables_config import TablesConfig


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of make_tables.py, under the script's docstring."""
    parser = new_parser(description)
    add_data_options(parser, TablesConfig)
    rows = parser.add_argument_group("rows")
    rows.add_argument(
        "--row", action="append", default=list(TablesConfig.row), type=_named_folder, metavar="NAME=DIR",
        help="Add a row of generated motions from DIR, a folder of subjects' folders; may be given repeatedly. The "
        "subjects are sessions of the data. BIGE, VQ-VAE, MDM and T2M-GPT have the row of that name in the paper "
        "beside them.",
    )  # fmt: skip
    add_option(
        rows, TablesConfig, "recordings", metavar="DIR",
        help="Add the rows of recorded subjects from DIR, an OpenCap data root with muscle-driven repetitions.",
    )  # fmt: skip
    rows.add_argument(
        "--guided", action="append", default=list(TablesConfig.guided), type=user_path, metavar="DIR",
        help="Add a table of the subjects of DIR, a run folder of LIMO_Surrogate.py: how many motions lie in the "
        "requested range in simulation, and how far they are from the subject's own squats; may be given repeatedly.",
    )  # fmt: skip
    add_option(
        rows, TablesConfig, "requests", metavar="DIR",
        help="Add a table with a line for each run folder of LIMO_Surrogate.py in DIR, over all its people: how many "
        "motions meet what was asked in simulation, and how much they differ from the person's own squats.",
    )  # fmt: skip
    output = parser.add_argument_group("output")
    add_option(
        output, TablesConfig, "results", metavar="FILE",
        help="Put the tables between the comments of this Markdown file; the text around them stays.",
    )  # fmt: skip
    add_option(
        output, TablesConfig, "out_dir", flags=("--out-dir", "--out"), metavar="DIR",
        help="Write CSV, JSON, LaTeX and Markdown files to DIR as well.",
    )  # fmt: skip
    add_compute_options(parser, TablesConfig)
    return parser


def _named_folder(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if not name or not folder:
        raise argparse.ArgumentTypeError(f"{text}: expected NAME=DIR")
    return name, user_path(folder)
