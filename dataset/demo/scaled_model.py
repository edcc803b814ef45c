"""Scaled OpenSim models of the synthetic subjects: Rajagopal2015, scaled by OpenSim."""

import math
import re
from pathlib import Path

from dataset.demo.anthropometry import Person, rajagopal_folder
from dataset.io.atomic_write import atomic_write
from dataset.opensim.opensim_library import load_opensim, open_opensim_model

MODEL_NAME = "Rajagopal2015_scaled.osim"

# OpenCap's ranges (LaiUhlrich2022) in degrees; in Rajagopal2015 arm flexion and pronation end at 90 degrees.
_RANGES_DEG = {
    "knee_angle": (0, 140),
    "ankle_angle": (-50, 50),
    "subtalar_angle": (-35, 35),
    "mtp_angle": (-45, 30),
    "arm_flex": (-180, 180),
    "arm_add": (-180, 180),
    "arm_rot": (-180, 180),
    "elbow_flex": (0, 150),
    "pro_sup": (0, 160),
}
# Optimal fibre and tendon slack lengths, in metres, of Lai, Arnold and Wakeling (2017), as in OpenCap's models, which
# have the same paths. With Rajagopal2015's, these muscles are overstretched in deep flexion and lose their force.
_DEEP_FLEXION_M = {
    "gaslat": (0.069, 0.374),
    "gasmed": (0.059, 0.387),
    "glmax1": (0.147, 0.0873),
    "glmax2": (0.157, 0.109),
    "glmax3": (0.167, 0.103),
    "soleus": (0.044, 0.28135),
    "vasint": (0.117, 0.205),
    "vaslat": (0.117, 0.221),
    "vasmed": (0.110, 0.208),
}
_UNLOCKED = ("subtalar_angle", "mtp_angle")


def write_scaled_model(person: Person, path: str | Path) -> None:
    """Scale Rajagopal2015 to a subject and write it to `path`, atomically.

    Before scaling, calf, gluteal and vastus muscles get the lengths of Lai et al. (2017), for deep flexion. Segment
    lengths and the muscles' optimal fibre and tendon slack lengths follow the scale factors. Mass is distributed as in
    the generic model and sums to `person.mass_kg`. Maximum isometric forces remain generic, as in OpenCap's models.
    Subtalar and metatarsophalangeal joints are unlocked. XML comments are removed, which halves the file.
    """
    opensim = load_opensim()
    model, _ = open_opensim_model(rajagopal_folder() / "Rajagopal2015.osim")
    for name, (fibre_m, tendon_m) in _DEEP_FLEXION_M.items():
        for side in "rl":
            muscle = model.updMuscles().get(f"{name}_{side}")
            muscle.setOptimalFiberLength(fibre_m)
            muscle.setTendonSlackLength(tendon_m)
    state = model.initSystem()
    factors = opensim.ScaleSet()
    for i in range(model.getBodySet().getSize()):
        name = model.getBodySet().get(i).getName()
        scale = opensim.Scale()
        scale.setSegmentName(name)
        scale.setScaleFactors(opensim.Vec3(*person.scale[re.sub("_[lr]$", "", name)]))
        scale.setApply(True)
        factors.cloneAndAppend(scale)
    model.scale(state, factors, True, person.mass_kg)

    for i in range(model.getCoordinateSet().getSize()):
        coordinate = model.updCoordinateSet().get(i)
        kind = re.sub("_[lr]$", "", coordinate.getName())
        if kind in _RANGES_DEG:
            low, high = (math.radians(limit) for limit in _RANGES_DEG[kind])
            coordinate.setRangeMin(low)
            coordinate.setRangeMax(high)
        if kind in _UNLOCKED:
            coordinate.set_locked(False)
    model.setName(f"Rajagopal2015_{person.id}")
    with atomic_write(path) as temporary:
        model.printToXML(str(temporary))
        temporary.write_text(re.sub(r"\s*<!--.*?-->", "", temporary.read_text(), flags=re.DOTALL))
