"""Output that cannot be written: refused before a run computes, and never half written."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_folder, atomic_write, write_json
from utils.runs.os_errors import describe_os_error
from utils.runs.writable import require_writable, require_writable_file

ROOT = Path(__file__).resolve().parents[1]
PERSON = "demo/shipped/Data/demo-person-040"
TRIAL = f"{PERSON}/OpenSimData/Kinematics/squats1.mot"

# For every root script a command that would write to OUT.
COMMANDS = {
    "LIMO_Surrogate.py": ["--subject", PERSON, "--out-dir", "OUT"],
    "MOT_eval.py": ["--dataname", "demo", "--out-dir", "OUT"],
    "calculate_floor.py": ["--file_type", "mocap", "--folder_path", PERSON, "--out-dir", "OUT"],
    "calculate_guidance.py": ["--file_type", "mocap", "--folder_path", PERSON, "--out-dir", "OUT"],
    "calculate_wasserstein.py": ["--file_type", "mocap", "--folder_path", PERSON, "--out-dir", "OUT"],
    "export_mot.py": [TRIAL, "--subject", PERSON, "--out-dir", "OUT"],
    "make_demo_sessions.py": ["--people", "1", "--out-dir", "OUT"],
    "make_tables.py": ["--row", "BIGE=demo", "--results", "RESULTS.md", "--out-dir", "OUT"],
    "render_mot.py": [TRIAL, "--subject", PERSON, "--image", "OUT/phases.png"],
    "report.py": ["RUN", "--out", "OUT/report.html"],
    "retarget_baselines.py": ["--type", "joints", "--input", "none.npy", "--subject", PERSON, "--out-dir", "OUT"],
    "run_guidance.py": ["--subjects", PERSON, "--", "--out-dir", "OUT"],
    "segment_squats.py": ["--subject", PERSON, "--out-dir", "OUT"],
    "simulate_activations.py": ["--subject", PERSON, "--out-dir", "OUT"],
    "surrogate_training.py": ["--dataname", "demo", "--out-dir", "OUT"],
    "train_vq.py": ["--dataname", "demo", "--out-dir", "OUT"],
    "wasserstein_mocap.py": ["--folder_path", PERSON, "--out-dir", "OUT"],
}


def run(script: str, arguments: list[str], **how) -> subprocess.CompletedProcess:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "BIGE_DEMO": str(ROOT / "demo/shipped")}
    environment.pop("BIGE_DATA", None)
    command = [sys.executable, script, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, **how)


def test_every_script_has_a_command():
    assert set(COMMANDS) == {path.name for path in ROOT.glob("*.py")}


@pytest.mark.parametrize("script", COMMANDS)
def test_every_script_refuses_a_folder_below_a_file(script, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    saved_run = tmp_path / "run/mot_visualization/latents_subject_run_somebody"
    saved_run.mkdir(parents=True)
    (saved_run / "result.json").write_text("{}")
    places = {"OUT": str(tmp_path / "file/out"), "RUN": str(tmp_path / "run")}
    arguments = [places.get(a, a.replace("OUT/", f"{places['OUT']}/")) for a in COMMANDS[script]]
    result = run(script, arguments)
    assert result.returncode == 2, result.stderr
    sentence = result.stderr.splitlines()[-1]
    assert sentence.startswith(f"error: {tmp_path / 'file/out'}")
    assert "a part of this path is a file, not a folder" in sentence
    flag = next(word for word in COMMANDS[script][::-1] if word.startswith("--"))
    assert sentence.endswith(f"name another place with {flag}")
    assert (tmp_path / "file").read_text() == "not a folder"


def test_a_folder_that_can_be_written_is_neither_made_nor_changed(tmp_path):
    require_writable(tmp_path / "new/run")
    require_writable_file(tmp_path / "new/page.html", "--out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "page.html").mkdir()
    with pytest.raises(InputError, match="this is a folder; name a file with --out"):
        require_writable_file(tmp_path / "page.html", "--out")


@pytest.mark.parametrize("name", ["x" * 300, "link/run"])
def test_a_name_that_cannot_be_made_is_refused(name, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="nothing can be written there"):
        require_writable(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    (tmp_path / "private").mkdir(mode=0o500)
    with pytest.raises(InputError, match="there is no permission"):
        require_writable(tmp_path / "private/run")


def test_a_full_disk_is_found_before_the_work(tmp_path, monkeypatch):
    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *exception):
            pass

        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", lambda **options: Full())
    with pytest.raises(InputError, match="the disk is full"):
        require_writable(tmp_path)


def write_half(path: Path) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")


def write_short(path: Path, make) -> None:
    with make(path):
        raise OSError("582 requested and 224 written")  # as numpy says it


@pytest.mark.parametrize("make", [atomic_write, atomic_folder])
def test_an_array_that_the_disk_cuts_short_names_the_file(tmp_path, make):
    with pytest.raises(OSError, match="No space") as raised:
        write_short(tmp_path / "windows", make)
    assert describe_os_error(raised.value).startswith(f"{tmp_path / 'windows'}: the disk is full")
    assert not list(tmp_path.iterdir())


def write_half_a_folder(path: Path) -> None:
    with atomic_folder(path) as temporary:
        raise OSError(errno.ENOSPC, "No space left on device", str(temporary / "Model" / "a.osim"))


def test_a_file_of_a_folder_that_is_not_whole_has_the_name_that_the_user_knows(tmp_path):
    with pytest.raises(OSError, match="No space") as raised:
        write_half_a_folder(tmp_path / "person")
    assert raised.value.filename == str(tmp_path / "person" / "Model" / "a.osim")
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_names_the_file_and_keeps_what_was_there(tmp_path):
    write_json(tmp_path / "args.json", {"seed": 1})
    before = (tmp_path / "args.json").read_text()
    with pytest.raises(OSError, match="No space") as raised:
        write_half(tmp_path / "args.json")
    assert describe_os_error(raised.value).startswith(f"{tmp_path / 'args.json'}: the disk is full")
    assert [path.name for path in tmp_path.iterdir()] == ["args.json"]
    assert (tmp_path / "args.json").read_text() == before


# What a run writes first fits into the limit, and a later file does not: as on a disk that fills up.
@pytest.mark.parametrize(
    ("script", "arguments", "limit_kb"),
    [
        ("segment_squats.py", ["--subject", PERSON, "--out-dir", "OUT"], 80),
        ("export_mot.py", [TRIAL, "--format", "mot", "--out-dir", "OUT"], 80),
        ("export_mot.py", [TRIAL, "--subject", PERSON, "--format", "bvh", "--out-dir", "OUT"], 80),
        ("render_mot.py", [TRIAL, "--subject", PERSON, "--renderer", "stick", "--image", "OUT/phases.png"], 66),
        ("MOT_eval.py", ["--dataname", "demo", "--sample", "2", "--out-dir", "OUT"], 66),
        ("train_vq.py", ["--dataname", "demo", "--batch-size", "4", "--width", "32", "--code-dim", "32", "--nb-code",
         "32", "--total-iter", "2", "--warm-up-iter", "1", "--out-dir", "OUT"], 100),
        ("train_vq.py", ["--dataname", "demo", "--batch-size", "4", "--width", "32", "--code-dim", "32", "--nb-code",
         "32", "--total-iter", "30", "--eval-iter", "2", "--warm-up-iter", "1", "--out-dir", "OUT"], 600),
        pytest.param(
            "surrogate_training.py", ["--dataname", "demo", "--kinematics", "--d-model", "12", "--batch-size", "4",
            "--epochs", "2", "--out-dir", "OUT"], 100, marks=pytest.mark.slow,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_write_that_fails_on_the_way_is_a_sentence(script, arguments, limit_kb, tmp_path):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_kb << 10, limit_kb << 10))

    out = tmp_path / "out"
    result = run(script, [argument.replace("OUT", str(out)) for argument in arguments], preexec_fn=limit)
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert not [path for path in tmp_path.rglob("*") if ".part" in path.name]
