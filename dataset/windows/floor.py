"""Estimation of the height of the floor in a recording, from the contact spheres of the feet."""

from dataset.io.motion import Motion
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from dataset.windows.resample import to_even


def floor_height(session: Session, motion: Motion) -> float:
    """Height of the floor, in metres in the ground frame: where the feet of a recording stand.

    Each recording has a floor of its own: at y = 0 in OpenCap's simulations, near it in its inverse kinematics, and
    anywhere in marker data. The simulation uses the same estimate, `models.muscles.foot_contact.standing_height`.

    Args:
        session: the session, whose model is used.
        motion: a recording of the session; where each trial has a model, that of the motion's file is used.

    Raises:
        InputError: the session has no usable model.
    """
    import torch

    from models.muscles.foot_contact import standing_height

    skeleton = load_skeleton(session.model_for(motion.source))
    motion = to_even(motion)  # a half with twice the frames must not count twice
    extra = {name: torch.as_tensor(values) for name, values in motion.extra.items()}
    with torch.no_grad():
        points = skeleton.contact_points(torch.as_tensor(motion.coordinates), extra)
        return float(standing_height((points[..., 1] - skeleton.contact_radii).amin(-1)))
