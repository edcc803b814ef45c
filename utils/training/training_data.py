"""The windows of a training, opened on disk by each of its processes."""

from collections.abc import Iterator

from dataset.splits import Split
from dataset.windows.session_file import SessionIndex
from dataset.windows.window_loading import SplitWindows, open_split
from dataset.windows.window_store import unwatched
from utils.runs.progress import show_progress
from utils.training.distributed import ProcessGroup
from utils.training.training_config import TrainingConfig


def open_training_data(
    config: TrainingConfig, group: ProcessGroup, *, activations: bool = False, kept: Split | None = None
) -> SplitWindows:
    """Open the windows of the data root of a training, split by subject.

    The main process makes those that are not stored yet and shows its progress; the others wait and read.

    Args:
        config: says the data root and the seed of the split.
        group: the processes that train together.
        activations: whether windows are read with muscle activations.
        kept: the split of a run that is resumed.

    Raises:
        InputError: as `open_split`.
    """
    _, root = config.find_data_root()

    def opened() -> SplitWindows:
        frames = config.window_frames
        watch = _with_progress if group.is_main else unwatched
        return open_split(root, seed=config.seed, activations=activations, frames=frames, watch=watch, kept=kept)

    return group.main_first(opened)


def _with_progress(indices: Iterator[SessionIndex], total: int) -> Iterator[SessionIndex]:
    return show_progress(indices, total, title="windows", unit="sessions")
