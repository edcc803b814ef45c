"""Command line of simulate_activations.py."""

import argparse
from pathlib import Path

from options.config_parser import new_parser
from options.shared_options import add_session_arguments, add_threads_argument, fraction


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of simulate_activations.py, under the script's docstring."""
    parser = new_parser(description)
    add_session_arguments(parser, "Simulate")
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
        "(several times slower).",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--out-dir", type=Path, required=True, metavar="DIR", help="Write to DIR/<session>/.")
    output.add_argument(
        "--overwrite",
        action="store_true",
        help="Make repetitions anew that are in DIR already; they are kept otherwise.",
    )
    add_threads_argument(parser.add_argument_group("run"))
    return parser
