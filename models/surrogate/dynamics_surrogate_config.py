"""Configuration of the surrogate after inverse dynamics, which is stored in every checkpoint."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DynamicsSurrogateConfig:
    """Hyperparameters of a `DynamicsSurrogate`.

    Attributes:
        ground_networks: number of networks for the ground reaction, the mean of whose answers counts.
        ground_width: channels of their hidden layers.
        ground_layers: number of their hidden layers.
        muscle_width: channels of the hidden layers of the network for the muscles.
        muscle_layers: number of its hidden layers.
        reference_samples: number of samples on which the muscles of each subject are solved.
    """

    ground_networks: int = 3
    ground_width: int = 128
    ground_layers: int = 3
    muscle_width: int = 192
    muscle_layers: int = 3
    reference_samples: int = 2000
