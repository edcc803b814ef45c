"""Command line of LIMO_Surrogate.py."""

import argparse
from collections.abc import Sequence
from typing import Any

from options.config_parser import add_option, new_parser
from options.shared_options import MODEL_HELP, add_compute_options, add_data_options, add_output_options
from utils.guidance.guidance_config import MOVES, STARTS, GuidanceConfig

_WEIGHTS = {
    "tilt": "pelvis tilt at the frame of the muscle's peak",
    "asymmetry": "difference between left and right of hip, knee and ankle flexion",
    "angular_speed": "angular speed of hips, knees, ankles and pelvis tilt",
    "com_speed": "velocity of the pelvis, which stands for the centre of mass",
    "com_acceleration": "acceleration of the pelvis",
    "slide": "sliding of the feet on the subject's contact points",
    "mac": "muscle activation constraint, the peak within [--low, --high]",
}


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of LIMO_Surrogate.py, under the script's docstring."""
    parser = new_parser(description)
    _add_data(parser)
    _add_models(parser)
    _add_constraints(parser)
    _add_weights(parser)
    _add_optimisation(parser)
    _add_output(parser)
    add_compute_options(parser, GuidanceConfig)
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    group = add_data_options(parser, GuidanceConfig)
    add_option(
        group, GuidanceConfig, "subject", metavar="SESSION",
        help="Session folder of the subject, or its id under the data root; its model gives skeleton, mass and limb "
        "lengths.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "trial", metavar="NAME",
        help="Take the squats of these trials, by name in OpenSimData/Kinematics, for the person's own; the default is "
        "all trials named squat or sqt, and all trials if there is none.",
    )  # fmt: skip
    add_option(group, GuidanceConfig, "model", metavar="OSIM", help=MODEL_HELP)


def _add_models(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("models")
    add_option(
        group, GuidanceConfig, "vq_name", metavar="PATH",
        help="VQ-VAE checkpoint or run folder, with the training latents (latents.npz) beside it; "
        "the default is the shipped pretrained/vqvae.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "surrogate_name", metavar="PATH",
        help="Surrogate checkpoint or run folder; the default is the shipped pretrained/surrogate.",
    )  # fmt: skip
    add_option(
        group,
        GuidanceConfig,
        "seq_len",
        metavar="N",
        help="Length of the motions in latents of 4 frames at 60 Hz, at most 150: 49 are 196 frames, 3.3 s. A motion "
        "is one squat and standing after it, so slow squats need more. The default is what the person's longest squat "
        "needs, 49 at least.",
    )
    add_option(
        group, GuidanceConfig, "smooth_hz", metavar="HZ",
        help="Cut-off frequency in Hz of the low-pass filter on decoded motions, as in motion capture; 0 for none.",
    )  # fmt: skip


def _add_constraints(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "constraints",
        "QUANTITY[:NAME][:STATISTIC[:MUSCLE]]:COMPARISON[:BOUND[:BOUND]][:weight=W][:tolerance=X][:name=TEXT][:wish], "
        "for example knee_flexion:max:within:80:100, activation:quadriceps:max:below:80%own (of the person's own "
        "squats) or pelvis_tilt:at_peak:vasmed:above:-30:wish. What is not a wish is required of every sample, and "
        "replaces the default range of --muscle. --list-quantities explains every word.",
    )
    add_option(
        group,
        GuidanceConfig,
        "low",
        metavar="ACTIVATION",
        help="Least peak activation of --muscle, 0 to 1; the default is 0.35 where no constraint is given.",
    )
    add_option(
        group,
        GuidanceConfig,
        "high",
        metavar="ACTIVATION",
        help="Greatest peak activation of --muscle, 0 to 1; the default is 0.45 where no constraint is given.",
    )
    add_option(
        group,
        GuidanceConfig,
        "muscle",
        metavar="NAME",
        help="Muscle or group whose peak has to lie between --low and --high, on both sides, or on one with _l or _r. "
        "Where constraints take the place of that range, table and report show the first muscle that they name.",
    )
    add_option(
        group, GuidanceConfig, "constraint", action="append", metavar="LINE",
        help="Add a constraint; may be given repeatedly.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "constraints_file", flags=("--constraints",), metavar="FILE",
        help="Add the constraints of a YAML or JSON file, a list of lines or objects, or of a shipped set by name.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "repetitions", metavar="N",
        help="Squats in every written motion, with at least 0.4 s of standing between them. One squat is guided and "
        "repeated; the motion is simulated as a whole, and each repetition has to meet what is asked.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "whole",
        help="Require that every motion is whole: as many squats as asked from upright stance to upright stance, the "
        "feet in place on the floor, and every joint within its range. A constraint on the same quantity and statistic "
        "takes the place of that requirement.",
    )  # fmt: skip
    group.add_argument(
        "--list-quantities", action=_ListQuantities, help="Print quantities, statistics and comparisons, and exit."
    )
    add_option(
        group, GuidanceConfig, "max_distance", metavar="X",
        help="Greatest distance of a latent to the nearest training latent, or to that of an own squat where guidance "
        "starts there, in multiples of the median between-subject distance; 0 for any.",
    )  # fmt: skip


def _add_weights(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "weights",
        "As published; 0 leaves a term out. From own squats, the wishes for tilt, symmetry and speed act only "
        "where a weight is given: the own squat takes their place.",
    )
    for name, text in _WEIGHTS.items():
        flags = ("--alpha-" + name.replace("_", "-"),)
        add_option(group, GuidanceConfig, f"weights.{name}", flags=flags, metavar="W", help=f"Weight of: {text}.")
    add_option(
        group,
        GuidanceConfig,
        "beta",
        metavar="W",
        help="Weight of the distance to the nearest training latent, from --start training.",
    )
    add_option(
        group, GuidanceConfig, "own_weight", metavar="W",
        help="Weight of the squared change from the person's own squats, where guidance starts from them; counted in "
        "standard deviations of people along each principal component of their squats, and, with twice the weight, in "
        "degrees of form: from the own squats, and to a part from the variation of one that a motion starts from.",
    )  # fmt: skip


def _add_optimisation(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("optimisation")
    add_option(
        group, GuidanceConfig, "start", choices=STARTS,
        help="Start from the person's own squats and change them as little as needed, from squats of the training "
        "data, or from one and the other in turn. The default is own where the session has squats, and training "
        "otherwise.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "total_iter", metavar="N",
        help="Iterations. The default is 400, and from own squats 30, with 100 anew for samples that miss a "
        "requirement. From own squats, everything acts at once; from others, proximity acts alone in the first sixth, "
        "and the constraints are ramped in in the second. In the last sixth the wishes are disabled.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "move", choices=MOVES,
        help="Update latents in the PCA space of the training latents, or element by element, as published.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "lr", metavar="STEP",
        help="Step size. From own squats with --move principal, a step of 1 changes the form of a motion by about 0.7 "
        "degrees; this is the default. Otherwise it is Adam's, 0.5 by default: with --move principal in tenths of the "
        "training latents' standard deviation along each component, with --move anywhere in units of the latent, as "
        "published.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "num_runs", metavar="N",
        help="Most initial latents in all; a sample that misses what is required is replaced by a new start.",
    )  # fmt: skip
    add_option(group, GuidanceConfig, "min_samples", metavar="N", help="Motions to write.")
    add_option(
        group, GuidanceConfig, "candidates", metavar="F",
        help="Guide F times --min-samples motions, and keep those that miss least of what is required in simulation, "
        "and of those that miss equally little the ones with the least predicted peak of --muscle; takes F times as "
        "long.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "refine", metavar="N",
        help="Most rounds of refinement: where the simulation of a motion misses what is required, guidance continues "
        "for 6 iterations with the gradients of the simulation in place of the surrogate's; the default is 6, and 0 "
        "with --no-verify.",
    )  # fmt: skip
    add_option(group, GuidanceConfig, "batch_size", metavar="N", help="Samples optimised together.")
    add_option(
        group, GuidanceConfig, "patience", metavar="N",
        help="A sample that meets what is required is finished after N iterations in which its objective fell by less "
        "than 0.5 percent; 0 runs all iterations.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "give_up", metavar="N",
        help="Stop after N batches in a row that have brought no further answer, that is a sample that meets what is "
        "required and is unlike the others.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "start_noise", metavar="SD",
        help="Noise on initial latents from the training data, in standard deviations of these; own squats are varied "
        "on purpose instead.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "release",
        help="In the last sixth of the iterations disable all terms, required ones included, as published (the best "
        "iterate is kept either way).",
    )  # fmt: skip


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = add_output_options(parser, GuidanceConfig)
    add_option(
        group, GuidanceConfig, "overwrite", help="Replace the motions that --exp-name already holds for this session."
    )
    add_option(
        group, GuidanceConfig, "baseline",
        help="Only describe what the person does now, in baseline_<session>.json: depth, tempo, stance, symmetry, the "
        "peak activation of --muscle in simulation, and which of the squats meet what is asked. Nothing is generated.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "verify",
        help="Simulate the motions on the subject's own model, which decides what meets the requirements and corrects "
        "what misses them; without it the surrogate decides.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "exact_paths",
        help="Have OpenSim itself evaluate the muscle paths, as a check of our own evaluation; takes half a minute "
        "more for every twenty motions and round.",
    )  # fmt: skip
    add_option(
        group, GuidanceConfig, "opensim",
        help="Also write <exp-name>/opensim/<session>/<motion>/, with which OpenSim's own tools repeat the simulation "
        "of each motion: model, ground reaction forces, and set-ups of inverse dynamics and static optimisation.",
    )  # fmt: skip


class _ListQuantities(argparse.Action):
    """Print what a constraint may name, and exit."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=options["help"])

    def __call__(self, parser: argparse.ArgumentParser, *arguments: Any) -> None:
        from utils.guidance.objective.quantity_list import vocabulary

        print(vocabulary())
        parser.exit()
