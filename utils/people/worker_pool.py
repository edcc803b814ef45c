"""Processes that guide people, of which one may die without the others."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from utils.people.person_outcome import FAILED, PersonOutcome
from utils.people.person_worker import PersonTask, work

_SIGNALS = {-6: "an abort", -9: "the system killed it, often for want of memory", -11: "a fault in a library"}


class _Worker:
    """A process and the task that it is working at."""

    def __init__(self, number: int) -> None:
        self.number = number
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads of torch may hang
        self.connection: Connection
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=work, args=(theirs, number), daemon=True)
        self.process.start()
        theirs.close()
        self.task: PersonTask | None = None

    def begin(self, task: PersonTask) -> None:
        self.task = task
        with suppress(OSError):  # the process has died meanwhile, which `end` tells
            self.connection.send(task)

    def end(self) -> PersonOutcome:
        """The outcome of the task, of which the process has sent something or died."""
        assert self.task is not None
        task, self.task = self.task, None
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode or 0
            reason = f"the process ended with status {code}" + (f" ({_SIGNALS[code]})" if code in _SIGNALS else "")
            return PersonOutcome(task.session, FAILED, why=f"{reason}; see {task.log}")

    def kill(self) -> None:
        """End the process at once; what it has found is on disk."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def guide_in_processes(
    tasks: Sequence[PersonTask], jobs: int, on_outcome: Callable[[PersonOutcome], None], first_number: int = 0
) -> None:
    """Guide people in processes, and tell how each ended as soon as it is known.

    Args:
        tasks: the people, in the order in which they begin.
        jobs: most processes.
        on_outcome: called in this process.
        first_number: number of the first process among those of this machine.
    """
    waiting = deque(tasks)
    workers: list[_Worker] = []
    try:
        while waiting or any(worker.task for worker in workers):
            for number in range(jobs):
                if not waiting:
                    break
                if number == len(workers):
                    workers.append(_Worker(first_number + number))
                if workers[number].task:
                    continue
                if not workers[number].process.is_alive():
                    workers[number].kill()
                    workers[number] = _Worker(first_number + number)
                workers[number].begin(waiting.popleft())
            busy = {worker.connection: worker for worker in workers if worker.task}
            for connection in wait(list(busy)):
                on_outcome(busy[connection].end())  # type: ignore[index]  # what was waited for
    finally:
        for worker in workers:
            worker.kill()
