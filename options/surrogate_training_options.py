"""Command line of surrogate_training.py."""

import argparse
from collections.abc import Sequence

from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
from models.surrogate.surrogate_config import SurrogateConfig
from options.config_parser import add_option, config_of, given_fields, new_parser, refuse_options
from options.shared_options import add_data_options, add_output_options, add_training_compute_options
from utils.training.dynamics_training_config import DynamicsTrainingConfig
from utils.training.surrogate_training_config import DEFAULT_LR_PATIENCE, SurrogateEvaluationConfig
from utils.training.surrogate_training_config import SurrogateTrainingConfig as TransformerConfig

_NETWORK_FLAGS = {
    f"network.{name}": f"--{name.replace('_', '-')}" for name in DynamicsSurrogateConfig.__dataclass_fields__
}
_RUN_FLAGS = {
    "resume_pth": "--resume-pth", "local_rank": "--local_rank", "precision": "--precision", "compiled": "--compile",
}  # fmt: skip
_OPTIMISATION_FLAGS = {name: f"--{name.replace('_', '-')}" for name in ("batch_size", "epochs", "lr", "weight_decay")}
TRANSFORMER_FLAGS = {
    "network.d_model": "--d-model",
    "network.layers": "--layers",
    "network.heads": "--heads",
    "network.feedforward": "--feedforward",
    "network.dropout": "--dropout",
    "network.derivatives": "--derivatives",
    "network.stick_figure": "--stick-figure",
    "network.ground_loads": "--ground-loads",
    "network.norm_first": "--norm-first",
    "network.person_features": "--no-person",
    "shift_frames": "--shift-frames",
    "clip": "--clip",
    "lr_patience": "--lr-patience",
    "patience": "--patience",
    "mirror": "--mirror",
    "cosine": "--cosine",
}


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of surrogate_training.py, under the script's docstring."""
    parser = new_parser(description)
    parser.add_argument(
        "--kinematics",
        action="store_true",
        default=argparse.SUPPRESS,
        help="Train the surrogate of the paper instead, a transformer from kinematics to activations.",
    )
    data = add_data_options(parser, DynamicsTrainingConfig)
    add_option(
        data, DynamicsTrainingConfig, "seq_len", metavar="N", default=argparse.SUPPRESS,
        help="Length of the windows in latents of 4 frames at 60 Hz, at most 150: of those that are trained on with "
        "--kinematics, and of those on which a surrogate is evaluated. Repetitions that do not fit, with 0.6 s of "
        "standing after them, are left out. The default is 150, with --kinematics 49.",
    )  # fmt: skip
    _add_dynamics_network_options(parser)
    _add_optimisation_options(parser)
    _add_transformer_options(parser)
    _add_output_options(parser)
    add_training_compute_options(parser, DynamicsTrainingConfig)
    return parser


SurrogateScriptConfig = DynamicsTrainingConfig | TransformerConfig | SurrogateEvaluationConfig


def parse_training_or_evaluation(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None
) -> SurrogateScriptConfig:
    """Parse the command line (or `arguments`).

    --evaluate asks for an evaluation, --kinematics for a training of the transformer, anything else for a training of
    the surrogate after inverse dynamics.

    Raises:
        InputError: values do not go together, or a flag would have no effect.
    """
    namespace = parser.parse_args(arguments)
    namespace.given = given_fields(parser, arguments)
    if namespace.checkpoint is not None:
        training = {"kinematics": "--kinematics"} | _RUN_FLAGS
        training |= _NETWORK_FLAGS | TRANSFORMER_FLAGS | _OPTIMISATION_FLAGS
        refuse_options(namespace, training, "with --evaluate")
        if "exp_name" not in namespace.given:
            del namespace.exp_name  # the default is that of a training, whose folder an evaluation must not touch
        return config_of(namespace, SurrogateEvaluationConfig)
    refuse_options(namespace, {"subjects": "--subjects"}, "without --evaluate: training uses the split by subject")
    if "kinematics" in namespace:
        refuse_options(namespace, _NETWORK_FLAGS, "with --kinematics")
        return config_of(namespace, TransformerConfig)
    refuse_options(namespace, TRANSFORMER_FLAGS, "without --kinematics")
    return config_of(namespace, DynamicsTrainingConfig)


def _add_dynamics_network_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("networks after inverse dynamics")
    options = {
        "ground_networks": "Number of networks by which the feet share the ground reaction, and whose mean counts.",
        "ground_width": "Channels of their hidden layers.",
        "ground_layers": "Number of their hidden layers.",
        "muscle_width": "Channels of the hidden layers of the network by which the muscles of a leg share its moments.",
        "muscle_layers": "Number of its hidden layers.",
        "reference_samples": "Number of samples for which the muscles of each subject are solved when it is loaded, to "
        "correct that network's answer for them.",
    }
    for name, text in options.items():
        default = DynamicsSurrogateConfig.__dataclass_fields__[name].default
        add_option(
            group, DynamicsTrainingConfig, f"network.{name}", metavar="N", default=argparse.SUPPRESS,
            help=f"{text} (default: {default})",
        )  # fmt: skip


def _add_optimisation_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("optimisation")
    options = {
        "batch_size": ("N", "Samples of each network per step; with --kinematics, windows per step."),
        "epochs": ("N", "Passes over the samples; with --kinematics, the most passes over the training windows."),
        "lr": ("RATE", "Learning rate at its greatest."),
        "weight_decay": ("DECAY", "Weight decay of the optimiser."),
    }
    for name, (metavar, text) in options.items():
        own, other = (kind.__dataclass_fields__[name].default for kind in (DynamicsTrainingConfig, TransformerConfig))
        add_option(
            group, DynamicsTrainingConfig, name, metavar=metavar, default=argparse.SUPPRESS,
            help=f"{text} The default is {own:g}, with --kinematics {other:g}.",
        )  # fmt: skip


def _add_transformer_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("transformer, with --kinematics")
    sizes = {
        "network.d_model": "Channels of the transformer.",
        "network.layers": "Number of transformer layers.",
        "network.heads": "Number of attention heads; --d-model is a multiple of it.",
        "network.feedforward": "Channels of the feed-forward networks.",
        "network.dropout": "Dropout probability in training, 0 to 1.",
        "shift_frames": "Begin each training window with 0 to so many frames (at 60 Hz) of its first pose, drawn anew "
        "for each epoch, so that no frame number is tied to a phase of the squat.",
        "clip": "Clip the gradient to this norm.",
        "lr_patience": "Halve the learning rate after so many epochs without a lower validation loss; the default is "
        f"{DEFAULT_LR_PATIENCE}. Cannot be combined with --cosine.",
        "patience": "Stop after so many epochs without a lower validation loss.",
    }
    for name, text in sizes.items():
        shown = text if "default" in text else f"{text} (default: {_default_of(name):g})"
        add_option(group, TransformerConfig, name, metavar="N", default=argparse.SUPPRESS, help=shown)
    switches = {
        "mirror": "Train on the mirror image of every window too, left and right muscles exchanged.",
        "cosine": "Let the learning rate rise over the first epoch and fall to 0 at --epochs along half a cosine, "
        "instead of halving it on a plateau.",
        "network.derivatives": "Add velocities and accelerations of the inputs to the inputs.",
        "network.stick_figure": "Add the joint positions of a stick figure with the subject's proportions to the "
        "inputs: the load on each leg depends on where the body is over the feet, which joint angles do not tell.",
        "network.ground_loads": "Add the loads on both legs to the inputs, as the equations of motion give them for "
        "point masses on the stick figure: the share of each foot, centres of pressure, and moments about ankles, "
        "knees and hips.",
        "network.norm_first": "Normalise before attention and feed-forward network instead of after them, which trains "
        "in fewer epochs than the order of the paper.",
    }
    for name, text in switches.items():
        add_option(group, TransformerConfig, name, action="store_true", default=argparse.SUPPRESS, help=text)
    add_option(
        group, TransformerConfig, "network.person_features", flags=("--no-person",),
        action="store_const", const=0, default=argparse.SUPPRESS,
        help="Leave out the anthropometry (mass in kg and lengths in m), which otherwise is an input too.",
    )  # fmt: skip


def _default_of(path: str) -> float:
    """The default of a field of `TransformerConfig` or of its network."""
    outer, _, inner = path.partition(".")
    fields = SurrogateConfig.__dataclass_fields__ if inner else TransformerConfig.__dataclass_fields__
    default = fields[inner or outer].default
    assert isinstance(default, int | float)
    return default


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    group = add_output_options(parser, DynamicsTrainingConfig)
    add_option(
        group, DynamicsTrainingConfig, "resume_pth", metavar="PATH", default=argparse.SUPPRESS,
        help="Continue exactly from this checkpoint, with the settings of its run where no flag says otherwise; seed, "
        "split and network stay. One without a training state provides initial weights. The command of an interrupted "
        "run goes on by itself.",
    )  # fmt: skip
    add_option(
        group, SurrogateEvaluationConfig, "checkpoint", flags=("--evaluate",), metavar="PATH", default=None,
        help="Do not train: evaluate this surrogate, in this repository's or the published format, on those "
        "whom its training held out (where it knew none of the data, some that are drawn) or on --subjects. The run "
        f"folder is then {SurrogateEvaluationConfig.exp_name} by default.",
    )  # fmt: skip
    add_option(
        group, SurrogateEvaluationConfig, "subjects", metavar="ID", default=argparse.SUPPRESS,
        help="With --evaluate: use these sessions or subjects of the data root (all: every one) instead of the "
        "held-out subjects.",
    )  # fmt: skip
