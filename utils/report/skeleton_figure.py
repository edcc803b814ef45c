"""The figure that the player draws: points of a subject's skeleton, and rounded shapes around them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from models.conventions import SIDES
from models.skeleton.forward_kinematics import OpenSimSkeleton

_SOLE_OUTLINE = ("s1", "s2", "s5", "s6", "s3", "s4")  # contact points around a sole: heel, inner edge, toes, outer edge
# Heights of points of the head, as fractions of the height of the shoulders above the torso's origin in the generic
# model
_HEAD, _CHIN, _NECK = 1.70, 1.54, 1.20
_HEAD_FORWARD = 0.05  # of the same height
_HAND = 0.60  # distance of the hand from the wrist, as a fraction of the forearm's length
_SOLE_RADIUS = 0.75  # radius of a sphere of the sole, as a fraction of that of its contact point


@dataclass(frozen=True)
class SkeletonFigure:
    """Points of a skeleton and shapes, each of which is the hull of spheres around some of the points.

    Attributes:
        skeleton: the subject's skeleton. Its joint centres are measured; thickness of limbs, head and hands are not.
    """

    skeleton: OpenSimSkeleton

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the points: joint centres, contact points of the feet, then head, chin, neck and hands."""
        return (*self.skeleton.joint_names, *self.skeleton.contact_names, "head", "chin", "neck", "hand_l", "hand_r")

    def points(self, motion: np.ndarray) -> np.ndarray:
        """The points (T, P, 3) of a motion (T, 33), degrees and metres: metres in the ground frame."""
        with torch.no_grad():
            frames = torch.as_tensor(motion, dtype=torch.float32)
            centres = self.skeleton.joint_centres(frames)
            contacts = self.skeleton.contact_points(frames)
            rotation, origin = self.skeleton.bodies(frames)
        at = {name: centres[:, i] for i, name in enumerate(self.skeleton.joint_names)}
        torso = self.skeleton.body_names.index("torso")
        shoulders = (at["acromial_l"] + at["acromial_r"]) / 2
        up = rotation[:, torso, :, 1]
        height = ((shoulders - origin[:, torso]) * up).sum(-1, keepdim=True).mean()
        forward = _HEAD_FORWARD * height * rotation[:, torso, :, 0]
        extra = [origin[:, torso] + fraction * height * up + forward for fraction in (_HEAD, _CHIN, _NECK)]
        for side in SIDES:
            wrist, elbow = at[f"radius_hand_{side}"], at[f"elbow_{side}"]
            extra.append(wrist + _HAND * (wrist - elbow))
        return torch.cat([centres, contacts, torch.stack(extra, 1)], 1).numpy()

    def shapes(self) -> list[dict[str, Any]]:
        """The shapes: `side` (`l`, `r` or empty) and `spheres`, pairs of a point's index and a radius in mm."""
        at = {name: i for i, name in enumerate(self.names)}
        radii = zip(self.skeleton.contact_names, self.skeleton.contact_radii, strict=True)
        radius_mm = {name: 1000 * float(radius) for name, radius in radii}
        shapes: list[tuple[str, tuple[tuple[str, float], ...]]] = [
            ("", (("hip_l", 82), ("hip_r", 82), ("back", 88))),
            ("", (("back", 96), ("acromial_l", 56), ("acromial_r", 56), ("neck", 54))),
            ("", (("neck", 46), ("chin", 44))),
            ("", (("head", 94), ("chin", 68))),
        ]
        for side in SIDES:
            sole = tuple((name, _SOLE_RADIUS * radius_mm[name]) for name in self._sole(side))
            shapes += [
                (side, ((f"hip_{side}", 78), (f"walker_knee_{side}", 50))),
                (side, ((f"walker_knee_{side}", 50), (f"ankle_{side}", 34))),
                (side, ((f"ankle_{side}", 34), *sole)),
                (side, ((f"acromial_{side}", 46), (f"elbow_{side}", 34))),
                (side, ((f"elbow_{side}", 34), (f"radius_hand_{side}", 23))),
                (side, ((f"radius_hand_{side}", 25), (f"hand_{side}", 16))),
            ]
        return [
            {"side": side, "spheres": [[at[name], round(size)] for name, size in spheres]} for side, spheres in shapes
        ]

    def soles(self) -> dict[str, list[int]]:
        """Indices of the contact points around each sole, by side."""
        at = {name: i for i, name in enumerate(self.names)}
        return {side: [at[name] for name in self._sole(side)] for side in SIDES}

    def _sole(self, side: str) -> list[str]:
        """Names of the contact points around a sole."""
        names = self.skeleton.contact_names
        own = names[:6] if side == "r" else names[6:]  # right foot first
        by_number = {next((key for key in _SOLE_OUTLINE if key in name.lower()), name): name for name in own}
        return [by_number[key] for key in _SOLE_OUTLINE] if set(by_number) == set(_SOLE_OUTLINE) else list(own)
