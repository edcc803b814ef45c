"""Command line of LIMO_Surrogate.py."""

import argparse
from pathlib import Path

from options.config_parser import new_parser
from options.shared_options import (
    add_data_arguments,
    add_output_arguments,
    add_run_arguments,
    positive_integer,
)

WEIGHTS = {
    "tilt": (0.5, "pelvis tilt at the frame of the muscle's peak"),
    "asymmetry": (1.0, "left minus right of hip, knee and ankle"),
    "angular-speed": (0.5, "angular speed of hips, knees, ankles and pelvis tilt"),
    "com-speed": (50.0, "velocity of the pelvis, which stands for the centre of mass"),
    "com-acceleration": (100.0, "acceleration of the pelvis"),
    "slide": (0.1, "sliding of the feet on the subject's contact points"),
    "mac": (1.0, "muscle activation constraint, the peak within [--low, --high]"),
}


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of LIMO_Surrogate.py, under the script's docstring."""
    parser = new_parser(description)
    data = add_data_arguments(parser)
    data.add_argument(
        "--subject",
        required=True,
        metavar="SESSION",
        help="Session folder of the person, or its id under the data root; its model gives skeleton, mass and legs.",
    )

    models = parser.add_argument_group("models")
    models.add_argument(
        "--vq-name",
        type=Path,
        metavar="PATH",
        help="VQ-VAE checkpoint or run folder, with the training latents (latents.npz) beside it; "
        "the default is the shipped pretrained/vqvae.",
    )
    models.add_argument(
        "--surrogate-name",
        type=Path,
        metavar="PATH",
        help="Surrogate checkpoint or run folder; the default is the shipped pretrained/surrogate.",
    )
    models.add_argument(
        "--seq-len", type=positive_integer, default=49, help="Length of a latent; 49 decodes to 196 frames, 3.3 s."
    )
    models.add_argument(
        "--smooth-hz",
        type=_weight,
        default=6.0,
        metavar="HZ",
        help="Low-pass decoded motions at this frequency, as motion capture is; 0 leaves the decoder's noise in.",
    )

    asked = parser.add_argument_group(
        "constraints",
        "QUANTITY[:NAME]:STATISTIC[:MUSCLE]:COMPARISON[:NUMBER[:NUMBER]][:weight=W][:tolerance=X][:name=TEXT][:wish], "
        "for example knee_flexion:max:within:80:100 or pelvis_tilt:at_peak:vasmed:above:-30:wish. "
        "What is not a wish is required of every sample. --list-quantities explains every word.",
    )
    asked.add_argument("--low", type=float, default=0.35, help="Least peak activation of --muscle, 0 to 1.")
    asked.add_argument("--high", type=float, default=0.45, help="Greatest peak activation of --muscle, 0 to 1.")
    asked.add_argument(
        "--muscle", default="vasmed", help="Muscle whose peak is to lie between --low and --high, on both sides."
    )
    asked.add_argument(
        "--constraint", action="append", default=[], metavar="LINE", help="Add a constraint; may be given repeatedly."
    )
    asked.add_argument(
        "--constraints",
        type=Path,
        metavar="FILE",
        help="Add the constraints of a JSON file, a list of lines or objects.",
    )
    asked.add_argument(
        "--list-quantities", action=_ListQuantities, help="Print quantities, statistics and comparisons, and leave."
    )

    weights = parser.add_argument_group("weights", "As published; 0 leaves a term out.")
    for name, (default, what) in WEIGHTS.items():
        weights.add_argument(f"--alpha-{name}", type=_weight, default=default, metavar="W", help=f"Weight of: {what}.")
    weights.add_argument(
        "--beta", type=_weight, default=0.01, metavar="W", help="Weight of the distance to the nearest training latent."
    )

    asked.add_argument(
        "--max-distance",
        type=_weight,
        default=1.0,
        metavar="X",
        help="Require that a latent is no further from the nearest training latent than X times the distance that is "
        "typical from one person's motion to the nearest of another; 0 lets it go anywhere.",
    )

    optimisation = parser.add_argument_group("optimisation")
    optimisation.add_argument(
        "--total-iter",
        type=positive_integer,
        default=3000,
        help="Iterations: a sixth proximity alone, a sixth ramping the constraints in, and a last sixth proximity with "
        "what is required.",
    )
    optimisation.add_argument(
        "--move",
        choices=("principal", "anywhere"),
        default="principal",
        help="Change a latent along the principal axes of the training latents, which keeps the change one that real "
        "motions show, or each of its elements by itself, as published.",
    )
    optimisation.add_argument(
        "--lr",
        type=float,
        default=0.5,
        help="Adam's step: in tenths of the training latents' spread with --move principal, in units of the latent, as "
        "published, with --move anywhere.",
    )
    optimisation.add_argument(
        "--num-runs",
        type=positive_integer,
        default=3000,
        metavar="N",
        help="At most so many starts in all; a sample that misses what is required is started afresh.",
    )
    optimisation.add_argument("--min-samples", type=positive_integer, default=20, help="Motions to write.")
    optimisation.add_argument(
        "--candidates",
        type=_at_least_one,
        default=1.0,
        metavar="F",
        help="Guide F times --min-samples motions and keep those whose simulated peaks lie nearest to the range; "
        "takes F times as long.",
    )
    optimisation.add_argument(
        "--refine",
        type=int,
        default=None,
        metavar="N",
        help="Correct the surrogate by what the simulation finds in each motion and guide on for 150 iterations, at "
        "most N times, until the simulation itself finds what is required; the default is 2, and 0 with --no-verify.",
    )
    optimisation.add_argument("--batch-size", type=positive_integer, default=20, help="Samples optimised together.")
    optimisation.add_argument(
        "--patience",
        type=int,
        default=100,
        metavar="N",
        help="End a sample that meets what is required after N iterations in which its objective gained under 0.5 "
        "percent; 0 goes through all iterations.",
    )
    optimisation.add_argument(
        "--give-up",
        type=positive_integer,
        default=3,
        metavar="N",
        help="Stop after N batches in a row without a single sample that meets what is required.",
    )
    optimisation.add_argument(
        "--start-noise",
        type=_weight,
        default=0.0,
        metavar="SD",
        help="Noise on a start, in standard deviations of the training latents; a start is a random training latent.",
    )
    optimisation.add_argument(
        "--release",
        action="store_true",
        help="In the last sixth let go of what is required too, as published (the best iterate is kept either way).",
    )

    output = add_output_arguments(parser, "TestBIGE")
    output.add_argument(
        "--overwrite", action="store_true", help="Replace the motions that --exp-name already holds for this session."
    )
    output.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="Simulate the motions on the person's own model afterwards and say what peak activations that finds; "
        "takes some ten seconds, and a fit of the model's muscle paths the first time.",
    )
    output.add_argument(
        "--exact-paths",
        action="store_true",
        help="Simulate with OpenSim's own muscle paths instead of polynomials fitted to them, which are off by up to a "
        "fifth in a deep knee; takes half a minute more for every twenty motions and round.",
    )
    add_run_arguments(parser)
    return parser


class _ListQuantities(argparse.Action):
    def __init__(self, option_strings, dest, **options):
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=options["help"])

    def __call__(self, parser, namespace, values, option_string=None):
        from utils.guidance.objective.constraint_grammar import vocabulary

        print(vocabulary())
        parser.exit()


def _at_least_one(text: str) -> float:
    value = float(text)
    if not value >= 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def _weight(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of at least 0")
    return value
