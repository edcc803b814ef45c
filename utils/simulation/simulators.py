"""Build the simulator of a scaled model, with fitted or with OpenSim's own muscle paths."""

from pathlib import Path

import torch
from torch import Tensor

from dataset.opensim.model_reader import read_osim
from dataset.opensim.muscle_geometry import MuscleGeometry
from dataset.opensim.muscle_path_cache import cached_muscle_paths
from models.muscles.hill import Muscles
from models.muscles.paths import MusclePath
from models.muscles.simulation_settings import SimulationSettings
from models.muscles.static_optimization import ActivationSimulator


class ExactPaths:
    """Muscle paths by OpenSim itself, in place of the polynomials: slow, and without gradients."""

    def __init__(self, osim_path: Path):
        """Read the muscles of a model."""
        self.geometry = MuscleGeometry(osim_path)

    def __call__(self, motion: Tensor) -> MusclePath:
        """Lengths (N, 80) and moment arms (N, 2, 7, 40), metres, at poses (N, 33), degrees and metres."""
        frames = motion.detach().cpu().numpy()
        lengths, arms = self.geometry.lengths(frames), self.geometry.moment_arms(frames)
        return MusclePath(torch.as_tensor(lengths).to(motion), torch.as_tensor(arms).to(motion))


def build_simulator(
    osim_path: Path,
    cache_folder: Path,
    settings: SimulationSettings | None = None,
    *,
    exact_paths: bool = False,
) -> ActivationSimulator:
    """The simulator of a scaled model.

    Args:
        osim_path: the model.
        cache_folder: where the fitted muscle paths are kept between runs.
        settings: assumptions of the simulation; None for the defaults.
        exact_paths: use OpenSim's own muscle paths instead of fitted polynomials.

    Raises:
        InputError: the model cannot be read, or lacks muscles.
    """
    paths = ExactPaths(osim_path) if exact_paths else cached_muscle_paths(osim_path, cache_folder)
    geometry = paths.geometry if isinstance(paths, ExactPaths) else MuscleGeometry(osim_path)
    return ActivationSimulator(read_osim(osim_path), Muscles(geometry.parameters()), paths, settings)
