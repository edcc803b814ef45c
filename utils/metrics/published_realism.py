"""Realism metrics as the BIGE paper defines them (Table 2), so that values can be compared with the published ones.

The paper pools degrees and metres, and so do these functions. `distances` and the catalogue's extended floor metrics
keep units apart.
"""

import numpy as np
import torch
from torch import Tensor

from models.conventions import FRAME_RATE_HZ

BINS = 10
THRESHOLD_M = 0.01  # heights above or below the ground that are less count as zero


def pooled_moments(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation (divided by n) of all values (...), pooled over motions, frames and coordinates."""
    values = np.asarray(values, dtype=np.float64)
    return float(values.mean()), float(values.std())


def fidelity(reference: tuple[float, float], generated: tuple[float, float]) -> float:
    """Fidelity of the paper: (mu_r - mu_g)^2 + (sigma_r - sigma_g)^2 of pooled values (BIGE, Table 2).

    This is the squared 2-Wasserstein distance of two normal distributions with these moments. Its unit mixes deg^2 and
    m^2.

    Args:
        reference: mean and standard deviation of the reference, see `pooled_moments`.
        generated: mean and standard deviation of the evaluated motions.
    """
    return (reference[0] - generated[0]) ** 2 + (reference[1] - generated[1]) ** 2


def entropy(values: np.ndarray) -> float:
    """Shannon entropy in nats of the values of one motion, from a histogram of 10 equal bins (BIGE, Table 2).

    Args:
        values: (...) all frames and coordinates of the motion; the bins span them from the smallest to the largest.
    """
    counts, _ = np.histogram(values, bins=BINS)
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def lowest_heights(joint_centres: Tensor, mask: Tensor) -> Tensor:
    """Heights (frames,) in metres of the lowest joint centre at each frame that counts.

    Args:
        joint_centres: (B, T, J, 3) metres, y up.
        mask: (B, T) bool, the frames that count.
    """
    return joint_centres[..., 1].amin(-1)[mask]


def ground_height(lowest: list[Tensor]) -> float:
    """Height of the paper's ground in metres: the median of the lowest heights over all frames, motions and subjects.

    All subjects share this one ground. Where recordings have different floors, or a motion is evaluated on legs of
    another length, the difference appears as penetration and floating.

    Args:
        lowest: result of `lowest_heights` for each subject.
    """
    return float(torch.cat(lowest).median())


def floor_metrics(joint_centres: Tensor, mask: Tensor, ground_m: float) -> dict[str, float]:
    """Penetration, floating and sliding of joint centres as in the paper (BIGE, Table 2).

    Penetration and floating are the mean distances of each frame's lowest joint centre below and above the ground;
    distances under 1 cm count as 0. Sliding is the mean speed of the lowest joint from each frame to the next, over the
    frames in which the lowest joint is within 1 cm of the ground in both. It is the speed of one joint: following
    whichever joint is lowest would count the jumps from foot to foot, which gives 1 m/s for simulated squats where the
    paper has 0.035 m/s.

    Args:
        joint_centres: (B, T, J, 3) metres, y up.
        mask: (B, T) bool, the frames that count.
        ground_m: height of the ground, see `ground_height`.

    Returns:
        penetration and floating, cm, and sliding, m/s (NaN without any contact).
    """
    height, lowest = joint_centres[..., 1].min(-1)  # (B, T)
    above_m = height - ground_m
    depth_m = torch.where(above_m < -THRESHOLD_M, -above_m, 0.0)
    lift_m = torch.where(above_m > THRESHOLD_M, above_m, 0.0)
    contact = (above_m.abs() <= THRESHOLD_M) & mask
    both = contact[:, 1:] & contact[:, :-1]
    speed = (joint_centres[:, 1:] - joint_centres[:, :-1]).norm(dim=-1) * FRAME_RATE_HZ  # (B, T - 1, J)
    speed = speed.gather(2, lowest[:, :-1, None]).squeeze(2)
    return {
        "penetration": 100 * float(depth_m[mask].mean()),
        "floating": 100 * float(lift_m[mask].mean()),
        "sliding": float(speed[both].mean()) if both.any() else float("nan"),
    }
