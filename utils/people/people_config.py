"""Settings of `guide_people`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataset.errors import InputError
from dataset.sessions import Session
from utils.guidance.guidance_config import GuidanceConfig
from utils.runs.shared_configs import DataConfig, require_at_least, require_choice

SPLITS = ("training", "validation", "test")
ALL = "all"


@dataclass(frozen=True, kw_only=True)
class PeopleConfig(DataConfig):
    """Who is guided, with which settings, and by how many processes.

    Attributes:
        guidance: the settings of every person; its subject and its data root are those of each person.
        subjects: ids of sessions or subjects under the data root, folders of sessions, the name of a file of either,
            or `all`.
        split: only those of this set in the split by subject of the training of the VQ-VAE, see
            `split_for_network`; None for all.
        jobs: people who are guided at the same time, each in a process of its own.
        shard: `k/n` for every n-th of them, from the k-th on, k from 1: for n machines that share the folder.
    """

    guidance: GuidanceConfig
    subjects: Sequence[str] = (ALL,)
    split: str | None = None
    jobs: int = 1
    shard: str = "1/1"

    def __post_init__(self) -> None:
        """Raise InputError where values are out of range or do not go together."""
        super().__post_init__()
        require_at_least(1, jobs=self.jobs)
        require_choice(SPLITS, split=self.split)
        found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", self.shard)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise InputError(f"--shard is {self.shard}, expected K/N with K from 1 to N, for example 3/20")
        if self.guidance.baseline:
            raise InputError("--baseline describes one person: python LIMO_Surrogate.py --baseline --subject SESSION")
        if self.guidance.model is not None:
            raise InputError("--model is one person's model, and each of many people has another; leave it out")

    @property
    def part(self) -> tuple[int, int]:
        """The shard: its number from 0, and the number of all."""
        number, count = map(int, self.shard.split("/"))
        return number - 1, count

    def guidance_of(self, session: Session, threads: int | None = None) -> GuidanceConfig:
        """The settings of one person; `threads` where they do not say how many."""
        config = replace(self.guidance, threads=self.guidance.threads or threads, dataname=None, data_root=None)
        if session.label:  # an id that only the data root gives it
            return replace(config, subject=session.id, data_root=self.find_data_root()[1])
        return replace(config, subject=str(session.path))
