"""Progress of a guidance run: one count of iterations per batch, of new starts or of a round of refinement."""

from utils.guidance.optimisation.latent_optimizer import Row
from utils.runs.progress import Progress


class GuidanceProgress:
    """A context manager that shows the iterations of batches, which are numbered through the whole run."""

    def __init__(self) -> None:
        """Expect `begin`."""
        self._iterations, self._first, self._stage = 0, 0, ""
        self._batch = -1
        self._shown: Progress | None = None

    def __enter__(self) -> "GuidanceProgress":
        return self

    def begin(self, iterations: int, stage: str = "") -> None:
        """What follows are batches of at most so many iterations each, numbered behind those before.

        What was begun before is over, and no time is left of it, even where it has not needed all its iterations.

        Args:
            iterations: the most iterations of a batch.
            stage: what each batch is besides, such as "refinement round"; its number, from 1, is shown too.
        """
        self._end_batch()
        self._iterations, self._first, self._stage = iterations, self._batch + 1, stage

    def show(self, row: Row) -> Row:
        """Show an iteration; the row is returned with its batch numbered through the whole run."""
        number = int(row["batch"])
        row = row | {"batch": self._first + number}
        if row["batch"] != self._batch or self._shown is None:
            self._end_batch()
            self._batch = self._first + number
            title = f"batch {self._batch}" + (f", {self._stage} {number + 1}" if self._stage else "")
            self._shown = Progress(self._iterations, title=title, unit="iterations")
        values = {key: value for key, value in row.items() if key not in ("batch", "iteration")}
        self._shown.advance(int(row["iteration"]) + 1 - self._shown.done, values)
        if self._shown.done >= self._iterations:
            self._end_batch()  # what follows, such as a simulation, is no part of it
        return row

    def __exit__(self, *exception: object) -> None:
        self._end_batch()

    def _end_batch(self) -> None:
        if self._shown is not None:
            self._shown.close()
            self._shown = None
