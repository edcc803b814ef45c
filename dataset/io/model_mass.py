"""The mass of a model, from its file alone: quick enough to be looked at wherever a session's model is chosen."""

from functools import lru_cache
from pathlib import Path
from xml.parsers import expat

from dataset.errors import InputError
from dataset.io.guarded_files import LARGEST_MODEL_BYTES, read_bytes
from dataset.plain_numbers import plain_number


def read_model_mass(path: Path) -> float | None:
    """The masses of all bodies of a model file together, kilograms; None where the file does not give them."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _read_model_mass(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4096)
def _read_model_mass(path: Path, modified_ns: int, size: int) -> float | None:
    try:
        content = read_bytes(path, LARGEST_MODEL_BYTES).decode("utf-8", errors="replace").encode()
        masses = [plain_number(text) for text in _mass_texts(content)]
    except (InputError, expat.ExpatError):
        return None
    known = [mass for mass in masses if mass is not None]
    return sum(known) if known and len(known) == len(masses) else None


def _mass_texts(content: bytes) -> list[str]:
    """The texts of the `<mass>` of each `<Body>` in the `<BodySet>`."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    texts: list[str] = []
    place: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        place.append(name)
        if is_mass():
            texts.append("")

    def end(_: str) -> None:
        place.pop()

    def text(data: str) -> None:
        if is_mass():
            texts[-1] += data

    def is_mass() -> bool:
        return place[-2:] == ["Body", "mass"] and place[-4:-2] == ["BodySet", "objects"]

    def refuse(*_: object) -> None:
        raise InputError("a document type")  # whose entities may have any size

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(content, True)
    return texts
