"""The evaluation scripts as a user runs them, and the rows and tables they are made of."""

import csv
import importlib
import io
import json
import logging
import math
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

import utils.cli
from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.locations import SHIPPED_DEMO
from dataset.motion_folders.folder_reader import read_motion_folder
from dataset.sessions import discover_sessions
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import MUSCLES, ROTATION_INDICES
from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
from models.surrogate.published_transformer import PublishedSurrogate
from options.config_parser import parse_config
from options.evaluation_options import build_parser
from utils.metrics.catalogue import EXTENDED, GUIDANCE, METRICS, PARTS
from utils.metrics.curve_band import ReferenceBand
from utils.metrics.evaluation import evaluate, evaluate_folder, evaluate_reference, evaluate_set
from utils.metrics.evaluation_config import EvaluationConfig, MetricConfig
from utils.metrics.evaluation_networks import EvaluationNetworks
from utils.metrics.metric_row import MetricRow, MetricValue
from utils.metrics.motion_set import MotionSet
from utils.metrics.reference_motions import load_reference
from utils.metrics.row_tables import (
    as_json,
    comma_separated,
    format_cell,
    latex_tables,
    markdown_tables,
    readable_tables,
)

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
def networks():
    return EvaluationNetworks()


@pytest.fixture(scope="module")
def reference(networks):
    return load_reference(SHIPPED_DEMO, networks)


@pytest.fixture(scope="module")
def trial():
    return read_motion(SHIPPED_DEMO / "Data" / PERSON / "OpenSimData" / "Kinematics" / "squats1.mot")


def windows(trial, count=3, start=0):
    """Consecutive pieces of 196 frames."""
    return [trial.cut(start + 60 * k, start + 60 * k + 196) for k in range(count)]


@pytest.fixture(scope="module")
def generated(tmp_path_factory, trial):
    """A run's folder with motions of two subjects, one of them unknown, and a file that cannot be read."""
    folder = tmp_path_factory.mktemp("run") / "mot_visualization"
    for session in (PERSON, "stranger"):
        for j, motion in enumerate(windows(trial)):
            write_motion(folder / f"latents_subject_run_{session}" / f"entry_{j}.mot", motion)
    (folder / f"latents_subject_run_{PERSON}" / "entry_9.mot").write_text("no motion\n")
    return folder


def test_the_reference_against_itself_is_at_no_distance(reference):
    row = evaluate_set(reference, reference, MetricConfig(parts=("distances",)))
    for name in ("w2_angles", "w2_pelvis", "frechet"):
        assert row.metrics[name].mean == pytest.approx(0, abs=1e-5), name
    for name in ("precision", "recall", "coverage", "complete_squats"):
        assert row.metrics[name].mean == 1, name
    limits = [(row.metrics[name].low, row.metrics[name].high) for name in ("precision", "recall", "coverage")]
    assert all(0 <= low <= high <= 1 for low, high in limits)  # they are fractions
    assert row.metrics["inside_band"].mean > 0.9


def test_a_shift_of_one_joint_shows_in_its_own_unit_and_nowhere_else(tmp_path, reference, networks):
    for session in discover_sessions(SHIPPED_DEMO):
        for path in session.squat_muscle_driven:
            motion = read_motion(path)
            moved = motion.coordinates.copy()
            moved[:, AT["elbow_flex_l"]] += 12.0
            write_motion(tmp_path / session.id / f"{path.parent.name}.mot", Motion(motion.time_s, moved))
    row = evaluate_folder(tmp_path, "mot", reference, networks, MetricConfig(parts=("distances",)))
    original = evaluate_set(reference, reference, MetricConfig(parts=("distances",)))
    assert row.metrics["w2_angles"].mean == pytest.approx(12 / math.sqrt(30), rel=0.05)
    assert row.metrics["w2_pelvis"].mean == pytest.approx(0, abs=0.2)
    assert row.metrics["w1_knee_angle_l"].mean == pytest.approx(original.metrics["w1_knee_angle_l"].mean, abs=0.5)
    assert abs(row.metrics["w1_elbow_flex_l"].mean - original.metrics["w1_elbow_flex_l"].mean) > 2


def test_distances_of_positions_are_in_centimetres_and_of_angles_in_degrees(reference):
    row = evaluate_set(reference, reference, MetricConfig(parts=("distances",)))
    for name, scale in (("pelvis_ty", 100), ("knee_angle_r", 1)):
        for subject in reference.subjects:
            expected = scale * wasserstein_distance(reference.values[:, AT[name]], subject.values[:, AT[name]])
            assert row.metrics[f"w1_{name}"].values[subject.name] == pytest.approx(expected, rel=1e-6)
    height = row.metrics["w1_pelvis_ty"]
    assert height.mean > 0.1
    assert height.std == pytest.approx(np.std(list(height.values.values()), ddof=1))


@pytest.mark.parametrize("heading_deg", [70, 180])
def test_no_metric_depends_on_position_and_heading(tmp_path, reference, networks, heading_deg):
    from scipy.spatial.transform import Rotation

    path = discover_sessions(SHIPPED_DEMO)[0].squat_muscle_driven[0]
    motion = read_motion(path)
    angles = [AT[name] for name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation")]
    moved = motion.coordinates.copy()
    turn = Rotation.from_euler("Y", heading_deg, degrees=True)
    moved[:, angles] = (turn * Rotation.from_euler("ZXY", moved[:, angles], degrees=True)).as_euler("ZXY", degrees=True)
    moved[:, 3:6] = turn.apply(moved[:, 3:6]) + [2.0, 0.0, -1.0]
    rows = []
    for name, coordinates in (("as_recorded", motion.coordinates), ("elsewhere", moved)):
        write_motion(tmp_path / name / PERSON / "a.mot", Motion(motion.time_s, coordinates))
        rows.append(evaluate_folder(tmp_path / name, "mot", reference, networks))
    assert {"fidelity", "diversity", "pelvis_tilt", "tilt_at_peak", "com_jerk"} < set(rows[0].metrics)
    for name, metric in rows[0].metrics.items():
        assert metric.mean == pytest.approx(rows[1].metrics[name].mean, rel=2e-3, abs=2e-3, nan_ok=True), name
    assert any("facing +x" in note for note in rows[0].notes)


def test_extended_metrics_do_not_depend_on_copies_and_seams_of_a_tiled_motion(tmp_path, reference, networks, trial):
    part = trial.cut(0, 88).coordinates
    np.save(tmp_path / "once.npy", part)
    np.save(tmp_path / "tiled.npy", np.tile(part, (3, 1))[:196])
    once, tiled = (
        MotionSet.of(name, read_motion_folder(tmp_path, "npy", model_of=discover_sessions(SHIPPED_DEMO)[0]), networks)
        for name in ("once", "tiled")
    )
    for chosen, motions in enumerate((once, tiled)):
        source = motions.subjects[0].source
        motions.subjects[0].source = type(source)(source.subject, (source.windows[chosen],), source.session)
        motions.subjects[0].__post_init__()
    rows = [evaluate_set(motions, reference) for motions in (once, tiled)]
    for name, metric in METRICS.items():
        if metric.definition == EXTENDED and name in rows[0].metrics:
            # a surrogate is given the same frames, in a longer batch
            assert rows[1].metrics[name].mean == pytest.approx(rows[0].metrics[name].mean, rel=1e-3, abs=1e-4), name
    assert rows[1].metrics["com_acceleration"].mean > 1.5 * rows[0].metrics["com_acceleration"].mean
    assert any("tiled with exact copies" in note for note in rows[1].notes)


def test_activations_come_from_the_file_where_it_has_them(tmp_path, reference, networks, trial):
    motion = windows(trial, 1)[0]
    active = Motion(motion.time_s, motion.coordinates, np.full((196, len(MUSCLES)), 0.4))
    write_motion(tmp_path / PERSON / "with.mot", active)
    row = evaluate_folder(tmp_path, "mot", reference, networks, MetricConfig(parts=("guidance",)))
    assert row.metrics["peak_activation"].mean == pytest.approx(0.4)
    assert row.metrics["mac"].mean == pytest.approx(0, abs=1e-6)
    assert "from the files of 1 motions and predicted by the surrogate for 0" in row.notes[0]
    write_motion(tmp_path / PERSON / "without.mot", motion)
    row = evaluate_folder(tmp_path, "mot", reference, networks, MetricConfig(parts=("guidance",)))
    assert "from the files of 1 motions and predicted by the surrogate for 1" in row.notes[0]


def test_peaks_do_not_count_where_filters_lack_frames(tmp_path, reference, networks, trial):
    motion = windows(trial, 1)[0]
    activations = np.full((196, len(MUSCLES)), 0.4)
    activations[[0, FILTER_MARGIN_FRAMES - 1, -FILTER_MARGIN_FRAMES, -1]] = 0.9
    write_motion(tmp_path / PERSON / "spikes.mot", Motion(motion.time_s, motion.coordinates, activations))
    row = evaluate_folder(tmp_path, "mot", reference, networks, MetricConfig(parts=("guidance",)))
    assert row.metrics["peak_activation"].mean == pytest.approx(0.4)
    assert row.metrics["in_range"].mean == 1
    assert row.metrics["mac"].mean == pytest.approx(0.45)  # as published, all frames count
    activations[:, MUSCLES.index("vasmed_r")] = 0.6
    write_motion(tmp_path / PERSON / "right.mot", Motion(motion.time_s, motion.coordinates, activations))
    row = evaluate_folder(tmp_path, "mot", reference, networks, MetricConfig(parts=("guidance",)))
    assert row.metrics["in_range"].mean == 0.5  # both sides of a motion have to be


def test_a_motion_too_short_for_the_filters_has_the_peak_of_all_its_frames(tmp_path, reference, networks, trial):
    part = trial.cut(0, 2 * FILTER_MARGIN_FRAMES)
    activations = np.full((len(part), len(MUSCLES)), 0.4)
    write_motion(tmp_path / PERSON / "short.mot", Motion(part.time_s, part.coordinates, activations))
    row = evaluate_folder(tmp_path, "mot", reference, networks, MetricConfig(parts=("guidance",)))
    assert row.metrics["peak_activation"].mean == pytest.approx(0.4)


def test_a_motion_without_a_squat_counts_as_a_whole_which_is_said(tmp_path, reference, networks, trial):
    standing = np.repeat(trial.coordinates[:1], 100, axis=0)
    for name, coordinates in (("squats", trial.coordinates), ("a", standing), ("b", standing)):
        write_motion(tmp_path / PERSON / f"{name}.mot", Motion(np.arange(len(coordinates)) / 60, coordinates))
    row = evaluate_folder(tmp_path, "mot", reference, networks, MetricConfig(parts=("distances",)))
    assert row.metrics["complete_squats"].mean == pytest.approx(1 / 3)
    assert "2 motions contain no complete squat; all of their frames are used in its place" in row.notes


def test_motions_longer_than_the_surrogates_are_predicted_in_pieces(tmp_path, trial):
    torch.manual_seed(0)
    torch.save(PublishedSurrogate().state_dict(), tmp_path / "published.pth")  # reads 196 frames
    networks = EvaluationNetworks(surrogate_path=tmp_path / "published.pth")
    motion = torch.tensor(trial.coordinates[None, :300]).float()
    seen = torch.ones(1, 300, dtype=torch.bool)
    whole = networks.predict(motion, seen, None)
    assert whole.shape == (1, 300, 80)
    torch.testing.assert_close(whole[:, :116], networks.predict(motion[:, :196], seen[:, :196], None)[:, :116])
    assert (whole[:, 280:] > 0).all()


def test_scripts_as_the_readme_calls_them(run, tmp_path, generated):
    for script, parts in (
        ("calculate_wasserstein.py", ("fidelity W2", "Fréchet", "penetration", "2-Wasserstein")),
        ("calculate_guidance.py", ("MAC", "COM acceleration", "knee valgus")),
        ("calculate_floor.py", ("sliding", "drift of feet")),
    ):
        done = run(script, "--folder_path", generated, "--file_type", "mot", "--baseline", "bige")
        assert done.status == 1, done.logged  # a file cannot be read, and a subject has no model
        assert "entry_9.mot" in done.logged
        assert "no model is known" in done.printed
        assert "synthetic demo sessions" in done.logged
        for part in parts:
            assert part.lower() in done.printed.lower(), part
        published, extended = done.printed.split("Extended metrics")
        assert "BIGE (paper)" in published
        assert "(paper)" not in extended
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
        settings = json.loads((tmp_path / f"{name}_args.yaml").read_text())
        assert (settings["folder_path"], settings["seed"]) == (str(generated), 123)


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
    assert json.loads((tmp_path / "wasserstein_mocap.json").read_text())[1]["extended"]["w2_angles"]["mean"] < 1e-4


def test_a_single_motion_is_evaluated_with_a_warning(run, tmp_path, trial):
    write_motion(tmp_path / "one" / "squat.mot", windows(trial, 1)[0])
    done = run("calculate_wasserstein.py", "--folder_path", tmp_path / "one", "--subject", PERSON)
    assert done.status == 0, done.logged
    assert "1 subject(s)" in done.logged
    assert "1 motion(s)" in done.logged
    assert "1 motions are too few to estimate a covariance" in done.logged
    row = json.loads((tmp_path / "wasserstein_one.json").read_text())[1]
    assert row["published"]["fidelity"]["std"] is None
    assert row["published"]["sliding"]["n"] == 1


def test_an_evaluation_is_one_call_from_python(tmp_path, monkeypatch):
    monkeypatch.delenv("BIGE_DATA", raising=False)
    monkeypatch.setenv("BIGE_DEMO", str(SHIPPED_DEMO))
    config = EvaluationConfig(
        folder_path=SHIPPED_DEMO, file_type="mocap", parts=("floor",), out_dir=tmp_path, table_name="floor", threads=1
    )
    result = evaluate(config)
    assert [row.name for row in result.rows] == ["Demo reference", "MoCap"]
    assert {path.name for path in result.paths} == {f"floor_mocap.{suffix}" for suffix in ("csv", "json", "tex", "md")}
    assert all(path.is_file() for path in result.paths)
    assert result.left_out == ()
    assert "MoCap (paper)" in result.text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"low": 0.5, "high": 0.4}, "--low to be at most --high"),
        ({"high": 1.5}, "from 0 to 1"),
        ({"parts": ("florr",)}, "is not one of distances, floor, guidance"),
        ({"file_type": "bvh"}, "expected one of mot, npy, mocap"),
        ({"fps": 20.0}, "--fps is for --file_type npy"),
        ({"file_type": "npy", "fps": 0.0}, "--fps is 0, expected 1 to 1000"),
        ({"file_type": "npy", "fps": 0.001}, "--fps is 0.001"),  # hours of motion, of a few frames
        ({"file_type": "npy", "fps": 1e9}, r"--fps is 1e\+09"),
        ({"baseline": "gan"}, "expected one of bige"),
    ],
)
def test_settings_that_do_not_fit_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        EvaluationConfig(folder_path=Path("somewhere"), **values)


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


def test_floor_metrics_without_any_model_are_bad_input(run, tmp_path, trial):
    write_motion(tmp_path / "stranger" / "squat.mot", windows(trial, 1)[0])
    done = run("calculate_floor.py", "--folder_path", tmp_path)
    assert done.status == 2, done.logged
    assert "no model is known" in done.logged


def test_a_session_without_a_model_has_the_metrics_that_need_none(tmp_path, reference, networks):
    shutil.copytree(SHIPPED_DEMO / "Data" / PERSON, tmp_path / "Data" / "stranger")
    for path in (tmp_path / "Data" / "stranger" / "OpenSimData" / "Model").iterdir():
        path.unlink()
    row = evaluate_folder(tmp_path, "mocap", reference, networks)
    assert "penetration" not in row.metrics
    assert "knee_valgus" not in row.metrics
    assert "mac" not in row.metrics  # activations are predicted on the model
    assert np.isfinite([row.metrics[name].mean for name in ("fidelity", "omega", "w2_angles")]).all()
    assert "no scaled model" in row.left_out[0]


def test_simulated_repetitions_are_a_reference_with_the_models_of_the_data_root(run, tmp_path):
    """`simulate_activations.py` writes `<out>/<session>/OpenSimData/Dynamics` and no model."""
    person, simulated = tmp_path / "root" / "Data" / "anna", tmp_path / "simulated" / "anna" / "OpenSimData"
    shutil.copytree(SHIPPED_DEMO / "Data" / PERSON, person)
    shutil.copytree(person / "OpenSimData" / "Dynamics", simulated / "Dynamics")
    flags = ("--file_type", "mocap", "--folder_path", person.parent, "--reference", tmp_path / "simulated")
    known = run("calculate_floor.py", *flags, "--data-root", person.parents[1])
    assert (known.status, "no usable model" in known.logged) == (0, False)
    assert re.search(r"^Reference +0\.\d{3}", known.printed, re.MULTILINE)
    unknown = run("calculate_floor.py", *flags)
    assert re.search(r"Reference: 1 of 1 subjects have no usable model .*: .*no scaled model", unknown.logged)


def test_each_subject_of_a_reference_is_compared_with_the_others(reference):
    from utils.metrics.distances import optimal_transport, squared_costs

    row = evaluate_reference(reference, MetricConfig(parts=("distances",)))
    first, second = (subject.curves[..., list(ROTATION_INDICES)] for subject in reference.subjects)
    apart = optimal_transport(squared_costs(first, second))
    assert list(row.metrics["w2_angles_subject"].values.values()) == pytest.approx([apart, apart])
    assert "fidelity" not in row.metrics
    assert row.name == "Demo reference"
    one, other = reference.subjects
    inside = ReferenceBand(other.curves).fraction_inside(one.curves)[:, list(ROTATION_INDICES)].mean()
    assert row.metrics["inside_band"].values[one.name] == pytest.approx(inside)


def test_identical_motions_of_two_subjects_are_warned_about(tmp_path, reference, networks, trial):
    for session in ("one", "two"):
        for j, motion in enumerate(windows(trial)):
            write_motion(tmp_path / session / f"entry_{j}.mot", motion)
    row = evaluate_folder(tmp_path, "mot", reference, networks, MetricConfig(parts=("distances",)))
    assert any("6 motions are identical to a motion of another subject" in warning for warning in row.warnings)


def test_sessions_of_one_person_are_warned_about(tmp_path, reference, networks):
    for session in ("first", "second", "third"):
        folder = tmp_path / "Data" / session
        shutil.copytree(SHIPPED_DEMO / "Data" / PERSON, folder, ignore=shutil.ignore_patterns("Dynamics"))
        name = "anna" if session != "third" else "ben"
        (folder / "sessionMetadata.yaml").write_text(f"subjectID: {name}\nmass_kg: 74.5\n")

    def told(model_of=None):
        folder = read_motion_folder(tmp_path, "mocap", model_of=model_of)
        row = evaluate_set(MotionSet.of("recorded", folder, networks), reference, MetricConfig(parts=("distances",)))
        return [warning for warning in row.warnings if "one person" in warning]

    (warning,) = told()
    assert "first, second are of one person, anna (subjectID" in warning
    assert told(discover_sessions(tmp_path)[0]) == []  # whose model it is says nothing about the people


def test_coordinates_beside_the_33_keep_the_feet_in_place(recordings, networks):
    """The recording's knees also adduct, up to 16 degrees; a foot slides by 15 cm/s where that is left out."""
    folder = read_motion_folder(recordings / "opencap" / "Data" / "mocap-dls", "mocap")
    row = evaluate_set(MotionSet.of("recorded", folder, networks), None, MetricConfig(parts=("floor",)))
    assert row.metrics["contact_sliding"].mean < 2
    assert row.metrics["sliding"].mean < 0.03


def test_a_subject_whose_model_cannot_be_simulated_is_evaluated_without_activations(tmp_path, networks):
    session = tmp_path / "demo-person-040"
    shutil.copytree(discover_sessions(SHIPPED_DEMO)[0].path, session)
    shutil.rmtree(session / "OpenSimData" / "Dynamics")
    (model,) = session.rglob("*.osim")
    model.write_text(re.sub(r"<gravity>.*?</gravity>", "<gravity>0 0 0</gravity>", model.read_text(), flags=re.DOTALL))
    folder = read_motion_folder(session, "mocap")
    row = evaluate_set(MotionSet.of("weightless", folder, networks), None, MetricConfig(parts=("guidance",)))
    assert 60 < row.metrics["knee_flexion"].mean < 140
    assert "peak_activation" not in row.metrics
    assert any("gravity is 0 0 0" in note for note in row.left_out)


def made_row(name="BIGE & co"):
    metrics = {
        "fidelity": MetricValue(6.4812, 4.4567, 21, 5.0, 8.0, {"a": 6.0}),
        "diversity": MetricValue(1.7, math.nan, 1, math.nan, math.nan),
        "w2_angles": MetricValue(3.2, math.nan, 21, 2.5, 4.0),
    }
    return MetricRow(name, Path("somewhere"), 21, 420, metrics)


def test_rows_of_one_name_are_shown_each_and_signs_of_tables_are_escaped():
    rows = [made_row("unit"), replace(made_row("unit"), subjects=7), made_row("a|b<c>")]
    assert readable_tables(rows, ("distances",)).count("6.481±4.457") == 3
    text = markdown_tables(rows, ("distances",))
    assert "| unit | 6.481±4.457 | 1.700 (n=1) | 21 |" in text
    assert "| unit | 6.481±4.457 (n=21) | 1.700 (n=1) | 7 |" in text
    assert r"| a\|b&lt;c> | 6.481" in text


def test_cells_and_rows_are_formatted_as_in_the_paper():
    row = made_row()
    assert format_cell(METRICS["fidelity"], row.metrics["fidelity"]) == "6.481±4.457"
    assert format_cell(METRICS["diversity"], row.metrics["diversity"]) == "1.700"
    assert format_cell(METRICS["diversity"], None) == "–"
    assert format_cell(METRICS["mac"], (0.08, None)) == "0.080"
    text = markdown_tables([row], ("distances",), ["MoCap"])
    assert "| BIGE & co | 6.481±4.457 | 1.700 (n=1) | 21 |" in text
    published, extended = text.split("Extended")
    assert "Wasserstein of the set" not in published
    assert "3.20 [2.50, 4.00]" in extended
    assert "MoCap (paper)" in readable_tables([row], PARTS, "MoCap")


def test_latex_is_two_whole_tabulars():
    tilt = MetricValue(-23.4, 1.5, 21, -24.0, -22.8)
    row = replace(made_row(), metrics=made_row().metrics | {"pelvis_tilt": tilt, "com_jerk": tilt})
    tex = latex_tables([row], PARTS, ["MoCap"])
    assert "% BIGE & co: 21 subjects, 420 motions" in tex
    assert r"BIGE \& co & $6.481 \pm 4.457$ & $1.700$ (n=$1$) & $-23.40 \pm 1.50$ & $21$ \\" in tex
    assert r"MoCap (paper) & $7.855 \pm 9.902$ & $1.773 \pm 0.015$ & $-28.13 \pm 6.03$ &  \\" in tex
    assert r"[m/s$^3$] & $-23.4 \pm 1.5$ [$-24.0$, $-22.8$] n=$21$ \\" in tex
    tabulars = re.findall(r"\\begin\{tabular\}\{(l.*?)\}\n(.*?)\\end\{tabular\}", tex, re.S)
    assert len(tabulars) == 2
    for columns, body in tabulars:
        lines = [line for line in body.splitlines() if line != r"\hline"]
        assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {len(columns) - 1}


def test_csv_has_one_line_per_metric_with_definition_and_unit():
    lines = list(csv.DictReader(comma_separated([made_row()]).splitlines()))
    assert [line["metric"] for line in lines] == ["fidelity", "diversity", "w2_angles"]
    assert lines[0]["definition"] == "published definition"
    assert (lines[2]["definition"], lines[2]["unit"], lines[2]["std"]) == ("extended", "deg", "")
    assert lines[0]["n_subjects"] == "21"


def test_json_has_no_nan():
    text = json.dumps(as_json([made_row()]), allow_nan=False)
    assert json.loads(text)[0]["published"]["fidelity"]["values"] == {"a": 6.0}


def test_every_metric_of_the_catalogue_is_computed_and_no_other(reference):
    row = evaluate_set(reference, reference)
    assert set(row.metrics) == set(METRICS)
    assert set(evaluate_reference(reference).metrics) < set(METRICS)


def test_the_muscle_of_the_peaks_can_be_named(tmp_path):
    """As people write it; whoever misspells it is told at once."""
    options = ["--folder_path", str(tmp_path), "--muscle", "quads", "--low", "0.2", "--high", "0.3"]
    config = parse_config(build_parser("", "guidance", [GUIDANCE]), EvaluationConfig, options)
    assert config.muscle == "quadriceps"
    with pytest.raises(InputError, match="there is no muscle 'vasmad'"):
        EvaluationConfig(folder_path=tmp_path, muscle="vasmad")
