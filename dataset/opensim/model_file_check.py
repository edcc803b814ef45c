"""Check of a model file before OpenSim reads it.

OpenSim's parser recurses for each element inside another, and a file of elements nested some ten thousand times deep
ends the process, with whatever else it was doing. The structure is checked here with a parser that does not recurse.
What the two parsers could read differently (document types, processing instructions, CDATA) is refused, and so are
elements that OpenSim reads from another file (attribute `file`), which would not be checked; no model has any of these.
So is a muscle that is switched off by OpenSim 3's `isDisabled` in a file of OpenSim 4, which ignores it.
"""

from pathlib import Path
from xml.parsers import expat

from dataset.errors import InputError
from dataset.io.guarded_files import LARGEST_MODEL_BYTES, read_bytes

# Rajagopal2015 has 7,565 elements, 12 deep, 1,190 of them with a name, and 23 bodies. OpenSim's time grows with the
# square of the named components and of the attributes, and with the cube of the bodies.
_DEEPEST = 60
_MOST_ELEMENTS = 60_000
_MOST_NAMED = 6_000
_MOST_BODIES = 100
_MOST_ATTRIBUTES = 20  # of one element
_FIRST_WITH_APPLIES_FORCE = 30509  # Version of the document from which OpenSim reads appliesForce, not isDisabled


def require_sound_model_file(path: str | Path) -> None:
    """Check the structure of an OpenSim model or set-up file.

    Raises:
        InputError: the file cannot be read, is not XML of `OpenSimDocument`, or no honest model has its structure.
    """
    # Comments may be in any code page; OpenSim reads bytes, and declares UTF-8 whatever they are.
    content = read_bytes(path, LARGEST_MODEL_BYTES).decode("utf-8", errors="replace").encode()
    try:
        _parse(content)
    except expat.ExpatError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise InputError(
            f"{path}{line}: OpenSim cannot read this model (not XML: {expat.ErrorString(error.code)})"
        ) from None
    except _UnsoundError as error:
        raise InputError(f"{path}: not a sound OpenSim model, {error}") from None


class _UnsoundError(Exception):
    """What a file has that no model has."""


def _parse(content: bytes) -> None:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    depth = elements = named = bodies = 0
    heeds_disabled, muscle, switch = False, "", ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements, named, bodies, heeds_disabled, muscle, switch
        muscle = attributes.get("name", "") if name.endswith("Muscle") else muscle
        switch = ""
        depth, elements = depth + 1, elements + 1
        named += "name" in attributes
        bodies += name == "Body"
        if elements == 1 and name != "OpenSimDocument":
            raise _UnsoundError(f"its first element is <{name[:40]}>; expected <OpenSimDocument>")
        if elements == 1:
            version = attributes.get("Version", "")
            heeds_disabled = version.isdecimal() and int(version[:9]) < _FIRST_WITH_APPLIES_FORCE
        if depth > _DEEPEST:
            raise _UnsoundError(f"its elements are nested more than {_DEEPEST} deep")
        if elements > _MOST_ELEMENTS:
            raise _UnsoundError(f"it has more than {_MOST_ELEMENTS} elements")
        if named > _MOST_NAMED:
            raise _UnsoundError(f"it has more than {_MOST_NAMED} parts with a name")
        if bodies > _MOST_BODIES:
            raise _UnsoundError(f"it has more than {_MOST_BODIES} bodies")
        if "file" in attributes:
            raise _UnsoundError(f"its <{name[:40]}> is to be read from another file; save the model with all its parts")
        if len(attributes) > _MOST_ATTRIBUTES:
            raise _UnsoundError(f"an element of it has more than {_MOST_ATTRIBUTES} attributes")

    def end(name: str) -> None:
        nonlocal depth, muscle
        depth -= 1
        if name == "isDisabled" and muscle and not heeds_disabled and switch.strip().lower() == "true":
            raise _UnsoundError(
                f"its muscle {muscle[:40]} is switched off by <isDisabled>, which OpenSim 4 ignores; write "
                "<appliesForce>false</appliesForce> in its place"
            )
        muscle = "" if name.endswith("Muscle") else muscle

    def text(data: str) -> None:
        nonlocal switch
        if len(switch) < 20:
            switch += data[:20]

    def refuse(*_: object) -> None:
        raise _UnsoundError("it has a document type, a processing instruction or CDATA")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = parser.StartCdataSectionHandler = refuse
    parser.Parse(content, True)
