"""Progress of a guidance run: one count of iterations per batch of starts and per round of refinement."""

from utils.guidance.optimisation.latent_optimizer import Row
from utils.runs.progress import Progress


class GuidanceProgress:
    """A context manager that shows the iterations of what was begun last."""

    def __init__(self, iterations: int) -> None:
        """Expect so many iterations per batch."""
        self._iterations, self._first, self._title = iterations, 0, "batch"
        self._batch = -1
        self._shown: Progress | None = None

    def __enter__(self) -> "GuidanceProgress":
        return self

    def begin(self, title: str, iterations: int) -> None:
        """What follows are batches or rounds of so many iterations each, numbered behind those before.

        What was begun before is over, and no time is left of it, even where it has not needed all its iterations.
        """
        self._end_batch()
        self._iterations, self._first, self._title = iterations, self._batch + 1, title

    def show(self, row: Row) -> Row:
        """Show an iteration; the row is returned with its batch numbered through the whole run."""
        row = row | {"batch": self._first + row["batch"]}
        if row["batch"] != self._batch or self._shown is None:
            self._end_batch()
            self._batch = int(row["batch"])
            title = f"{self._title} {self._batch - self._first}"
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
