"""Command line of train_vq.py."""

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
    """The parser of train_vq.py, under the script's docstring."""
    parser = new_parser(description)
    data = add_data_arguments(parser)
    data.add_argument("--mirror", action="store_true", help="Train on the mirror image of every window too.")
    data.add_argument(
        "--unrecorded-weight",
        type=fraction,
        default=0.0,
        metavar="W",
        help="Count frames that hold the last pose after a recording's end with this weight, 0 to 1, in training: "
        "above 0, decoded motions learn to come to rest. Held-out figures count recorded frames only.",
    )

    data.add_argument(
        "--augment",
        type=float,
        default=0.0,
        metavar="STRENGTH",
        help="Vary every window anew in each step (mixed squats, exchanged arms, offsets, amplitude, tempo, drift), at "
        "1 with offsets of 8 degrees and 4 cm; 0 varies nothing. Few people need it, or the network recalls them.",
    )

    network = parser.add_argument_group("network")
    network.add_argument("--nb-code", type=positive_integer, default=512, help="Codes in the codebook.")
    network.add_argument("--code-dim", type=positive_integer, default=512, help="Channels of a latent frame.")
    network.add_argument(
        "--code-groups",
        type=positive_integer,
        default=1,
        help="Split the channels of a latent frame into so many groups, each with its own codes (product "
        "quantisation): more motions can be told apart with the same codebook.",
    )
    network.add_argument("--width", type=positive_integer, default=512, help="Channels of the hidden layers.")
    network.add_argument("--down-t", type=positive_integer, default=2, help="Stages that each shorten time.")
    network.add_argument("--stride-t", type=positive_integer, default=2, help="Factor by which a stage shortens time.")
    network.add_argument("--depth", type=positive_integer, default=3, help="Residual blocks in a stage.")
    network.add_argument(
        "--dilation-growth-rate", type=positive_integer, default=3, help="Factor between the blocks' dilations."
    )
    network.add_argument(
        "--vq-act", choices=("relu", "silu", "gelu"), default="relu", help="Activation inside the residual blocks."
    )
    network.add_argument(
        "--vq-norm", choices=("LN", "GN", "BN"), help="Norm inside the residual blocks; without it there is none."
    )
    network.add_argument(
        "--vq-start",
        choices=("random", "interpolator"),
        default="random",
        help="Begin from random weights, or from weights that already carry each coordinate's mean over a latent frame "
        "and interpolate: hours of training fewer, and people unlike the training set are carried as well.",
    )
    network.add_argument(
        "--quantizer",
        choices=("ema_reset", "ema", "reset", "orig"),
        default="ema_reset",
        help="Codebook kept as moving averages (ema) or as a parameter (orig, reset); with reset, codes out of use "
        "are drawn again from the batch.",
    )
    network.add_argument("--mu", type=fraction, default=0.99, help="Decay of the codebook's moving averages, a step.")

    losses = parser.add_argument_group("losses", "Angles count in degrees, translations in centimetres.")
    losses.add_argument(
        "--recons-loss", choices=("l1", "l2", "l1_smooth"), default="l1_smooth", help="Kind of every motion loss."
    )
    losses.add_argument("--loss-vel", type=float, default=0.5, help="Weight of the loss on differences of frames.")
    losses.add_argument("--commit", type=float, default=0.02, help="Weight of the commitment loss.")
    losses.add_argument(
        "--temporal", type=float, default=0.0, help="Weight of the loss on second differences, against jitter."
    )
    losses.add_argument(
        "--unquantised",
        type=fraction,
        default=0.0,
        metavar="SHARE",
        help="Decode this share of each batch, 0 to 1, from the latents before quantisation, which guidance moves in.",
    )

    optimisation = parser.add_argument_group("optimisation")
    optimisation.add_argument("--batch-size", type=positive_integer, default=256, help="Windows a step, in all.")
    optimisation.add_argument("--total-iter", type=positive_integer, default=300_000, help="Steps to train.")
    optimisation.add_argument("--lr", type=float, default=2e-4, help="Learning rate after warm-up.")
    optimisation.add_argument(
        "--lr-scheduler",
        type=int,
        nargs="+",
        default=[200_000],
        metavar="ITER",
        help="Multiply the learning rate by --gamma at each of these steps.",
    )
    optimisation.add_argument("--gamma", type=float, default=0.05, help="Factor of the learning rate at a milestone.")
    optimisation.add_argument(
        "--cosine",
        action="store_true",
        help="Let the learning rate fall to 0 at --total-iter along half a cosine, instead of at milestones.",
    )
    optimisation.add_argument("--warm-up-iter", type=int, default=1000, help="Steps of linear warm-up.")
    optimisation.add_argument("--weight-decay", type=float, default=0.0, help="Weight decay of AdamW.")
    optimisation.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="Arithmetic of the convolutions; bfloat16 pays on hardware that multiplies in it.",
    )

    output = add_output_arguments(parser, "VQVAE")
    output.add_argument("--print-iter", type=positive_integer, default=200, help="Log the losses every so many steps.")
    output.add_argument(
        "--eval-iter", type=positive_integer, default=1000, help="Evaluate on held-out people every so many steps."
    )
    output.add_argument(
        "--save-iter", type=positive_integer, default=10_000, help="Keep a checkpoint <step>.pth every so many steps."
    )
    output.add_argument(
        "--resume-pth",
        metavar="PATH",
        help="Continue exactly from this checkpoint; one without a training state gives the weights to start from.",
    )

    run = add_run_arguments(parser)
    run.add_argument(
        "--local_rank",
        "--local-rank",
        type=int,
        help="Number of this process on its machine, which deepspeed and torchrun hand over.",
    )
    return parser
