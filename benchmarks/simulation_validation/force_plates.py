"""Force plates beside a recorded motion: which foot stands on which, and the joint moments that follow from them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dataset.io.motion import Motion
from dataset.io.opensim_table import Table, read_table
from models.conventions import FEET
from models.filters import derivative_matrices, low_pass_matrix
from models.muscles.static_optimization import ActivationSimulator
from models.skeleton.inverse_dynamics import MotionState
from models.skeleton.kinematic_tree import rotate

LOADED_N = 50.0  # mean vertical force on a plate that somebody stands on
LONGEST_DELAY_S = 0.25
# The left foot's plate of this trial is turned by 90 degrees about the vertical. As recorded, the mean horizontal force
# of both plates is (21, -26) N, though the person stays in place; turned, it is (0.3, 0.3) N, and the fore-aft centres
# of pressure of both feet correlate by .97. The plate's position is unknown.
TURNED_PLATES_DEG = {"DLS01": {"l": 90.0}}


@dataclass(frozen=True)
class RecordedBodies:
    """The bodies of a motion whose coordinates are low-pass filtered.

    Attributes:
        coordinates: (C, T) radians and metres.
        speeds: (C, T) per second.
        state: of the bodies.
        required: (C, T) generalised forces of inverse dynamics without ground reaction, Nm and N.
        heels: (T, 2, 3) origins of the right and the left calcaneus, metres.
        ahead: (T, 3) horizontal unit vectors, where both feet together point.
    """

    coordinates: torch.Tensor
    speeds: torch.Tensor
    state: MotionState
    required: torch.Tensor
    heels: np.ndarray
    ahead: np.ndarray

    @property
    def inward(self) -> np.ndarray:
        """(T, 2, 3) horizontal unit vectors from the right foot's side to the left's, and back."""
        left = np.stack([self.ahead[:, 2], 0 * self.ahead[:, 0], -self.ahead[:, 0]], 1)
        return np.stack([left, -left], 1)


@dataclass(frozen=True)
class PlateForces:
    """Measured ground reactions at the frames of a motion, of the right and the left foot.

    Attributes:
        forces: (T, 2, 3) N, ground frame.
        centres: (T, 2, 3) centres of pressure, metres, ground frame.
        torques: (T, 2, 3) about the centres of pressure, Nm, ground frame.
        position_known: for each foot, whether the position of its plate is known. If it is not, the centre of pressure
            has an unknown offset.
        delay_s: by how much the plates' clock was late, which has been corrected.
    """

    forces: np.ndarray
    centres: np.ndarray
    torques: np.ndarray
    position_known: tuple[bool, bool]
    delay_s: float


def recorded_bodies(simulator: ActivationSimulator, motion: Motion) -> RecordedBodies:
    """The bodies of a motion, filtered as the simulator does."""
    frames, rate_hz = len(motion), motion.rate_hz
    extra = {name: torch.as_tensor(values)[None] for name, values in motion.extra.items()}
    speed, acceleration = derivative_matrices(frames, rate_hz)
    low_pass = low_pass_matrix(frames, rate_hz, simulator.settings.coordinate_cutoff_hz)
    coordinates = simulator.coordinate_map(torch.as_tensor(motion.coordinates)[None], extra) @ low_pass.T
    speeds = coordinates @ speed.T
    state = simulator.dynamics.state(coordinates, speeds, coordinates @ acceleration.T)
    toes = state.rotation[simulator.leg_bodies.calcaneus, :, 0].sum(0).numpy().T * [1, 0, 1]
    return RecordedBodies(
        coordinates,
        speeds,
        state,
        simulator.dynamics.inverse_dynamics(state),
        state.origin[simulator.leg_bodies.calcaneus].permute(2, 0, 1).numpy(),
        toes / np.linalg.norm(toes, axis=1, keepdims=True),
    )


def read_plates(path: Path, motion: Motion, bodies: RecordedBodies, needed_n: np.ndarray) -> PlateForces:
    """Read the plates beside a motion, each for the foot that is nearest to it, on the motion's clock.

    Args:
        path: file with the columns ground_force_<k>_v*, _p* and _m*, k from 1 to 3.
        motion: the trial.
        bodies: its bodies.
        needed_n: (T,) total vertical force that the motion needs; the plates' delay is that at which theirs correlates
            best with it.
    """
    table = read_table(path)
    plates = [plate for k in (1, 2, 3) if (plate := _plate(table, k))[0][:, 1].mean() > LOADED_N]
    where = np.array([centre.mean(0) for _, centre, _ in plates])
    order = [int(np.linalg.norm((where - heel)[:, [0, 2]], axis=1).argmin()) for heel in bodies.heels.mean(0)]
    delay_s = _delay(table.time_s, plates[order[0]][0][:, 1] + plates[order[1]][0][:, 1], motion.time_s, needed_n)
    turns = TURNED_PLATES_DEG.get(path.stem.removesuffix("_grf"), {})
    feet = []
    for foot, i in zip(FEET, order, strict=True):
        turned = [_turn(values, turns.get(foot, 0.0)) for values in plates[i]]
        feet.append([_at(motion.time_s, table.time_s - delay_s, values) for values in turned])
    forces, centres, torques = (np.stack([foot[i] for foot in feet], 1) for i in range(3))
    known = (FEET[0] not in turns, FEET[1] not in turns)
    for k in range(2):
        if not known[k]:  # on average where the other foot has its centre of pressure
            offset = (centres - bodies.heels).mean(0)
            centres[:, k] += offset[1 - k] - offset[k]
    return PlateForces(forces, centres, torques, known, delay_s)


def external_moments(bodies: RecordedBodies, simulator: ActivationSimulator, plates: PlateForces) -> np.ndarray:
    """Generalised forces of the plates' forces by virtual work: (T, C) Nm and N, to be subtracted from the required."""
    with torch.enable_grad():
        coordinates = bodies.coordinates.clone().requires_grad_(True)
        still = torch.zeros_like(coordinates)
        state = simulator.dynamics.state(coordinates, still, still)
        work = torch.zeros((), dtype=coordinates.dtype)
        for foot, heel in enumerate(simulator.leg_bodies.calcaneus):
            force, centre, torque = (
                torch.as_tensor(values[:, foot].T) for values in (plates.forces, plates.centres, plates.torques)
            )
            rotation, origin = state.rotation[heel], state.origin[heel]
            fixed = rotation.detach()
            local = torch.einsum("ijn,in->jn", fixed, centre - origin.detach())
            work = work + (force * (origin + rotate(rotation[None], local[None])[0])).sum()
            turned = torch.linalg.cross(fixed, rotation, dim=0).sum(1) / 2  # a small rotation vector
            work = work + (torque * turned).sum()
        (moments,) = torch.autograd.grad(work, coordinates)
    return moments.T.numpy()


def _plate(table: Table, k: int) -> list[np.ndarray]:
    """Force, centre of pressure and torque of plate k, (T, 3) each."""
    return [np.stack([table.column(f"ground_force_{k}_{part}{a}") for a in "xyz"], 1) for part in ("v", "p", "m")]


def _turn(vectors: np.ndarray, degrees: float) -> np.ndarray:
    """Vectors (T, 3) turned about the vertical, from z to -x for a quarter turn."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return vectors @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _at(to_s: np.ndarray, from_s: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(to_s, from_s, column) for column in values.T], 1)


def _delay(plates_s: np.ndarray, measured_n: np.ndarray, motion_s: np.ndarray, needed_n: np.ndarray) -> float:
    """The delay in seconds, to half a hundredth, at which the measured force correlates best with the needed one."""
    delays = np.arange(-LONGEST_DELAY_S, LONGEST_DELAY_S, 0.005)
    shifted = [np.interp(motion_s, plates_s - delay, measured_n) for delay in delays]
    inner = (motion_s > motion_s[0] + LONGEST_DELAY_S) & (motion_s < motion_s[-1] - LONGEST_DELAY_S)
    return float(delays[np.argmax([np.corrcoef(force[inner], needed_n[inner])[0, 1] for force in shifted])])
