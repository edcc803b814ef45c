"""Run a root script: log to standard error and turn outcomes into exit statuses."""

import logging
import sys
from collections.abc import Callable

from dataset.errors import InputError

logger = logging.getLogger("bige")


def run(main: Callable[[], None]) -> None:
    """Run a script's `main` and leave with its status: 0 done, 1 failed, 2 bad input, 130 stopped by the user."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        main()
    except InputError as error:
        logger.error("error: %s", error)
        sys.exit(2)
    except KeyboardInterrupt:
        logger.error("stopped; what was written so far is whole")
        sys.exit(130)
