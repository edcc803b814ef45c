"""SMPL bodies that follow a subject's skeleton, drawn in place of the bones."""

import logging
from pathlib import Path

import torch

from dataset.io.motion import Motion
from dataset.io.smpl_model import find_smpl_file, read_smpl
from models.conventions import FRAME_RATE_HZ
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.skeleton.smpl_body import SmplBody
from models.skeleton.smpl_fit import SHARED, fit_smpl
from utils.rendering.actor import Surface

logger = logging.getLogger("bige")


class SmplSurfaces:
    """Fits an SMPL body to motions of one subject."""

    def __init__(self, skeleton: OpenSimSkeleton, model_dir: Path, *, trust_pickle: bool = False) -> None:
        """Read the SMPL model.

        Args:
            skeleton: of the subject.
            model_dir: folder of the SMPL model file, or the file itself.
            trust_pickle: also read a pickle file, which runs any code that it holds.

        Raises:
            InputError: there is no SMPL model in `model_dir`, or it cannot be read.
        """
        self._skeleton = skeleton
        self._path = find_smpl_file(model_dir)
        self._body = SmplBody(read_smpl(self._path, trust_pickle=trust_pickle))

    def __call__(self, motion: Motion) -> Surface:
        """The surface of a motion; the distance of its joints from the skeleton's is logged."""
        coordinates = torch.as_tensor(motion.coordinates, dtype=torch.float32)
        rate_hz = motion.rate_hz if len(motion) > 1 else FRAME_RATE_HZ
        extra = {name: torch.as_tensor(values) for name, values in motion.extra.items()}
        fit = fit_smpl(self._body, self._skeleton, coordinates, extra, rate_hz=rate_hz)
        hips = [i for i, name in enumerate(SHARED) if name.startswith("hip")]
        limbs = [i for i in range(len(SHARED)) if i not in hips]
        logger.info(
            "%s: joints are %.1f mm from the skeleton's on average and %.1f mm at most; hips, whose place SMPL defines "
            "differently, %.1f mm",
            self._path.name,
            fit.error_mm[:, limbs].mean(),
            fit.error_mm[:, limbs].max(),
            fit.error_mm[:, hips].mean(),
        )
        return Surface(fit.vertices, fit.faces)
