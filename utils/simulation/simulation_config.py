"""Settings of `simulate_session`."""

from dataclasses import dataclass, field
from pathlib import Path

from dataset.errors import InputError
from models.muscles.simulation_settings import SimulationSettings
from utils.runs.shared_configs import SessionConfig, ThreadsConfig, require_fraction


@dataclass(frozen=True, kw_only=True)
class SimulationConfig(SessionConfig, ThreadsConfig):
    """Which trials to simulate, how, and where to write.

    Attributes:
        out_dir: the repetitions go to `<out_dir>/<session>/OpenSimData/Dynamics/`.
        settings: assumptions of static optimisation.
        exact_paths: take muscle lengths and moment arms from OpenSim itself in every frame.
        opensim: also write, into each repetition's folder, a folder with which OpenSim's tools repeat the simulation.
        overwrite: simulate repetitions again that are there already.
    """

    out_dir: Path
    settings: SimulationSettings = field(default_factory=SimulationSettings)
    exact_paths: bool = False
    opensim: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Raise InputError where a number is out of its range."""
        super().__post_init__()
        floor = self.settings.activation_floor
        require_fraction(activation_floor=floor)
        if floor == 1:
            raise InputError("--activation-floor is 1, expected a number below 1: muscles need room to be activated")
