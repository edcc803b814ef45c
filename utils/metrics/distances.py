"""Distances between sets of motions in which units are not mixed, and how varied a set is.

Motions are compared as `curves`: (N, 101, C), their first squat at 101 even points of its duration, so that speed and
length do not count, or as `features`: (N, D), what the VQ-VAE's encoder makes of them.
"""

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from scipy.spatial.distance import cdist
from torch import Tensor

POINTS = 101
NEIGHBOURS = 5


def time_normalised(coordinates: np.ndarray, repetition: tuple[int, int]) -> np.ndarray:
    """Coordinates (T, C) of the frames [start, end) at 101 even points of their duration, (101, C), by cubic spline."""
    part = coordinates[repetition[0] : repetition[1]]
    return CubicSpline(np.arange(len(part)), part)(np.linspace(0, len(part) - 1, POINTS))


def wasserstein_per_coordinate(reference: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """1-Wasserstein distance of each coordinate's values, (C,), each in its own unit.

    The integral of |F_r - F_g|, or the mean distance that a value has to move (Villani 2009; computed by POT, exact).
    reference: (R, C), generated: (G, C), all frames of all motions.
    """
    import ot

    return np.asarray(ot.wasserstein_1d(reference, generated, p=1))


def squared_costs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, M) mean squared differences of curves or features (N, ...) and (M, ...), in the square of their unit."""
    first, second = first.reshape(len(first), -1), second.reshape(len(second), -1)
    return cdist(first, second, "sqeuclidean") / first.shape[1]


def optimal_transport(costs: np.ndarray, first: np.ndarray | None = None, second: np.ndarray | None = None) -> float:
    """Exact 2-Wasserstein distance of two sets: sqrt(min over plans P of sum P_ij c_ij), in the costs' unit's root.

    costs: (N, M), see `squared_costs`. first (N,), second (M,): weights that sum to 1; by default all alike.
    Solved by network simplex (Bonneel et al. 2011, in POT); no sampling, no regularisation.
    """
    import ot

    first = np.full(costs.shape[0], 1 / costs.shape[0]) if first is None else first
    second = np.full(costs.shape[1], 1 / costs.shape[1]) if second is None else second
    return float(np.sqrt(max(ot.emd2(first, second, costs), 0.0)))


@torch.no_grad()
def encoder_features(vqvae, windows: Tensor, mask: Tensor) -> np.ndarray:
    """(N, code_dim): the mean over time of the VQ-VAE's latents before quantisation, where the mask counts.

    windows: (N, 196, 33), degrees and metres, canonical order, placed as the VQ-VAE was trained. mask: (N, 196) bool.
    """
    device = next(vqvae.parameters()).device
    found = []
    for motion, counted in zip(windows.split(64), mask.split(64), strict=True):
        latents = vqvae.encode(motion.to(device)).float().cpu()  # (B, L, D)
        share = counted.unflatten(1, (latents.shape[1], -1)).float().mean(2, keepdim=True)
        found.append((latents * share).sum(1) / share.sum(1))
    return torch.cat(found).double().numpy()


def frechet_distance(reference: np.ndarray, generated: np.ndarray) -> float:
    """Frechet distance of features (N, D), (M, D): |mu_r - mu_g|^2 + tr(S_r + S_g - 2 (S_r S_g)^(1/2)).

    The squared 2-Wasserstein distance of two normal distributions with these means and covariances (Frechet 1957;
    Heusel et al. 2017), in the square of the features' unit. Biased upwards for small sets.
    """
    return frechet_of_moments(moments(reference), moments(generated))


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and covariance (D, D), divided by N, of features (N, D)."""
    return features.mean(0), np.atleast_2d(np.cov(features, rowvar=False, ddof=0))


def frechet_of_moments(reference: tuple[np.ndarray, np.ndarray], generated: tuple[np.ndarray, np.ndarray]) -> float:
    """`frechet_distance` of two (mean (D,), covariance (D, D))."""
    (mean_r, cov_r), (mean_g, cov_g) = reference, generated
    # With S = F F^T, tr (S_r S_g)^(1/2) is the sum of the singular values of F_r^T F_g: no square root of round-off.
    cross = np.linalg.svd(_factor(cov_r).T @ _factor(cov_g), compute_uv=False).sum()
    return float(((mean_r - mean_g) ** 2).sum() + np.trace(cov_r) + np.trace(cov_g) - 2 * cross)


def _factor(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(values.clip(min=0))


class Neighbourhoods:
    """Which generated motions lie among the reference's, and the other way round, by k-th nearest neighbours.

    A ball about each motion reaches to its k-th nearest neighbour in its own set. Shares from 0 to 1 but for density:

    - precision: generated motions inside some reference ball; recall: reference motions inside some generated ball
      (Kynkäänniemi et al. 2019, equations 1 and 2);
    - density: mean number of reference balls a generated motion is in, over k (above 1 where they crowd at the
      densest); coverage: reference balls that hold a generated motion (Naeem et al. 2020, equations 5 and 6).

    reference (R, D), generated (G, D): features. k is 5, or less where a set is smaller.
    """

    def __init__(self, reference: np.ndarray, generated: np.ndarray, k: int = NEIGHBOURS):
        self.k = max(1, min(k, len(reference) - 1, len(generated) - 1))
        across = cdist(reference, generated)
        self._in_reference = across <= _radii(reference, self.k)[:, None]  # (R, G)
        self._in_generated = across <= _radii(generated, self.k)[None, :]

    def shares(self, chosen: np.ndarray | slice = slice(None)) -> dict[str, float]:
        """The four figures for the generated motions at `chosen`; the balls stay those of the whole sets."""
        inside = self._in_reference[:, chosen]
        return {
            "precision": float(inside.any(0).mean()),
            "recall": float(self._in_generated[:, chosen].any(1).mean()),
            "density": float(inside.sum(0).mean() / self.k),
            "coverage": float(inside.any(1).mean()),
        }


def _radii(features: np.ndarray, k: int) -> np.ndarray:
    if len(features) < 2:
        return np.zeros(len(features))
    return np.partition(cdist(features, features), k, axis=1)[:, k]


def diversity(curves: np.ndarray) -> float:
    """How far two motions of a set are apart: the mean over pairs of the root mean square difference, in their unit.

    curves: (N, 101, C) of one unit. NaN for a single motion. (After Guo et al. 2020, over all pairs.)
    """
    if len(curves) < 2:
        return float("nan")
    costs = squared_costs(curves, curves)
    return float(np.sqrt(costs[np.triu_indices(len(curves), 1)]).mean())
