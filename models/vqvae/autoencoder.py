"""VQ-VAE of joint kinematics: a 1-D convolutional autoencoder with a vector-quantised latent.

The network is that of T2M-GPT (Zhang et al., CVPR 2023, https://arxiv.org/abs/2301.06052, section 3.1). Its parameters
have the names and shapes of the published checkpoints, so that these can be loaded. Normalisation is part of the model:
input and output are in degrees and metres.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from models.normalizer import Normalizer
from models.vqvae.quantizer import Quantised, make_quantizer
from models.vqvae.vqvae_config import NORMS, VQVAEConfig

_PADDING_MODES: dict[str, Literal["zeros", "replicate"]] = {"zeros": "zeros", "edge": "replicate"}
ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of (B, C, T)."""

    def forward(self, features: Tensor) -> Tensor:
        """Normalise features (B, C, T) over C."""
        return super().forward(features.transpose(1, 2)).transpose(1, 2)


def _norm(kind: str | None, width: int) -> nn.Module:
    if kind is None:
        return nn.Identity()
    if kind == "LN":
        return ChannelNorm(width)
    if kind == "GN":
        return nn.GroupNorm(32, width, eps=1e-6)
    if kind == "BN":
        return nn.BatchNorm1d(width, eps=1e-6)
    raise ValueError(f"norm {kind!r} is not one of {', '.join(NORMS)} or None")


def _convolution(
    config: VQVAEConfig,
    inputs: int,
    outputs: int,
    taps: int = 3,
    *,
    stride: int = 1,
    padding: int = 1,
    dilation: int = 1,
) -> nn.Conv1d:
    """Convolution over time; by default it keeps the number of frames."""
    return nn.Conv1d(inputs, outputs, taps, stride, padding, dilation, padding_mode=_PADDING_MODES[config.padding])


class ResidualBlock(nn.Module):
    """Residual block x + conv1x1(act(norm(conv3(act(norm(x)))))); the convolution of width 3 is dilated."""

    def __init__(self, config: VQVAEConfig, dilation: int) -> None:
        super().__init__()
        width = config.width
        self.norm1 = _norm(config.norm, width)
        self.norm2 = _norm(config.norm, width)
        self.activation = ACTIVATIONS[config.activation]()
        self.conv1 = _convolution(config, width, width, padding=dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(width, width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """From features (B, width, T) to features (B, width, T)."""
        hidden = self.conv1(self.activation(self.norm1(features)))
        return features + self.conv2(self.activation(self.norm2(hidden)))


class ResidualStack(nn.Module):
    """Sequence of `depth` residual blocks; the block with the largest dilation comes first."""

    def __init__(self, config: VQVAEConfig) -> None:
        super().__init__()
        dilations = [config.dilation_growth_rate**j for j in reversed(range(config.depth))]
        self.model = nn.Sequential(*(ResidualBlock(config, dilation) for dilation in dilations))

    def forward(self, features: Tensor) -> Tensor:
        """From features (B, width, T) to features (B, width, T)."""
        return self.model(features)


class Encoder(nn.Module):
    """Convolutional encoder from motions to latents."""

    def __init__(self, config: VQVAEConfig) -> None:
        super().__init__()
        width, stride = config.width, config.stride_t
        stages = (
            nn.Sequential(
                _convolution(config, width, width, 2 * stride, stride=stride, padding=stride // 2),
                ResidualStack(config),
            )
            for _ in range(config.down_t)
        )
        self.model = nn.Sequential(
            _convolution(config, config.coordinates, width),
            nn.ReLU(),
            *stages,
            _convolution(config, width, config.code_dim),
        )

    def forward(self, motion: Tensor) -> Tensor:
        """From normalised motions (B, coordinates, T) to latents (B, code_dim, T / frames_per_latent)."""
        return self.model(motion)


class Decoder(nn.Module):
    """Convolutional decoder from latents to motions."""

    def __init__(self, config: VQVAEConfig) -> None:
        super().__init__()
        width = config.width
        stages = (
            nn.Sequential(
                ResidualStack(config),
                nn.Upsample(scale_factor=config.stride_t, mode="nearest"),
                _convolution(config, width, width),
            )
            for _ in range(config.down_t)
        )
        self.model = nn.Sequential(
            _convolution(config, config.code_dim, width),
            nn.ReLU(),
            *stages,
            _convolution(config, width, width),
            nn.ReLU(),
            _convolution(config, width, config.coordinates),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """From latents (B, code_dim, T / frames_per_latent) to normalised motions (B, coordinates, T)."""
        return self.model(latents)


class VQVAEOutput(NamedTuple):
    """Output of a training step.

    Attributes:
        reconstruction: (B, T, coordinates) degrees and metres.
        quantised: latents (B, T / frames_per_latent, code_dim), codes, commitment loss, perplexity.
    """

    reconstruction: Tensor
    quantised: Quantised


@torch.no_grad()
def _set_as_filter(
    convolution: nn.Module,
    inputs: Tensor,
    outputs: Tensor,
    taps: Tensor,
    *,
    paired_in: int | None = None,
    paired_out: int | None = None,
) -> None:
    """Make each output channel a filtered copy of one input channel.

    Args:
        convolution: its weights and biases of the output channels are overwritten.
        inputs: (C,) indices of input channels.
        outputs: (C,) indices of output channels.
        taps: (K,) coefficients of the filter.
        paired_in: the input's negative part is in the channel this many further; both are rectified.
        paired_out: write the negative output to the channel this many further, too.
    """
    assert isinstance(convolution, nn.Conv1d)
    assert convolution.bias is not None
    for offset, sign in ((0, 1.0), (paired_out, -1.0)):
        if offset is None:
            continue
        rows = outputs + offset
        convolution.weight[rows] = 0.0
        convolution.bias[rows] = 0.0
        convolution.weight[rows, inputs] = sign * taps
        if paired_in is not None:
            convolution.weight[rows, inputs + paired_in] = -sign * taps


class VQVAE(nn.Module):
    """Vector-quantised variational autoencoder of motions.

    Motions are (B, T, coordinates) in degrees and metres, canonical order, at 60 Hz, as placed by `dataset.windows`
    (starting at the origin, facing +x, floor at y = 0); T is a multiple of `config.frames_per_latent`.

    Attributes:
        config: hyperparameters.
    """

    def __init__(self, config: VQVAEConfig | None = None) -> None:
        super().__init__()
        self.config = config or VQVAEConfig()
        self.normalizer = Normalizer(self.config.coordinates)
        self.encoder = Encoder(self.config)
        self.decoder = Decoder(self.config)
        self.quantizer = make_quantizer(
            self.config.quantizer, self.config.nb_code, self.config.code_dim, self.config.mu, self.config.code_groups
        )

    @torch.no_grad()
    def start_as_interpolator(self) -> None:
        """Initialise the weights so that the untrained network reproduces any motion approximately.

        Each latent frame holds the means of the coordinates over its frames, and the decoder interpolates between them.
        From random weights this is learned slowly, and from few subjects it is not learned for coordinates that vary
        little. Each coordinate passes through the rectifiers as a pair of channels, x and -x; residual branches start
        at 0; the remaining channels stay random.

        Raises:
            ValueError: if the width is below two channels per coordinate, or the latent below one.
        """
        config, count = self.config, self.config.coordinates
        if config.width < 2 * count or config.code_dim < count:
            raise ValueError(
                f"{count} coordinates need a width of {2 * count} or more and latents of {count} channels or more"
            )
        for block in self.modules():
            if isinstance(block, ResidualBlock):
                for parameter in block.conv2.parameters():
                    nn.init.zeros_(parameter)
        channel = torch.arange(count)
        code = channel * config.code_dim // count  # spread evenly, so that groups of channels share the coordinates
        mean = torch.zeros(2 * config.stride_t)
        mean[config.stride_t // 2 : config.stride_t // 2 + config.stride_t] = 1 / config.stride_t
        same, between = torch.tensor([0.0, 1.0, 0.0]), torch.tensor([0.25, 0.5, 0.25])

        encoder, decoder = list(self.encoder.model), list(self.decoder.model)
        downsampling = [stage[0] for stage in encoder if isinstance(stage, nn.Sequential)]
        upsampling = [stage[2] for stage in decoder if isinstance(stage, nn.Sequential)]
        last = config.down_t + 2
        _set_as_filter(encoder[0], channel, channel, same, paired_out=count)
        for stage, convolution in enumerate(downsampling):
            _set_as_filter(convolution, channel, channel, mean, paired_in=None if stage else count)
        _set_as_filter(encoder[last], channel, code, same)
        _set_as_filter(decoder[0], code, channel, same, paired_out=count)
        for stage, convolution in enumerate(upsampling):
            _set_as_filter(convolution, channel, channel, between, paired_in=None if stage else count)
        _set_as_filter(decoder[last], channel, channel, same, paired_out=count)
        _set_as_filter(decoder[last + 2], channel, channel, same, paired_in=count)

    def encode(self, motion: Tensor) -> Tensor:
        """Encode motions.

        Args:
            motion: (B, T, coordinates) degrees and metres.

        Returns:
            Latents before quantisation (B, T / frames_per_latent, code_dim).

        Raises:
            ValueError: if T is not a multiple of `config.frames_per_latent`.
        """
        if motion.shape[1] % self.config.frames_per_latent:
            raise ValueError(f"{motion.shape[1]} frames are not a multiple of {self.config.frames_per_latent}")
        return self.encoder(self.normalizer.normalize(motion).transpose(1, 2)).transpose(1, 2)

    def quantize(self, latents: Tensor) -> Tensor:
        """Replace latents (B, L, code_dim) by their nearest codes (B, L, code_dim), without gradient."""
        return self.quantizer.vectors_of(self.quantizer.codes_of(latents)).detach()

    def random_latents(self, *shape: int, generator: torch.Generator | None = None) -> Tensor:
        """Latents (*shape, code_dim) of random codes, those of each group of channels independent of the others.

        Args:
            shape: how many, such as (B, L).
            generator: on the CPU; None for torch's own.
        """
        groups = () if self.config.code_groups == 1 else (self.config.code_groups,)
        codes = torch.randint(self.config.nb_code, (*shape, *groups), generator=generator)
        return self.quantizer.vectors_of(codes.to(next(self.parameters()).device)).detach()

    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents (B, L, code_dim), quantised or not, to motions (B, L * frames_per_latent, coordinates)."""
        return self.normalizer.denormalize(self.decoder(latents.transpose(1, 2)).transpose(1, 2).float())

    def reconstruct(self, motion: Tensor) -> Tensor:
        """Encode, quantise and decode motions (B, T, coordinates)."""
        return self.decode(self.quantize(self.encode(motion)))

    def forward(self, motion: Tensor, weight: Tensor | None = None, unquantised: Tensor | None = None) -> VQVAEOutput:
        """One training step's forward pass.

        Args:
            motion: (B, T, coordinates) degrees and metres.
            weight: (B, T), 0 to 1, how much each frame counts (0: it was not recorded).
            unquantised: (B,) bool, motions whose latents are decoded without quantisation, as guidance does.
        """
        latents = self.encode(motion)
        if weight is not None:
            weight = weight.view(len(motion), -1, self.config.frames_per_latent).to(motion).mean(2)
        with torch.autocast(motion.device.type, enabled=False):
            quantised = self.quantizer(latents.float(), weight)
        decoded = quantised.latents
        if unquantised is not None:
            decoded = torch.where(unquantised.view(-1, 1, 1), latents.float(), decoded)
        return VQVAEOutput(self.decode(decoded), quantised)
