"""How the guidance of a person ended, as the files of a result say, which may be damaged."""

import csv
import json
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
from synthetic_run import make_result, save_run

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.output.result_files import load_guidance
from utils.guidance.output.result_record import session_folders
from utils.guidance.run_fingerprint import changes_since, run_fingerprint
from utils.people.people_table import write_tables
from utils.people.person_outcome import MET, NOT_MET, OPEN, PersonOutcome, outcome_on_disk
from utils.runs.run_folder import RunFolder

SUMMARY = {"session": "demo-person-040", "judged_by": "simulation", "accepted": 3, "wanted": 3, "why_not": []}
MADE = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def written(tmp_path):
    """Writes the two files of a result, and answers what is said of it: its status, and what has changed."""
    config = GuidanceConfig(subject=str(SHIPPED_DEMO / "Data" / "demo-person-040"), out_dir=tmp_path)
    session = config.open_session()
    folder = RunFolder(config.run_folder, session.id).motions
    folder.mkdir(parents=True)

    def write(summary=SUMMARY, made_since=None, **record):
        content = {"fingerprint": run_fingerprint(config, session), "made": MADE.isoformat(), "seconds": 12.5}
        (folder / "result.json").write_text(json.dumps(content | record))
        (folder / "summary.json").write_text(summary if isinstance(summary, str) else json.dumps(summary))
        outcome, changed = outcome_on_disk(config, session, made_since)
        return outcome and outcome.status, outcome and outcome.seconds, changed

    return write


def test_a_result_that_is_there_is_what_its_summary_says(written):
    assert written() == (MET, 12.5, [])
    assert written(SUMMARY | {"accepted": 2, "why_not": ["one is missing"]}) == (NOT_MET, 12.5, [])
    assert written(seconds="long") == (MET, 0.0, [])
    assert written(SUMMARY | {"least_change": None}) == (MET, 12.5, [])  # without own squats


def test_a_table_of_people_says_how_much_is_changed_and_what_is_doubtful(written, tmp_path):
    doubts = ["the mass differs.", "the model's muscles are too weak"]
    written(SUMMARY | {"least_change": "hips higher", "least_change_deg": 2.345, "warnings": doubts})
    config = GuidanceConfig(subject=str(SHIPPED_DEMO / "Data" / "demo-person-040"), out_dir=tmp_path)
    outcome, _ = outcome_on_disk(config, config.open_session())
    write_tables([outcome, PersonOutcome("b", OPEN)], tmp_path / "people.csv", tmp_path / "people.html")
    guided, other = csv.DictReader((tmp_path / "people.csv").open())
    assert (guided["least_change_deg"], guided["least_change"]) == ("2.3", "hips higher")
    assert guided["doubts"] == "the mass differs. the model's muscles are too weak"
    assert (other["least_change_deg"], other["doubts"]) == ("", "")
    assert "the mass differs." in (tmp_path / "people.html").read_text()


@pytest.mark.parametrize(
    "summary",
    [
        "", "[1", "[]", "{}", '{"accepted": 3, "wanted": 3}', SUMMARY | {"accepted": "3"}, SUMMARY | {"wanted": None},
        SUMMARY | {"accepted": True}, SUMMARY | {"session": 7}, SUMMARY | {"why_not": "none"},
        SUMMARY | {"why_not": [1]}, SUMMARY | {"least_change": [1]}, SUMMARY | {"least_change_deg": "2"},
        SUMMARY | {"warnings": [None]}, {**SUMMARY, "judged_by": ["simulation"]},
    ],
)  # fmt: skip
def test_a_person_whose_summary_is_damaged_is_guided_again(written, summary):
    assert written(summary) == (None, None, ["summary"])


@pytest.mark.parametrize("made", [None, 7, "", "yesterday", "2026-06-01", "2026-04-30T00:00:00+00:00"])
def test_a_result_of_an_earlier_run_or_of_no_date_is_made_again_where_all_are(written, made):
    assert written(made=made)[0] == MET
    assert written(made_since=MADE, made=made) == (None, None, [])
    assert written(made_since=MADE)[0] == MET


@pytest.mark.parametrize("name", ["vqvae/vqvae.pth", "vqvae/latents.npz", "surrogate/surrogate.pth"])
def test_every_file_of_the_networks_is_in_the_fingerprint(tmp_path, name):
    for path in ("vqvae/vqvae.pth", "vqvae/latents.npz", "surrogate/surrogate.pth"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"before")
    config = GuidanceConfig(
        subject=str(SHIPPED_DEMO / "Data" / "demo-person-040"),
        vq_name=tmp_path / "vqvae/vqvae.pth",
        surrogate_name=tmp_path / "surrogate/surrogate.pth",
    )
    before = run_fingerprint(config, config.open_session())
    (tmp_path / name).write_bytes(b"after")
    assert changes_since(before, run_fingerprint(config, config.open_session())) == ["networks"]


def test_a_result_of_other_settings_names_what_has_changed(written):
    assert written(fingerprint={"settings": "other"}) == (
        None, None, ["recordings", "model", "networks", "settings"],
    )  # fmt: skip
    assert written(fingerprint="other") == (None, None, ["record of what it was made from"])


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("motion", lambda x: np.where(np.arange(33) == 7, np.nan, x), "sample 0 has values that are NaN"),
        ("motion", lambda x: 1e6 * x, "m in data row 1, which no person reaches"),
        ("motion", lambda x: x[:, 0], r"expected motions \(N, T, 33\)"),
        ("activations", lambda x: 100 * x, "expected 0 to 1"),
        ("activations", lambda x: x[:, 1:], r"and activations \(N, T, 80\), found"),
    ],
)
def test_samples_that_are_no_motions_are_refused_before_they_are_reported(tmp_path, name, change, reason):
    folder = save_run(tmp_path, make_result(simulated=False))
    with np.load(folder / "result.npz", allow_pickle=False) as file:
        arrays = dict(file)
    load_guidance(folder)
    np.savez(folder / "result.npz", **arrays | {name: change(arrays[name]).astype(np.float32)})
    with pytest.raises(InputError, match=rf"result\.npz: .*{reason}"):
        load_guidance(folder)


@pytest.mark.parametrize("name", ["result.npz", "args.json"])
def test_files_of_two_runs_are_not_read_as_one_result(tmp_path, name):
    folder = save_run(tmp_path, make_result())
    other = save_run(tmp_path, make_result(exp_name="other", simulated=False))
    load_guidance(folder)
    shutil.copy(other / name, folder / name)
    with pytest.raises(InputError, match=rf"{name}: is not the one that was written with result\.json"):
        load_guidance(folder)


def test_motions_that_are_not_those_of_the_result_are_named(tmp_path, caplog):
    folder = save_run(tmp_path, make_result())
    motion = min(folder.glob("entry_*.mot"))
    load_guidance(folder)
    assert not caplog.records
    motion.write_bytes(motion.read_bytes().replace(b"1", b"2"))
    load_guidance(folder)
    assert f"{motion.name}: missing, or not as written" in caplog.text
    caplog.clear()
    motion.unlink()
    load_guidance(folder)
    assert f"{motion.name}: missing, or not as written" in caplog.text


def test_a_result_of_an_earlier_version_does_not_say_how_its_files_were(tmp_path):
    folder = save_run(tmp_path, make_result())
    record = json.loads((folder / "result.json").read_text())
    del record["files"]
    (folder / "result.json").write_text(json.dumps(record))
    assert load_guidance(folder).session_id == "person"


def test_a_person_whose_result_is_lost_is_not_passed_over_among_others(tmp_path):
    folders = [save_run(tmp_path, make_result(session_id=name)) for name in ("a", "b")]
    run = folders[0].parents[1]
    assert session_folders(run) == session_folders(run / "mot_visualization") == folders
    (folders[0] / "result.json").unlink()
    with pytest.raises(InputError, match=r"run_a: holds motions, but no result\.json"):
        session_folders(run)
