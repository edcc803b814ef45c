"""Encode arrays for the page: quantised to little-endian integers, as base64. assets/decoding.js decodes them."""

import base64

import numpy as np

ANGLE_STEP_DEG = 0.02  # with int16, up to 655 degrees
METRE_STEP_M = 0.0002  # with int16, up to 6.5 m
ACTIVATION_STEPS = 255  # with uint8, from 0 to 1


def encode_points(points_m: np.ndarray) -> str:
    """Positions (..., 3) in metres as int16 millimetres: exact to 0.5 mm up to 32 m from the origin."""
    return _text(np.round(points_m * 1000), "<i2")


def encode_coordinates(motion: np.ndarray, is_translation: np.ndarray) -> str:
    """Coordinates (T, 33), degrees and metres, as int16 multiples of `ANGLE_STEP_DEG` and `METRE_STEP_M`.

    Args:
        motion: (T, 33), canonical order.
        is_translation: (33,) bool, the coordinates in metres.
    """
    return _text(np.round(motion / np.where(is_translation, METRE_STEP_M, ANGLE_STEP_DEG)), "<i2")


def encode_activations(values: np.ndarray) -> str:
    """Activations (T, 80), 0 to 1, as uint8: exact to 0.002."""
    return _text(np.round(values * ACTIVATION_STEPS), "u1")


def decode(text: str, dtype: str) -> np.ndarray:
    """The integers of an encoded array, flat; `dtype` is `<i2` or `u1`."""
    return np.frombuffer(base64.b64decode(text), dtype)


def _text(values: np.ndarray, dtype: str) -> str:
    limits = np.iinfo(dtype)
    return base64.b64encode(values.clip(limits.min, limits.max).astype(dtype).tobytes()).decode("ascii")
