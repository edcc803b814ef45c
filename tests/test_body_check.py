"""Bodies and joints in another unit, or damaged, are refused by name."""

import re

import pytest

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from dataset.opensim.model_reader import read_osim

MODEL = min(SHIPPED_DEMO.glob("Data/*/OpenSimData/Model/*.osim"))
FEMUR = '(<Body name="femur_r">.*?'
KNEE = '(<CustomJoint name="walker_knee_r">.*?'


@pytest.mark.parametrize(
    ("pattern", "value", "says"),
    [
        (FEMUR + "<mass_center>)([^<]*)", "0 -170 0", "the body femur_r has its mass centre at 0 -170 0"),
        (FEMUR + "<mass_center>)([^<]*)", "0 nan 0", "the body femur_r has its mass centre at 0 nan 0"),
        (FEMUR + "<inertia>)([^<]*)", "nan nan nan 0 0 0", "the body femur_r has an inertia that is not finite"),
        (FEMUR + "<inertia>)([^<]*)", "-1 -1 -1 0 0 0", "femur_r .* moments of inertia of -1"),
        (FEMUR + "<inertia>)([^<]*)", "1e5 1e5 1e5 0 0 0", "femur_r .* moments of inertia of 100000"),
        (FEMUR + "<mass>)([^<]*)", "300", "the body femur_r has 300 of the model's"),
        (FEMUR + "<mass>)([^<]*)", "0", "the body femur_r has 0 of the model's .* at least"),
        (KNEE + "<translation>)([^<]*)", "nan 0 0", "the joint .* in its bodies, expected metres"),
        (KNEE + "<translation>)([^<]*)", "0 400 0", "the joint .* in its bodies, expected metres"),
        ("(<coefficients>)([^<]*)", "1e30 0", "has a function of its coordinate"),
    ],
)
def test_a_body_or_joint_that_no_person_has_is_refused_by_name(pattern, value, says, tmp_path):
    text, count = re.subn(pattern, rf"\g<1>{value}", MODEL.read_text(), count=1, flags=re.DOTALL)
    assert count
    (tmp_path / "a.osim").write_text(text)
    with pytest.raises(InputError, match=rf"a\.osim: {says}" if says.startswith("the") else says):
        read_osim(tmp_path / "a.osim")


def test_recorded_models_are_not_refused(recordings):
    masses = [read_osim(path).masses_kg.sum() for path in recordings.rglob("*.osim")]
    assert masses
    assert all(40 < mass < 120 for mass in masses)
