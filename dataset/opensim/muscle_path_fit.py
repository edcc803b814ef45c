"""Least-squares fit of polynomial muscle paths to the lengths and moment arms of an OpenSim model."""

from pathlib import Path

import numpy as np
import torch
from scipy.stats import qmc

from dataset.opensim.muscle_geometry import FIT_RANGE_DEG, STEP_RAD, MuscleGeometry
from models.conventions import MUSCLES
from models.muscles.moment_arms import LEG_COORDINATES, MUSCLES_PER_LEG, ORDER, PolynomialPaths, monomials

_CENTRED = (False, True, True, False, False, True, True)  # coordinates whose samples are denser near the middle
SAMPLES_PER_MONOMIAL = 8
# A path that jumps from one side of its wrapping surface to the other is not a polynomial; such samples are left out.
LONGEST_ARM_M = 0.15
TRIMMED_RESIDUAL_M, TRIMMED_DEVIATIONS, TRIM_PASSES = 2e-3, 6.0, 3

# Everything but the model that the fit depends on.
FIT_SETTINGS = (
    FIT_RANGE_DEG,
    _CENTRED,
    STEP_RAD,
    SAMPLES_PER_MONOMIAL,
    (LONGEST_ARM_M, TRIMMED_RESIDUAL_M, TRIMMED_DEVIATIONS, TRIM_PASSES),
    ORDER,
)


def fit_muscle_paths(osim_path: str | Path) -> PolynomialPaths:
    """Fit polynomials to a model's muscle-tendon lengths and moment arms.

    One least-squares problem for each muscle, in which errors of lengths and of moment arms, both in metres, have the
    same weight. The poses are a fixed Sobol sequence over `FIT_RANGE_DEG`, with more poses for muscles that span more
    coordinates; the result depends on the file only.

    Raises:
        InputError: as `MuscleGeometry`.
    """
    geometry = MuscleGeometry(osim_path)
    limits = geometry.fit_range()
    centre, half_range = limits.mean(axis=1), np.diff(limits, axis=1)[:, 0] / 2
    spans = [tuple(np.flatnonzero(row).tolist()) for row in geometry.spans]
    exponents = monomials(spans)
    monomial_counts = {span: len(monomials([span])) for span in set(spans)}
    counts = np.array([max(200, SAMPLES_PER_MONOMIAL * monomial_counts[span]) for span in spans])
    poses = 1 << int(np.ceil(np.log2(counts.max())))
    u = 2 * qmc.Sobol(len(LEG_COORDINATES), scramble=True, rng=0).random(poses)[: counts.max()] - 1
    u[:, _CENTRED] = np.sign(u[:, _CENTRED]) * np.abs(u[:, _CENTRED]) ** 1.5
    lengths, arms = geometry.sample(centre + half_range * u, counts)

    powers = u[:, None, :] ** np.arange(ORDER + 1)[:, None]  # (K, ORDER + 1, 7)
    coefficients = np.zeros((len(MUSCLES), len(exponents)))
    for span in set(spans):
        members = [i for i, other in enumerate(spans) if other == span]
        rows = counts[members[0]]
        outside = [j for j in range(len(LEG_COORDINATES)) if j not in span]
        columns = np.flatnonzero(exponents.numpy()[:, outside].sum(axis=1) == 0)
        chosen = exponents.numpy()[columns]
        factors = powers[:rows, chosen, np.arange(len(LEG_COORDINATES))]  # (rows, columns, 7)
        design, target = [factors.prod(axis=2)], [lengths[:rows, members]]
        for j in span:
            factors_j = factors.copy()
            lower = np.maximum(chosen[:, j] - 1, 0)
            factors_j[:, :, j] = chosen[:, j] * powers[:rows, lower, j] / half_range[j]
            design.append(factors_j.prod(axis=2))
            target.append(-arms[:rows, members, j])
        coefficients[np.ix_(np.array(members), columns)] = _trimmed_least_squares(np.stack(design), np.stack(target)).T
    return PolynomialPaths(
        torch.from_numpy(centre),
        torch.from_numpy(half_range),
        exponents,
        torch.from_numpy(coefficients).reshape(2, MUSCLES_PER_LEG, -1),
    )


def _trimmed_least_squares(design: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least squares without outliers: samples with an implausible moment arm, or whose length is far from the fit.

    Args:
        design: (1 + C, K, P), of the lengths and then of their derivatives with respect to C coordinates.
        target: (1 + C, K, M), lengths and derivatives of M muscles at K poses.

    Returns:
        Coefficients (P, M).
    """
    terms = design.shape[2]
    kept = (np.abs(target[1:]) < LONGEST_ARM_M).all(axis=0)  # (K, M)
    solution = np.zeros((terms, target.shape[2]))
    stale = np.ones(target.shape[2], dtype=bool)
    for _ in range(TRIM_PASSES):
        whole = stale & kept.all(axis=0)
        if whole.any():
            rows = design.reshape(-1, terms)
            solution[:, whole] = np.linalg.lstsq(rows, target[:, :, whole].reshape(len(rows), -1), rcond=1e-10)[0]
        for i in np.flatnonzero(stale & ~whole):
            rows = design[:, kept[:, i]].reshape(-1, terms)
            solution[:, i] = np.linalg.lstsq(rows, target[:, kept[:, i], i].ravel(), rcond=1e-10)[0]
        residual = np.abs(target[0] - design[0] @ solution)
        limit = np.maximum(TRIMMED_RESIDUAL_M, TRIMMED_DEVIATIONS * 1.4826 * np.median(residual, axis=0))
        plausible = (np.abs(target[1:]) < LONGEST_ARM_M).all(axis=0) & (residual < limit)
        stale = (plausible != kept).any(axis=0)
        kept = plausible
        if not stale.any():
            break
    return solution
