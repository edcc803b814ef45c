"""Check of a pickle before it is unpickled: what it names, and how much it asks for.

A pickle is a program for a small stack machine. The check follows its stack without making any of its values, and
knows for each value how many parts it has and how deep they are nested. It finds what makes an unpickler run without
end or die: sizes without content, and tuples whose parts repeat each other or nest so deep that their hash does.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass

_PUTS, _GETS = ("PUT", "BINPUT", "LONG_BINPUT"), ("GET", "BINGET", "LONG_BINGET")
_CHANGES = ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD")  # of the container below on the stack
_NAMING = ("GLOBAL", "INST", "STACK_GLOBAL")
_MOST_INSTRUCTIONS = 300_000
_MOST_PARTS = 1_000_000  # of one value that is not a container which grows, repeated parts counted each time
_DEEPEST = 100


class UnsoundPickleError(ValueError):
    """The pickle asks for something that no honest pickle of data does."""


@dataclass
class _Value:
    """A value on the stack: the number of its parts, and how deep they are nested."""

    parts: int = 1
    depth: int = 0


def require_sound_pickle(program: bytes, may_name: Callable[[str], bool] | None = None) -> None:
    """Raise UnsoundPickleError where unpickling could take memory or time without bound, or names what it may not.

    `pickletools` reads every argument from the bytes that are there, so that no size is believed. A memo is numbered
    from 0 on, so that an index above the number of instructions is not one that pickle has written.

    Args:
        program: the pickle.
        may_name: whether a class or function, `module name`, may be named; None leaves that to the unpickler.

    Raises:
        ValueError: the program is no pickle, or is not sound.
    """
    stack: list[_Value | None] = []  # None is a mark
    memo: dict[int, _Value] = {}
    for count, (instruction, argument, _) in enumerate(pickletools.genops(program)):
        if count > _MOST_INSTRUCTIONS:
            raise UnsoundPickleError("too many instructions")
        name = instruction.name
        if may_name is not None and name in _NAMING:
            named = str(argument) if argument else "something by texts of its own"  # STACK_GLOBAL takes them from there
            if not may_name(named):
                raise UnsoundPickleError(f"it names {named[:80]}")
        if name in _PUTS or name == "MEMOIZE":
            index = len(memo) if name == "MEMOIZE" else int(str(argument))
            if index > count:
                raise UnsoundPickleError("a memo of a size that it does not need")
            memo[index] = _top(stack)
        elif name in _GETS:
            stack.append(memo.get(int(str(argument)), _Value()))
        else:
            _follow(stack, instruction)


def _follow(stack: list[_Value | None], instruction: pickletools.OpcodeInfo) -> None:
    """Change the stack as an instruction does that has nothing to do with the memo."""
    taken: list[_Value] = []
    for kind in reversed(instruction.stack_before):
        if kind is pickletools.stackslice:
            while stack and stack[-1] is not None:
                taken.append(_pop(stack))
        elif kind is pickletools.markobject:
            if not stack or stack.pop() is not None:
                raise UnsoundPickleError("a mark is missing")
        else:
            taken.append(_pop(stack))
    if instruction.name == "MARK":
        stack.append(None)
        return
    if instruction.name == "DUP":
        stack += [taken[0], taken[0]]
        return
    if instruction.name in _CHANGES:
        container = taken.pop()  # the deepest, which is taken last
        container.parts += sum(value.parts for value in taken)
        container.depth = max([container.depth, *(value.depth + 1 for value in taken)])
        made = container
    else:
        made = _Value(1 + sum(value.parts for value in taken), max([0, *(value.depth + 1 for value in taken)]))
        if made.parts > _MOST_PARTS:
            raise UnsoundPickleError("a value of too many parts")
    if made.depth > _DEEPEST:
        raise UnsoundPickleError("values nested too deeply")
    stack += [made for _ in instruction.stack_after]


def _pop(stack: list[_Value | None]) -> _Value:
    value = stack.pop() if stack else None
    if value is None:
        raise UnsoundPickleError("it takes a value from an empty stack")
    return value


def _top(stack: list[_Value | None]) -> _Value:
    value = _pop(stack)
    stack.append(value)
    return value
