"""A process that guides one person after another, and says how each ended."""

import logging
import os
import signal
import sys
import threading
import traceback
from dataclasses import dataclass, replace
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from dataset.errors import InputError, RunError
from utils.guidance.guidance_config import GuidanceConfig
from utils.people.person_outcome import FAILED, PersonOutcome, outcome_of
from utils.runs.device import shared_device
from utils.runs.os_errors import describe_os_error

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class PersonTask:
    """A person to be guided.

    Attributes:
        session: id of the session.
        config: the settings.
        log: file for everything that is printed on the way.
    """

    session: str
    config: GuidanceConfig
    log: Path


def work(connection: Connection, gpu: int) -> None:
    """Guide the people whose tasks come through a connection, and send their outcomes, until None comes.

    Args:
        connection: to the process that hands out the tasks.
        gpu: number of this process, by which those on a machine with several GPUs share them.
    """
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C is for the process that hands out the tasks
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while (task := connection.recv()) is not None:
        connection.send(_guided(task, gpu))


def _end_with_parent() -> None:
    """End at once when the process that hands out the tasks dies, so that another can take them up."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _guided(task: PersonTask, gpu: int) -> PersonOutcome:
    """Guide a person; whatever goes wrong is the outcome."""
    task.log.parent.mkdir(parents=True, exist_ok=True)
    with task.log.open("w", encoding="utf-8") as log:
        _print_to(log.fileno())
        try:
            return _guide(task, gpu)
        except (InputError, RunError) as error:
            why = str(error)
        except MemoryError:
            why = "the memory of this machine is not sufficient; ask for fewer --jobs or less at once"
        except OSError as error:
            why = describe_os_error(error)
        except Exception as error:  # noqa: BLE001  # a defect must not stop the others
            traceback.print_exc()
            why = f"a defect of the program ({type(error).__name__}: {error}); see {task.log}"
        finally:
            sys.stdout.flush()
    return PersonOutcome(task.session, FAILED, why=" ".join(why.split()))


def _guide(task: PersonTask, gpu: int) -> PersonOutcome:
    from utils.guidance.output.printed_tables import result_tables
    from utils.people.guided_person import guide_person

    guided = guide_person(replace(task.config, device=shared_device(task.config.device, gpu)))
    logger.info("%s", result_tables(guided.result))
    return outcome_of(guided.result, guided.motions)


def _print_to(descriptor: int) -> None:
    """Send what this process prints to a file, that of libraries in C++ too."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(descriptor, stream.fileno())
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
