"""Model files that would end OpenSim are refused before it reads them, and every model that it reads is not."""

from pathlib import Path

import pytest
from opensim_poses import rajagopal2015

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from dataset.opensim.model_file_check import require_sound_model_file
from dataset.opensim.opensim_library import open_opensim_model

START = '<?xml version="1.0" encoding="UTF-8" ?>\n<OpenSimDocument Version="40000">'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (START + 30_000 * "<a>" + 30_000 * "</a>" + "</OpenSimDocument>", "nested more than"),
        (START + 70_000 * "<a/>" + "</OpenSimDocument>", "elements"),
        (START + 7_000 * '<Marker name="m"/>' + "</OpenSimDocument>", "with a name"),
        (START + "<Model>", "line 2"),
        (START + '<ControllerSet file="/dev/zero"/></OpenSimDocument>', "from another file"),
        ("<html></html>", "expected <OpenSimDocument>"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><OpenSimDocument>&b;</OpenSimDocument>', "document type"),
        ("", "not XML"),
        ("\x00\x01", "not XML"),
    ],
)
def test_a_file_that_no_model_can_be_is_refused_by_name(text, says, tmp_path):
    path = tmp_path / "model.osim"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as error:
        open_opensim_model(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(("version", "refused"), [("40000", True), ("30000", False)])
def test_a_muscle_that_only_opensim_3_would_switch_off_is_named(tmp_path, version, refused):
    path = tmp_path / "model.osim"
    muscle = '<Thelen2003Muscle name="vasmed_r"><isDisabled> true </isDisabled></Thelen2003Muscle>'
    path.write_text(START.replace("40000", version) + muscle + "<isDisabled>true</isDisabled></OpenSimDocument>")
    if refused:
        with pytest.raises(InputError, match="vasmed_r is switched off by <isDisabled>.*<appliesForce>false"):
            require_sound_model_file(path)
    else:
        require_sound_model_file(path)


def test_models_are_not_refused(tmp_path):
    for path in (rajagopal2015(), *SHIPPED_DEMO.glob("Data/*/OpenSimData/Model/*.osim")):
        assert require_sound_model_file(path) is None  # it did not refuse
    commented = tmp_path / "commented.osim"
    commented.write_bytes(Path(rajagopal2015()).read_bytes().replace(b"<Model", b"<!-- caf\xe9 --><Model", 1))
    assert require_sound_model_file(commented) is None


def test_recorded_models_are_not_refused(recordings):
    paths = list(recordings.rglob("*.osim"))
    assert paths
    assert all(require_sound_model_file(path) is None for path in paths)
