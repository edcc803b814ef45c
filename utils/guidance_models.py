"""What guidance looks through: the frozen decoder and surrogate, and the person whose motion it is to be."""

import logging
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.coordinates import FRAME_RATE_HZ, TRANSLATION_INDICES
from dataset.errors import InputError
from dataset.osim_model import load_skeleton
from dataset.session import Session
from models.activations import ENDS_S
from models.published_surrogate import PublishedSurrogate
from utils.checkpoints import checkpoint_in, load_surrogate, load_vqvae
from utils.guidance import Anywhere, CodebookProximity, CodebookStarts, PrincipalMoves, Proximity, Starts
from utils.quantities import Context
from utils.refinement import corrected

logger = logging.getLogger("bige")

ROOT = Path(__file__).parent.parent
SHIPPED_VQVAE = ROOT / "pretrained" / "vqvae"
SHIPPED_SURROGATE = ROOT / "pretrained" / "surrogate"
_ENOUGH_LATENTS = 20  # of fully recorded windows, to do without the others
_SMOOTHING_S = 0.05  # standard deviation of what smooths the feet's way
_MOST_COMPARED = 256  # training latents whose distance to other people's is taken


def stand_on_floor(motion: Tensor, skeleton) -> tuple[Tensor, Tensor]:
    """Make decoded motions one person's: the feet of a squat stay where they are, on the floor y = 0.

    A decoded pelvis path belongs to the legs of the people trained on; longer legs, bent alike, move the pelvis
    further. So the path is corrected by what it does to the feet: the common horizontal way of the contact points and
    the height of the lowest are taken out of it, smoothed over 0.05 s (a frame's noise in a joint angle must not
    become an acceleration of the pelvis). It begins at the origin. Joint angles are left alone; differentiable.

    Args:
        motion: (B, T, 33), degrees and metres. skeleton: the person's.

    Returns:
        the motion (B, T, 33) and its contact points (B, T, 12, 3) metres.
    """
    points = skeleton.contact_points(motion).to(motion.dtype)
    way = points.mean(2)  # (B, T, 3)
    lowest = (points[..., 1] - skeleton.contact_radii.to(points)).amin(-1)
    way = smoothing(motion.shape[1], _SMOOTHING_S).to(motion) @ torch.stack([way[..., 0], lowest, way[..., 2]], -1)
    start = (motion[:, :1, TRANSLATION_INDICES] - way[:, :1]) * motion.new_tensor([1.0, 0.0, 1.0])
    shift = torch.zeros_like(motion)
    shift[..., TRANSLATION_INDICES] = -way - start
    return motion + shift, points - (way + start).unsqueeze(2)


@lru_cache(maxsize=8)
def smoothing(frames: int, sigma_s: float) -> Tensor:
    """(T, T) weights that fit a line around each frame, Gaussian in time: smooth, and true to slopes at both ends."""
    time = torch.arange(frames, dtype=torch.float64) / FRAME_RATE_HZ
    lag = time - time[:, None]  # (T, T)
    weights = torch.exp(-0.5 * (lag / sigma_s) ** 2)
    moment = [(weights * lag**power).sum(1, keepdim=True) for power in range(3)]
    return weights * (moment[2] - moment[1] * lag) / (moment[2] * moment[0] - moment[1] ** 2)


def low_pass(motion: Tensor, cutoff_hz: float) -> Tensor:
    """Motions (B, T, C) at 60 Hz without what is faster than `cutoff_hz` (half power); 0 leaves them as they are.

    A convolutional decoder leaves noise from frame to frame that joints do not make and a surrogate can be fooled by;
    motion capture is filtered at about 6 Hz for the same reason.
    """
    if not cutoff_hz:
        return motion
    sigma_s = math.sqrt(math.log(2)) / (2 * math.pi * cutoff_hz)  # of the Gaussian whose power is halved there
    return smoothing(motion.shape[1], sigma_s).to(motion) @ motion


@dataclass
class FrozenModels:
    """The decoder, the surrogate and a person's skeleton, none of which guidance changes."""

    vqvae: torch.nn.Module
    surrogate: torch.nn.Module
    skeleton: torch.nn.Module
    smooth_hz: float = 6.0  # low-pass of decoded motions; 0: none

    def __post_init__(self):
        for model in (self.vqvae, self.surrogate):
            model.eval().requires_grad_(False)
        self.person = torch.tensor(self.skeleton.person, dtype=torch.float32, device=self.device)

    @property
    def device(self) -> torch.device:
        """Where all of it is."""
        return next(self.vqvae.parameters()).device

    def describe(self, z: Tensor, correction: Tensor | None = None) -> Context:
        """Latents (B, L, D) -> the Context of the motions that they are for this person.

        correction: (B, T, 80) log odds to add to what the surrogate says, see `utils.refinement`.
        """
        motion = low_pass(self.vqvae.decode(z), self.smooth_hz)
        motion, points = stand_on_floor(motion, self.skeleton)
        surrogate = self._activations if correction is None else corrected(self._activations, correction)
        return self.describe_motion(motion, contact_points=points, surrogate=surrogate)

    def describe_motion(self, motion: Tensor, **options) -> Context:
        """The Context of motions (B, T, 33) that stand on the floor y = 0; options as for `Context`."""
        options.setdefault("surrogate", self._activations)
        return Context(
            motion,
            person=self.person,
            skeleton=self.skeleton,
            floor_height_m=0.0,
            ends_s=ENDS_S,
            **options,
        )

    def _activations(self, motion: Tensor, mask: Tensor, person: Tensor) -> Tensor:
        if isinstance(self.surrogate, PublishedSurrogate):  # alone: its attention would mix a batch's motions
            return torch.cat([self.surrogate(one, None, None) for one in motion.split(1)])
        return self.surrogate(motion, None if mask.all() else mask, person)


def load_models(
    vqvae: str | Path | None, surrogate: str | Path | None, session: Session, device, smooth_hz: float
) -> FrozenModels:
    """The models of two checkpoints (None: the shipped ones) and the session's skeleton, on `device`."""
    return FrozenModels(
        load_vqvae(vqvae or SHIPPED_VQVAE, device),
        load_surrogate(surrogate or SHIPPED_SURROGATE, device),
        load_skeleton(session.model_path, torch.float32).to(device),
        smooth_hz,
    )


@dataclass(frozen=True)
class LatentSpace:
    """Where guidance may start and what it has to stay near to."""

    draw: Starts | CodebookStarts
    proximity: Proximity | CodebookProximity
    move: PrincipalMoves | Anywhere
    names: tuple[str, ...]  # of the training windows, in the order of the latents; empty where there are none
    distance_to_others: float | None  # how far one person's motion typically is from the nearest of another

    def furthest(self, people: float) -> float:
        """The greatest distance that counts as plausible, for `people` times that between people; 0: any."""
        return people * self.distance_to_others if people and self.distance_to_others else math.inf


def load_latents(
    vqvae_path: str | Path | None, models: FrozenModels, frames: int, seed: int, noise: float, move: str
) -> LatentSpace:
    """The training latents beside a checkpoint (`latents.npz`), or else its codebook.

    move: `principal` or `anywhere`; a codebook alone leaves only the latter. frames: latent length; training latents
    that are longer are cut, shorter ones are an InputError.
    """
    longest = models.surrogate.positional_encoding.shape[1] // models.vqvae.config.frames_per_latent
    if frames > longest:
        raise InputError(f"--seq-len {frames} is longer than the surrogate's motions; it reads up to {longest}")
    path = checkpoint_in(vqvae_path or SHIPPED_VQVAE).with_name("latents.npz")
    if not path.is_file():
        logger.warning("%s: not there, so starts are random codes and proximity is to the codebook", path)
        codebook = models.vqvae.quantizer.vectors_of(torch.arange(models.vqvae.config.nb_code, device=models.device))
        return LatentSpace(
            CodebookStarts(codebook, frames, seed), CodebookProximity(models.vqvae.quantize), Anywhere(), (), None
        )
    with np.load(path) as content:
        latents, names = content["latents"], tuple(str(name) for name in content["names"])
        whole = content["recorded"].all(1) if "recorded" in content else np.ones(len(latents), dtype=bool)
    if latents.shape[1] < frames:
        raise InputError(f"--seq-len {frames} is longer than the training latents of {path}, {latents.shape[1]} each")
    if whole.sum() >= _ENOUGH_LATENTS:  # what was not recorded was not learned either
        latents, names = latents[whole], tuple(name for name, keep in zip(names, whole, strict=True) if keep)
    latents = torch.as_tensor(latents[:, :frames]).float().to(models.device)
    return LatentSpace(
        Starts(latents, seed, noise),
        Proximity(latents),
        Anywhere() if move == "anywhere" else PrincipalMoves(latents),
        names,
        _distance_to_others(latents, [name.split("/")[0] for name in names]),
    )


def _distance_to_others(latents: Tensor, sessions: list[str]) -> float | None:
    """Median distance of a training latent to the nearest of another session; None where there is one session."""
    number = {session: i for i, session in enumerate(dict.fromkeys(sessions))}
    if len(number) < 2:
        return None
    whose = torch.tensor([number[session] for session in sessions], device=latents.device)
    every = -(-len(latents) // _MOST_COMPARED)
    distances = torch.cdist(latents[::every].flatten(1), latents.flatten(1))
    own = whose[::every, None] == whose
    return float(distances.masked_fill(own, torch.inf).amin(1).median())
