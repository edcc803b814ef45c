"""Command line of report.py."""

import argparse

from options.config_parser import add_option, new_parser
from utils.report.report_config import ReportConfig


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of report.py, under the script's docstring."""
    parser = new_parser(description)
    add_option(
        parser, ReportConfig, "run", flags=["run"], metavar="RUN_DIR",
        help="Run folder of LIMO_Surrogate.py (<out-dir>/<exp-name>), or the folder of one of its sessions.",
    )  # fmt: skip
    data = parser.add_argument_group("data")
    add_option(
        data, ReportConfig, "subject", metavar="SESSION",
        help="Session folder of the subject, or its id under the data root; the default is the session that the run's "
        "args.json names. Its model is drawn in the 3-D player; without it the page shows curves and tables only.",
    )  # fmt: skip
    add_option(
        data, ReportConfig, "model", metavar="OSIM",
        help="Draw this OpenSim model (.osim) in place of the session's own.",
    )  # fmt: skip
    add_option(
        data, ReportConfig, "data_root", metavar="DIR",
        help="Folder that holds Data/<session>/ or OpenCapData_<session>/; the default is the one that the run names.",
    )  # fmt: skip
    output = parser.add_argument_group("output")
    add_option(
        output, ReportConfig, "out", metavar="FILE",
        help="Write the page to FILE; the default is report.html beside the motions.",
    )  # fmt: skip
    add_option(output, ReportConfig, "overwrite", help="Replace a report that already exists.")
    return parser
