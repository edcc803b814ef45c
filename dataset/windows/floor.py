"""The height of the floor in a recording, from the feet that stand on it."""

from dataset.io.mot import Motion
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session


def floor_height(session: Session, motion: Motion) -> float:
    """Height of the floor in metres, ground frame: the median over frames of the lowest point of the foot's spheres.

    A squat keeps its feet down, so that the median frame stands; the model is the session's. Each recording has its own
    floor: OpenCap's simulations stand on y = 0, its inverse kinematics near it, marker data anywhere.
    Raises InputError where the session has no usable model.
    """
    import torch

    skeleton = load_skeleton(session.model_path)
    with torch.no_grad():
        points = skeleton.contact_points(torch.as_tensor(motion.coordinates), motion.extra)
        return float((points[..., 1] - skeleton.contact_radii).amin(-1).median())
