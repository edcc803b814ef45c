"""Arrays as short text: quantised, little-endian, base64. assets/data.js undoes it."""

import base64

import numpy as np

ANGLE_STEP_DEG = 0.02  # int16 then reaches 655 degrees
METRE_STEP_M = 0.0002  # and 6.5 m
ACTIVATION_STEPS = 255  # of uint8, for 0 to 1


def points_mm(points_m: np.ndarray) -> str:
    """Positions (..., 3) in metres as int16 millimetres, so within 0.5 mm up to 32 m from the origin."""
    return _text(np.round(points_m * 1000), "<i2")


def coordinates(motion: np.ndarray, is_translation: np.ndarray) -> str:
    """(T, 33) degrees and metres as int16 multiples of ANGLE_STEP_DEG and METRE_STEP_M."""
    return _text(np.round(motion / np.where(is_translation, METRE_STEP_M, ANGLE_STEP_DEG)), "<i2")


def activations(values: np.ndarray) -> str:
    """(T, 80) of 0 to 1 as uint8, so within 0.002."""
    return _text(np.round(values * ACTIVATION_STEPS), "u1")


def decode(text: str, dtype: str) -> np.ndarray:
    """The integers again, flat."""
    return np.frombuffer(base64.b64decode(text), dtype)


def _text(values: np.ndarray, dtype: str) -> str:
    limits = np.iinfo(dtype)
    return base64.b64encode(values.clip(limits.min, limits.max).astype(dtype).tobytes()).decode("ascii")
