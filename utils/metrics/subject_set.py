"""The motions of one subject as tensors, with activations, curves and features derived from them when first needed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.io.motion import Motion
from dataset.motion_folders.window_folder import SubjectWindows
from dataset.opensim.model_reader import load_skeleton
from dataset.windows.placement import place
from dataset.windows.segmentation import Repetition
from dataset.windows.window import Window, frames_needed, windows_of_repetitions
from models.conventions import FRAME_RATE_HZ, MUSCLES
from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
from models.protocols import Skeleton
from utils.biomechanics.context import Context
from utils.metrics.distances import encoder_features, time_normalised
from utils.metrics.evaluation_networks import EvaluationNetworks
from utils.metrics.posed_skeleton import PosedSkeleton, SkeletonPerMotion


@dataclass
class SubjectSet:
    """The motions of one subject as tensors on the CPU, their frames padded to the longest motion.

    Attributes:
        source: the motions as read from their files, and the subject's session.
        networks: the networks that give features and missing activations.
        problem: why there is no skeleton or no activation; None where there is, or where none was needed so far.
        predicted: number of motions whose activations the surrogate predicted.
        warnings: what is doubtful of the models, once they were needed.
        motion: (B, T, 33) float32, degrees and metres, canonical order. Each motion is placed by its first frame: at
            x = z = 0, facing +x, at the height that it has in its file. So no metric depends on where in the laboratory
            a person stood and faced.
        counted: (B, T) bool, the frames that the published definitions count.
        recorded: (B, T) bool, frames that are not copies of earlier ones, which the surrogate may attend to.
        once: (B, T) bool, `counted` frames that are `recorded`.
        repetition: (B, T) bool, the first complete squat.
    """

    source: SubjectWindows
    networks: EvaluationNetworks
    problem: str | None = None
    predicted: int = field(default=0, init=False)
    warnings: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        """Stack the motions and their masks."""
        self.motion = self._stack([place(window.coordinates)[0] for window in self.windows])
        self.counted = self._stack_masks([window.counted for window in self.windows])
        self.recorded = self._stack_masks([window.recorded for window in self.windows])
        self.once = self.counted & self.recorded
        self.repetition = self._stack_masks([window.first_repetition for window in self.windows])

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The motions as read from their files."""
        return self.source.windows

    @property
    def name(self) -> str:
        """Name of the subject, as its folder has it."""
        return self.source.subject

    def _pad(self, values: np.ndarray, mode: Literal["edge", "constant"]) -> np.ndarray:
        missing = max(map(len, self.windows)) - len(values)
        return np.pad(values, ((0, missing), *(((0, 0),) * (values.ndim - 1))), mode=mode)

    def _stack(self, arrays: Sequence[np.ndarray]) -> Tensor:
        return torch.tensor(np.stack([self._pad(values, "edge") for values in arrays])).float()

    def _stack_masks(self, masks: Sequence[np.ndarray]) -> Tensor:
        return torch.tensor(np.stack([self._pad(mask, "constant") for mask in masks]))

    @cached_property
    def skeleton(self) -> Skeleton | None:
        """The subject's skeleton, with the files' further coordinates; None where there is none, see `problem`."""
        if self.source.session is None:
            self.problem = f"{self.name}: no model is known for this subject; give --subject or --data-root"
            return None
        try:
            models = [self.source.session.model_for(window.source) for window in self.windows]
            loaded = {model: load_skeleton(model) for model in dict.fromkeys(models)}
        except InputError as error:
            self.problem = str(error)
            return None
        self.warnings = tuple(filter(None, map(self.source.session.mass_warning, loaded)))
        skeleton: Any = loaded[models[0]]
        if any(one.body_names != skeleton.body_names for one in loaded.values()):
            self.problem = f"{self.name}: the models of its trials have different bodies, {', '.join(map(str, loaded))}"
            return None
        if len(loaded) > 1:
            skeleton = SkeletonPerMotion([loaded[model] for model in models])
        extra = self._extra(models)
        return PosedSkeleton(skeleton, extra) if extra else skeleton

    def _extra(self, models: Sequence[Path]) -> dict[str, Tensor]:
        """The further coordinates that any file has, (B, T) degrees or metres; the model's default where one has none.

        Args:
            models: that of each motion.
        """
        maps = [load_skeleton(model).coordinate_map for model in models]
        defaults = [dict(zip(one.extra_names, one.defaults.flatten().tolist(), strict=True)) for one in maps]
        names = {
            name for window, own in zip(self.windows, defaults, strict=True) for name in own if name in window.extra
        }
        return {
            name: self._stack(
                [
                    window.extra.get(name, np.full(len(window), own.get(name, 0.0)))
                    for window, own in zip(self.windows, defaults, strict=True)
                ]
            )
            for name in sorted(names)
        }

    @cached_property
    def contact_points(self) -> Tensor | None:
        """(B, T, 12, 3) centres of the foot contact spheres, metres; None without a skeleton."""
        return None if self.skeleton is None else self.skeleton.contact_points(self.motion)

    @cached_property
    def joint_centres(self) -> Tensor:
        """(B, T, J, 3) joint centres, metres. Only for a subject with a skeleton."""
        assert self.skeleton is not None
        return self.skeleton.joint_centres(self.motion)

    @cached_property
    def floor_m(self) -> Tensor:
        """(B,) height of each motion's own floor, metres; 0 without a skeleton."""
        if self.skeleton is None:
            return torch.zeros(len(self))
        return self.context(self.once).floor_height

    def context(self, mask: Tensor, *, activations: bool = False) -> Context:
        """The context of the motions in which the frames of `mask` (B, T) count, with activations where asked for."""
        return Context(
            self.motion,
            mask=mask,
            activations=self.activations if activations else None,
            skeleton=self.skeleton,
            contact_points=self.contact_points,
        )

    @cached_property
    def placed(self) -> Tensor:
        """(B, T, 33) the motions at the origin, facing +x, on the floor y = 0, placed by their first frame."""
        return torch.tensor(place(self.motion.numpy(), self.floor_m.numpy())[0]).float()

    @cached_property
    def has_activations(self) -> bool:
        """Whether the files have activations, or the surrogate can predict them."""
        known = all(window.activations is not None for window in self.windows)
        if not (known or self.skeleton is not None or not self.networks.need_model):
            return False
        try:
            _ = self.activations
        except InputError as error:  # the model has bodies, but cannot be simulated
            self.problem = str(error)
            return False
        return True

    @cached_property
    def activations(self) -> Tensor:
        """(B, T, 80) muscle activations, 0 to 1: those of the files, and the surrogate's where a file has none."""
        known = [window.activations for window in self.windows]
        missing = [i for i, values in enumerate(known) if values is None]
        activations = torch.zeros(*self.motion.shape[:2], len(MUSCLES))
        for i, values in enumerate(known):
            if values is not None:
                activations[i] = torch.tensor(self._pad(values, "edge"))
        if missing:
            for model, chosen in self._by_model(missing).items():
                extra = {} if model is None else self._extra([model] * len(self))
                extra = {name: values[chosen] for name, values in extra.items()}
                activations[chosen] = self.networks.predict(self.placed[chosen], self.recorded[chosen], model, extra)
        self.predicted = len(missing)
        return activations

    def _by_model(self, motions: Sequence[int]) -> dict[Path | None, list[int]]:
        """The motions of each model; all under None without a skeleton."""
        found: dict[Path | None, list[int]] = {}
        for i in motions:
            model = None
            if self.skeleton is not None and self.source.session is not None:
                model = self.source.session.model_for(self.windows[i].source)
            found.setdefault(model, []).append(i)
        return found

    @cached_property
    def reliable_activations(self) -> Tensor:
        """(B, T) bool, the `once` frames outside the unreliable margins at both ends of the recorded frames.

        All `once` frames of a motion that is too short to have others.
        """
        mask = self.once.clone()
        mask[:, :FILTER_MARGIN_FRAMES] = False
        last = self.recorded.sum(1, keepdim=True) - FILTER_MARGIN_FRAMES
        mask &= torch.arange(mask.shape[1]) < last
        return torch.where(mask.any(1, keepdim=True), mask, self.once)

    @cached_property
    def _placed_repetitions(self) -> list[np.ndarray]:
        """Each motion from its first squat to its last recorded frame, (T_i, 33), placed by the squat's first frame."""
        return [
            place(window.coordinates[window.repetition_span[0] : int(window.recorded.sum())], float(floor_m))[0]
            for window, floor_m in zip(self.windows, self.floor_m, strict=True)
        ]

    @cached_property
    def values(self) -> np.ndarray:
        """(frames, 33) all frames of all first squats, placed, degrees and metres."""
        pairs = zip(self._placed_repetitions, self.windows, strict=True)
        return np.concatenate([placed[: _repetition_frames(window)] for placed, window in pairs])

    @cached_property
    def curves(self) -> np.ndarray:
        """(B, 101, 33) the first squats, placed and time-normalised, degrees and metres."""
        pairs = zip(self._placed_repetitions, self.windows, strict=True)
        return np.stack([time_normalised(placed, (0, _repetition_frames(window))) for placed, window in pairs])

    @cached_property
    def features(self) -> np.ndarray:
        """(B, D) features of the first squats by the VQ-VAE's encoder."""
        repetitions = [
            Repetition.without_hold(0, frames, frames // 2) for frames in map(_repetition_frames, self.windows)
        ]
        frames = max(map(frames_needed, repetitions))
        windows = [
            windows_of_repetitions(Motion(np.arange(len(placed)) / FRAME_RATE_HZ, placed), [one], [0], frames)[0]
            for placed, one in zip(self._placed_repetitions, repetitions, strict=True)
        ]
        motion = torch.tensor(np.stack([window.coordinates for window in windows])).float()
        mask = torch.tensor(np.stack([window.first_repetition for window in windows]))
        return encoder_features(self.networks.vqvae, motion, mask)


def _repetition_frames(window: Window) -> int:
    start, end = window.repetition_span
    return end - start
