"""Calls of libraries in a process of their own, for files with which these libraries can end the whole process.

OpenSim and VTK are written in C++, and some damaged files make them read memory that is not theirs, call themselves
without end, or take all memory. What they do with a file is first done in a child, which may die alone.
"""

import faulthandler
import importlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from dataset.errors import InputError

_VALUE, _REFUSED = b"+", b"-"
_TOO_LONG = "it takes too long, or waits for a file that never ends"
_SIGNALS = {  # by name, since Windows lacks most of them
    "SIGXCPU": _TOO_LONG,
    "SIGKILL": f"{_TOO_LONG}, or takes too much memory",
    "SIGABRT": "it gives up",
}
_MOST_CLOCK = 4  # times the processor time of a child, which shares the processor with other programs
_LOOK_S, _MOST_ASLEEP = 0.25, 6  # looks in a row at a child that waits for something, as for a pipe that nobody writes


class ChildDiedError(Exception):
    """The child ended without an answer; the text says how."""


def call_in_child(function: Callable[[str], bytes], argument: str, *, seconds: int, more_bytes: int) -> bytes:
    """Call a function of a module in a process of its own.

    Where the system can fork, the child is a copy of this process, so that nothing is imported again.

    Args:
        function: of a module's top level; takes a text and returns bytes.
        argument: the text.
        seconds: most processor time that the child may take. A child that waits for something, such as a pipe, is
            stopped after 1.5 s.
        more_bytes: most memory that the child may take beyond that of this process.

    Raises:
        InputError: the function raised it.
        ChildDiedError: the function died, was stopped, or raised another error.
    """
    if _can_fork():
        answer, status = _forked(function, argument, seconds, more_bytes)
    else:
        answer, status = _spawned(function, argument, seconds)
    if status == 0 and answer[:1] == _VALUE:
        return answer[1:]
    if status == 0 and answer[:1] == _REFUSED:
        raise InputError(answer[1:].decode())
    raise ChildDiedError(_reason(-status) if status < 0 else "it fails")


def _reason(number: int) -> str:
    """What a signal that ended a child means."""
    try:
        name = signal.Signals(number).name
    except ValueError:  # real-time signals have no names but the first and the last
        return f"signal {number}"
    return _SIGNALS.get(name, name)


def _can_fork() -> bool:
    return sys.platform == "linux"  # libraries of macOS do not stand it


def _forked(function: Callable[[str], bytes], argument: str, seconds: int, more_bytes: int) -> tuple[bytes, int]:
    """The child's answer, and its exit status or minus its signal."""
    source, target = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(source)
            faulthandler.disable()
            _limit(seconds, more_bytes)
            _silence()
            with os.fdopen(target, "wb") as file:
                file.write(_answer(function, argument))
            status = 0
        finally:
            os._exit(status)
    os.close(target)
    try:
        answer = _read_all(source, child, time.monotonic() + _MOST_CLOCK * seconds)
    except BaseException:  # an interruption, too, leaves no child behind
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(source)
    if answer is None:
        os.kill(child, signal.SIGKILL)
    return answer or b"", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _read_all(source: int, child: int, end_s: float) -> bytes | None:
    """What a child writes into a pipe; None where it waits, or is not done before a time of the monotonic clock."""
    parts: list[bytes] = []
    asleep, before = 0, ("", "")
    while asleep < _MOST_ASLEEP and time.monotonic() < end_s:
        if not select.select([source], [], [], _LOOK_S)[0]:
            now = _state_and_time(child)
            asleep = asleep + 1 if now[0] == "S" and now == before else 0
            before = now
            continue
        part = os.read(source, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return None


def _state_and_time(process: int) -> tuple[str, str]:
    """State of a process, S for one that waits for something other than processor and disk; and its processor time."""
    with suppress(OSError), open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
        return fields[0], f"{fields[11]} {fields[12]}"
    return "", ""


def _limit(seconds: int, more_bytes: int) -> None:
    import resource  # Windows has none, and does not fork

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    with suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + more_bytes, used + more_bytes))


def _silence() -> None:
    """Discard what the libraries print; this process prints what is worth it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _answer(function: Callable[[str], bytes], argument: str) -> bytes:
    try:
        return _VALUE + function(argument)
    except InputError as error:
        return _REFUSED + str(error).encode("utf-8", errors="replace")


def _spawned(function: Callable[[str], bytes], argument: str, seconds: int) -> tuple[bytes, int]:
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; from dataset.io.child_process import answer_of; "
        f"answer_of({function.__module__!r}, {function.__name__!r}, sys.argv[1])"
    )
    command = [sys.executable, "-c", code, argument]
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=_MOST_CLOCK * seconds)
    except subprocess.TimeoutExpired:
        raise ChildDiedError(_TOO_LONG) from None
    return result.stdout, result.returncode


def answer_of(module: str, name: str, argument: str) -> None:
    """Write the answer of a function to standard output, as a child of a system that cannot fork."""
    answer = _answer(getattr(importlib.import_module(module), name), argument)
    sys.stdout.buffer.write(answer)
