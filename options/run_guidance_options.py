"""Command line of run_guidance.py: who is guided, and after `--` how, as for LIMO_Surrogate.py."""

import argparse
import sys
from collections.abc import Sequence

from dataset.errors import InputError
from options.config_parser import add_option, new_parser, parse_config
from options.limo_surrogate_options import build_parser as build_limo_parser
from options.shared_options import add_data_options
from utils.guidance.guidance_config import GuidanceConfig
from utils.people.people_config import SPLITS, PeopleConfig

_NOBODY = "."  # takes the place of LIMO_Surrogate.py's --subject, which each person has of their own


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of what stands before `--`, under the script's docstring."""
    parser = new_parser(description)
    parser.usage = "%(prog)s [options] -- [options of LIMO_Surrogate.py but --subject]"
    data = add_data_options(parser, PeopleConfig)
    add_option(
        data, PeopleConfig, "subjects", metavar="ID",
        help="Guide these sessions or subjects of the data, by id or by folder, those that a file lists, one on a "
        "line, or all.",
    )  # fmt: skip
    add_option(
        data, PeopleConfig, "split", choices=SPLITS,
        help="Of those, guide only the ones of this set in the split by subject of the VQ-VAE's training (where "
        "that knew none of them, of one that is drawn as for a training): test are the held-out ones. By default "
        "guide all.",
    )  # fmt: skip
    run = parser.add_argument_group("run")
    add_option(
        run, PeopleConfig, "jobs", metavar="N",
        help="Guide N people at the same time, each in a process of its own; unless --threads is given after --, half "
        "of the cores are divided among them.",
    )  # fmt: skip
    add_option(
        run, PeopleConfig, "shard", metavar="K/N",
        help="Guide every N-th person from the K-th on, for N machines that share the output folder; torchrun divides "
        "people by itself.",
    )  # fmt: skip
    return parser


def parse_people(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> PeopleConfig:
    """Parse the command line (or `arguments`).

    `--dataname` and `--data-root` may stand on either side of `--`.

    Raises:
        InputError: options do not go together, or one person is named in place of several.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    own, flags = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    namespace = parser.parse_args(own)
    if any(word.partition("=")[0] == "--subject" for word in flags):
        raise InputError("--subject names one person; name several with --subjects, before the --")
    guidance = parse_config(build_limo_parser(parser.description or ""), GuidanceConfig, [*flags, "--subject", _NOBODY])
    return PeopleConfig(
        dataname=namespace.dataname or guidance.dataname,
        data_root=namespace.data_root or guidance.data_root,
        guidance=guidance,
        subjects=tuple(namespace.subjects),
        split=namespace.split,
        jobs=namespace.jobs,
        shard=namespace.shard,
    )
