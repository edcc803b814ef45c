"""Cache of fitted muscle paths on disk."""

import hashlib
import logging
from pathlib import Path

import numpy as np
import torch

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.opensim.muscle_path_fit import FIT_SETTINGS, fit_muscle_paths
from models.muscles.moment_arms import PolynomialPaths

logger = logging.getLogger("bige")


def save_muscle_paths(paths: PolynomialPaths, path: str | Path) -> None:
    """Write fitted paths as an .npz of arrays, atomically."""
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **{name: value.cpu().numpy() for name, value in paths.state_dict().items()})


def load_muscle_paths(path: str | Path) -> PolynomialPaths:
    """Read a file that `save_muscle_paths` wrote."""
    with np.load(path) as arrays:
        return PolynomialPaths(
            *(torch.from_numpy(arrays[n]) for n in ("centre", "half_range", "exponents", "coefficients"))
        )


def cached_muscle_paths(osim_path: str | Path, cache_dir: str | Path) -> PolynomialPaths:
    """Fitted muscle paths, kept in `cache_dir` under the hash of the model file's content and of the fit's settings.

    Raises:
        InputError: as `fit_muscle_paths`.
    """
    try:
        content = Path(osim_path).read_bytes()
    except OSError as error:
        raise InputError(f"{osim_path}: cannot be read ({error.strerror}); expected an OpenSim model (.osim)") from None
    key = hashlib.sha256(content + repr(FIT_SETTINGS).encode()).hexdigest()
    path = Path(cache_dir) / f"muscle_paths_{key[:16]}.npz"
    if not path.exists():
        logger.info("fitting muscle paths to %s", osim_path)
        save_muscle_paths(fit_muscle_paths(osim_path), path)
    return load_muscle_paths(path)
