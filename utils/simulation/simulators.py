"""Build the simulator of a scaled model, with our or with OpenSim's own evaluation of its muscle paths."""

import logging
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.opensim.model_reader import read_osim
from dataset.opensim.muscle_geometry import MuscleGeometry
from dataset.opensim.muscle_path_reader import UnsupportedPathError, read_muscle_paths
from dataset.spelling import list_names
from models.conventions import MUSCLES
from models.muscles.hill import Muscles
from models.muscles.moment_arms import MuscleTendonGeometry
from models.muscles.simulation_settings import SimulationSettings
from models.muscles.static_optimization import ActivationSimulator
from models.muscles.trunk_adjustment import with_torso_mass_height
from models.muscles.wrapped_paths import MusclePaths
from models.skeleton.description import ModelDescription

logger = logging.getLogger("bige")

_GRAVITY_M_S2 = (9.7, 9.9)  # the earth's is 9.76 to 9.83


class ExactPaths:
    """Muscle paths by OpenSim itself, in place of `MusclePaths`: slow, and without gradients."""

    def __init__(self, geometry: MuscleGeometry) -> None:
        """Evaluate the muscles of a model."""
        self.geometry = geometry

    def __call__(self, motion: Tensor) -> MuscleTendonGeometry:
        """Lengths (N, 80) and moment arms (N, 2, 7, 40), metres, at poses (N, 33), degrees and metres."""
        frames = motion.detach().cpu().numpy()
        lengths, arms = self.geometry.lengths(frames), self.geometry.moment_arms(frames)
        return MuscleTendonGeometry(torch.as_tensor(lengths).to(motion), torch.as_tensor(arms).to(motion))


def build_simulator(
    osim_path: Path,
    settings: SimulationSettings | None = None,
    *,
    exact_paths: bool = False,
    device: torch.device | str = "cpu",
) -> ActivationSimulator:
    """The simulator of a scaled model.

    Args:
        osim_path: the model.
        settings: assumptions of the simulation; None for the defaults.
        exact_paths: have OpenSim evaluate the muscle paths in every frame. It does so in any case where `MusclePaths`
            does not compute the model's paths, with a warning.
        device: where it computes, in doubles, and expects motions.

    Raises:
        InputError: the model cannot be read, lacks muscles, or has no weight.
    """
    settings = settings or SimulationSettings()
    description = with_torso_mass_height(read_osim(osim_path), settings.torso_mass_height)
    _require_gravity(description, osim_path)
    geometry = MuscleGeometry(osim_path)
    paths: MusclePaths | ExactPaths = ExactPaths(geometry)
    if not exact_paths:
        try:
            paths = read_muscle_paths(geometry, description)
        except UnsupportedPathError as error:
            logger.warning(
                "%s: %s; OpenSim evaluates the muscle paths in every frame, which takes about ten times as long",
                osim_path, error,
            )  # fmt: skip
    off = geometry.switched_off()
    if bool(off.any()):
        names = ", ".join(name for name, is_off in zip(MUSCLES, off.tolist(), strict=True) if is_off)
        logger.warning(
            "%s: these muscles are switched off in the model, and stay so in the simulation: %s", osim_path, names
        )
    if limits := geometry.limited():
        names = ", ".join(f"{name} ({low:g} to {high:g})" for name, (low, high) in limits.items())
        logger.warning(
            "%s: the model limits the excitation of these muscles (min_control, max_control), and the simulation does "
            "not; give a weak muscle a lower max_isometric_force instead: %s", osim_path, names,
        )  # fmt: skip
    if others := geometry.other_forces():
        logger.warning(
            "%s: these forces of the model are not simulated, which knows its 80 muscles and the floor alone: %s",
            osim_path, list_names(others, most=12),
        )  # fmt: skip
    return ActivationSimulator(description, Muscles(geometry.parameters()), paths, settings, off).to(device)


def _require_gravity(description: ModelDescription, osim_path: Path) -> None:
    """Raise InputError where gravity is not the earth's along -y."""
    down = -float(description.gravity[1])
    if not (_GRAVITY_M_S2[0] < down < _GRAVITY_M_S2[1] and np.abs(description.gravity[[0, 2]]).max() < 0.01 * down):
        found = " ".join(f"{value + 0.0:g}" for value in description.gravity)
        raise InputError(
            f"{osim_path}: gravity is {found} m/s^2, and a squat needs the earth's along -y, such as 0 -9.81 0"
        )
