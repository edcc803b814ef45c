"""Muscles of a scaled OpenSim model: parameters, exact lengths and moment arms, and the polynomial fit to them."""

import hashlib
import logging
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from scipy.stats import qmc

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.opensim.model_reader import load_opensim, open_opensim_model
from models.conventions import MUSCLES
from models.muscles.hill import MuscleParameters
from models.muscles.paths import LEG_COORDINATES, LEG_INDICES, MUSCLES_A_LEG, ORDER, MusclePaths, monomials

logger = logging.getLogger("bige")

# What squats visit, with a margin; a knee that bends less far in the model is fitted to 5° beyond its own range.
FIT_RANGE_DEG = ((-30, 130), (-30, 30), (-40, 40), (-5, 140), (-40, 40), (-25, 25), (-30, 30))
CENTRED = (False, True, True, False, False, True, True)  # coordinates whose samples gather around the middle
KNEE = LEG_COORDINATES.index("knee_angle")
STEP_RAD = 1e-3  # of central differences; lengths are exact to about 1e-9 m, except for wrapped paths' 1e-6
SAMPLES_A_MONOMIAL = 8
# A path that jumps from one side of its wrapping surface to the other is no polynomial: such samples are left out.
LONGEST_ARM_M = 0.15
TRIMMED_RESIDUAL_M, TRIMMED_DEVIATIONS, TRIM_PASSES = 2e-3, 6.0, 3


class MuscleGeometry:
    """The 80 muscles of one model, evaluated by OpenSim itself. Everything but the legs stays in the default pose.

    Raises InputError where the file is not an OpenSim model with these muscles and leg coordinates.
    """

    def __init__(self, osim_path: str | Path):
        self._model, self._state = open_opensim_model(osim_path)
        self._vector = load_opensim().Vector
        muscles = self._model.getMuscles()
        missing = [name for name in MUSCLES if not muscles.contains(name)]
        if missing:
            raise InputError(
                f"{osim_path}: the model lacks {len(missing)} of the 80 muscles (first: {missing[0]}); "
                "a Rajagopal2015, LaiArnoldModified2017 or LaiUhlrich2022 model is expected"
            )
        self._muscles = [muscles.get(name) for name in MUSCLES]
        self._paths = [muscle.getGeometryPath() for muscle in self._muscles]
        coordinates = self._model.getCoordinateSet()
        for i in range(coordinates.getSize()):
            coordinates.get(i).setLocked(self._state, False)
        for name in ("knee_adduction_l", "knee_adduction_r"):
            if coordinates.contains(name):
                coordinates.get(name).setValue(self._state, 0.0, False)
        self._default = self._state.getQ().to_numpy()
        self._columns, self._ranges = [], []  # per leg and coordinate: indices into Q, and the model's range in rad
        for side in "lr":
            for name in LEG_COORDINATES:
                if not coordinates.contains(f"{name}_{side}"):
                    raise InputError(f"{osim_path}: the model has no coordinate {name}_{side}")
                coordinate = coordinates.get(f"{name}_{side}")
                self._ranges.append((coordinate.getRangeMin(), coordinate.getRangeMax()))
                names = [f"{name}_{side}", f"{name}_{side}_beta"]  # the patella follows the knee, slope 1
                self._columns.append([self._q_index(coordinates.get(n)) for n in names if coordinates.contains(n)])

    def _q_index(self, coordinate) -> int:
        """Where a coordinate stands among the state's generalised coordinates."""
        before = self._default[:]
        coordinate.setValue(self._state, coordinate.getValue(self._state) + 0.1, False)
        index = int(np.argmax(np.abs(self._state.getQ().to_numpy() - before)))
        self._state.setQ(self._vector.createFromMat(self._default))
        return index

    def parameters(self) -> MuscleParameters:
        """Parameters of the 80 muscles, canonical order, float64."""

        def read(getter):
            return torch.tensor([getter(muscle) for muscle in self._muscles], dtype=torch.float64)

        return MuscleParameters(
            read(lambda muscle: muscle.getMaxIsometricForce()),
            read(lambda muscle: muscle.getOptimalFiberLength()),
            read(lambda muscle: muscle.getTendonSlackLength()),
            read(lambda muscle: muscle.getPennationAngleAtOptimalFiberLength()),
            read(lambda muscle: muscle.getMaxContractionVelocity()),
        )

    def fit_range(self) -> np.ndarray:
        """Range (7, 2) in rad that polynomials are fitted to."""
        limits = np.radians(FIT_RANGE_DEG)
        knees = [self._ranges[side * len(LEG_COORDINATES) + KNEE] for side in (0, 1)]
        limits[KNEE, 1] = min(limits[KNEE, 1], min(knee[1] for knee in knees) + np.radians(5))
        return limits

    def _lengths(self, q: np.ndarray, muscles) -> list[float]:
        """Lengths in metres of some muscles (indices) at generalised coordinates q."""
        self._state.setQ(self._vector.createFromMat(q))
        self._model.realizePosition(self._state)
        state = self._state
        return [self._paths[i].getLength(state) for i in muscles]

    def _pose(self, angles: np.ndarray) -> np.ndarray:
        """Generalised coordinates of one pose of both legs, (2, 7) rad."""
        q = self._default.copy()
        for columns, angle in zip(self._columns, angles.ravel(), strict=True):
            q[columns] = angle
        return q

    def lengths(self, motion: np.ndarray) -> np.ndarray:
        """Muscle-tendon lengths (T, 80) in metres of `motion` (T, 33), degrees and metres, canonical order."""
        return np.array([self._lengths(self._pose(angles), range(len(MUSCLES))) for angles in _leg_angles(motion)])

    def moment_arms(self, motion: np.ndarray) -> np.ndarray:
        """Moment arms (T, 2, 7, 40) in metres, −∂length/∂angle by central differences, of `motion` (T, 33)."""
        arms = np.zeros((len(motion), len(MUSCLES), len(LEG_COORDINATES)))
        for t, angles in enumerate(_leg_angles(motion)):
            q = self._pose(angles)
            for together in self._independent:
                self._difference(q, together, np.arange(len(MUSCLES)), arms[t])
        return arms.reshape(-1, 2, MUSCLES_A_LEG, len(LEG_COORDINATES)).transpose(0, 1, 3, 2)

    def _difference(self, q, together, muscles, arms) -> None:
        """Central differences with respect to leg coordinates that no muscle shares, into arms (80, 7)."""
        moved = [index for j in together for leg in (0, 1) for index in self._columns[leg * len(LEG_COORDINATES) + j]]
        touched = muscles[self.spans[np.ix_(muscles, together)].any(axis=1)]
        ahead, behind = q.copy(), q.copy()
        ahead[moved] += STEP_RAD
        behind[moved] -= STEP_RAD
        slopes = np.subtract(self._lengths(ahead, touched), self._lengths(behind, touched)) / (2 * STEP_RAD)
        arms[np.ix_(touched, together)] = np.where(self.spans[np.ix_(touched, together)], -slopes[:, None], 0)

    @cached_property
    def spans(self) -> np.ndarray:
        """Which leg coordinates each muscle's length depends on, (80, 7) bool, found by moving them one at a time."""
        everything = range(len(MUSCLES))
        spans = np.zeros((len(MUSCLES), len(LEG_COORDINATES)), dtype=bool)
        for bend in (0.1, 0.5, 0.9):  # of the range: a path may touch a wrapping surface in some poses only
            low, high = self.fit_range().T
            q = self._pose(np.tile(low + bend * (high - low), (2, 1)))
            here = np.array(self._lengths(q, everything))
            for j in range(len(LEG_COORDINATES)):
                moved = q.copy()
                for columns in (self._columns[j], self._columns[j + len(LEG_COORDINATES)]):
                    moved[columns] += 0.05
                spans[:, j] |= np.abs(np.array(self._lengths(moved, everything)) - here) > 1e-6
        return spans

    @cached_property
    def _independent(self) -> list[list[int]]:
        """Leg coordinates in groups of which no muscle spans two: they can be moved at once."""
        groups: list[list[int]] = []
        for j in range(len(LEG_COORDINATES)):
            for group in groups:
                if not (self.spans[:, group].any(axis=1) & self.spans[:, j]).any():
                    group.append(j)
                    break
            else:
                groups.append([j])
        return groups

    def sample(self, angles: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lengths (K, 80) and moment arms (K, 80, 7) at poses `angles` (K, 7) rad of both legs.

        Muscle i is evaluated at the first counts[i] poses only; the rest is left at 0.
        """
        lengths = np.zeros((len(angles), len(MUSCLES)))
        arms = np.zeros((len(angles), len(MUSCLES), len(LEG_COORDINATES)))
        for k, pose in enumerate(angles):
            muscles = np.flatnonzero(counts > k)
            q = self._pose(np.tile(pose, (2, 1)))
            lengths[k, muscles] = self._lengths(q, muscles)
            for together in self._independent:
                self._difference(q, together, muscles, arms[k])
        return lengths, arms


def _leg_angles(motion: np.ndarray) -> np.ndarray:
    """Angles of both legs, (T, 2, 7) rad, of a motion (T, 33), degrees and metres."""
    return np.radians(np.asarray(motion)[:, np.array(LEG_INDICES)])


def read_muscle_parameters(osim_path: str | Path) -> MuscleParameters:
    """Parameters of the 80 muscles of a model file, canonical order, float64."""
    return MuscleGeometry(osim_path).parameters()


def fit_muscle_paths(osim_path: str | Path) -> MusclePaths:
    """Fit polynomial paths to a model's muscle-tendon lengths and moment arms.

    Poses are a fixed Sobol sequence over `FIT_RANGE_DEG`, more of them for muscles of more coordinates; lengths in
    metres and moment arms in metres a radian weigh alike in one least squares a muscle. Depends on the file only.

    Raises InputError as `MuscleGeometry` does.
    """
    geometry = MuscleGeometry(osim_path)
    limits = geometry.fit_range()
    centre, half_range = limits.mean(axis=1), np.diff(limits, axis=1)[:, 0] / 2
    spans = [tuple(np.flatnonzero(row).tolist()) for row in geometry.spans]
    exponents = monomials(spans)
    sizes = {span: len(monomials([span])) for span in set(spans)}
    counts = np.array([max(200, SAMPLES_A_MONOMIAL * sizes[span]) for span in spans])
    poses = 1 << int(np.ceil(np.log2(counts.max())))
    u = 2 * qmc.Sobol(len(LEG_COORDINATES), scramble=True, rng=0).random(poses)[: counts.max()] - 1
    u[:, CENTRED] = np.sign(u[:, CENTRED]) * np.abs(u[:, CENTRED]) ** 1.5
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
        coefficients[np.ix_(members, columns)] = _trimmed_least_squares(np.stack(design), np.stack(target)).T
    return MusclePaths(
        torch.from_numpy(centre),
        torch.from_numpy(half_range),
        exponents,
        torch.from_numpy(coefficients).reshape(2, MUSCLES_A_LEG, -1),
    )


def _trimmed_least_squares(design: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Coefficients (P, M) from design (1 + C, K, P) and target (1 + C, K, M): lengths, then slopes to C coordinates.

    A muscle's samples with an implausible slope, or lengths far off the fit of the others, do not count for it.
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


def save_muscle_paths(paths: MusclePaths, path: str | Path) -> None:
    """Write fitted paths as an npz of plain arrays."""
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **{name: value.cpu().numpy() for name, value in paths.state_dict().items()})


def load_muscle_paths(path: str | Path) -> MusclePaths:
    """Read what `save_muscle_paths` wrote."""
    with np.load(path) as arrays:
        return MusclePaths(
            *(torch.from_numpy(arrays[n]) for n in ("centre", "half_range", "exponents", "coefficients"))
        )


def cached_muscle_paths(osim_path: str | Path, cache_dir: str | Path) -> MusclePaths:
    """`fit_muscle_paths`, kept in `cache_dir` under the hash of the model file's content and of how it is fitted."""
    trimming = (LONGEST_ARM_M, TRIMMED_RESIDUAL_M, TRIMMED_DEVIATIONS, TRIM_PASSES)
    recipe = repr((FIT_RANGE_DEG, CENTRED, STEP_RAD, SAMPLES_A_MONOMIAL, trimming, ORDER))
    try:
        content = Path(osim_path).read_bytes()
    except OSError as error:
        raise InputError(f"{osim_path}: cannot be read ({error.strerror}); name an .osim model") from None
    key = hashlib.sha256(content + recipe.encode()).hexdigest()
    path = Path(cache_dir) / f"muscle_paths_{key[:16]}.npz"
    if not path.exists():
        logger.info("fitting muscle paths to %s", osim_path)
        save_muscle_paths(fit_muscle_paths(osim_path), path)
    return load_muscle_paths(path)
