"""Command line of MOT_eval.py."""

import argparse
from pathlib import Path

from options.config_parser import new_parser
from options.shared_options import (
    add_data_arguments,
    add_output_arguments,
    add_run_arguments,
    positive_integer,
)


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of MOT_eval.py, under the script's docstring."""
    parser = new_parser(description)
    data = add_data_arguments(parser)
    data.add_argument(
        "--subjects",
        nargs="+",
        metavar="ID",
        help="Reconstruct these sessions or subjects of the data (all: every one); by default the held-out people.",
    )
    model = parser.add_argument_group("model")
    model.add_argument(
        "--resume-pth",
        type=Path,
        default=Path("pretrained/vqvae"),
        metavar="PATH",
        help="Evaluate this checkpoint, ours or published, or the one in this run folder.",
    )
    sampling = parser.add_argument_group("sampling, the unguided baseline")
    sampling.add_argument(
        "--sample",
        type=positive_integer,
        metavar="N",
        help="Instead of reconstructing, decode N random latents: each is that of a random training window "
        "(latents.npz beside the checkpoint) with --sample-noise, quantised; without latents.npz, random codes.",
    )
    sampling.add_argument(
        "--sample-noise",
        type=float,
        default=0.5,
        help="Standard deviation of the noise on a sampled latent, in standard deviations of its channel.",
    )
    sampling.add_argument(
        "--subject", metavar="ID", help="Name the samples' folder after this session, as guidance does."
    )
    add_output_arguments(parser, "VQVAE_eval")
    add_run_arguments(parser)
    return parser
