"""Batched, differentiable forward kinematics of a scaled OpenSim model.

Equal to OpenSim's to 1e-9 m in float64 and to 2e-6 m in float32, see tests/test_forward_kinematics.py. The ground frame
is in metres, y up.
"""

from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor, nn

from models.conventions import ANTHROPOMETRIC_FEATURES, COORDINATES, TRANSLATION_INDICES
from models.skeleton.attached_points import AttachedPoints
from models.skeleton.coordinate_map import CoordinateMap
from models.skeleton.description import ModelDescription
from models.skeleton.kinematic_tree import KinematicTree


class OpenSimSkeleton(nn.Module):
    """A subject's skeleton; the implementation of `models.protocols.Skeleton`.

    Motions are (..., 33), degrees and metres, in canonical order. `extra` holds further coordinates of the model by
    name, (...), degrees or metres.

    Attributes:
        description: the model.
        coordinate_map: from canonical motions to the model's coordinates.
        tree: all joints of the model.
        contact_radii: (12,) radii of the foot contact spheres, metres.
        coordinate_range: (33, 2) degrees and metres.
    """

    contact_radii: Tensor
    coordinate_range: Tensor

    def __init__(self, description: ModelDescription, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.description = description
        self.coordinate_map = CoordinateMap(description, dtype)
        self.tree = KinematicTree(description, dtype)
        self.contact_tree = KinematicTree(description, dtype, set(description.contact_bodies.tolist()))
        self.register_buffer("contact_radii", torch.tensor(description.contact_radii, dtype=dtype))
        self.marker_groups = AttachedPoints(self.tree, description.marker_bodies, description.marker_locations)
        self.contact_groups = AttachedPoints(
            self.contact_tree, description.contact_bodies, description.contact_locations
        )
        in_model = [description.coordinate_names.index(name) for name in COORDINATES]
        ranges = torch.tensor(description.coordinate_ranges[in_model])
        rotations = [i for i in range(len(COORDINATES)) if i not in TRANSLATION_INDICES]
        ranges[rotations] = ranges[rotations].rad2deg()
        self.register_buffer("coordinate_range", ranges.to(dtype))

    @property
    def body_names(self) -> tuple[str, ...]:
        """Names of the bodies, in the order of `bodies`."""
        return self.description.body_names

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the joints, in the order of `joint_centres`."""
        return tuple(joint.name for joint in self.description.joints)

    @property
    def marker_names(self) -> tuple[str, ...]:
        """Names of the markers, in the order of `markers`."""
        return self.description.marker_names

    @property
    def contact_names(self) -> tuple[str, ...]:
        """Names of the contact spheres, in the order of `contact_points`."""
        return self.description.contact_names

    @property
    def mass_kg(self) -> float:
        """Body mass in kilograms."""
        return float(self.description.masses_kg.sum())

    @cached_property
    def anthropometry(self) -> tuple[float, ...]:
        """Mass in kg and lengths in metres, in the order of ANTHROPOMETRIC_FEATURES.

        Leg: hip to knee to ankle. Trunk: lumbar joint to the midpoint of the shoulders. Arm: shoulder to elbow to hand.
        Foot: ankle to toe joint. Widths: between the joint centres. In the neutral pose, means of both sides.
        """
        centres = self.joint_centres(torch.zeros(1, len(COORDINATES), device=self.contact_radii.device))[0].double()
        at = {name: centres[i] for i, name in enumerate(self.joint_names)}

        def chain(*joints: str) -> float:
            pairs = [(a, b) for side in "lr" for a, b in pairwise(f"{joint}_{side}" for joint in joints)]
            return float(sum((at[a] - at[b]).norm() for a, b in pairs)) / 2

        shoulders = (at["acromial_l"] + at["acromial_r"]) / 2
        return (
            self.mass_kg,
            chain("hip", "walker_knee", "ankle"),
            float((shoulders - at["back"]).norm()),
            float((at["hip_l"] - at["hip_r"]).norm()),
            float((at["acromial_l"] - at["acromial_r"]).norm()),
            chain("acromial", "elbow", "radius_hand"),
            chain("ankle", "mtp"),
        )

    @property
    def leg_length_m(self) -> float:
        """Hip to knee plus knee to ankle in the neutral pose, mean of both legs, metres."""
        return self.anthropometry[ANTHROPOMETRIC_FEATURES.index("leg_length_m")]

    def bodies(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Rotations (..., B, 3, 3) and origins (..., B, 3) of all bodies in the ground frame, metres."""
        rotation, origin, _ = self.tree.traverse(self.tree.joints(self.coordinate_map(motion, extra)))
        return _frames_first(rotation, motion), _frames_first(origin, motion)

    def joint_centres(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """Origins of the joints' child frames, (..., B, 3) metres, in the order of `joint_names`."""
        _, _, centres = self.tree.traverse(self.tree.joints(self.coordinate_map(motion, extra)))
        return _frames_first(centres, motion)

    def markers(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """The model's markers, (..., M, 3) metres, in the order of `marker_names`."""
        rotation, origin, _ = self.tree.traverse(self.tree.joints(self.coordinate_map(motion, extra)))
        return _frames_first(self.marker_groups(rotation, origin), motion)

    def contact_points(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """Centres of the foot contact spheres, (..., 12, 3) metres, right foot first; radii in `contact_radii`.

        Only the pelvis and the legs are evaluated.
        """
        tree = self.contact_tree
        rotation, origin, _ = tree.traverse(tree.joints(self.coordinate_map(motion, extra)))
        return _frames_first(self.contact_groups(rotation, origin), motion)


def _frames_first(value: Tensor, motion: Tensor) -> Tensor:
    """Values (..., N), frames last, with the motion's leading shape first."""
    return value.movedim(-1, 0).reshape(*motion.shape[:-1], *value.shape[:-1])
