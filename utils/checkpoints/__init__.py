"""Checkpoints of the VQ-VAE and the surrogate, in this repository's format and in the published formats."""

from utils.checkpoints.checkpoint_file import TrainedNetwork, find_checkpoint, read_checkpoint, save_checkpoint
from utils.checkpoints.model_loading import SurrogateNetwork, load_surrogate, load_vqvae
from utils.checkpoints.sessions_of_network import sessions_to_evaluate, split_for_network

__all__ = [
    "SurrogateNetwork",
    "TrainedNetwork",
    "find_checkpoint",
    "load_surrogate",
    "load_vqvae",
    "read_checkpoint",
    "save_checkpoint",
    "sessions_to_evaluate",
    "split_for_network",
]
