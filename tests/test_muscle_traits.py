"""Muscles of the synthetic subjects: plain, changed for deep flexion and in between, strong and weak."""

import importlib.util

import numpy as np
import pytest

from dataset.demo.anthropometry import draw_person
from dataset.demo.muscle_traits import STRENGTH_GROUPS, STRENGTH_RANGE, MuscleTraits, draw_muscle_traits
from dataset.demo.scaled_model import write_scaled_model
from dataset.opensim.muscle_geometry import MuscleGeometry
from models.conventions import MUSCLE_INDEX, MUSCLES

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nimblephysics") is None,
    reason="the nimblephysics wheel, which carries Rajagopal2015.osim, is not installed",
)
GENERIC = dict.fromkeys(STRENGTH_GROUPS, 1.0)


def fibre_of_vasti_in_a_deep_squat(path) -> np.ndarray:
    """Length of the fibres over the optimal one, knees and hips at 100 degrees, the tendon at its slack length."""
    import opensim

    model = opensim.Model(str(path))
    state = model.initSystem()
    for name in ("knee_angle_r", "knee_angle_r_beta", "hip_flexion_r"):
        model.getCoordinateSet().get(name).setValue(state, np.radians(100), False)
    model.realizePosition(state)
    muscles = [model.getMuscles().get(name) for name in ("vasint_r", "vaslat_r", "vasmed_r")]
    fibres_m = np.array([muscle.getLength(state) - muscle.getTendonSlackLength() for muscle in muscles])
    return fibres_m / [muscle.getOptimalFiberLength() for muscle in muscles]


def test_vasti_keep_their_force_in_a_deep_squat_with_the_lengths_of_lai_and_not_with_plain_ones(tmp_path):
    person, fibres = draw_person(3, 0), []
    for share in (0.0, 0.5, 1.0):
        write_scaled_model(person, MuscleTraits(GENERIC, share, share), tmp_path / "model.osim")
        fibres.append(fibre_of_vasti_in_a_deep_squat(tmp_path / "model.osim"))
    plain, between, changed = fibres
    assert (plain > 1.3).all()  # where half of the force is gone
    assert ((between > changed) & (between < plain)).all()
    assert ((changed > 0.9) & (changed < 1.25)).all()


def test_strength_is_that_of_the_group_and_lengths_follow_the_subject(tmp_path):
    person = draw_person(3, 1)
    write_scaled_model(person, MuscleTraits(GENERIC, 0.0, 0.0), tmp_path / "plain.osim")
    write_scaled_model(person, MuscleTraits(GENERIC | {"quadriceps": 1.5}, 0.0, 0.0), tmp_path / "strong.osim")
    plain, strong = (MuscleGeometry(tmp_path / f"{name}.osim").parameters() for name in ("plain", "strong"))
    ratio = np.asarray(strong.max_isometric_force / plain.max_isometric_force)
    stronger = {name[:-2] for name in MUSCLES if ratio[MUSCLE_INDEX[name]] == pytest.approx(1.5)}
    assert stronger == set(STRENGTH_GROUPS["quadriceps"])
    assert (ratio[[name[:-2] not in stronger for name in MUSCLES]] == 1).all()


def test_every_muscle_belongs_to_one_group():
    grouped = sorted(name for names in STRENGTH_GROUPS.values() for name in names)
    assert grouped == sorted({name[:-2] for name in MUSCLES})


def test_people_have_plain_muscles_those_of_lai_and_others_and_are_differently_strong():
    people = [draw_person(0, index) for index in range(128)]
    traits = [draw_muscle_traits(0, person) for person in people]
    shares = np.array([one.deep_flexion for one in traits])
    assert 0.2 < (shares == 0).mean() < 0.3
    assert 0.2 < (shares == 1).mean() < 0.3
    strength = np.array([list(one.strength.values()) for one in traits])
    low, high = STRENGTH_RANGE
    assert ((strength >= low) & (strength <= high)).all()
    assert strength.min() < 0.65
    assert strength.max() > 1.5
    generic = (strength == 1).all(1)
    assert 0.25 < generic.mean() < 0.35
    mass = np.log([person.mass_kg for person in people])
    assert np.corrcoef(mass[~generic], np.log(strength[~generic]).mean(1))[0, 1] > 0.3  # the heavy are stronger
    assert draw_muscle_traits(0, people[5]) == traits[5]
