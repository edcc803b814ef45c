"""The zero-moment point of a motion, and the path of the centre of mass for which it lies where it is wanted.

The zero-moment point is where the ground reaction force of a motion has to act (Vukobratović and Borovac 2004,
"Zero-moment point: thirty-five years of its life"): with the force F and the moment M about the ground's origin that
the motion needs, it lies M_z / F_y forward and -M_x / F_y to the right. Its distance from the centre of mass c has a
part -c_y c'' / (g + c_y'') due to the horizontal acceleration, and one due to the turning of the body. With the latter
as it is, c follows from a wanted zero-moment point by a differential equation, which becomes a tridiagonal system of
the frames (Kagami et al. 2000, "A fast dynamically equilibrated walking trajectory generation method of humanoid
robot").
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import solve_banded
from scipy.ndimage import gaussian_filter1d

from models.skeleton.coordinate_map import CoordinateMap
from models.skeleton.description import ModelDescription
from models.skeleton.inverse_dynamics import Dynamics

_SMOOTHING_S = 0.05  # standard deviation of the filter of the coordinates, since noise of a recording moves no masses
_LEAST_WEIGHT = 0.3  # of a fall that is nearly free, in which the point is not defined


@dataclass(frozen=True)
class DynamicBalance:
    """Centre of mass of a motion of T frames, and what its zero-moment point depends on.

    Attributes:
        rate_hz: frame rate.
        mass_centre: (T, 2) forward (x) and right (z), metres.
        height: (T,) c_y / (g + c_y''), s², by which horizontal accelerations move the zero-moment point.
        turning: (T, 2) what the turning of the body adds to the zero-moment point, metres.
    """

    rate_hz: float
    mass_centre: np.ndarray
    height: np.ndarray
    turning: np.ndarray

    @property
    def zero_moment_point(self) -> np.ndarray:
        """The zero-moment point on the floor y = 0, (T, 2) forward and right, metres."""
        return self.mass_centre + self.turning - self.height[:, None] * _acceleration(self.mass_centre, self.rate_hz)

    def mass_centre_for(self, wanted: np.ndarray) -> np.ndarray:
        """The path (T, 2) of the centre of mass for which the zero-moment point is `wanted` (T, 2), metres.

        With heights and turning as they are. The motion begins and ends without acceleration.
        """
        count = len(wanted)
        neighbours = np.where(np.arange(count) % (count - 1) == 0, 0.0, self.height * self.rate_hz**2)
        bands = np.zeros((3, count))
        bands[0, 1:], bands[1], bands[2, :-1] = -neighbours[:-1], 1 + 2 * neighbours, -neighbours[1:]
        return solve_banded((1, 1), bands, wanted - self.turning)


def dynamic_balance(description: ModelDescription, motion: np.ndarray, rate_hz: float) -> DynamicBalance:
    """The balance of a motion (T, 33), degrees and metres, evenly sampled, on the floor y = 0."""
    dynamics = Dynamics(description)
    coordinates = CoordinateMap(description, torch.float64)(torch.as_tensor(motion, dtype=torch.float64)[None]).numpy()
    smooth = gaussian_filter1d(coordinates, _SMOOTHING_S * rate_hz, mode="nearest")
    derivatives = (smooth, np.gradient(smooth, 1 / rate_hz, axis=-1), _acceleration(smooth.T, rate_hz).T)
    state = dynamics.state(*map(torch.from_numpy, derivatives))
    force, moment = (values.sum(0).T.numpy() for values in dynamics.body_loads(state))  # (T, 3) each
    masses = torch.as_tensor(description.masses_kg)
    places = state.origin + torch.einsum("bijn,bj->bin", state.rotation, torch.as_tensor(description.mass_centres))
    centre = (torch.einsum("b,bin->ni", masses, places) / masses.sum()).numpy()
    weight_n = float(masses.sum()) * -description.gravity[1]
    upward = force[:, 1].clip(_LEAST_WEIGHT * weight_n)
    height = centre[:, 1] * float(masses.sum()) / upward
    point = np.stack([moment[:, 2], -moment[:, 0]], 1) / upward[:, None]
    mass_centre = centre[:, [0, 2]]
    turning = point - mass_centre + height[:, None] * _acceleration(mass_centre, rate_hz)
    return DynamicBalance(rate_hz, mass_centre, height, turning)


def _acceleration(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Second differences along time (T, ...), 0 at the ends."""
    acceleration = np.zeros_like(values)
    acceleration[1:-1] = np.diff(values, 2, axis=0) * rate_hz**2
    return acceleration
