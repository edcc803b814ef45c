"""The body mass that a session states is compared with its model; metadata that cannot be used stops nothing."""

import re
import shutil
from dataclasses import replace

import pytest
from synthetic_run import make_result, save_run

from dataset.errors import InputError
from dataset.io.model_mass import read_model_mass
from dataset.locations import SHIPPED_DEMO
from dataset.opensim.model_reader import read_osim
from dataset.plain_numbers import plain_integer, plain_number
from dataset.sessions import Session, discover_sessions
from utils.guidance.output.result_files import load_guidance
from utils.guidance.output.summary import summarise_result
from utils.metrics.catalogue import FLOOR
from utils.metrics.evaluation import evaluate
from utils.metrics.evaluation_config import EvaluationConfig
from utils.metrics.evaluation_networks import EvaluationNetworks
from utils.metrics.evaluation_notes import find_warnings
from utils.metrics.motion_set import load_motions
from utils.report.page import build_page

PERSON = SHIPPED_DEMO / "Data/demo-person-040"  # 74.5 kg


@pytest.fixture
def session(tmp_path):
    return shutil.copytree(PERSON, tmp_path / "Data" / "person")


def state(session, mass):
    (session / "sessionMetadata.yaml").write_bytes(b"subjectID: person\nmass_kg: " + mass + b"\nheight_m: 1.634\n")
    return Session(session)


def scaled(model, factor):
    text = re.sub(r"<mass>([^<]+)<", lambda match: f"<mass>{factor * float(match[1])}<", model.read_text())
    inertia = re.compile(r"<inertia>([^<]+)<")
    text = inertia.sub(lambda m: "<inertia>" + " ".join(str(factor * float(x)) for x in m[1].split()) + "<", text)
    model.write_text(text)


@pytest.mark.parametrize(
    "path", sorted(SHIPPED_DEMO.glob("Data/*/OpenSimData/Model/*.osim")), ids=lambda p: p.parts[-4]
)
def test_the_mass_of_a_model_file_is_that_of_its_bodies(path):
    assert read_model_mass(path) == pytest.approx(read_osim(path).masses_kg.sum(), rel=1e-9)


def test_recorded_people_are_as_heavy_as_their_models_state(recordings):
    stated = {"field-subject0": 72, "lab-subject2": 78.2, "lab-subject4": 62.6, "lab-subject5": 79.4}
    sessions = {session.id: session for session in discover_sessions(recordings / "opencap")}
    for name, mass_kg in stated.items():
        assert read_model_mass(sessions[name].model_path) == pytest.approx(mass_kg, rel=0.01)


@pytest.mark.parametrize(
    ("mass", "says"),
    [
        (b"74.5", ""),
        (b"83", ""),
        (b"66", ""),
        (b"164.2", "164.2 may be pounds, which is 74.5 kg"),
        (b"62", "the bodies of .*osim weigh 74.5 kg in all; the model may be another person's"),
        (b"95", "the bodies of .*osim weigh 74.5 kg in all; the model may be another person's"),
        (b"seventy", "mass_kg is 'seventy', expected a number of kilograms"),
        (b"74,5", "mass_kg is '74,5', expected a number"),
        (b"nan", "mass_kg is 'nan', expected a number"),
        (b"1e309", "mass_kg is '1e309', expected a number"),
        (b"[74.5]", "mass_kg is .* expected a number"),
        (b"{kg: 74.5}", "mass_kg is .* expected a number"),
        (b"74500", "mass_kg is 74500, which no person weighs"),
        (b"-74.5", "mass_kg is -74.5, which no person weighs"),
        (b"", ""),
    ],
)
def test_a_stated_mass_is_compared_with_the_model(session, mass, says, caplog):
    opened = state(session, mass)
    assert opened.model_path.is_file()  # whatever the metadata say
    assert re.search(says, opened.mass_warning(opened.model_path))
    assert bool(opened.mass_warning(opened.model_path)) == bool(says) == ("sessionMetadata.yaml" in caplog.text)
    assert opened.subject == "person"


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (("base.osim", "p040.osim"), "p040.osim"),
        (("p039_scaled_contacts.osim", "p040_scaled.osim"), "p040_scaled.osim"),
        (("a_scaled.osim", "p040.osim"), "a_scaled.osim"),
    ],
)
def test_of_equally_scaled_models_that_of_the_stated_mass_is_taken(session, names, taken):
    """The first file is twice as heavy as the person, and newer; only a name says that a model is scaled."""
    model = Session(session).model_path
    heavy, own = (model.with_name(name) for name in names)
    shutil.copy(model, heavy)
    model.rename(own)
    scaled(heavy, 2)
    assert state(session, b"74.5").model_path.name == taken


def test_nothing_is_compared_without_metadata(session, caplog):
    (session / "sessionMetadata.yaml").unlink()
    assert Session(session).mass_warning(Session(session).model_path) == ""
    assert not caplog.text


def test_a_model_of_no_persons_mass_is_refused(session):
    scaled(Session(session).model_path, 1000)
    with pytest.raises(InputError, match=r"weigh 74500 kg in all; expected a person's mass, 5 to 500 kg"):
        read_osim(Session(session).model_path)


def test_the_warning_is_in_summary_report_and_saved_result(session, tmp_path):
    opened = state(session, b"164.2")
    warning = opened.mass_warning(opened.model_path)
    result = replace(make_result(), warnings=(warning,))
    assert summarise_result(result)["warnings"] == [warning]
    assert "164.2 may be pounds" in build_page(result)
    assert load_guidance(save_run(tmp_path / "runs", result)).warnings == (warning,)


def test_the_warning_is_among_those_of_an_evaluation(session):
    state(session, b"40")
    motions = load_motions(session.parent, "mocap", EvaluationNetworks(), data_root=session.parents[1])
    assert motions.subjects[0].contact_points is not None
    assert any("mass_kg is 40, but" in warning for warning in find_warnings(motions, None, ("extended",)))


def test_an_evaluation_of_recordings_that_are_its_reference_warns_once(session, tmp_path, caplog):
    state(session, b"41")
    config = EvaluationConfig(
        folder_path=session.parent, file_type="mocap", out_dir=tmp_path / "out", parts=(FLOOR,), table_name="floor"
    )
    result = evaluate(config)
    assert sum("mass_kg is 41, but" in record.getMessage() for record in caplog.records) == 1
    assert all(any("mass_kg is 41, but" in warning for warning in row.warnings) for row in result.rows)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12.0), ("-.5", -0.5), ("5.", 5.0), (" 1e-3\n", 1e-3), ("+7", 7.0), ("1E2", 100.0),
        ("1_0", None), ("nan", None), ("+nan", None), ("inf", None), ("1e309", None), ("", None), (".", None),
        ("\u0669", None), ("1\u00a0", None), ("0x1F", None), ("1,5", None), ("1 2", None), ("True", None),
    ],
)  # fmt: skip
def test_plain_numbers(text, number):
    assert plain_number(text) == number
    is_integer = number is not None and text.strip().lstrip("+-").isdigit()
    assert plain_integer(text) == (int(number) if is_integer else None)
