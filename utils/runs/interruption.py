"""Graceful interruption: a run finishes its current step before it stops."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def termination_signals() -> list[signal.Signals]:
    """The signals that ask a process to end: SIGTERM, and that of a closed terminal where it is not ignored (nohup)."""
    known = [signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # Windows has none
        known.append(signal.SIGHUP)
    return known


@contextmanager
def graceful_shutdown() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C or one of `termination_signals` has arrived.

    A second Ctrl-C raises KeyboardInterrupt at once. Outside the main thread, which alone receives signals, the
    function is always False.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        if received and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(number)

    previous = {number: signal.signal(number, remember) for number in (signal.SIGINT, *termination_signals())}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
