"""Points that cover the unit cube evenly, however many of them are taken."""

import numpy as np
from scipy import stats


def sobol_point(dimensions: int, seed: int, index: int) -> np.ndarray:
    """Point `index` of a scrambled Sobol sequence: (dimensions,) numbers from 0 to 1."""
    count = 1 << int(index).bit_length()
    return stats.qmc.Sobol(dimensions, scramble=True, seed=seed).random(count)[index]
