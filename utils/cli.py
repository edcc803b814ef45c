"""Run a root script: log to standard error, and turn expected exceptions into a sentence and an exit status."""

import logging
import sys
from collections.abc import Callable

from dataset.errors import InputError, RunError

logger = logging.getLogger("bige")

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def run(main: Callable[[], None]) -> None:
    """Run the `main` of a script, and exit with its status.

    The statuses are 0 for success, 1 for a failed run, 2 for invalid input and 130 for an interruption by the user.
    Exceptions other than these are defects of the program and keep their traceback.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        main()
    except InputError as error:
        logger.error("error: %s", error)
        sys.exit(BAD_INPUT)
    except RunError as error:
        logger.error("error: %s", error)
        sys.exit(FAILED)
    except OSError as error:
        if error.filename is None and error.strerror is None:
            raise
        file = "" if error.filename is None else f"{error.filename}: "
        logger.error("error: %s%s", file, error.strerror)
        logger.debug("traceback", exc_info=True)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        logger.error("interrupted; the files written so far are complete")
        sys.exit(INTERRUPTED)
