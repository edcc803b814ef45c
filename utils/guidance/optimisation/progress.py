"""Progress bars of a guidance run: one per batch, then one per round of refinement."""

from tqdm import tqdm

from utils.guidance.optimisation.latent_optimizer import Row


class Progress:
    """A context manager that shows the iterations of `search`, and after `begin_refinement` those of `refine`."""

    def __init__(self, iterations: int):
        """Expect so many iterations per batch."""
        self._iterations, self._first, self._title = iterations, 0, "batch"
        self._batch = -1
        self._bar: tqdm | None = None

    def __enter__(self) -> "Progress":
        return self

    def begin_refinement(self, iterations: int) -> None:
        """What follows are rounds of refinement, of so many iterations each, numbered behind the batches."""
        self._iterations, self._first, self._title = iterations, self._batch + 1, "round"

    def show(self, row: Row) -> Row:
        """Show an iteration; the row is returned with its batch numbered through the whole run."""
        row = row | {"batch": self._first + row["batch"]}
        if row["batch"] != self._batch or self._bar is None:
            self._close_bar()
            self._batch = int(row["batch"])
            self._bar = tqdm(total=self._iterations, desc=f"{self._title} {self._batch - self._first}", disable=None)
        self._bar.update(int(row["iteration"]) + 1 - self._bar.n)
        if self._bar.n % 10 == 0:
            shown = {key: f"{value:.3g}" for key, value in row.items() if key not in ("batch", "iteration")}
            self._bar.set_postfix(shown, refresh=False)
        return row

    def __exit__(self, *exception: object) -> None:
        self._close_bar()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
