"""Distances between sets of motions that keep units apart, and the diversity of a set.

Motions are compared as `curves` (N, 101, C), their first squat at 101 equally spaced points of its duration, which
removes differences of speed and length, or as `features` (N, D) of the VQ-VAE's encoder.
"""

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from scipy.spatial.distance import cdist
from torch import Tensor

from models.vqvae.autoencoder import VQVAE

POINTS = 101
NEIGHBOURS = 5


def time_normalised(coordinates: np.ndarray, repetition: tuple[int, int]) -> np.ndarray:
    """Coordinates (101, C) at 101 equally spaced points of the duration of a repetition, by cubic spline.

    Args:
        coordinates: (T, C) a motion.
        repetition: first frame of the repetition, and the frame after its last.
    """
    part = coordinates[repetition[0] : repetition[1]]
    return CubicSpline(np.arange(len(part)), part)(np.linspace(0, len(part) - 1, POINTS))


def wasserstein_per_coordinate(reference: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """1-Wasserstein distances (C,) of the values of each coordinate, each in its own unit.

    This is the integral of |F_r - F_g|, the mean distance by which values have to be moved (Villani 2009). Computed
    exactly by POT.

    Args:
        reference: (R, C) all frames of the reference.
        generated: (G, C) all frames of the evaluated motions.
    """
    import ot

    return np.asarray(ot.wasserstein_1d(reference, generated, p=1))


def squared_costs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean squared differences (N, M), in the square of the unit.

    Args:
        first: (N, ...) curves or features.
        second: (M, ...) the same of the other set.
    """
    first, second = first.reshape(len(first), -1), second.reshape(len(second), -1)
    return cdist(first, second, "sqeuclidean") / first.shape[1]


def optimal_transport(costs: np.ndarray, first: np.ndarray | None = None) -> float:
    """Exact 2-Wasserstein distance of two sets: the square root of the least sum of P_ij c_ij over transport plans P.

    Solved by network simplex (Bonneel et al. 2011) in POT, without sampling or regularisation.

    Args:
        costs: (N, M) squared differences, see `squared_costs`.
        first: (N,) weights of the first set, which sum to 1; by default equal, as those of the second set are.

    Returns:
        The distance, in the unit whose square the costs are in.
    """
    import ot

    first = np.full(costs.shape[0], 1 / costs.shape[0]) if first is None else first
    second = np.full(costs.shape[1], 1 / costs.shape[1])
    return float(np.sqrt(max(ot.emd2(first, second, costs), 0.0)))


@torch.no_grad()
def encoder_features(vqvae: VQVAE, windows: Tensor, mask: Tensor) -> np.ndarray:
    """Features (N, code_dim) of motions: the mean over time of the VQ-VAE's latents before quantisation.

    Args:
        vqvae: a trained VQ-VAE.
        windows: (N, T, 33), degrees and metres, canonical order, placed as the VQ-VAE was trained.
        mask: (N, T) bool, the frames that count; a latent is weighted by the fraction of its frames that do.
    """
    device = next(vqvae.parameters()).device
    found = []
    for motion, counted in zip(windows.split(64), mask.split(64), strict=True):
        latents = vqvae.encode(motion.to(device)).float().cpu()  # (B, L, D)
        share = counted.unflatten(1, (latents.shape[1], -1)).float().mean(2, keepdim=True)
        found.append((latents * share).sum(1) / share.sum(1))
    return torch.cat(found).double().numpy()


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and covariance (D, D) of features (N, D); the covariance is divided by N."""
    return features.mean(0), np.atleast_2d(np.cov(features, rowvar=False, ddof=0))


def frechet_distance(reference: tuple[np.ndarray, np.ndarray], generated: tuple[np.ndarray, np.ndarray]) -> float:
    """Fréchet distance of two normal distributions: |mu_r - mu_g|^2 + tr(S_r + S_g - 2 (S_r S_g)^(1/2)).

    This is their squared 2-Wasserstein distance (Fréchet 1957; Heusel et al. 2017), in the square of the features'
    unit. Moments estimated from few motions overestimate it.

    Args:
        reference: mean (D,) and covariance (D, D) of the reference's features, see `moments`.
        generated: mean and covariance of the evaluated motions' features.
    """
    (mean_r, cov_r), (mean_g, cov_g) = reference, generated
    # With S = F F^T, tr (S_r S_g)^(1/2) is the sum of the singular values of F_r^T F_g. A matrix square root would
    # amplify rounding errors.
    cross = np.linalg.svd(_factor(cov_r).T @ _factor(cov_g), compute_uv=False).sum()
    return float(((mean_r - mean_g) ** 2).sum() + np.trace(cov_r) + np.trace(cov_g) - 2 * cross)


def _factor(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(values.clip(min=0))


class Neighbourhoods:
    """Precision, recall, density and coverage of generated motions by k-th nearest neighbours.

    The neighbourhood of a motion is the ball that reaches to its k-th nearest neighbour in its own set.

    - precision: fraction of generated motions inside some reference ball; recall: fraction of reference motions inside
      some generated ball (Kynkäänniemi et al. 2019, equations 1 and 2);
    - density: mean number of reference balls around a generated motion, divided by k, which exceeds 1 where generated
      motions crowd where the reference is dense; coverage: fraction of reference balls that hold a generated motion
      (Naeem et al. 2020, equations 5 and 6).
    """

    def __init__(self, reference: np.ndarray, generated: np.ndarray, k: int = NEIGHBOURS) -> None:
        """Find the neighbourhoods of two sets.

        Args:
            reference: (R, D) features of the reference.
            generated: (G, D) features of the generated motions.
            k: which nearest neighbour; fewer where a set is smaller.
        """
        self.k = max(1, min(k, len(reference) - 1, len(generated) - 1))
        across = cdist(reference, generated)
        self._in_reference = across <= _radii(reference, self.k)[:, None]  # (R, G)
        self._in_generated = across <= _radii(generated, self.k)[None, :]

    def fractions(self, chosen: np.ndarray | slice = slice(None)) -> dict[str, float]:
        """The four metrics of the generated motions at indices `chosen` (N,); the balls stay those of all motions."""
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
    """Mean over all pairs of motions of their root mean square difference (after Guo et al. 2020).

    Args:
        curves: (N, 101, C) curves of one unit.

    Returns:
        The difference in the curves' unit; NaN for a single motion.
    """
    if len(curves) < 2:
        return float("nan")
    costs = squared_costs(curves, curves)
    return float(np.sqrt(costs[np.triu_indices(len(curves), 1)]).mean())
