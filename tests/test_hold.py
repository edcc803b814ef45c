"""Two processes that would write into one folder: the second waits or is refused, and no killed one holds it up."""

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from dataset.errors import InputError
from dataset.locations import REPOSITORY, SHIPPED_DEMO, SHIPPED_SURROGATE
from utils.demo_sessions.demo_config import DemoConfig
from utils.demo_sessions.demo_session_maker import make_demo_sessions
from utils.export.motion_export import export_simulation
from utils.metrics import row_tables
from utils.metrics.row_tables import hold_tables
from utils.reconstruction import reconstruct as reconstruction
from utils.reconstruction.reconstruction_config import ReconstructionConfig, SamplingConfig
from utils.reconstruction.sample import sample
from utils.retargeting.joint_export import export_joints
from utils.retargeting.retarget_motions import retarget
from utils.retargeting.retargeting_config import JointExportConfig, RetargetingConfig
from utils.runs.hold import held
from utils.segmentation import segment_session as segmentation
from utils.segmentation.segmentation_config import SegmentationConfig
from utils.simulation.session_simulation import simulate_session
from utils.simulation.simulation_config import SimulationConfig
from utils.training.resuming import held_folder
from utils.training.surrogate_evaluation import evaluate_surrogate
from utils.training.surrogate_training_config import SurrogateEvaluationConfig

PERSON = SHIPPED_DEMO / "Data" / "demo-person-040"
UNFINISHED = "run/unfinished/demo-person-040/lock"


def held_by_another(lock: Path) -> subprocess.Popen:
    """A process that holds a lock until it is killed."""
    program = (
        "import pathlib, sys, time\n"
        "from utils.runs.hold import held\n"
        "with held(pathlib.Path(sys.argv[1]), 'held'):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(lock)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_keeps_others_out_and_ends_with_its_process(tmp_path):
    lock = tmp_path / "new" / "folder" / ".lock"
    with held_by_another(lock) as process:
        with pytest.raises(InputError, match="^in use$"), held(lock, "in use"):
            pass
        process.kill()
    assert lock.exists()
    with held(lock, "in use"):
        pass
    assert [path.name for path in lock.parent.iterdir()] == []


def test_what_is_made_for_a_lock_is_removed_unless_it_is_used(tmp_path):
    for used in (False, True):
        with held(tmp_path / "out" / "person" / ".lock", "in use"):
            if used:
                (tmp_path / "out" / "result").touch()
        assert [path.name for path in tmp_path.rglob("*")] == (["out", "result"] if used else [])


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named_and_holds_nobody_up(number, tmp_path, monkeypatch, caplog):
    def no_flock(descriptor, operation):
        raise OSError(number, "no locks")

    monkeypatch.setattr(fcntl, "flock", no_flock)
    with held(tmp_path / ".lock", "in use"), held(tmp_path / ".lock", "in use"):
        pass
    assert f"{tmp_path}: this file system has no locks" in caplog.text
    assert list(tmp_path.iterdir()) == []


def _retarget(out: Path) -> None:
    exported = export_joints(JointExportConfig(subject=PERSON, out_dir=out, exp_name="joints"))
    clip = next(iter(exported.frames))
    retarget(RetargetingConfig(input=clip, type="joints", fps=20, subject=PERSON, out_dir=out, exp_name="run"))


def _sample(out: Path) -> None:
    sample(SamplingConfig(count=1, subject=PERSON.name, out_dir=out, exp_name="run", device="cpu"))


def _reconstruct(out: Path) -> None:
    reconstruction.reconstruct(
        ReconstructionConfig(data_root=SHIPPED_DEMO, subjects=("all",), out_dir=out, exp_name="run", device="cpu")
    )


WRITERS = {
    "simulate": ("demo-person-040/.simulation.lock", lambda out: simulate_session(
        SimulationConfig(subject=PERSON, out_dir=out))),
    "segment": ("demo-person-040/.segmentation.lock", lambda out: segmentation.segment_session(
        SegmentationConfig(subject=PERSON, out_dir=out))),
    "demo people": (".demo.lock", lambda out: make_demo_sessions(DemoConfig(people=1, labels=False, out_dir=out))),
    "retarget": (UNFINISHED, _retarget),
    "sample": (UNFINISHED, _sample),
    "reconstruct": ("run/.reconstructions.lock", _reconstruct),
    "train": (".training.lock", lambda out: held_folder(out).__enter__()),
    "evaluate": ("run/.training.lock", lambda out: evaluate_surrogate(
        SurrogateEvaluationConfig(checkpoint=SHIPPED_SURROGATE, out_dir=out, exp_name="run", device="cpu"))),
    "tables": (".rows.lock", lambda out: hold_tables(out, "rows").__enter__()),
}  # fmt: skip


@pytest.mark.parametrize("writer", WRITERS)
def test_a_second_process_is_refused_by_a_sentence(writer, tmp_path, monkeypatch):
    for module in (segmentation, reconstruction, row_tables):
        monkeypatch.setattr(module, "LONGEST_WAIT_S", 0)
    lock, write = WRITERS[writer]
    with held(tmp_path / lock, ""), pytest.raises(InputError, match="another process is"):
        write(tmp_path)
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert written <= {"squats1.npy"}


def test_one_process_at_a_time_exports_a_folder_for_opensim(tmp_path, monkeypatch):
    monkeypatch.setattr("utils.export.motion_export.build_simulator", lambda model: None)
    monkeypatch.setattr("utils.export.motion_export.simulate_motion", lambda simulator, motion: None)
    motion = segmentation.read_motion(PERSON / "OpenSimData/Kinematics/squats1.mot")
    with held(tmp_path / ".a_opensim.lock", ""), pytest.raises(InputError, match="another process is writing there"):
        export_simulation(tmp_path / "a_opensim", Path("model.osim"), motion)
