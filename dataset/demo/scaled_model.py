"""Scaled OpenSim models of the synthetic subjects: Rajagopal2015, scaled by OpenSim."""

import math
import re
from pathlib import Path

from dataset.demo.anthropometry import Person, rajagopal_folder
from dataset.demo.muscle_traits import MuscleTraits
from dataset.io.atomic_write import atomic_write
from dataset.opensim.opensim_library import load_opensim, open_opensim_model, print_xml

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
_UNLOCKED = ("subtalar_angle", "mtp_angle")


def write_scaled_model(person: Person, traits: MuscleTraits, path: str | Path) -> None:
    """Scale Rajagopal2015 to a subject and write it to `path`, atomically.

    Before scaling, the muscles get the strength and the lengths of `traits`. Segment lengths and the muscles' optimal
    fibre and tendon slack lengths follow the scale factors; maximum isometric forces do not, as in OpenCap's models.
    Mass is distributed as in the generic model and sums to `person.mass_kg`.
    Subtalar and metatarsophalangeal joints are unlocked. XML comments are removed, which halves the file.
    """
    opensim = load_opensim()
    model, _ = open_opensim_model(rajagopal_folder() / "Rajagopal2015.osim")
    for i in range(model.getMuscles().getSize()):
        muscle = model.updMuscles().get(i)
        name = re.sub("_[lr]$", "", muscle.getName())
        fibre_m, tendon_m = traits.lengths_m(name, muscle.getOptimalFiberLength(), muscle.getTendonSlackLength())
        muscle.setOptimalFiberLength(fibre_m)
        muscle.setTendonSlackLength(tendon_m)
        muscle.setMaxIsometricForce(traits.strength_of(name) * muscle.getMaxIsometricForce())
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
        print_xml(model, temporary)
        temporary.write_text(re.sub(r"\s*<!--.*?-->", "", temporary.read_text(), flags=re.DOTALL))
