"""A person's figure: the points that the player needs of a motion, and the rounded shapes drawn around them."""

from dataclasses import dataclass

import numpy as np
import torch

_OUTLINE = ("s1", "s2", "s5", "s6", "s3", "s4")  # of a sole, around it: heel, inner edge, toes, outer edge
# Of the height of the shoulders above the torso's origin, as in the generic model
_HEAD, _CHIN, _NECK = 1.70, 1.54, 1.20
_HAND = 0.60  # of the forearm's length, beyond the wrist


@dataclass(frozen=True)
class Figure:
    """What is drawn: names of points, and shapes, each the hull of spheres around some of them.

    A shape is {"side": "l", "r" or "", "spheres": [[point, radius in mm], ...]}. Radii are drawn, not measured.
    """

    skeleton: torch.nn.Module

    @property
    def names(self) -> tuple[str, ...]:
        """Of the points: the joints' centres, the feet's contact points, then head, chin, neck and hands."""
        return (*self.skeleton.joint_names, *self.skeleton.contact_names, "head", "chin", "neck", "hand_l", "hand_r")

    def points(self, motion: np.ndarray) -> np.ndarray:
        """(T, P, 3) metres, ground frame, of a motion (T, 33) in degrees and metres."""
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
        forward = 0.05 * height * rotation[:, torso, :, 0]
        extra = [origin[:, torso] + share * height * up + forward for share in (_HEAD, _CHIN, _NECK)]
        extra += [
            at[f"radius_hand_{side}"] + _HAND * (at[f"radius_hand_{side}"] - at[f"elbow_{side}"]) for side in "lr"
        ]
        return torch.cat([centres, contacts, torch.stack(extra, 1)], 1).numpy()

    def shapes(self) -> list[dict]:
        """The shapes, with points by their number in `names`."""
        at = {name: i for i, name in enumerate(self.names)}
        radius = {
            name: 1000 * float(r)
            for name, r in zip(self.skeleton.contact_names, self.skeleton.contact_radii, strict=True)
        }
        soles = {side: self._sole(side) for side in "lr"}
        shapes = [
            ("", (("hip_l", 82), ("hip_r", 82), ("back", 88))),
            ("", (("back", 96), ("acromial_l", 56), ("acromial_r", 56), ("neck", 54))),
            ("", (("neck", 46), ("chin", 44))),
            ("", (("head", 94), ("chin", 68))),
        ]
        for side in "lr":
            sole = tuple((name, 0.75 * radius[name]) for name in soles[side])
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
        """Of each side the contact points around the sole, for its print on the floor."""
        at = {name: i for i, name in enumerate(self.names)}
        return {side: [at[name] for name in self._sole(side)] for side in "lr"}

    def _sole(self, side: str) -> list[str]:
        names = self.skeleton.contact_names
        own = names[:6] if side == "r" else names[6:]  # right foot first
        by_number = {next((key for key in _OUTLINE if key in name.lower()), name): name for name in own}
        return [by_number[key] for key in _OUTLINE] if set(by_number) == set(_OUTLINE) else list(own)
