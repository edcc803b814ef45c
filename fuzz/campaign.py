"""A campaign: readers get files one after the other in a process that may die, and every end is counted."""

import faulthandler
import json
import logging
import os
import random
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from dataset.errors import InputError
from fuzz.mutations import mutated
from fuzz.readers import Reader, reader

MOST_SECONDS = 2.0  # of processor time, for a file under 10 MB
MOST_MB = 500.0
LARGEST_BYTES = 10_000_000
_STUCK_S = 60.0  # of the clock, in which a reader that waits for nothing would have ended
_MOST_READ_S = 20  # of processor time, after which a reader that does not end is stopped
_CODE_EVENTS = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "socket.connect",
    "os.remove",
    "shutil.rmtree",
)


class Budget(NamedTuple):
    """When a reader has been fuzzed enough: a time of the monotonic clock, or a number of inputs."""

    end: float
    inputs: int


@dataclass
class FuzzResult:
    """What became of the inputs of one reader.

    Attributes:
        reader: its name.
        inputs: number of files.
        refused: files that were answered with a sentence; the others were read.
        seconds: that the reader was fuzzed.
        slowest_s: processor time of the slowest file, seconds.
        largest_mb: most memory that a file took beyond that of the process, MB.
        failures: a line for each crash, hang, excess of memory and code that ran.
    """

    reader: str
    inputs: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    largest_mb: float = 0.0
    failures: list[str] = field(default_factory=list)

    def failed(self, kind: str) -> int:
        """Number of failures of a kind: `crash`, `slow`, `memory` or `code`."""
        return sum(f": {kind}" in one for one in self.failures)


def fuzz(
    names: Sequence[str],
    seconds: float,
    seed: int,
    keep: Path,
    *,
    with_bombs: bool = True,
    most_inputs: int = sys.maxsize,
) -> list[FuzzResult]:
    """Fuzz readers, each for an equal part of the time; first their bombs, then mutations of valid files.

    Args:
        names: of the readers.
        seconds: in all; each reader reads one input at least, however busy the machine is.
        seed: of the inputs.
        keep: folder to which inputs that fail are written.
        with_bombs: whether bombs are read too.
        most_inputs: inputs of each reader, if they take less time.
    """
    return [_fuzz_one(reader(name), seconds / len(names), seed, keep, with_bombs, most_inputs) for name in names]


def table(results: Sequence[FuzzResult]) -> str:
    """Markdown table of the results, a line for each reader."""
    lines = [
        "| reader | inputs | refused | seconds | crashes | over 2 s | over 500 MB | code run | slowest, s | most MB |"
    ]
    lines.append("|---" * 10 + "|")
    for one in results:
        counts = " | ".join(str(one.failed(kind)) for kind in ("crash", "slow", "memory", "code"))
        lines.append(
            f"| {one.reader} | {one.inputs} | {one.refused} | {one.seconds:.0f} | {counts} | {one.slowest_s:.2f} | "
            f"{one.largest_mb:.0f} |"
        )
    inputs, seconds = sum(one.inputs for one in results), sum(one.seconds for one in results)
    failures = sum(len(one.failures) for one in results)
    return "\n".join([*lines, f"\n{inputs} inputs in {seconds:.0f} s, {failures} failures"])


def input_of(kind: Reader, seed: int, number: int, with_bombs: bool = True) -> tuple[str, bytes]:
    """Name and content of an input: a bomb for each kind of file while there are any, then mutations.

    Args:
        kind: the reader.
        seed: of the campaign.
        number: of the input.
        with_bombs: whether bombs come first.
    """
    names = list(dict.fromkeys(name for name, _ in kind.valid))
    count = len(kind.bombs) * len(names) if with_bombs else 0
    if number < count:
        return names[number % len(names)], kind.bombs[number // len(names)][:LARGEST_BYTES]
    source = random.Random(f"{seed} {kind.name} {number}")
    name, valid = source.choice(kind.valid)
    return name, mutated(valid, source)[:LARGEST_BYTES]


def _fuzz_one(kind: Reader, seconds: float, seed: int, keep: Path, with_bombs: bool, most_inputs: int) -> FuzzResult:
    result = FuzzResult(kind.name)
    with TemporaryDirectory() as folder:
        name, valid = kind.valid[0]
        Path(folder, name).write_bytes(valid)
        with suppress(InputError):
            kind.read(Path(folder, name))  # what it imports is not counted
        input_of(kind, seed, 0, with_bombs)  # makes the bombs, of which each child would make its own
        start = time.monotonic()
        budget = Budget(start + seconds, most_inputs)
        while result.inputs < budget.inputs and (time.monotonic() < budget.end or not result.inputs):
            _run_worker(kind, result, budget, Path(folder), keep, lambda i: input_of(kind, seed, i, with_bombs))
    result.seconds = time.monotonic() - start
    return result


def _run_worker(
    kind: Reader, result: FuzzResult, budget: Budget, folder: Path, keep: Path, make: Callable[[int], tuple[str, bytes]]
) -> None:
    """Have a child read inputs until the time is over or it dies."""
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(source)
            _work(kind, target, folder, result.inputs, budget, make)
        finally:
            os._exit(0)
    os.close(target)
    pending, number = b"", result.inputs
    with os.fdopen(source, "rb", buffering=0) as pipe:
        while True:
            ready = select.select([pipe], [], [], _STUCK_S)[0]
            if not ready and not _waits(child):
                continue  # the machine is busy
            if not ready:
                os.kill(child, signal.SIGKILL)
            part = pipe.read(65536) if ready else b""
            pending += part
            *lines, pending = pending.split(b"\n")
            for line in lines:
                _count(result, keep, make, number, json.loads(line))
                number += 1
            if not part:
                break
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    result.inputs = number
    if status < 0:
        endless = not ready or -status == signal.SIGXCPU
        _fail(result, keep, make, number, "slow: it does not end" if endless else f"crash: died of signal {-status}")
        result.inputs += 1


def _waits(child: int) -> bool:
    """Whether a process waits for something, in place of computing."""
    return (
        Path(f"/proc/{child}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] == "S"
    )


def _count(
    result: FuzzResult, keep: Path, make: Callable[[int], tuple[str, bytes]], number: int, found: dict[str, Any]
) -> None:
    result.refused += found["end"] == "refused"
    result.slowest_s, result.largest_mb = max(result.slowest_s, found["s"]), max(result.largest_mb, found["mb"])
    if found["end"] not in ("read", "refused"):
        _fail(result, keep, make, number, found["end"])
    if found["s"] > MOST_SECONDS:
        _fail(result, keep, make, number, f"slow: {found['s']:.1f} s")
    if found["mb"] > MOST_MB:
        _fail(result, keep, make, number, f"memory: {found['mb']:.0f} MB")


def _fail(result: FuzzResult, keep: Path, make: Callable[[int], tuple[str, bytes]], number: int, what: str) -> None:
    name, content = make(number)
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / f"{result.reader}_{number}_{name}"
    path.write_bytes(content)
    result.failures.append(f"{path}: {what}")


def _work(
    kind: Reader, target: int, folder: Path, number: int, budget: Budget, make: Callable[[int], tuple[str, bytes]]
) -> None:
    """Read one input after the other, and write a line for each."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    logging.disable()
    faulthandler.disable()
    ran: list[str] = []
    reading = False
    sys.addaudithook(lambda event, _: ran.append(event) if reading and event in _CODE_EVENTS else None)
    with os.fdopen(target, "wb", buffering=0) as pipe:
        while number < budget.inputs and (time.monotonic() < budget.end or number == 0):
            name, content = make(number)
            path = folder / name
            path.write_bytes(content)
            del content
            number += 1
            ran.clear()
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + _MOST_READ_S, resource.RLIM_INFINITY))
            before_s, before_mb, before_child_mb = _processor_s(), _reset_peak_mb(), _peak_of_children_mb()
            reading = True
            outcome = _outcome(kind, path)
            reading = False
            own = set(ran) - {"os.remove", "shutil.rmtree"} if kind.name == "result" else set(ran)
            found = {
                "end": f"code: {', '.join(own)}" if own else outcome,
                "s": _processor_s() - before_s,
                "mb": max(_peak_mb() - before_mb, _above(before_child_mb) - before_mb, 0.0),
            }
            pipe.write(json.dumps(found).encode() + b"\n")


def _outcome(kind: Reader, path: Path) -> str:
    try:
        kind.read(path)
    except InputError:
        return "refused"
    except BaseException as error:  # whatever it is, users would see a traceback
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        line = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else ""
        return f"crash: {type(error).__name__} at {line} ({str(error)[:80]!r})"
    return "read"


def _processor_s() -> float:
    """Processor time of this process and its children, seconds."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _reset_peak_mb() -> float:
    """Forget the largest memory of this process so far; returns its present memory, MB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status_mb("VmRSS")


def _peak_mb() -> float:
    return _status_mb("VmHWM")


def _peak_of_children_mb() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _above(before_mb: float) -> float:
    """Largest memory of a child, MB, if no earlier child had as much; else 0."""
    now = _peak_of_children_mb()
    return now if now > before_mb else 0.0


def _status_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0.0
