"""An SMPL body in place of the bones."""

import logging
from collections.abc import Callable
from pathlib import Path

from dataset.io.mot import Motion
from dataset.io.smpl_model import find_smpl_file, read_smpl
from models.conventions import FRAME_RATE_HZ
from utils.rendering.actor import Surface

logger = logging.getLogger("bige")


def no_surface(motion: Motion) -> None:
    """What leaves the bones as they are."""


def smpl_surfaces(skeleton, model_dir: Path, trust_pickle: bool = False) -> Callable[[Motion], Surface]:
    """What makes a surface of a motion of the person with `skeleton`, from the body model in `model_dir`.

    How far the body's joints stay from the skeleton's is logged. Raises InputError as `find_smpl_file`, `read_smpl` do.
    """
    import torch

    from models.skeleton.smpl_body import SHARED, SmplBody, fit_smpl

    path = find_smpl_file(model_dir)
    body = SmplBody(read_smpl(path, trust_pickle=trust_pickle))

    def surface(motion: Motion) -> Surface:
        coordinates = torch.as_tensor(motion.coordinates, dtype=torch.float32)
        rate_hz = motion.rate_hz if len(motion) > 1 else FRAME_RATE_HZ
        fit = fit_smpl(body, skeleton, coordinates, motion.extra, rate_hz=rate_hz)
        hips = [i for i, name in enumerate(SHARED) if name.startswith("hip")]
        limbs = [i for i in range(len(SHARED)) if i not in hips]
        logger.info(
            "%s: joints %.1f mm from the skeleton's on average, %.1f at most; hips, which SMPL has elsewhere, %.1f mm",
            path.name,
            fit.error_mm[:, limbs].mean(),
            fit.error_mm[:, limbs].max(),
            fit.error_mm[:, hips].mean(),
        )
        return Surface(fit.vertices, fit.faces)

    return surface
