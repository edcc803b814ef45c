"""Reconstructions of held-out windows in TensorBoard."""

from dataset.opensim.model_reader import load_skeleton
from dataset.windows.motion_batch import MotionBatch
from utils.reconstruction.reconstruct import reconstruct_all
from utils.runs.tensorboard_views import show_clip, show_codes, show_curves


def show_reconstruction(writer, step: int, model, windows: MotionBatch) -> None:
    """How held-out windows come back through the codebook: curves and a clip of the first, and the codes of all."""
    reconstruction, codes = reconstruct_all(model, windows.motion)
    show_codes(writer, step, codes, windows.recorded)
    show_curves(writer, step, "held_out/curves", windows.motion[0], reconstruction[0], windows.recorded[0])
    if windows.models[0]:
        pair = [motion[0, windows.recorded[0]] for motion in (windows.motion, reconstruction)]
        show_clip(writer, step, "held_out/clip", pair, load_skeleton(windows.models[0]))
