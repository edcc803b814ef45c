"""Progress of a long loop: a bar on a terminal, and a line every ten seconds in a log file.

    for trial in show_progress(trials, title="squats1", unit="repetitions"):
        ...

Where standard error is no terminal, a bar would fill the file with carriage returns, so the progress is logged instead.
"""

import logging
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import TypeVar

from tqdm import tqdm

logger = logging.getLogger("bige")

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """A context manager that shows how many of a number of units are done."""

    def __init__(self, total: int, *, title: str, unit: str, done: int = 0, enabled: bool = True) -> None:
        """Start at `done` of `total` units.

        Args:
            total: number of units.
            title: what is in progress, such as a trial's name.
            unit: the units in the plural, such as "repetitions".
            done: units that were done before.
            enabled: whether anything is shown.
        """
        self.total, self.title, self.unit, self.done = total, title, unit, done
        self._first, self._note, self._lines = done, "", 0
        self._start = self._last = time.monotonic()
        self._bar: tqdm | None = None
        self._logs = False
        self._ended = threading.Event()
        if enabled:
            if sys.stderr is not None and sys.stderr.isatty():
                self._bar = tqdm(total=total, desc=title, unit=f" {unit}", initial=done)
            else:
                self._logs = True
                threading.Thread(target=self._log_regularly, daemon=True).start()

    def __enter__(self) -> "Progress":
        return self

    def advance(self, units: int = 1, values: Mapping[str, float] | None = None) -> None:
        """Count units as done.

        Args:
            units: how many.
            values: numbers to show beside them, such as losses.
        """
        self.done += units
        if values:
            self._note = "".join(f", {name} {value:.3g}" for name, value in values.items())
        if self._bar is not None:
            if values:
                self._bar.set_postfix_str(self._note.removeprefix(", "), refresh=False)
            self._bar.update(units)
        elif self._logs and time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._log()

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the bar, or log the end where there were lines before it."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        elif self._logs and self._lines and time.monotonic() > self._last:
            self._log(is_over=True)
        self._logs = False
        self._ended.set()

    def _log_regularly(self) -> None:
        """Log a line every ten seconds, also while one unit takes longer than that."""
        while not self._ended.wait(SECONDS_BETWEEN_LINES):
            if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES / 2:
                self._log()

    def _log(self, *, is_over: bool = False) -> None:
        """Log a line; of what is over, which may be before all units are done, no time is left."""
        self._last = time.monotonic()
        self._lines += 1
        elapsed_s, done = self._last - self._start, self.done - self._first
        left = ""
        if done and self.done < self.total and not is_over:
            left = f", about {_duration(elapsed_s * (self.total - self.done) / done)} left"
        logger.info(
            "%s: %d of %d %s after %s%s%s",
            self.title,
            self.done,
            self.total,
            self.unit,
            _duration(elapsed_s),
            left,
            self._note,
        )


def show_progress(
    items: Iterable[Item], total: int | None = None, *, title: str, unit: str, enabled: bool = True
) -> Iterator[Item]:
    """The items, one by one, each counted as done when the next one is asked for.

    Args:
        items: what is worked through.
        total: their number; needed where `items` has no length.
        title: what is in progress.
        unit: the items in the plural.
        enabled: whether anything is shown.
    """
    if total is None:
        total = len(items) if isinstance(items, Sized) else 0
    with Progress(total, title=title, unit=unit, enabled=enabled) as progress:
        for item in items:
            yield item
            progress.advance()


def _duration(seconds: float) -> str:
    """A time such as 40 s, 12 min or 3 h 5 min."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
