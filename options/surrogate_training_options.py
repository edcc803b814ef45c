"""Command line of surrogate_training.py."""

import argparse
from collections.abc import Sequence

from options.config_parser import add_option, config_of, new_parser, refuse_options
from options.shared_options import add_compute_options, add_data_options, add_output_options, add_seq_len
from utils.training.surrogate_training_config import (
    DEFAULT_LR_PATIENCE,
    SurrogateEvaluationConfig,
    SurrogateTrainingConfig,
)
from utils.training.training_config import PRECISIONS


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of surrogate_training.py, under the script's docstring."""
    parser = new_parser(description)
    _add_data_options(parser)
    _add_network_options(parser)
    _add_optimisation_options(parser)
    _add_output_options(parser)
    add_compute_options(parser, SurrogateTrainingConfig)
    return parser


def parse_training_or_evaluation(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None
) -> SurrogateTrainingConfig | SurrogateEvaluationConfig:
    """Parse the command line (or `arguments`): --evaluate asks for an evaluation, anything else for a training.

    Raises:
        InputError: values do not go together, or --subjects is given without --evaluate.
    """
    namespace = parser.parse_args(arguments)
    if namespace.checkpoint is not None:
        return config_of(namespace, SurrogateEvaluationConfig)
    refuse_options(namespace, {"subjects": "--subjects"}, "without --evaluate: training uses the split by subject")
    return config_of(namespace, SurrogateTrainingConfig)


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    group = add_data_options(parser, SurrogateTrainingConfig)
    add_seq_len(group, SurrogateTrainingConfig)
    add_option(
        group, SurrogateTrainingConfig, "mirror",
        help="Train on the mirror image of every window too, left and right muscles exchanged.",
    )  # fmt: skip
    add_option(
        group, SurrogateTrainingConfig, "shift_frames", metavar="N",
        help="Begin each training window with 0 to N frames (at 60 Hz) of its first pose, drawn anew for each epoch, "
        "so that no frame number is tied to a phase of the squat.",
    )  # fmt: skip


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("network")
    sizes = {
        "d_model": "Channels of the transformer.",
        "layers": "Number of transformer layers.",
        "heads": "Number of attention heads; --d-model is a multiple of it.",
        "feedforward": "Channels of the feed-forward networks.",
    }
    for name, text in sizes.items():
        add_option(group, SurrogateTrainingConfig, f"network.{name}", metavar="N", help=text)
    add_option(
        group, SurrogateTrainingConfig, "network.dropout", metavar="P", help="Dropout probability in training, 0 to 1."
    )
    inputs = {
        "derivatives": "Add velocities and accelerations of the inputs to the inputs.",
        "stick_figure": "Add the joint positions of a stick figure with the subject's proportions to the inputs: the "
        "load on each leg depends on where the body is over the feet, which joint angles alone do not tell.",
        "ground_loads": "Add the loads on both legs to the inputs, as the equations of motion give them for point "
        "masses on the stick figure: the share of each foot, centres of pressure, and moments about ankles, knees and "
        "hips.",
        "norm_first": "Normalise before attention and feed-forward network instead of after them, which trains in "
        "fewer epochs than the order of the paper.",
    }
    for name, text in inputs.items():
        add_option(group, SurrogateTrainingConfig, f"network.{name}", help=text)
    add_option(
        group, SurrogateTrainingConfig, "network.person_features", flags=("--no-person",),
        action="store_const", const=0,
        help="Leave out the anthropometry (mass in kg and lengths in m), which by default is an input beside the "
        "motion.",
    )  # fmt: skip


def _add_optimisation_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("optimisation")
    options = {
        "batch_size": ("N", "Windows per step."),
        "epochs": ("N", "Most passes over the training windows."),
        "lr": ("RATE", "Learning rate of Adam at its greatest."),
        "weight_decay": ("DECAY", "Weight decay of Adam."),
        "clip": ("NORM", "Clip the gradient to this norm."),
        "lr_patience": (
            "N",
            "Halve the learning rate after N epochs without a lower validation loss; the default is "
            f"{DEFAULT_LR_PATIENCE}. Cannot be combined with --cosine.",
        ),
        "patience": ("N", "Stop after N epochs without a lower validation loss."),
    }
    for name, (metavar, text) in options.items():
        add_option(group, SurrogateTrainingConfig, name, metavar=metavar, help=text)
    add_option(
        group, SurrogateTrainingConfig, "cosine",
        help="Let the learning rate rise over the first epoch and fall to 0 at --epochs along half a cosine, instead "
        "of halving it on a plateau.",
    )  # fmt: skip
    add_option(
        group, SurrogateTrainingConfig, "precision", choices=PRECISIONS,
        help="Arithmetic of the transformer in training; bfloat16 is faster only on hardware that computes in it "
        "natively.",
    )  # fmt: skip


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    group = add_output_options(parser, SurrogateTrainingConfig)
    add_option(
        group, SurrogateTrainingConfig, "resume_pth", metavar="PATH",
        help="Continue exactly from this checkpoint; one without a training state provides initial weights.",
    )  # fmt: skip
    add_option(
        group, SurrogateEvaluationConfig, "checkpoint", flags=("--evaluate",), metavar="PATH", default=None,
        help="Do not train: evaluate this surrogate, in this repository's or the published format, on the held-out "
        "subjects or on --subjects.",
    )  # fmt: skip
    add_option(
        group, SurrogateEvaluationConfig, "subjects", metavar="ID", default=argparse.SUPPRESS,
        help="With --evaluate: use these sessions or subjects of the data root (all: every one) instead of the "
        "held-out subjects.",
    )  # fmt: skip
