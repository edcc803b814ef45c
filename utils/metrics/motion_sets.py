"""Sets of motions made ready for metrics: tensors a subject, activations, curves and the encoder's features."""

import logging
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.io.mot import Motion
from dataset.locations import SHIPPED_SURROGATE, SHIPPED_VQVAE
from dataset.motion_folders.window_folder import SubjectWindows, WindowFolder
from dataset.opensim.model_reader import load_skeleton
from dataset.windows.placement import place
from dataset.windows.segmentation import Repetition
from dataset.windows.window import Window, window_from_trial
from models.conventions import FRAME_RATE_HZ, MUSCLES, WINDOW_FRAMES
from models.muscles.simulation_settings import FILTER_MARGIN_S
from models.surrogate.published_transformer import PublishedSurrogate
from utils.biomechanics.context import Context
from utils.checkpoints import load_surrogate, load_vqvae
from utils.metrics import distances

logger = logging.getLogger("bige")

_ENDS_FRAMES = round(FILTER_MARGIN_S * FRAME_RATE_HZ)


@dataclass
class EvaluationModels:
    """The networks that metrics look through, loaded when first used. vqvae, surrogate: checkpoints; None: shipped."""

    device: torch.device | str = "cpu"
    vqvae_path: Path | None = None
    surrogate_path: Path | None = None

    @cached_property
    def vqvae(self):
        """The VQ-VAE whose encoder gives the features."""
        return load_vqvae(self.vqvae_path or SHIPPED_VQVAE, self.device)

    @cached_property
    def surrogate(self):
        """The surrogate that predicts activations where files have none."""
        return load_surrogate(self.surrogate_path or SHIPPED_SURROGATE, self.device)

    @torch.no_grad()
    def activations(self, motion: Tensor, seen: Tensor, anthropometry: Tensor | None) -> Tensor:
        """(B, T, 80) activations of placed motions (B, T, 33); seen: (B, T) bool, the frames to be looked at.

        Motions longer than the surrogate's go through it in pieces that overlap by 0.4 s, of which the ends are left.
        """
        longest = self.surrogate.positional_encoding.shape[1]
        frames = motion.shape[1]
        if frames <= longest:
            return self._predict(motion, seen, anthropometry)
        activations = motion.new_zeros(*motion.shape[:2], len(MUSCLES))
        starts = range(0, frames - 2 * _ENDS_FRAMES, longest - 2 * _ENDS_FRAMES)
        for start in (min(start, frames - longest) for start in starts):
            piece = self._predict(motion[:, start : start + longest], seen[:, start : start + longest], anthropometry)
            kept = _ENDS_FRAMES if start else 0
            activations[:, start + kept : start + longest] = piece[:, kept:]
        return activations

    def _predict(self, motion: Tensor, seen: Tensor, anthropometry: Tensor | None) -> Tensor:
        motion, seen = motion.to(self.device), seen.to(self.device)
        if isinstance(self.surrogate, PublishedSurrogate):  # alone: its attention would mix a batch's motions
            return torch.cat([self.surrogate(one) for one in motion.split(1)]).cpu()
        seen = seen | ~seen.any(1, keepdim=True)  # attention to nothing is NaN; a piece without a frame is not used
        anthropometry = None if anthropometry is None else anthropometry.to(self.device)
        return self.surrogate(motion, None if seen.all() else seen, anthropometry).cpu()


class _PosedSkeleton:
    """A skeleton some of whose coordinates are no part of a motion: here they are, (B, T) each, for one set of motions.

    Everything else is the skeleton's own.
    """

    def __init__(self, skeleton, extra: dict[str, Tensor]):
        self._skeleton, self._extra = skeleton, extra

    def __getattr__(self, name: str):
        return getattr(self._skeleton, name)

    def bodies(self, motion: Tensor):
        """See `Skeleton.bodies`."""
        return self._skeleton.bodies(motion, self._extra)

    def joint_centres(self, motion: Tensor):
        """See `Skeleton.joint_centres`."""
        return self._skeleton.joint_centres(motion, self._extra)

    def contact_points(self, motion: Tensor):
        """See `Skeleton.contact_points`."""
        return self._skeleton.contact_points(motion, self._extra)


@dataclass
class SubjectSet:
    """One subject's motions as tensors on the CPU, frames padded to the longest.

    motion: (B, T, 33) float32, as in the files. counted, once, repetition, seen: (B, T) bool, frames that the published
    definitions count, of these the ones that copy no other, the first squat, and what the surrogate may look at.
    """

    source: SubjectWindows
    models: EvaluationModels
    problem: str | None = None  # why there is no skeleton
    predicted: int = field(default=0, init=False)  # motions whose activations the surrogate predicted

    def __post_init__(self):
        motions = self.source.windows
        self.motion = torch.tensor(np.stack([self._padded(m.coordinates, "edge") for m in motions])).float()
        self.counted = self._mask([m.counted for m in motions])
        self.once = self._mask([m.counted & m.recorded for m in motions])
        self.seen = self._mask([m.recorded for m in motions])
        self.repetition = self._mask([m.first_repetition for m in motions])

    def __len__(self) -> int:
        return len(self.source.windows)

    def _padded(self, values: np.ndarray, mode: str) -> np.ndarray:
        missing = max(map(len, self.source.windows)) - len(values)
        return np.pad(values, ((0, missing), *(((0, 0),) * (values.ndim - 1))), mode=mode)

    def _mask(self, masks: list[np.ndarray]) -> Tensor:
        return torch.tensor(np.stack([self._padded(mask, "constant") for mask in masks]))

    @property
    def name(self) -> str:
        """The subject's name, as its folder says."""
        return self.source.subject

    @cached_property
    def skeleton(self):
        """The subject's skeleton, posed with the files' extra coordinates, or None, and then `problem` says why."""
        if self.source.session is None:
            self.problem = f"{self.name}: no model is known for this subject; give --subject, or --data-root"
            return None
        try:
            skeleton = load_skeleton(self.source.session.model_path)
        except InputError as error:
            self.problem = str(error)
            return None
        motions = self.source.windows
        extra = {
            name: torch.tensor(np.stack([self._padded(m.extra[name], "edge") for m in motions])).float()
            for name in skeleton.coordinate_map.extra_names
            if all(name in m.extra for m in motions)
        }
        return _PosedSkeleton(skeleton, extra) if extra else skeleton

    @cached_property
    def contact_points(self) -> Tensor | None:
        """(B, T, 12, 3) metres, or None without a model."""
        return None if self.skeleton is None else self.skeleton.contact_points(self.motion)

    @cached_property
    def joint_centres(self) -> Tensor:
        """(B, T, J, 3) metres; needs the skeleton."""
        return self.skeleton.joint_centres(self.motion)

    @cached_property
    def floor_m(self) -> Tensor:
        """(B,) each motion's own floor, metres; 0 where there is no model to know it by."""
        if self.skeleton is None:
            return torch.zeros(len(self))
        return self.context(self.once).floor_height

    def context(self, mask: Tensor, *, activations: bool = False) -> Context:
        """The Context of the motions in which the frames of `mask` count."""
        return Context(
            self.motion,
            mask=mask,
            activations=self.activations if activations else None,
            skeleton=self.skeleton,
            contact_points=self.contact_points,
        )

    @cached_property
    def placed(self) -> Tensor:
        """(B, T, 33): the motions at the origin, facing +x, on the floor y = 0, from their first frame on."""
        return torch.tensor(place(self.motion.numpy(), self.floor_m.numpy())[0]).float()

    @cached_property
    def activations(self) -> Tensor:
        """(B, T, 80), from the files where they have them, else as the surrogate predicts them."""
        known = [m.activations for m in self.source.windows]
        missing = [i for i, values in enumerate(known) if values is None]
        activations = torch.zeros(*self.motion.shape[:2], len(MUSCLES))
        for i, values in enumerate(known):
            if values is not None:
                activations[i] = torch.tensor(self._padded(values, "edge"))
        if missing:
            anthropometry = None if self.skeleton is None else torch.tensor(self.skeleton.anthropometry)
            activations[missing] = self.models.activations(self.placed[missing], self.seen[missing], anthropometry)
        self.predicted = len(missing)
        return activations

    @cached_property
    def sound_activations(self) -> Tensor:
        """(B, T) bool: frames counted once, without the first and last 0.2 s of what a surrogate can see."""
        mask = self.once.clone()
        mask[:, :_ENDS_FRAMES] = False
        last = self.seen.sum(1, keepdim=True) - _ENDS_FRAMES
        mask &= torch.arange(mask.shape[1]) < last
        return torch.where(mask.any(1, keepdim=True), mask, self.once)

    @cached_property
    def _placed_repetitions(self) -> list[np.ndarray]:
        """Each motion's first squat (and what follows), placed from the squat's first frame on, (T_i, 33)."""
        found = []
        for i, motion in enumerate(self.source.windows):
            rest = motion.coordinates[motion.repetition[0] : int(motion.recorded.sum())]
            found.append(place(rest, float(self.floor_m[i]))[0])
        return found

    @cached_property
    def values(self) -> np.ndarray:
        """(frames, 33): every frame of every first squat, placed, degrees and metres."""
        pairs = zip(self._placed_repetitions, self.source.windows, strict=True)
        return np.concatenate([placed[: m.repetition[1] - m.repetition[0]] for placed, m in pairs])

    @cached_property
    def curves(self) -> np.ndarray:
        """(B, 101, 33): every first squat, placed and time-normalised, degrees and metres."""
        pairs = zip(self._placed_repetitions, self.source.windows, strict=True)
        return np.stack([distances.time_normalised(p, (0, m.repetition[1] - m.repetition[0])) for p, m in pairs])

    @cached_property
    def features(self) -> np.ndarray:
        """(B, D): what the VQ-VAE's encoder makes of every first squat."""
        windows = [_window(p, m) for p, m in zip(self._placed_repetitions, self.source.windows, strict=True)]
        motion = torch.tensor(np.stack([window.coordinates for window in windows])).float()
        mask = torch.tensor(np.stack([window.first_repetition for window in windows]))
        return distances.encoder_features(self.models.vqvae, motion, mask)


def _window(placed: np.ndarray, motion: Window):
    time_s = np.arange(len(placed)) / FRAME_RATE_HZ
    length = motion.repetition[1] - motion.repetition[0]
    return window_from_trial(Motion(time_s, placed), Repetition(0, length, length // 2), WINDOW_FRAMES)


@dataclass
class MotionSet:
    """The motions of several subjects, ready for metrics, with what was left out of the folder they are from."""

    name: str
    folder: WindowFolder
    subjects: list[SubjectSet]

    @classmethod
    def of(cls, name: str, folder: WindowFolder, models: EvaluationModels) -> "MotionSet":
        """The motions of a folder."""
        return cls(name, folder, [SubjectSet(subject, models) for subject in folder.subjects])

    def __len__(self) -> int:
        return sum(map(len, self.subjects))

    @cached_property
    def subject_of(self) -> np.ndarray:
        """(N,) the number of the subject whose motion each is."""
        return np.repeat(np.arange(len(self.subjects)), [len(subject) for subject in self.subjects])

    @property
    def repeated_between_subjects(self) -> int:
        """How many motions are also there, exactly, under another subject."""
        owners: dict[bytes, set[str]] = {}
        keys = [(m.coordinates.tobytes(), s.name) for s in self.subjects for m in s.source.windows]
        for key, name in keys:
            owners.setdefault(key, set()).add(name)
        return sum(len(owners[key]) > 1 for key, _ in keys)

    @cached_property
    def curves(self) -> np.ndarray:
        """(N, 101, 33), see `SubjectSet.curves`."""
        return np.concatenate([subject.curves for subject in self.subjects])

    @cached_property
    def features(self) -> np.ndarray:
        """(N, D), see `SubjectSet.features`."""
        return np.concatenate([subject.features for subject in self.subjects])

    @cached_property
    def values(self) -> np.ndarray:
        """(frames, 33), see `SubjectSet.values`."""
        return np.concatenate([subject.values for subject in self.subjects])

    def counted_values(self) -> np.ndarray:
        """(values,) all that the published definitions pool."""
        return np.concatenate([subject.motion[subject.counted].flatten().numpy() for subject in self.subjects])
