"""Command line of train_vq.py."""

import argparse

from models.vqvae.vqvae_config import ACTIVATION_FUNCTIONS, NORMS, PADDINGS, QUANTIZERS
from options.config_parser import add_option, new_parser
from options.shared_options import add_data_options, add_output_options, add_seq_len, add_training_compute_options
from utils.training.vqvae_training_config import (
    DEFAULT_GAMMA,
    DEFAULT_MILESTONES,
    INITIALISATIONS,
    LOSS_KINDS,
    VQVAETrainingConfig,
)


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of train_vq.py, under the script's docstring."""
    parser = new_parser(description)
    _add_data_options(parser)
    _add_network_options(parser)
    _add_loss_options(parser)
    _add_optimisation_options(parser)
    _add_output_options(parser)
    add_training_compute_options(parser, VQVAETrainingConfig)
    return parser


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    group = add_data_options(parser, VQVAETrainingConfig)
    add_seq_len(group, VQVAETrainingConfig)
    add_option(
        group, VQVAETrainingConfig, "mirror",
        help="Train on the mirror image of every window too, left and right exchanged.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "unrecorded_weight", metavar="W",
        help="Weight in training, 0 to 1, of frames in which standing was made after a recording ends; above 0, "
        "decoded motions learn to stand at the end. The metrics are of recorded frames only.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "balance",
        help="Draw shallow, ordinary and deep, quick, ordinary and slow repetitions equally often.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "crop_len", metavar="N",
        help="Train on random sections of N latent frames of longer windows, which costs as much as windows of that "
        "length; the default is whole windows.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "augment", metavar="STRENGTH",
        help="Strength of the data augmentation, which varies every window anew in each step (mixed squats, exchanged "
        "arms, offsets, amplitude, tempo, drift); at 1, offsets have standard deviations of 8 degrees and 4 cm. It "
        "prevents overfitting to few subjects.",
    )  # fmt: skip


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("network")
    sizes = {
        "nb_code": "Number of codes in the codebook.",
        "code_dim": "Channels of a latent frame.",
        "code_groups": "Divide the channels of a latent frame into this many groups, each with its own codebook "
        "(product quantisation), so that the same number of codes represents more different motions.",
        "width": "Channels of the hidden layers.",
        "down_t": "Number of stages, each of which reduces the frame rate.",
        "stride_t": "Factor by which a stage reduces the frame rate.",
        "depth": "Residual blocks per stage.",
        "dilation_growth_rate": "Factor between the dilations of successive residual blocks.",
    }
    for name, text in sizes.items():
        add_option(group, VQVAETrainingConfig, f"network.{name}", metavar="N", help=text)
    add_option(
        group, VQVAETrainingConfig, "network.activation", flags=("--vq-act",), choices=ACTIVATION_FUNCTIONS,
        help="Activation function in the residual blocks.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "network.norm", flags=("--vq-norm",), choices=NORMS,
        help="Layer, group or batch normalisation in the residual blocks; the default is none.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "network.padding", choices=PADDINGS,
        help="What the convolutions see beyond the ends of a motion: zeros, as published, or copies of the first and "
        "the last frame (edge), which makes the ends as accurate as the middle and the same at any length.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "vq_start", choices=INITIALISATIONS,
        help="Initial weights: random, or weights that already transmit each coordinate's mean over a latent frame and "
        "interpolate between these means, which trains faster and generalises better to new subjects.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "network.quantizer", choices=QUANTIZERS,
        help="Codebook as moving averages of latents (ema) or as a parameter (orig, reset); with reset, codes that are "
        "no longer used are replaced by latents of the batch.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "network.mu", metavar="DECAY",
        help="Decay per step of the codebook's moving averages, 0 to 1.",
    )  # fmt: skip


def _add_loss_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("losses", "Angles count in degrees, translations in centimetres.")
    add_option(group, VQVAETrainingConfig, "recons_loss", choices=LOSS_KINDS, help="Kind of every motion loss.")
    weights = {
        "loss_pos": "Weight of the mean distance between joint centres, in centimetres, on the skeleton of the first "
        "training person.",
        "loss_vel": "Weight of the loss on differences between successive frames.",
        "commit": "Weight of the commitment loss.",
        "temporal": "Weight of the loss on second differences, which penalises jitter.",
    }
    for name, text in weights.items():
        add_option(group, VQVAETrainingConfig, name, metavar="W", help=text)
    add_option(
        group, VQVAETrainingConfig, "unquantised", metavar="SHARE",
        help="Share of each batch, 0 to 1, that is decoded from the latents before quantisation, in which guidance "
        "optimises.",
    )  # fmt: skip


def _add_optimisation_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("optimisation")
    options = {
        "batch_size": ("N", "Windows per step, of all processes together."),
        "total_iter": ("N", "Number of optimisation steps."),
        "lr": ("RATE", "Learning rate after the warm-up."),
        "lr_scheduler": (
            "ITER",
            f"Multiply the learning rate by --gamma after each of these steps; the default is {DEFAULT_MILESTONES[0]}. "
            "Cannot be combined with --cosine.",
        ),
        "gamma": (
            "FACTOR",
            f"Factor of the learning rate at each step of --lr-scheduler; the default is {DEFAULT_GAMMA}. Cannot be "
            "combined with --cosine.",
        ),
    }
    for name, (metavar, text) in options.items():
        add_option(group, VQVAETrainingConfig, name, metavar=metavar, help=text)
    add_option(
        group, VQVAETrainingConfig, "cosine",
        help="Let the learning rate fall to 0 at --total-iter along half a cosine, instead of at fixed steps.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "warm_up_iter", metavar="N",
        help="Steps over which the learning rate rises linearly.",
    )  # fmt: skip
    add_option(group, VQVAETrainingConfig, "weight_decay", metavar="DECAY", help="Weight decay of AdamW.")


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    group = add_output_options(parser, VQVAETrainingConfig)
    intervals = {
        "print_iter": "Log the losses every N steps.",
        "eval_iter": "Evaluate on the validation subjects every N steps.",
        "save_iter": "Keep a checkpoint <step>.pth every N steps.",
    }
    for name, text in intervals.items():
        add_option(group, VQVAETrainingConfig, name, metavar="N", help=text)
    add_option(
        group, VQVAETrainingConfig, "save_minutes", metavar="MINUTES",
        help="Write last.pth, from which training goes on, at least this often, and after each evaluation.",
    )  # fmt: skip
    add_option(
        group, VQVAETrainingConfig, "resume_pth", metavar="PATH",
        help="Continue exactly from this checkpoint, with the settings of its run where no flag says otherwise; seed, "
        "split and network stay. One without a training state provides initial weights. The command of an interrupted "
        "run goes on by itself.",
    )  # fmt: skip
