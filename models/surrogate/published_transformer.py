"""Surrogate as published with BIGE, for its published weights."""

import torch
from torch import Tensor, nn


class PublishedLayer(nn.Module):
    """Post-norm transformer layer whose attention is over the first dimension, the batch."""

    def __init__(self, d_model: int, heads: int, feedforward: int) -> None:
        super().__init__()
        self.multihead_attention = nn.MultiheadAttention(d_model, heads)  # as published: batch_first is not set
        self.feedforward = nn.Sequential(nn.Linear(d_model, feedforward), nn.ReLU(), nn.Linear(feedforward, d_model))
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)

    def forward(self, hidden: Tensor) -> Tensor:
        """From features (B, T, d_model) to features (B, T, d_model)."""
        hidden = self.norm1(hidden + self.multihead_attention(hidden, hidden, hidden, need_weights=False)[0])
        return self.norm2(hidden + self.feedforward(hidden))


class PublishedSurrogate(nn.Module):
    """The published surrogate, including its fault that attention is over the batch.

    Each frame of a motion attends to the same frame of the other motions of the batch, on which its activations
    therefore depend.
    """

    def __init__(self, layers: int = 3, heads: int = 3, feedforward: int = 128, frames: int = 196) -> None:
        super().__init__()
        self.positional_encoding = nn.Parameter(torch.zeros(1, frames, 33))
        self.transformer_layers = nn.ModuleList(PublishedLayer(33, heads, feedforward) for _ in range(layers))
        self.fc = nn.Linear(33, 80)

    def forward(self, motion: Tensor, mask: Tensor | None = None, anthropometry: Tensor | None = None) -> Tensor:
        """Activations (B, T, 80), 0 to 1.

        Args:
            motion: (B, T, 33) degrees and metres, canonical order; T up to 196.
            mask: not used; an argument of `models.protocols.Surrogate`.
            anthropometry: not used; an argument of `models.protocols.Surrogate`.
        """
        hidden = motion + self.positional_encoding[:, : motion.shape[1]]
        for layer in self.transformer_layers:
            hidden = layer(hidden)
        return torch.sigmoid(self.fc(hidden))
