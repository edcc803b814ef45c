"""Command line of simulate_activations.py."""

import argparse
from pathlib import Path

from options.common import fraction, new_parser, positive_integer


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of simulate_activations.py, under the script's docstring."""
    parser = new_parser(description)
    data = parser.add_argument_group("data")
    data.add_argument(
        "--subject",
        required=True,
        metavar="SESSION",
        help="Simulate this OpenCap session: its folder, or its id under the data root.",
    )
    data.add_argument(
        "--trial",
        action="append",
        metavar="NAME",
        help="Simulate this trial of the session (may be given again); the default is every squat trial.",
    )
    data.add_argument(
        "--data-root",
        type=Path,
        metavar="DIR",
        help="Folder that holds Data/<session>/ or OpenCapData_<session>/; the default is $BIGE_DATA.",
    )
    simulation = parser.add_argument_group("simulation")
    simulation.add_argument(
        "--activation-floor",
        type=fraction,
        default=0.05,
        metavar="A",
        help="Lowest activation of a muscle, 0 to 1; OpenCap's simulations use 0.05 or 0.01.",
    )
    simulation.add_argument(
        "--exact-paths",
        action="store_true",
        help="Take muscle lengths and moment arms from OpenSim in every frame instead of fitted polynomials "
        "(about twenty times slower).",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--out-dir", type=Path, required=True, metavar="DIR", help="Write to DIR/<session>/.")
    output.add_argument(
        "--overwrite",
        action="store_true",
        help="Make repetitions anew that are in DIR already; they are kept otherwise.",
    )
    run = parser.add_argument_group("run")
    run.add_argument(
        "--threads",
        type=positive_integer,
        metavar="N",
        help="Use at most this many CPU threads; the default is half of the cores.",
    )
    return parser
