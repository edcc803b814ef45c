"""The processes of a launcher such as torchrun, among which people are divided."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from utils.people.person_outcome import PersonOutcome

_LONGEST_WAIT = timedelta(days=30)  # for the process whose people take longest
_SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class Ranks:
    """The processes of a launch.

    Attributes:
        rank: number of this one, from 0; the first writes the tables.
        count: how many there are.
        local_rank: number of this one among those of its machine.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    def share(self, outcomes: Sequence[PersonOutcome]) -> list[PersonOutcome]:
        """The outcomes of all processes, once each of them has come here."""
        if self.count == 1:
            return list(outcomes)
        from torch import distributed

        everyone = distributed.barrier(async_op=True)
        while not everyone.is_completed():  # waiting inside the library, a process would not hear Ctrl-C
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        gathered: list[list[PersonOutcome]] = [[] for _ in range(self.count)]
        distributed.all_gather_object(gathered, list(outcomes))
        return [outcome for part in gathered for outcome in part]


@contextmanager
def join_ranks() -> Iterator[Ranks]:
    """Join the processes of a launcher that sets $RANK and $WORLD_SIZE; without one, this process is the only one."""
    count = int(os.environ.get("WORLD_SIZE", 1))
    if "RANK" not in os.environ or count == 1:
        yield Ranks()
        return
    from torch import distributed

    distributed.init_process_group("gloo", timeout=_LONGEST_WAIT)
    try:
        yield Ranks(int(os.environ["RANK"]), count, int(os.environ.get("LOCAL_RANK", 0)))
    finally:
        distributed.destroy_process_group()
