"""Every script runs to its end over a data root that holds sound recordings and one session of each kind of fault."""

import logging
import runpy
import sys
from pathlib import Path

import pytest
from faulty_sessions import FAULTS, make_faulty_root

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "demo/shipped/Data"
# Faults after which nothing of the session can be used, so that it has to be named.
UNUSABLE = (
    "knee-beyond-reach", "pelvis-far-away", "faster-than-people", "signed-nan", "empty-trial", "not-a-table",
    "one-frame", "nobody-squats",
)  # fmt: skip
UNREADABLE = {
    "absurd-number", "empty-trial", "faster-than-people", "knee-beyond-reach", "lying-down", "no-trial", "not-a-table",
    "one-frame", "pelvis-far-away", "signed-nan", "speeds-in-place-of-angles", "wrapped-heading",
}  # fmt: skip
WITHOUT_SQUATS_ON_TWO_FEET = {"nobody-squats", "one-leg", "trial-begins-in-a-squat"}
WITHOUT_A_MODEL = {"model-cut-off", "model-on-a-lost-disk", "no-model"}
NOT_SIMULATED = {"empty-trial", "no-gravity", "no-model", "one-leg"}
SIMULATED = ("uneven-rate", "coordinate-missing", "no-gravity", "no-model", "one-leg", "empty-trial", "same-stem")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(recordings, tmp_path_factory) -> Path:
    """The data root."""
    folder = tmp_path_factory.mktemp("mixed")
    sound = sorted((recordings / "opencap/Data").iterdir())
    make_faulty_root(folder, SHIPPED / "demo-person-040", [*sound, SHIPPED / "demo-person-075"])
    return folder


@pytest.fixture
def run(monkeypatch, capsys, caplog):
    """Run a root script as from a shell: its exit status and all that it printed. A traceback fails the test."""

    def run(script: str, *arguments: object) -> tuple[int, str]:
        caplog.clear()
        caplog.set_level(logging.INFO, logger="bige")
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
        status = 0
        try:
            runpy.run_path(str(ROOT / script), run_name="__main__")
        except SystemExit as end:
            status = int(end.code or 0)
        return status, "\n".join([*caplog.messages, capsys.readouterr().out])

    return run


def sessions_of(root: Path) -> list[Path]:
    return sorted(path for path in (root / "Data").iterdir())


def names_in(text: str, names) -> list[str]:
    return [name for name in names if name in text]


def test_segmentation_of_every_session(root, run, tmp_path):
    for session in sessions_of(root):
        status, text = run("segment_squats.py", "--subject", session, "--out-dir", tmp_path)
        assert status == (2 if session.name in UNREADABLE | WITHOUT_SQUATS_ON_TWO_FEET else 0), text
        if status == 2:
            assert "error: " in text
            assert session.name in text


@pytest.mark.parametrize("name", [*SIMULATED, "lab-subject5"])
def test_simulation(root, run, tmp_path, name):
    status, text = run("simulate_activations.py", "--subject", root / "Data" / name, "--out-dir", tmp_path)
    assert status == (2 if name in NOT_SIMULATED else 0), text
    assert name in text


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("calculate_wasserstein.py", ["--file_type", "mocap", "--folder_path"]),
        ("calculate_guidance.py", ["--file_type", "mocap", "--folder_path"]),
        ("calculate_floor.py", ["--file_type", "mocap", "--folder_path"]),
        ("wasserstein_mocap.py", ["--folder_path"]),
    ],
)
def test_evaluations(root, run, tmp_path, script, arguments):
    reference = ["--reference", ROOT / "demo/shipped"]
    status, text = run(script, *arguments, root, *reference, "--out", tmp_path / "out", "--threads", 1)
    assert status == 1, text  # sessions were left out
    assert names_in(text, UNUSABLE) == list(UNUSABLE)
    assert list((tmp_path / "out").glob("*.csv"))


def test_reconstruction(root, run, tmp_path):
    where = ["--data-root", root, "--out-dir", tmp_path]
    status, text = run("MOT_eval.py", "--subjects", "all", *where, "--threads", 1)
    assert status in (0, 1), text
    assert names_in(text, UNUSABLE) == list(UNUSABLE)
    assert list(tmp_path.rglob("metrics.json"))


def test_evaluation_of_the_surrogate(root, run, tmp_path):
    shipped = ROOT / "pretrained/surrogate"
    where = ["--data-root", root, "--out-dir", tmp_path, "--threads", 1]
    status, text = run("surrogate_training.py", "--evaluate", shipped, "--subjects", "all", *where)
    assert status in (0, 1), text
    assert list(tmp_path.rglob("metrics.json"))


def test_training(root, run, tmp_path):
    small = ["--batch-size", 4, "--width", 32, "--code-dim", 32, "--nb-code", 32, "--warm-up-iter", 1]
    where = ["--data-root", root, "--out-dir", tmp_path, "--threads", 1]
    status, text = run("train_vq.py", *small, "--total-iter", 2, *where)
    assert status in (0, 1), text
    assert names_in(text, UNUSABLE) == list(UNUSABLE)
    assert list(tmp_path.rglob("best.pth"))


def test_export_of_joints_of_every_session(root, run, tmp_path):
    for session in sessions_of(root):
        status, text = run("retarget_baselines.py", "--export-joints", "--subject", session, "--out-dir", tmp_path)
        assert status == (2 if session.name in UNREADABLE | WITHOUT_A_MODEL else 0), text
        if status == 2:
            assert session.name in text


def test_each_fault_has_a_session(root):
    assert {session.name for session in sessions_of(root)} >= set(FAULTS)
