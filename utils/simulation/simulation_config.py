"""Settings of `simulate_session`."""

from dataclasses import dataclass, field
from pathlib import Path

from models.muscles.simulation_settings import SimulationSettings
from utils.runs.shared_configs import SessionConfig, require_at_least, require_fraction


@dataclass(frozen=True, kw_only=True)
class SimulationConfig(SessionConfig):
    """Which trials to simulate, how, and where to write.

    Attributes:
        out_dir: the repetitions go to `<out_dir>/<session>/OpenSimData/Dynamics/`.
        settings: assumptions of static optimisation.
        exact_paths: take muscle lengths and moment arms from OpenSim in every frame instead of fitted polynomials.
        overwrite: simulate repetitions again that are there already.
        threads: most CPU threads that torch uses; None for half of the cores.
    """

    out_dir: Path
    settings: SimulationSettings = field(default_factory=SimulationSettings)
    exact_paths: bool = False
    overwrite: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        """Raise InputError where a number is out of its range."""
        super().__post_init__()
        require_fraction(activation_floor=self.settings.activation_floor)
        require_at_least(1, threads=self.threads)
