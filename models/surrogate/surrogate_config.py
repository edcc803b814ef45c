"""Configuration of the surrogate; it is stored in every checkpoint."""

from dataclasses import dataclass

from models.conventions import ANTHROPOMETRIC_FEATURES


@dataclass(frozen=True)
class SurrogateConfig:
    """All that shapes a surrogate; kept in its checkpoint. The defaults are the paper's, but for the person."""

    coordinates: int = 33
    muscles: int = 80
    frames: int = 196  # longest motion
    d_model: int = 33
    layers: int = 3
    heads: int = 3
    feedforward: int = 128
    dropout: float = 0.1
    person_features: int = len(ANTHROPOMETRIC_FEATURES)  # 0: the model knows nothing of the person
    norm_first: bool = False  # normalise what goes into a layer's branches, not what comes out; learns sooner
    stick_figure: bool = False  # joints of a stick figure of the person's proportions are inputs too
    derivatives: bool = False  # speeds and accelerations of these, by central differences, are inputs too
    ground_loads: bool = False  # loads on the legs by the laws of motion of a stick figure's masses are inputs too
