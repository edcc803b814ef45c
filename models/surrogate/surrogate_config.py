"""Configuration of the surrogate, which is stored in every checkpoint."""

from dataclasses import dataclass

from models.conventions import ANTHROPOMETRIC_FEATURES


@dataclass(frozen=True)
class SurrogateConfig:
    """Hyperparameters of a surrogate; the defaults are the paper's, except for the anthropometry.

    Attributes:
        coordinates: number of coordinates of a motion.
        muscles: number of muscles.
        d_model: channels of the hidden layers.
        layers: number of transformer layers.
        heads: attention heads of a layer.
        feedforward: channels of a layer's feed-forward network.
        dropout: dropout probability.
        person_features: number of anthropometric features, all or 0.
        norm_first: normalise the input of a layer's branches and not their output, with which training is faster.
        stick_figure: approximate joint positions are inputs, too; see `models.surrogate.joint_positions`.
        derivatives: first and second time differences of coordinates and joint positions are inputs, too.
        ground_loads: estimated loads on the legs are inputs, too; see `models.surrogate.ground_loads`.
    """

    coordinates: int = 33
    muscles: int = 80
    d_model: int = 33
    layers: int = 3
    heads: int = 3
    feedforward: int = 128
    dropout: float = 0.1
    person_features: int = len(ANTHROPOMETRIC_FEATURES)
    norm_first: bool = False
    stick_figure: bool = False
    derivatives: bool = False
    ground_loads: bool = False
