"""Multilayer perceptrons."""

from torch import nn


def perceptron(inputs: int, width: int, layers: int, outputs: int) -> nn.Sequential:
    """A multilayer perceptron with smooth activation functions, so that what it computes has smooth gradients.

    Args:
        inputs: number of input channels.
        width: channels of the hidden layers.
        layers: number of the hidden layers, at least 1.
        outputs: number of output channels.
    """
    sizes = [inputs] + layers * [width]
    parts: list[nn.Module] = []
    for before, after in zip(sizes, sizes[1:], strict=False):
        parts += [nn.Linear(before, after), nn.SiLU()]
    return nn.Sequential(*parts, nn.Linear(width, outputs))
