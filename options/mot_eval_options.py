"""Command line of MOT_eval.py."""

import argparse
from collections.abc import Sequence

from options.config_parser import add_option, config_of, new_parser, refuse_options
from options.shared_options import add_compute_options, add_data_options, add_output_options, add_seq_len
from utils.reconstruction.reconstruction_config import ReconstructionConfig, SamplingConfig


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of MOT_eval.py, under the script's docstring."""
    parser = new_parser(description)
    data = add_data_options(parser, ReconstructionConfig)
    add_option(
        data, ReconstructionConfig, "subjects", metavar="ID", default=argparse.SUPPRESS,
        help="Reconstruct these sessions or subjects of the data (all: every one); the default is those that the "
        "training of the checkpoint held out, or, where it knew none of the data, some that are drawn.",
    )  # fmt: skip
    add_seq_len(data, ReconstructionConfig)
    model = parser.add_argument_group("model")
    add_option(
        model, ReconstructionConfig, "checkpoint", flags=("--resume-pth",), metavar="PATH",
        help="Evaluate this checkpoint, in this repository's or the published format, or the one in this run folder; "
        "the default is pretrained/vqvae.",
    )  # fmt: skip
    sampling = parser.add_argument_group("sampling, the unguided baseline")
    add_option(
        sampling, SamplingConfig, "count", flags=("--sample",), metavar="N", required=False, default=None,
        help="Instead of reconstructing, decode N random latents: each is the latent of a random training window "
        "(latents.npz beside the checkpoint) with --sample-noise, quantised; without latents.npz, random codes.",
    )  # fmt: skip
    add_option(
        sampling, SamplingConfig, "noise", flags=("--sample-noise",), default=argparse.SUPPRESS, metavar="STD",
        help="With --sample: standard deviation of the noise on a latent, in standard deviations of its channel; "
        f"the default is {SamplingConfig.noise:g}.",
    )  # fmt: skip
    add_option(
        sampling, SamplingConfig, "subject", metavar="ID", default=argparse.SUPPRESS,
        help="With --sample: name the folder of the motions after this session, as guidance does.",
    )  # fmt: skip
    add_output_options(parser, ReconstructionConfig)
    add_compute_options(parser, ReconstructionConfig)
    return parser


def parse_reconstruction_or_sampling(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None
) -> ReconstructionConfig | SamplingConfig:
    """Parse the command line (or `arguments`).

    Raises:
        InputError: options of sampling are given without --sample, or --subjects with it.
    """
    namespace = parser.parse_args(arguments)
    if namespace.count is None:
        refuse_options(namespace, {"noise": "--sample-noise", "subject": "--subject"}, "without --sample")
        return config_of(namespace, ReconstructionConfig)
    refuse_options(namespace, {"subjects": "--subjects"}, "with --sample")
    return config_of(namespace, SamplingConfig)
