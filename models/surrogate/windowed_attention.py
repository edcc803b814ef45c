"""Transformer layers whose attention reaches a fixed time to both sides, for sequences of any length.

What a frame gets depends on the frames around it and on how far away they are, not on their number in the sequence
(relative positions: Shaw et al. 2018; as a bias of each head: Raffel et al. 2020).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.surrogate.batch_dropout import BatchDropout


class WindowedAttentionLayer(nn.Module):
    """A layer of a transformer encoder: attention to the frames within reach, then a feed-forward network."""

    bias: Tensor

    def __init__(
        self, channels: int, heads: int, feedforward: int, reach: int, *, dropout: float = 0.0, norm_first: bool = False
    ) -> None:
        """Set up the layer.

        Args:
            channels: of its input and output.
            heads: attention heads; the channels are a multiple of them.
            feedforward: channels of the feed-forward network.
            reach: frames to both sides that are attended to.
            dropout: dropout probability of both branches.
            norm_first: normalise the input of the branches and not the sum with their output.
        """
        super().__init__()
        self.heads, self.reach, self.norm_first = heads, reach, norm_first
        self.queries_keys_values = nn.Linear(channels, 3 * channels)
        self.output = nn.Linear(channels, channels)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * reach + 1))  # by relative frame, from -reach to reach
        self.feedforward = nn.Sequential(
            nn.Linear(channels, feedforward), nn.ReLU(), BatchDropout(dropout), nn.Linear(feedforward, channels)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(2))
        self.dropout = BatchDropout(dropout)

    def forward(self, hidden: Tensor, hidden_frames: Tensor | None = None) -> Tensor:
        """Hidden states (B, T, channels) after the layer.

        Args:
            hidden: (B, T, channels).
            hidden_frames: (B, T) bool, frames that no other frame attends to; None for none.
        """
        of_attention, of_feedforward = self.norms
        if self.norm_first:
            hidden = hidden + self.dropout(self._attention(of_attention(hidden), hidden_frames))
            return hidden + self.dropout(self.feedforward(of_feedforward(hidden)))
        hidden = of_attention(hidden + self.dropout(self._attention(hidden, hidden_frames)))
        return of_feedforward(hidden + self.dropout(self.feedforward(hidden)))

    def _attention(self, hidden: Tensor, hidden_frames: Tensor | None) -> Tensor:
        by_head = self.queries_keys_values(hidden).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scores = self._relative_bias(hidden.shape[1])[None]  # (1, heads, T, T)
        if hidden_frames is not None:
            # Every frame attends at least to itself: attention to nothing would be NaN.
            itself = torch.eye(hidden.shape[1], dtype=torch.bool, device=hidden.device)
            scores = scores.masked_fill(hidden_frames[:, None, None] & ~itself, -torch.inf)
        queries, keys, values = by_head  # (B, heads, T, channels of a head)
        attended = functional.scaled_dot_product_attention(queries, keys, values, scores.to(queries))
        return self.output(attended.transpose(1, 2).flatten(-2))

    def _relative_bias(self, frames: int) -> Tensor:
        """What is added to the scores, (heads, T, T); minus infinity for frames that are out of reach."""
        index = torch.arange(frames, device=self.bias.device)
        relative = index - index[:, None]  # of the attended frame to the attending one
        bias = self.bias[:, relative.clamp(-self.reach, self.reach) + self.reach]
        return bias.masked_fill(relative.abs() > self.reach, -torch.inf)
