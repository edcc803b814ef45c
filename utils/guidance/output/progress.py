"""Progress of a guidance run: a bar with the terms' values, every row to the loss log, and Ctrl-C between two steps."""

from contextlib import ExitStack

from tqdm import tqdm

from utils.runs.interruption import graceful_shutdown


class Progress:
    """A context manager that takes the rows of `utils.guidance.optimisation.search`; one bar a batch."""

    def __init__(self, iterations: int, log):
        self.iterations, self.log = iterations, log
        self.bar, self.batch, self.first, self.name = None, -1, 0, "batch"

    def rounds(self, iterations: int) -> "Progress":
        """Itself, for what follows the batches: rounds of so many iterations, numbered from 0, logged behind them."""
        self.iterations, self.first, self.name = iterations, self.batch + 1, "round"
        return self

    def __enter__(self) -> "Progress":
        self._stack = ExitStack()
        self._stop = self._stack.enter_context(graceful_shutdown())
        return self

    def __call__(self, row: dict) -> None:
        """Show and write one iteration; raises KeyboardInterrupt where the user asked to stop."""
        row = row | {"batch": self.first + row["batch"]}
        if row["batch"] != self.batch:
            self._close_bar()
            self.batch = row["batch"]
            self.bar = tqdm(total=self.iterations, desc=f"{self.name} {self.batch - self.first}", disable=None)
        self.bar.update(row["iteration"] + 1 - self.bar.n)
        if self.bar.n % 10 == 0:
            shown = {key: f"{value:.3g}" for key, value in row.items() if key not in ("batch", "iteration")}
            self.bar.set_postfix(shown, refresh=False)
        self.log.write(row)
        if self._stop():
            raise KeyboardInterrupt

    def __exit__(self, *exception) -> None:
        self._stack.close()
        self._close_bar()
        self.log.close()

    def _close_bar(self) -> None:
        if self.bar is not None:
            self.bar.close()
