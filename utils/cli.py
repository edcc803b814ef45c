"""Run a root script: log to standard error, and turn expected exceptions into a sentence and an exit status."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from dataset.errors import InputError, RunError
from utils.runs.interruption import termination_signals
from utils.runs.os_errors import describe_os_error

logger = logging.getLogger("bige")

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def run(main: Callable[[], None]) -> None:
    """Run the `main` of a script, and exit with its status.

    The statuses are 0 for success, 1 for a failed run, 2 for invalid input and 130 for an interruption by the user or
    by a termination signal. Exceptions other than these are defects of the program and keep their traceback.
    """
    shown = logging.StreamHandler(sys.stderr)
    shown.addFilter(_NewWarnings())
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[shown])
    for stream in (sys.stdout, sys.stderr):  # an old terminal may lack a character such as ±
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    threading.excepthook = _report_thread
    previous = {number: signal.signal(number, _interrupt) for number in termination_signals()}  # to remove what is half
    try:
        main()
        _flush_output()
    except InputError as error:
        _end(BAD_INPUT, f"error: {error}")
    except RunError as error:
        _end(FAILED, f"error: {error}")
    except BrokenPipeError:
        _discard_output()
        sys.exit(FAILED)  # whoever read the output, such as head, has seen enough
    except OSError as error:
        if error.filename is None and error.strerror is None:
            raise
        logger.debug("traceback", exc_info=True)
        _end(FAILED, f"error: {describe_os_error(error)}")
    except MemoryError:
        _end(FAILED, "error: the memory of this machine is not sufficient; ask for less at once")
    except RuntimeError as error:
        if not any(words in str(error) for words in ("out of memory", "can't allocate memory")):
            raise
        _end(FAILED, "error: the memory of this device is not sufficient; ask for less at once, or try --device cpu")
    except KeyboardInterrupt:
        _end(INTERRUPTED, "interrupted; the files written so far are complete")
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _NewWarnings(logging.Filter):
    """Passes each warning once: what a recording is warned of is said again wherever it is read again."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is no warning, or one that has not been shown."""
        if record.levelno != logging.WARNING:
            return True
        is_new = record.getMessage() not in self._said
        self._said.add(record.getMessage())
        return is_new


def _end(status: int, sentence: str) -> None:
    """Print a sentence, and exit."""
    logger.error("%s", sentence)
    try:
        _flush_output()
    except OSError:
        _discard_output()
    sys.exit(status)


def _flush_output() -> None:
    if sys.stdout is not None:  # it is None where the shell has closed it
        sys.stdout.flush()


def _discard_output() -> None:
    """Discard what standard output cannot take, so that Python does not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_thread(arguments: threading.ExceptHookArgs) -> None:
    """Leave an OSError of TensorBoard's thread to the main thread, which gets it with its next event."""
    if not isinstance(arguments.exc_value, OSError):
        threading.__excepthook__(arguments)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
