"""The evaluation scripts as a user runs them, and the rows and tables they are made of."""

import csv
import importlib
import io
import json
import logging
import math
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import utils.cli
from dataset.io.mot import Motion, read_motion, write_motion
from dataset.locations import SHIPPED_DEMO
from dataset.motion_folders.folder_reader import read_motion_folder
from dataset.sessions import discover_sessions
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import MUSCLES, ROTATION_INDICES
from utils.metrics.catalogue import METRICS, PARTS
from utils.metrics.evaluation import Figure, Row, evaluate_folder, evaluate_reference, evaluate_set, load_reference
from utils.metrics.motion_sets import EvaluationModels, MotionSet
from utils.metrics.row_tables import as_json, cell, comma_separated, latex, markdown, readable

PERSON = "demo-person-040"


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a script in this process: its status, what it printed, and what it logged."""
    monkeypatch.delenv("BIGE_DATA", raising=False)
    monkeypatch.setenv("BIGE_DEMO", str(SHIPPED_DEMO))

    def call(script, *arguments):
        log = io.StringIO()
        handler = logging.StreamHandler(log)
        logging.getLogger("bige").addHandler(handler)
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments), "--threads", "1", "--out", str(tmp_path)])
        try:
            utils.cli.run(importlib.import_module(script.removesuffix(".py")).main)
            status = 0
        except SystemExit as end:
            status = end.code
        finally:
            logging.getLogger("bige").removeHandler(handler)
        return SimpleNamespace(status=status, printed=capsys.readouterr().out, logged=log.getvalue())

    return call


@pytest.fixture(scope="module")
def models():
    return EvaluationModels()


@pytest.fixture(scope="module")
def reference(models):
    return load_reference(SHIPPED_DEMO, models)


@pytest.fixture(scope="module")
def trial():
    return read_motion(SHIPPED_DEMO / "Data" / PERSON / "OpenSimData" / "Kinematics" / "squats1.mot")


def windows(trial, count=3, start=0):
    """Consecutive pieces of 196 frames."""
    return [trial.cut(start + 60 * k, start + 60 * k + 196) for k in range(count)]


@pytest.fixture(scope="module")
def generated(tmp_path_factory, trial):
    """A run's folder of two persons' motions, one person unknown, with a file that is no motion."""
    folder = tmp_path_factory.mktemp("run") / "mot_visualization"
    for session in (PERSON, "stranger"):
        for j, motion in enumerate(windows(trial)):
            write_motion(folder / f"latents_subject_run_{session}" / f"entry_{j}.mot", motion)
    (folder / f"latents_subject_run_{PERSON}" / "entry_9.mot").write_text("no motion\n")
    return folder


def test_the_reference_against_itself_is_at_no_distance(reference):
    row = evaluate_set(reference, reference, parts=("distances",))
    for name in ("w2_angles", "w2_pelvis", "frechet"):
        assert row.figures[name].mean == pytest.approx(0, abs=1e-5), name
    for name in ("precision", "recall", "coverage", "complete_squats"):
        assert row.figures[name].mean == 1, name
    assert row.figures["inside_band"].mean > 0.9


def test_a_shift_of_one_joint_shows_in_its_own_unit_and_nowhere_else(tmp_path, reference, models):
    for session in discover_sessions(SHIPPED_DEMO):
        for path in session.squat_muscle_driven:
            motion = read_motion(path)
            moved = motion.coordinates.copy()
            moved[:, AT["elbow_flex_l"]] += 12.0
            write_motion(tmp_path / session.id / f"{path.parent.name}.mot", Motion(motion.time_s, moved))
    row = evaluate_folder(tmp_path, "mot", reference, models, parts=("distances",))
    original = evaluate_set(reference, reference, parts=("distances",))
    assert row.figures["w2_angles"].mean == pytest.approx(12 / math.sqrt(30), rel=0.05)
    assert row.figures["w2_pelvis"].mean == pytest.approx(0, abs=0.2)
    assert row.figures["w1_knee_angle_l"].mean == pytest.approx(original.figures["w1_knee_angle_l"].mean, abs=0.5)
    assert abs(row.figures["w1_elbow_flex_l"].mean - original.figures["w1_elbow_flex_l"].mean) > 2


def test_where_a_person_stands_and_faces_does_not_count_for_the_sounder_distances(tmp_path, reference, models):
    from scipy.spatial.transform import Rotation

    path = discover_sessions(SHIPPED_DEMO)[0].squat_muscle_driven[0]
    motion = read_motion(path)
    angles = [AT[name] for name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation")]
    moved = motion.coordinates.copy()
    turn = Rotation.from_euler("Y", 70, degrees=True)
    moved[:, angles] = (turn * Rotation.from_euler("ZXY", moved[:, angles], degrees=True)).as_euler("ZXY", degrees=True)
    moved[:, 3:6] = turn.apply(moved[:, 3:6]) + [2.0, 0.3, -1.0]
    rows = []
    for name, coordinates in (("as_recorded", motion.coordinates), ("elsewhere", moved)):
        write_motion(tmp_path / name / PERSON / "a.mot", Motion(motion.time_s, coordinates))
        rows.append(evaluate_folder(tmp_path / name, "mot", reference, models))
    for name in ("w1_rotations", "w1_translations", "w2_angles", "frechet", "contact_sliding", "peak_activation"):
        assert rows[0].figures[name].mean == pytest.approx(rows[1].figures[name].mean, rel=2e-3, abs=2e-3), name
    assert abs(rows[0].figures["fidelity"].mean - rows[1].figures["fidelity"].mean) > 0.1  # the published one does


def test_the_seam_and_copies_of_a_tiled_motion_change_no_sounder_figure(tmp_path, reference, models, trial):
    part = trial.cut(0, 88).coordinates
    np.save(tmp_path / "once.npy", part)
    np.save(tmp_path / "tiled.npy", np.tile(part, (3, 1))[:196])
    once, tiled = (
        MotionSet.of(name, read_motion_folder(tmp_path, "npy", model_of=discover_sessions(SHIPPED_DEMO)[0]), models)
        for name in ("once", "tiled")
    )
    for chosen, motions in enumerate((once, tiled)):
        source = motions.subjects[0].source
        motions.subjects[0].source = type(source)(source.subject, (source.windows[chosen],), source.session)
        motions.subjects[0].__post_init__()
    rows = [evaluate_set(motions, reference) for motions in (once, tiled)]
    for name, metric in METRICS.items():
        if metric.definition == "sounder" and name in rows[0].figures:
            # a surrogate is given the same frames, in a longer batch
            assert rows[1].figures[name].mean == pytest.approx(rows[0].figures[name].mean, rel=1e-3, abs=1e-4), name
    assert rows[1].figures["com_acceleration"].mean > 1.5 * rows[0].figures["com_acceleration"].mean
    assert any("repeat themselves" in note for note in rows[1].notes)


def test_activations_come_from_the_file_where_it_has_them(tmp_path, reference, models, trial):
    motion = windows(trial, 1)[0]
    active = Motion(motion.time_s, motion.coordinates, np.full((196, len(MUSCLES)), 0.4))
    write_motion(tmp_path / PERSON / "with.mot", active)
    row = evaluate_folder(tmp_path, "mot", reference, models, parts=("guidance",))
    assert row.figures["peak_activation"].mean == pytest.approx(0.4)
    assert row.figures["mac"].mean == pytest.approx(0, abs=1e-6)
    assert "1 motions' from their files, 0 predicted" in row.notes[0]
    write_motion(tmp_path / PERSON / "without.mot", motion)
    row = evaluate_folder(tmp_path, "mot", reference, models, parts=("guidance",))
    assert "1 motions' from their files, 1 predicted" in row.notes[0]


def test_motions_longer_than_the_surrogates_are_predicted_in_pieces(models, trial):
    motion = torch.tensor(trial.coordinates[None, :300]).float()
    seen = torch.ones(1, 300, dtype=torch.bool)
    whole = models.activations(motion, seen, None)
    assert whole.shape == (1, 300, 80)
    torch.testing.assert_close(whole[:, :116], models.activations(motion[:, :196], seen[:, :196], None)[:, :116])
    assert (whole[:, 280:] > 0).all()


def test_scripts_as_the_readme_calls_them(run, tmp_path, generated):
    for script, parts in (
        ("calculate_wasserstein.py", ("fidelity W2", "frechet", "penetration", "2-Wasserstein")),
        ("calculate_guidance.py", ("MAC", "COM acceleration", "knee valgus")),
        ("calculate_floor.py", ("sliding", "drift of feet")),
    ):
        done = run(script, "--folder_path", generated, "--file_type", "mot", "--baseline", "bige")
        assert done.status == 1, done.logged  # a file is no motion, and a person has no model
        assert "entry_9.mot" in done.logged
        assert "no model is known" in done.logged
        assert "synthetic demo sessions" in done.logged
        for part in parts:
            assert part.lower() in done.printed.lower(), part
        published, sounder = done.printed.split("Sounder figures")
        assert "BIGE (paper)" in published
        assert "(paper)" not in sounder
        name = {"calculate_wasserstein.py": "wasserstein_bige", "calculate_guidance.py": "guidance_bige"}.get(
            script, "floor_bige"
        )
        assert (tmp_path / f"{name}_curves.png").exists() == name.startswith("wasserstein")
        assert {path.name for path in tmp_path.glob(f"{name}.*")} == {
            f"{name}.{s}" for s in ("csv", "json", "tex", "md")
        }
        rows = json.loads((tmp_path / f"{name}.json").read_text())
        assert [row["name"] for row in rows] == ["Demo reference", "BIGE"]
        assert rows[1]["motions"] == 6
        assert len(rows[1]["left_out"]) == 2


def test_the_script_for_motion_capture_reads_sessions(run, tmp_path):
    done = run("wasserstein_mocap.py", "--file_type", "mot", "--folder_path", SHIPPED_DEMO / "Data")
    assert done.status == 0, done.logged
    assert "MoCap (paper)" in done.printed
    rows = json.loads((tmp_path / "wasserstein_mocap.json").read_text())
    assert rows[1]["subjects"] == 2
    assert rows[1]["motions"] == 10


def test_recordings_without_simulations_are_never_their_own_reference(run, tmp_path):
    data = tmp_path / "Data"
    shutil.copytree(SHIPPED_DEMO / "Data" / PERSON, data / PERSON)
    shutil.rmtree(data / PERSON / "OpenSimData" / "Dynamics")
    done = run("wasserstein_mocap.py", "--file_type", "mot", "--folder_path", data, "--data-root", tmp_path)
    assert done.status == 0, done.logged
    assert "reference: the synthetic demo sessions" in done.logged
    done = run("wasserstein_mocap.py", "--file_type", "mot", "--folder_path", data, "--reference", data)
    assert "its recorded trials are taken" in done.logged
    assert json.loads((tmp_path / "wasserstein_mocap.json").read_text())[1]["sounder"]["w2_angles"]["mean"] < 1e-4


def test_one_motion_is_evaluated_and_called_too_few(run, tmp_path, trial):
    write_motion(tmp_path / "one" / "squat.mot", windows(trial, 1)[0])
    done = run("calculate_wasserstein.py", "--folder_path", tmp_path / "one", "--subject", PERSON)
    assert done.status == 0, done.logged
    assert "1 subject(s)" in done.logged
    assert "1 motion(s)" in done.logged
    row = json.loads((tmp_path / "wasserstein_one.json").read_text())[1]
    assert row["published"]["fidelity"]["std"] is None
    assert row["published"]["sliding"]["n"] == 1


def test_nothing_to_evaluate_is_bad_input(run, tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments in (
        ["--folder_path", tmp_path / "empty"],
        ["--folder_path", tmp_path / "missing"],
        ["--folder_path", SHIPPED_DEMO],
        ["--folder_path", SHIPPED_DEMO, "--file_type", "mocap", "--low", "0.5", "--high", "0.4"],
        ["--folder_path", SHIPPED_DEMO, "--file_type", "mocap", "--reference", tmp_path / "empty"],
    ):
        done = run("calculate_guidance.py", *arguments)
        assert done.status == 2, done.logged
        assert "error:" in done.logged


def test_floor_figures_without_any_model_are_bad_input(run, tmp_path, trial):
    write_motion(tmp_path / "stranger" / "squat.mot", windows(trial, 1)[0])
    done = run("calculate_floor.py", "--folder_path", tmp_path)
    assert done.status == 2, done.logged
    assert "no model is known" in done.logged


def test_a_session_without_a_model_has_its_other_figures(tmp_path, reference, models):
    shutil.copytree(SHIPPED_DEMO / "Data" / PERSON, tmp_path / "Data" / PERSON)
    for path in (tmp_path / "Data" / PERSON / "OpenSimData" / "Model").iterdir():
        path.unlink()
    row = evaluate_folder(tmp_path, "mocap", reference, models)
    assert "penetration" not in row.figures
    assert "knee_valgus" not in row.figures
    assert np.isfinite([row.figures[name].mean for name in ("fidelity", "omega", "mac", "w2_angles")]).all()
    assert "no scaled model" in row.left_out[0]


def test_each_subject_of_a_reference_is_held_against_the_others(reference):
    from utils.metrics.distances import optimal_transport, squared_costs

    row = evaluate_reference(reference, parts=("distances",))
    first, second = (subject.curves[..., list(ROTATION_INDICES)] for subject in reference.subjects)
    apart = optimal_transport(squared_costs(first, second))
    assert list(row.figures["w2_angles_subject"].values.values()) == pytest.approx([apart, apart])
    assert "fidelity" not in row.figures
    assert row.name == "Demo reference"


def test_the_same_motions_under_two_names_are_called_no_separate_subjects(tmp_path, reference, models, trial):
    for session in ("one", "two"):
        for j, motion in enumerate(windows(trial)):
            write_motion(tmp_path / session / f"entry_{j}.mot", motion)
    row = evaluate_folder(tmp_path, "mot", reference, models, parts=("distances",))
    assert any("6 motions are the same under several subjects" in warning for warning in row.warnings)


def test_coordinates_beside_the_33_keep_the_feet_in_place(recordings, models):
    """The recording's knees also adduct, up to 16 degrees; a foot slides by 15 cm/s where that is left out."""
    folder = read_motion_folder(recordings / "opencap" / "Data" / "mocap-dls", "mocap")
    row = evaluate_set(MotionSet.of("recorded", folder, models), None, parts=("floor",))
    assert row.figures["contact_sliding"].mean < 2
    assert row.figures["sliding"].mean < 0.03


def made_row(name="BIGE & co"):
    figures = {
        "fidelity": Figure(6.4812, 4.4567, 21, 5.0, 8.0, {"a": 6.0}),
        "diversity": Figure(1.7, math.nan, 1, math.nan, math.nan),
        "w2_angles": Figure(3.2, math.nan, 21, 2.5, 4.0),
    }
    return Row(name, Path("somewhere"), 21, 420, figures)


def test_cells_and_rows_are_the_papers():
    row = made_row()
    assert cell(METRICS["fidelity"], row.figures["fidelity"]) == "6.481±4.457"
    assert cell(METRICS["diversity"], row.figures["diversity"]) == "1.700"
    assert cell(METRICS["diversity"], None) == "–"
    assert cell(METRICS["mac"], (0.08, None)) == "0.080"
    tex = latex([row], ("distances",), ["MoCap"])
    assert r"BIGE \& co & $6.481 \pm 4.457$ & $1.700$ & 21 \\" in tex
    assert r"MoCap (paper) & $7.855 \pm 9.902$ & $1.773 \pm 0.015$ &  \\" in tex
    text = markdown([row], ("distances",), ["MoCap"])
    assert "| BIGE & co | 6.481±4.457 | 1.700 | 21 |" in text
    published, sounder = text.split("Sounder")
    assert "Wasserstein of the set" not in published
    assert "3.20 [2.50, 4.00]" in sounder
    assert "MoCap (paper)" in readable([row], PARTS, "MoCap")


def test_csv_has_a_line_a_figure_with_its_definition_and_unit():
    lines = list(csv.DictReader(comma_separated([made_row()]).splitlines()))
    assert [line["metric"] for line in lines] == ["fidelity", "diversity", "w2_angles"]
    assert lines[0]["definition"] == "published definition"
    assert (lines[2]["definition"], lines[2]["unit"], lines[2]["std"]) == ("sounder", "deg", "")
    assert lines[0]["n_subjects"] == "21"


def test_json_holds_no_nan():
    text = json.dumps(as_json([made_row()]), allow_nan=False)
    assert json.loads(text)[0]["published"]["fidelity"]["values"] == {"a": 6.0}


def test_every_figure_of_a_row_is_in_the_catalogue_and_the_other_way_round(reference):
    row = evaluate_set(reference, reference)
    assert set(row.figures) == set(METRICS)
    assert set(evaluate_reference(reference).figures) < set(METRICS)
