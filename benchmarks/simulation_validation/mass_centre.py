"""The whole body's mass centre and centre of pressure by inverse dynamics and by force plates."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.sessions import open_session
from dataset.windows.segmentation import Repetition, segment_repetitions
from models.muscles.simulation_settings import FILTER_MARGIN_S, SimulationSettings
from models.muscles.static_optimization import ActivationSimulator
from models.muscles.trunk_adjustment import with_torso_mass_height
from models.skeleton.inverse_dynamics import Dynamics
from models.skeleton.kinematic_tree import rotate
from simulation_validation.force_plates import PlateForces, RecordedBodies, read_plates, recorded_bodies
from utils.simulation.simulators import build_simulator

# Fast squats on plates need a faster filter than the simulation's to show the mass centre's acceleration.
SETTINGS = SimulationSettings(torso_mass_height=1.0, trunk_adjustment_deg=0.0, coordinate_cutoff_hz=4.0)


@dataclass(frozen=True)
class PlateTrial:
    """A recorded trial beside its force plates."""

    simulator: ActivationSimulator
    motion: Motion
    repetitions: list[Repetition]
    bodies: RecordedBodies
    plates: PlateForces

    @property
    def counted(self) -> np.ndarray:
        """(T,) bool, frames of repetitions that are not at the ends of the trial."""
        time_s, counted = self.motion.time_s, np.zeros(len(self.motion), dtype=bool)
        for repetition in self.repetitions:
            counted[repetition.start_frame : repetition.end_frame] = True
        return counted & (time_s >= time_s[0] + FILTER_MARGIN_S) & (time_s <= time_s[-1] - FILTER_MARGIN_S)


def plate_trial(folder: Path, trial: str) -> PlateTrial:
    """Read a trial of a session and its force plates."""
    session = open_session(folder)
    simulator = build_simulator(session.model_path, SETTINGS)
    motion = read_motion(session.trial(trial))
    bodies = recorded_bodies(simulator, motion)
    path = session.path / "ForceData" / f"{trial.removesuffix('_ik')}_grf.mot"
    plates = read_plates(path, motion, bodies, bodies.required[simulator.coordinate_names.index("pelvis_ty")].numpy())
    return PlateTrial(simulator, motion, segment_repetitions(motion), bodies, plates)


def pressure_error_m(trial: PlateTrial, torso_mass_height: float) -> np.ndarray:
    """Needed less measured fore-aft centre of pressure in the counted frames, metres.

    Of the right foot, where the position of the left foot's plate is unknown: both feet are next to each other.
    """
    description = with_torso_mass_height(trial.simulator.dynamics.description, torso_mass_height)
    force, moment = (loads.sum(0).numpy().T for loads in Dynamics(description).body_loads(trial.bodies.state))
    ahead = trial.bodies.ahead
    right = np.stack([-ahead[:, 2], 0 * ahead[:, 0], ahead[:, 0]], 1)
    floor_m = trial.plates.centres[:, :, 1].mean(1)
    needed = ((moment * right).sum(1) + floor_m * (force * ahead).sum(1)) / force[:, 1]
    along = (trial.plates.centres * ahead[:, None]).sum(-1)  # (T, 2)
    share = trial.plates.forces[:, :, 1] if all(trial.plates.position_known) else np.array([[1.0, 0.0]])
    return (needed - (along * share).sum(1) / share.sum(1))[trial.counted]


def forward_movement_m(trial: PlateTrial) -> list[tuple[float, float]]:
    """Forward movement of the mass centre from upright stance to the bottom, metres: by the model and by the plates.

    The horizontal force is integrated twice from the beginning of a repetition to its end. What is unknown, its offset
    and the initial position and speed, is chosen such that the mean force and both ends agree with the model.
    """
    dynamics, state, ahead = trial.simulator.dynamics, trial.bodies.state, trial.bodies.ahead
    centres = state.origin + rotate(state.rotation, dynamics.mass_centre)
    mass = dynamics.mass
    position = ((centres * mass).sum(0) / mass.sum()).numpy().T
    model, step_s = (position * ahead).sum(1), 1 / trial.motion.rate_hz
    needed = (dynamics.body_loads(state)[0].sum(0).numpy().T * ahead).sum(1)
    measured = (trial.plates.forces.sum(1) * ahead).sum(1)
    moves = []
    for repetition in trial.repetitions:
        frames = slice(repetition.start_frame, repetition.end_frame)
        mass_kg = trial.plates.forces[frames, :, 1].sum(1).mean() / 9.81
        force = measured[frames] - measured[frames].mean() + needed[frames].mean()
        moved = np.cumsum(np.cumsum(force / mass_kg)) * step_s**2
        difference = model[frames] - moved
        moved += np.linspace(difference[0], difference[-1], len(moved))
        bottom = repetition.bottom_frame - repetition.start_frame
        moves.append((float(model[frames][bottom] - model[frames][0]), float(moved[bottom] - moved[0])))
    return moves
