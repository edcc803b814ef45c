"""Poses realised by OpenSim itself, for tests that hold our kinematics and dynamics against it."""

import importlib.util
from pathlib import Path

import numpy as np

from dataset.opensim.opensim_library import open_opensim_model
from models.conventions import COORDINATES, ROTATION_INDICES

ROOT = Path(__file__).resolve().parents[1]


def rajagopal2015() -> Path:
    """The generic Rajagopal2015 model of the nimblephysics wheel, found without importing it.

    Where the wheel is not installed (it has no release for Python 3.13), the shipped model, which is scaled from it.
    """
    package = importlib.util.find_spec("nimblephysics")
    if package is None:
        return ROOT / MODELS["demo-person-040"]
    return Path(package.submodule_search_locations[0]) / "models" / "rajagopal_data" / "Rajagopal2015.osim"


# Under the repository, or under the folder of recordings; None for the generic model of the nimblephysics wheel.
MODELS = {
    "Rajagopal2015": None,
    "demo-person-040": "demo/shipped/Data/demo-person-040/OpenSimData/Model/Rajagopal2015_scaled.osim",
    "LaiUhlrich2022": "models/LaiUhlrich2022.osim",
    "field-subject0": "opencap/Data/field-subject0/OpenSimData/Model/"
    "LaiArnoldModified2017_poly_withArms_weldHand_scaled_adjustedMA_contacts.osim",
    "mocap-dls": "opencap/Data/mocap-dls/OpenSimData/Model/final.osim",
}


def model_path(name: str, request) -> Path:
    """Path of one of MODELS. Asks for the recordings, and so may skip, only where the model is among them."""
    if MODELS[name] is None:
        return rajagopal2015()
    shipped = ROOT / MODELS[name]
    return shipped if shipped.is_file() else request.getfixturevalue("recordings") / MODELS[name]


class OpenSimPoses:
    """An OpenSim model whose coordinates, coupled ones included, are set from canonical motions."""

    def __init__(self, path: Path):
        self.model, self.state = open_opensim_model(path)
        self.coordinates = self.model.getCoordinateSet()
        for i in range(self.coordinates.getSize()):
            self.coordinates.get(i).setLocked(self.state, False)

    def set(self, frame: np.ndarray, speed: np.ndarray | None = None, extra: dict[str, float] | None = None) -> None:
        """frame, speed: (33,) degrees and metres (per second); realises positions, and velocities where given."""
        scale = np.ones(len(COORDINATES))
        scale[list(ROTATION_INDICES)] = np.pi / 180
        values = dict(zip(COORDINATES, frame * scale, strict=True))
        values |= {name: np.radians(value) for name, value in (extra or {}).items()}
        speeds = {} if speed is None else dict(zip(COORDINATES, speed * scale, strict=True))
        for side in "lr":
            values[f"knee_angle_{side}_beta"] = values[f"knee_angle_{side}"]
            if speeds:
                speeds[f"knee_angle_{side}_beta"] = speeds[f"knee_angle_{side}"]
        for name, value in values.items():
            self.coordinates.get(name).setValue(self.state, float(value), False)
        for name, value in speeds.items():
            self.coordinates.get(name).setSpeedValue(self.state, float(value))
        self.model.realizeVelocity(self.state) if speeds else self.model.realizePosition(self.state)
