"""The processes of a training: one, or several that work together, of which the main one holds the run folder."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from utils.runs.environment import configure_torch
from utils.runs.writable import require_writable
from utils.training.distributed import ProcessGroup, join_process_group
from utils.training.resuming import held_folder
from utils.training.training_config import TrainingConfig

logger = logging.getLogger("bige")


@contextmanager
def processes_of_run(config: TrainingConfig) -> Iterator[ProcessGroup]:
    """This process among those of a training; the run folder is held by the main one as long as it lasts.

    Raises:
        InputError: there is no data root, or the run folder cannot be written or is held by another training.
    """
    with join_process_group(configure_torch(config), config.local_rank) as group, ExitStack() as stack:
        name, root = config.find_data_root()
        if group.is_main:
            logger.info("sessions of %s (%s)", root, name)
            require_writable(config.run_folder, within=config.out_dir)
            stack.enter_context(held_folder(config.run_folder))
        yield group
