"""Realism as the BIGE paper reports it (Table 2), conventions and all, so that tables compare.

Units are mixed here on purpose: the paper pools degrees and metres. `distances` and `contact` have the sounder figures.
Table 3 is `utils.quantities.published_metrics`.
"""

import numpy as np
import torch
from torch import Tensor

from models.conventions import FRAME_RATE_HZ

BINS = 10
THRESHOLD_M = 0.01  # heights above or below the ground that are less count as zero


def pooled_moments(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation (divided by n) of all values (...), pooled over samples, frames and coordinates."""
    values = np.asarray(values, dtype=np.float64)
    return float(values.mean()), float(values.std())


def fidelity(reference: tuple[float, float], generated: tuple[float, float]) -> float:
    """The paper's fidelity: (mu_r - mu_g)^2 + (sigma_r - sigma_g)^2 of pooled values (BIGE, Table 2).

    The squared 2-Wasserstein distance of two normal distributions with these moments; its unit mixes deg^2 and m^2.
    reference, generated: (mean, standard deviation), see `pooled_moments`.
    """
    return (reference[0] - generated[0]) ** 2 + (reference[1] - generated[1]) ** 2


def entropy(values: np.ndarray) -> float:
    """Shannon entropy of one sample's values, in nats: -sum p log p over a histogram of 10 equal bins (BIGE, Table 2).

    values: (...), all frames and coordinates of the sample; the bins span its least to its greatest value.
    """
    counts, _ = np.histogram(values, bins=BINS)
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def lowest_heights(joint_centres: Tensor, mask: Tensor) -> Tensor:
    """Height in metres of the lowest joint centre at each frame that counts, (frames,), for `ground_height`."""
    return joint_centres[..., 1].amin(-1)[mask]


def ground_height(lowest: list[Tensor]) -> float:
    """The paper's ground, in metres: the median of the lowest heights over all frames of all samples of all subjects.

    One ground for everybody: where recordings have floors of their own, or a motion is put on legs of another length,
    the difference shows as penetration and floating.
    """
    return float(torch.cat(lowest).median())


def floor_metrics(joint_centres: Tensor, mask: Tensor, ground_m: float) -> dict[str, float]:
    """Penetration and floating in cm and sliding in m/s, of joint centres as in the paper (BIGE, Table 2).

    Each frame's lowest joint centre is so far below the ground (penetration) or above it (floating); less than 1 cm
    counts as 0; means over frames. Sliding: the speed of the joint that is lowest, from a frame to the next, mean over
    the frames in which the lowest is within 1 cm of the ground in both. (The speed of one joint: following whichever
    is lowest would count the jumps from foot to foot, and gives 1 m/s for simulated squats where the paper has 0.035.)

    Args:
        joint_centres: (B, T, J, 3) metres, y up.
        mask: (B, T) bool, the frames that count.
        ground_m: see `ground_height`.
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
