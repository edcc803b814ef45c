"""Tasks are handed to processes that are free, whichever they are."""

from multiprocessing import Pipe
from pathlib import Path
from threading import Timer
from types import SimpleNamespace

import pytest

from utils.people import worker_pool
from utils.people.person_outcome import FAILED, MET, PersonOutcome
from utils.people.person_worker import PersonTask

SECONDS = 0.5


class Worker:
    """In place of a process: answers after the time that the name of the person says, in units of `SECONDS`."""

    made: list["Worker"] = []

    def __init__(self, number: int) -> None:
        self.connection, self.theirs = Pipe()
        self.process = SimpleNamespace(is_alive=lambda: True)
        self.task, self.done = None, []
        self.made.append(self)

    def begin(self, task: PersonTask) -> None:
        self.task = task
        Timer(float(task.session) * SECONDS, self.theirs.send, [PersonOutcome(task.session, MET)]).start()

    def end(self) -> PersonOutcome:
        self.done.append(self.task.session)
        self.task = None
        return self.connection.recv()

    def kill(self) -> None:
        self.connection.close()


@pytest.fixture
def workers(monkeypatch):
    monkeypatch.setattr(Worker, "made", [])
    monkeypatch.setattr(worker_pool, "_Worker", Worker)
    return Worker.made


def test_the_last_person_does_not_wait_for_a_busy_process_while_another_is_free(workers):
    outcomes = []
    tasks = [PersonTask(name, None, Path("log")) for name in ("1", "0", "0.1")]
    worker_pool.guide_in_processes(tasks, 2, outcomes.append)
    assert [outcome.session for outcome in outcomes] == ["0", "0.1", "1"]
    assert [worker.done for worker in workers] == [["1"], ["0", "0.1"]]


def test_no_more_processes_are_started_than_there_are_people(workers):
    worker_pool.guide_in_processes([PersonTask("0", None, Path("log"))], 4, lambda outcome: None)
    assert len(workers) == 1


def test_a_process_that_dies_before_it_gets_a_task_fails_that_person_alone():
    worker = worker_pool._Worker(0)
    worker.process.kill()
    worker.process.join()
    worker.begin(PersonTask("somebody", None, Path("log")))
    outcome = worker.end()
    worker.kill()
    assert (outcome.session, outcome.status) == ("somebody", FAILED)
