"""Command line of surrogate_training.py."""

import argparse

from options.config_parser import new_parser
from options.shared_options import (
    add_data_arguments,
    add_output_arguments,
    add_run_arguments,
    fraction,
    positive_integer,
)


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of surrogate_training.py, under the script's docstring."""
    parser = new_parser(description)
    data = add_data_arguments(parser)
    data.add_argument(
        "--mirror", action="store_true", help="Train on mirror images too, left and right muscles exchanged."
    )
    data.add_argument(
        "--shift-frames",
        type=int,
        default=0,
        metavar="N",
        help="Begin each training window with 0 to N frames (at 60 Hz) of its first pose, drawn anew each epoch, so "
        "that no frame number is tied to a phase of the squat.",
    )

    network = parser.add_argument_group("network")
    network.add_argument("--d-model", type=positive_integer, default=33, help="Channels of the transformer.")
    network.add_argument("--layers", type=positive_integer, default=3, help="Transformer layers.")
    network.add_argument("--heads", type=positive_integer, default=3, help="Attention heads; they divide --d-model.")
    network.add_argument("--feedforward", type=positive_integer, default=128, help="Channels between two layers.")
    network.add_argument("--dropout", type=fraction, default=0.1, help="Share of activities dropped in training.")
    network.add_argument(
        "--derivatives", action="store_true", help="Give the network speeds and accelerations of its inputs too."
    )
    network.add_argument(
        "--stick-figure",
        action="store_true",
        help="Give the network the joints of a stick figure of the person's proportions too: which leg carries the "
        "load turns on where the body is over the feet, which joint angles alone do not say.",
    )
    network.add_argument(
        "--ground-loads",
        action="store_true",
        help="Give the network the loads on both legs too, as the laws of motion give them from point masses on the "
        "stick figure: the share of each foot, centres of pressure, and moments about ankles, knees and hips.",
    )
    network.add_argument(
        "--norm-first",
        action="store_true",
        help="Normalise before attention and feed-forward, not after: learns in fewer epochs than the paper's order.",
    )
    network.add_argument(
        "--no-person",
        action="store_true",
        help="Leave out mass (kg) and leg length (m), which the network otherwise knows beside the motion.",
    )

    optimisation = parser.add_argument_group("optimisation")
    optimisation.add_argument("--batch-size", type=positive_integer, default=128, help="Windows a step.")
    optimisation.add_argument("--epochs", type=positive_integer, default=1000, help="Passes over the data at most.")
    optimisation.add_argument("--lr", type=float, default=2e-4, help="Learning rate of Adam at the start.")
    optimisation.add_argument("--weight-decay", type=float, default=1e-5, help="Weight decay of Adam.")
    optimisation.add_argument("--clip", type=float, default=1.0, help="Bound the gradient's norm to this.")
    optimisation.add_argument(
        "--lr-patience",
        type=positive_integer,
        default=10,
        help="Halve the learning rate after so many epochs without a lower held-out loss.",
    )
    optimisation.add_argument(
        "--cosine",
        action="store_true",
        help="Let the learning rate rise over the first epoch and fall to 0 at --epochs along half a cosine, instead "
        "of halving it on a plateau.",
    )
    optimisation.add_argument(
        "--patience",
        type=positive_integer,
        default=60,
        help="Stop after so many epochs without a lower held-out loss.",
    )
    optimisation.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="Arithmetic of the transformer in training; bfloat16 pays on hardware that multiplies in it.",
    )

    output = add_output_arguments(parser, "surrogate")
    output.add_argument(
        "--resume-pth",
        metavar="PATH",
        help="Continue exactly from this checkpoint; one without a training state gives the weights to start from.",
    )
    output.add_argument(
        "--evaluate",
        metavar="PATH",
        help="Train nothing: evaluate this surrogate, ours or published, on the held-out people, or on --subjects.",
    )
    output.add_argument(
        "--subjects",
        nargs="+",
        metavar="ID",
        help="Evaluate these sessions of the data root (all: every one) instead of the held-out people.",
    )
    add_run_arguments(parser)
    return parser
