"""Contact spheres of the feet: those of the model, or OpenCap's layout scaled to the model's feet."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dataset.errors import InputError
from dataset.opensim.opensim_library import frame_in_body, load_opensim

_CONTACTS_OF_A_FOOT = 6
# OpenCap's six spheres under a right foot: body, then the centre along x and z as a fraction of the foot's length (heel
# to metatarsophalangeal joint), measured in OpenCap's models with contacts (Uhlrich et al. 2023).
_CONTACT_LAYOUT = (
    ("s1", "calcn", 0.01163, -0.02342),
    ("s2", "calcn", 0.90806, -0.17572),
    ("s3", "calcn", 0.81391, 0.31599),
    ("s4", "calcn", 0.40533, 0.16134),
    ("s5", "toes", 0.36718, -0.11481),
    ("s6", "toes", 0.27538, 0.37854),
)
_CONTACT_HEIGHT_M = -0.01
_CONTACT_RADIUS_M = 0.032


class Contact(NamedTuple):
    """One contact sphere.

    Attributes:
        name: name of the sphere.
        body: index of its body.
        location: (3,) centre in the body's frame, metres.
        radius: metres.
    """

    name: str
    body: int
    location: np.ndarray
    radius: float


def read_contacts(
    model: Any, path: Path, standard_names: Mapping[str, str], joint_of_body: Callable[[str], Any]
) -> list[Contact]:
    """Contact spheres of a model, six for each foot, the right foot first.

    Those of the model are taken if it has six for each foot; otherwise they are placed by OpenCap's layout.

    Args:
        model: the `opensim.Model`.
        path: its file, for error messages.
        standard_names: for each body, in the order that indices refer to, its standard name.
        joint_of_body: gives the joint by which a body is attached.

    Raises:
        InputError: contacts have to be placed, and the model has no foot bodies.
    """
    own, body_names = _contacts_of_model(model, list(standard_names)), list(standard_names.values())
    feet = {side: [contact for contact in own if body_names[contact.body].endswith(f"_{side}")] for side in "rl"}
    if all(len(feet[side]) == _CONTACTS_OF_A_FOOT for side in "rl"):
        return feet["r"] + feet["l"]
    for body in ("calcn_r", "calcn_l", "toes_r", "toes_l"):
        if body not in body_names:
            raise InputError(f"{path}: the model has no body '{body}' to place contact spheres on")
    placed = []
    for side, sign in (("r", 1.0), ("l", -1.0)):
        toes = list(standard_names)[body_names.index(f"toes_{side}")]
        _, toe_joint = frame_in_body(joint_of_body(toes).getParentFrame())
        length = toe_joint[0]
        for name, body, x, z in _CONTACT_LAYOUT:
            location = np.array([x * length, _CONTACT_HEIGHT_M, sign * z * length])
            placed.append(Contact(f"{name}_{side}", body_names.index(f"{body}_{side}"), location, _CONTACT_RADIUS_M))
    return placed


def _contacts_of_model(model: Any, body_names: Sequence[str]) -> list[Contact]:
    opensim, found = load_opensim(), []
    geometry = model.getContactGeometrySet()
    for i in range(geometry.getSize()):
        sphere = opensim.ContactSphere.safeDownCast(geometry.get(i))
        if sphere is not None:
            rotation, offset = frame_in_body(sphere.getFrame())
            location = offset + rotation @ sphere.get_location().to_numpy()
            body = sphere.getFrame().findBaseFrame().getName()
            found.append(Contact(sphere.getName(), body_names.index(body), location, sphere.getRadius()))
    return found
