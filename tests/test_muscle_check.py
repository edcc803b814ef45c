"""Muscles whose parameters are in another unit, damaged or of another path are refused by name."""

import logging
import re

import pytest

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from dataset.opensim.muscle_geometry import MuscleGeometry

MODELS = sorted(SHIPPED_DEMO.glob("Data/*/OpenSimData/Model/*.osim"))


def _vasmed_of(text: str) -> str:
    """The text of a model from its right vastus medialis on."""
    return text[text.index('name="vasmed_r"', text.index("<ForceSet")) :]


@pytest.fixture
def model(tmp_path):
    def write(change: str, value: str):
        """A model whose right vastus medialis has another value of a property."""
        text = MODELS[0].read_text()
        muscle = _vasmed_of(text)
        changed = re.sub(rf"<{change}>[^<]*<", f"<{change}>{value}<", muscle, count=1)
        path = tmp_path / "a.osim"
        path.write_text(text.removesuffix(muscle) + changed)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("max_isometric_force", "nan", "max_isometric_force of the muscle vasmed_r is nan"),
        ("max_isometric_force", "-500", "vasmed_r is -500; expected 0 to 50000 N"),
        ("max_isometric_force", "1e30", "vasmed_r is 1e\\+30"),
        ("optimal_fiber_length", "97", "optimal_fiber_length of the muscle vasmed_r is 97; expected 0.005 to 1 m"),
        ("optimal_fiber_length", "nan", "optimal_fiber_length of the muscle vasmed_r is nan"),
        ("tendon_slack_length", "112", "tendon_slack_length of the muscle vasmed_r is 112"),
    ],
)
def test_a_muscle_that_no_person_has_is_refused_by_name(name, value, says, model):
    with pytest.raises(InputError, match=rf"a\.osim: .*{says}"):
        MuscleGeometry(model(name, value)).parameters()


def test_strengths_in_kilonewtons_are_refused(tmp_path):
    def in_kilonewtons(found: re.Match[str]) -> str:
        return f"<max_isometric_force>{float(found[1]) / 1000}<"

    text = re.sub(r"<max_isometric_force>([^<]*)<", in_kilonewtons, MODELS[0].read_text())
    (tmp_path / "a.osim").write_text(text)
    with pytest.raises(InputError, match=r"a\.osim: max_isometric_force is .* N at most, of all muscles"):
        MuscleGeometry(tmp_path / "a.osim").parameters()


@pytest.mark.parametrize(("slack", "times"), [("0", "2.7"), ("0.4", "-")])
def test_a_tendon_that_does_not_fit_its_path_is_named(slack, times, model, caplog):
    with caplog.at_level(logging.WARNING, logger="bige"):
        MuscleGeometry(model("tendon_slack_length", slack)).parameters()
    assert f"vasmed_r ({times}" in caplog.text


def test_a_muscle_that_is_unlike_that_of_the_other_side_is_named(model, caplog):
    right = float(re.search(r"<tendon_slack_length>([^<]*)<", _vasmed_of(MODELS[0].read_text()))[1])
    MuscleGeometry(model("tendon_slack_length", f"{right / 1.25:.6f}")).parameters()
    (said,) = [record.getMessage() for record in caplog.records if "those of the right side" in record.getMessage()]
    assert said.endswith("tendon_slack_length of vasmed_l (1.2)")
    caplog.clear()
    MuscleGeometry(model("max_isometric_force", "700")).parameters()  # a weak side is no fault
    assert "those of the right side" not in caplog.text


def test_a_path_with_a_point_that_is_not_a_number_is_refused(model):
    with pytest.raises(InputError, match="the path of the muscle vasmed_r has no length"):
        MuscleGeometry(model("location", "nan 0 0")).parameters()


def test_a_muscle_that_is_switched_off_may_have_any_parameters(model):
    path = model("optimal_fiber_length", "97")
    name = '<Millard2012EquilibriumMuscle name="vasmed_r">'
    path.write_text(path.read_text().replace(name, name + "<appliesForce>false</appliesForce>"))
    geometry = MuscleGeometry(path)
    assert geometry.switched_off().sum() == 1
    geometry.parameters()


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parents[2].name)
def test_muscles_of_people_are_not_refused(path):
    assert MuscleGeometry(path).parameters().max_isometric_force.shape == (80,)


def test_muscles_of_recorded_people_are_not_refused(recordings, caplog):
    strengths = [MuscleGeometry(path).parameters().max_isometric_force for path in recordings.rglob("*.osim")]
    assert strengths
    assert all(strength.shape == (80,) for strength in strengths)
    assert "those of the right side" not in caplog.text
