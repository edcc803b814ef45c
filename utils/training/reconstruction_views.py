"""Reconstructions of validation windows in TensorBoard."""

from typing import TYPE_CHECKING

from dataset.opensim.model_reader import load_skeleton
from dataset.windows.motion_batch import MotionBatch
from models.vqvae.autoencoder import VQVAE
from utils.reconstruction.autoencoding import reconstruct_all, used_codes_of
from utils.runs.tensorboard_views import show_clip, show_codes, show_curves

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def show_reconstruction(writer: "SummaryWriter", step: int, model: VQVAE, windows: MotionBatch) -> None:
    """Show curves and a clip of the first window beside its reconstruction, and the codes of all windows.

    Args:
        writer: the TensorBoard writer.
        step: number of the training step.
        model: the VQ-VAE.
        windows: validation windows, on the CPU.
    """
    found = reconstruct_all(model, windows.motion.to(model.normalizer.mean.device))
    reconstruction, codes = (values.cpu() for values in found)
    show_codes(writer, step, used_codes_of(codes, windows.recorded))
    show_curves(writer, step, "validation/curves", windows.motion[0], reconstruction[0], windows.recorded[0])
    if windows.models[0]:
        pair = [motion[0, windows.recorded[0]] for motion in (windows.motion, reconstruction)]
        show_clip(writer, step, "validation/clip", pair, load_skeleton(windows.models[0]))
