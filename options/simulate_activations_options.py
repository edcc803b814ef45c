"""Command line of simulate_activations.py."""

import argparse

from options.config_parser import add_option, new_parser
from options.shared_options import add_session_options
from utils.simulation.simulation_config import SimulationConfig


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of simulate_activations.py, under the script's docstring."""
    parser = new_parser(description)
    add_session_options(parser, "Simulate")
    simulation = parser.add_argument_group("simulation")
    add_option(
        simulation, SimulationConfig, "settings.activation_floor", metavar="A",
        help="Lowest activation of a muscle, from 0 to below 1; OpenCap's simulations use 0.05 or 0.01.",
    )  # fmt: skip
    add_option(
        simulation, SimulationConfig, "exact_paths",
        help="Have OpenSim itself evaluate muscle lengths and moment arms in every frame, as a check of our own "
        "evaluation (several times slower).",
    )  # fmt: skip
    output = parser.add_argument_group("output")
    add_option(output, SimulationConfig, "out_dir", metavar="DIR", help="Write to DIR/<session>/.")
    add_option(
        output, SimulationConfig, "opensim",
        help="Also write a folder opensim/ for each repetition, with which OpenSim's own tools repeat the simulation: "
        "motion, model, ground reaction forces, and set-ups of inverse dynamics and static optimisation.",
    )  # fmt: skip
    add_option(
        output, SimulationConfig, "overwrite",
        help="Simulate repetitions again that are in DIR already; they are kept otherwise.",
    )  # fmt: skip
    add_option(
        parser.add_argument_group("run"), SimulationConfig, "threads", metavar="N",
        help="Use at most this many CPU threads; the default is half of the cores.",
    )  # fmt: skip
    return parser
