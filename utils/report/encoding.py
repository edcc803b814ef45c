"""Encode arrays for the page as texts of integers, each column predicted by its past; decoding.js decodes them.

Motions are smooth, so that the differences between frames, and the differences of these, are small. A text is base64 of
half bytes, the lower half of a byte first: the number of times that differences were taken, 0 to 2, and then, frame by
frame, an integer for each column. An integer is folded to be positive (0, -1, 1, -2 ... become 0, 1, 2, 3 ...) and
written in octal digits, the lowest first; a half byte holds a digit, plus 8 where further digits follow.
"""

import base64

import numpy as np

ANGLE_STEP_DEG = 0.02  # within +-655 degrees
METRE_STEP_M = 0.0002  # within +-6.5 m
ACTIVATION_STEPS = 255  # from 0 to 1
_LARGEST = 2**15 - 1
_ORDERS = (0, 1, 2)


def encode_points(points_m: np.ndarray) -> str:
    """Positions (T, ..., 3) in metres as millimetres: exact to 0.5 mm up to 32 m from the origin."""
    return _text(np.round(points_m.reshape(len(points_m), -1) * 1000))


def encode_coordinates(motion: np.ndarray, is_translation: np.ndarray) -> str:
    """Coordinates (T, 33), degrees and metres, as multiples of `ANGLE_STEP_DEG` and `METRE_STEP_M`.

    Args:
        motion: (T, 33), canonical order.
        is_translation: (33,) bool, the coordinates in metres.
    """
    return _text(np.round(motion / np.where(is_translation, METRE_STEP_M, ANGLE_STEP_DEG)))


def encode_activations(values: np.ndarray) -> str:
    """Activations (T, 80), 0 to 1: exact to 0.002; NaN, where they are not known, is -1."""
    return _text(np.nan_to_num(np.round(values * ACTIVATION_STEPS), nan=-1))


def decode(text: str, columns: int) -> np.ndarray:
    """The integers (T, columns) of an encoded array."""
    halves = np.frombuffer(base64.b64decode(text), "u1")
    halves = np.stack([halves & 15, halves >> 4], 1).ravel().astype(np.int64)
    order, digits = int(halves[0]), halves[1:]
    ends = np.flatnonzero(digits < 8)  # a half byte that fills the last byte ends nothing
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(ends[-1] + 1) - np.repeat(starts, ends - starts + 1)
    folded = np.add.reduceat((digits[: ends[-1] + 1] & 7) << (3 * place), starts)
    values = ((folded >> 1) ^ -(folded & 1)).reshape(-1, columns)
    for _ in range(order):
        values = values.cumsum(0)
    return values


def _text(values: np.ndarray) -> str:
    """The shortest text of integers (T, C)."""
    integers = values.clip(-_LARGEST, _LARGEST).astype(np.int64)
    packed = []
    for order in _ORDERS:
        packed.append(_packed(order, integers))
        integers = np.diff(integers, axis=0, prepend=0)
    return base64.b64encode(min(packed, key=len)).decode("ascii")


def _packed(order: int, integers: np.ndarray) -> bytes:
    """Half bytes of the order and of integers (T, C)."""
    folded = ((integers << 1) ^ (integers >> 63)).ravel()
    count = max(1, -(-int(folded.max()).bit_length() // 3))
    rest = folded[:, None] >> (3 * np.arange(count + 1))  # what is left at each digit
    digits = (rest[:, :-1] & 7) | np.where(rest[:, 1:] > 0, 8, 0)
    used = rest[:, :-1] > 0
    used[:, 0] = True
    halves = np.concatenate([[order], digits[used]])
    halves = np.append(halves, [8] * (len(halves) % 2)).astype(np.uint8)
    return (halves[0::2] | (halves[1::2] << 4)).tobytes()
