"""What killed processes have left in an output folder is removed by the next run, whichever script it is of."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from test_writable_output import COMMANDS, PERSON, TRIAL, run

from dataset.io import atomic_write as module
from dataset.io.atomic_write import atomic_folder, atomic_write, remove_leftovers, temporary_ending, temporary_path
from utils.runs.run_folder import RunFolder, keep_other_kinds, new_folder
from utils.runs.writable import require_writable

DEAD = "999999999"


def of_another(path: Path, process: str | int) -> Path:
    """The temporary file of another process for a file."""
    own = temporary_path(path)
    return own.with_name(own.name.replace(f"-{os.getpid()}.part", f"-{process}.part"))


@pytest.fixture
def neighbour():
    """The id of a process that runs."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.stdin.close()


def fill(folder: Path, neighbour: int) -> list[Path]:
    """Temporary files of a dead process, one of a living one, and files that only look like them; those that stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("table.csv", "motion.mot", "no_suffix", "odd.a-b"):
        of_another(folder / name, DEAD).write_text("half")
    probe = f".bige-x1y2{temporary_ending()}".replace(f"-{os.getpid()}.", f"-{DEAD}.")
    (folder / probe).write_text("probe")
    half = of_another(folder / "session", DEAD)
    (half / "inside").mkdir(parents=True)
    (half / "inside" / "file").write_text("half")
    living = of_another(folder / "table.csv", neighbour)
    living.write_text("of a job beside this one")
    foreign = folder / ".notes.part"
    foreign.write_text("not ours")
    return [living, foreign]


def hidden(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.startswith("."))


def test_the_first_file_that_is_written_into_a_folder_cleans_it(tmp_path, neighbour):
    for write in (
        lambda folder: _write(folder / "new.txt"),
        lambda folder: _make(folder / "new"),
        lambda folder: require_writable(folder),
        lambda folder: require_writable(folder / "not/made/yet"),
    ):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        stay = fill(folder, neighbour)
        write(folder)
        assert hidden(folder) == sorted(stay)


def _write(path: Path) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("whole")


def _make(path: Path) -> None:
    with atomic_folder(path) as temporary:
        (temporary / "file").write_text("whole")


def test_a_file_of_this_process_stays_while_it_is_written_and_goes_when_its_number_was_another_processs(tmp_path):
    """A container gives the same number to the first process of every run."""
    stale = temporary_path(tmp_path / "old.csv")
    stale.write_text("of an earlier run of the same number")
    with atomic_write(tmp_path / "a.csv") as temporary:
        temporary.write_text("half")
        assert not stale.exists()
        thread = threading.Thread(target=remove_leftovers, args=(tmp_path,))
        thread.start()
        thread.join()
        assert temporary.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_folder_that_another_process_has_made_meanwhile_stays(tmp_path):
    with atomic_folder(tmp_path / "session") as temporary:
        (temporary / "file").write_text("second")
        (tmp_path / "session").mkdir()
        (tmp_path / "session" / "file").write_text("first")
    assert (tmp_path / "session" / "file").read_text() == "first"
    with pytest.raises(ValueError, match="interrupted"), atomic_folder(tmp_path / "other") as temporary:
        raise ValueError("interrupted")
    assert [path.name for path in tmp_path.iterdir()] == ["session"]


def test_a_folder_whose_replacement_was_killed_keeps_its_other_files(tmp_path):
    """Killed between the two renames, the old folder lies aside, and the new one is a temporary folder."""
    place, aside = tmp_path / "motions", tmp_path / ".motions.old"
    (aside / "notes").mkdir(parents=True)
    (aside / "a.mot").write_text("old")
    (aside / "notes" / "mine.txt").write_text("of the user")
    of_another(place, DEAD).mkdir()
    with new_folder(place) as new:
        (new / "b.mot").write_text("new")
        keep_other_kinds(place, new, ".mot")
    assert [path.name for path in tmp_path.iterdir()] == ["motions"]
    assert sorted(str(path.relative_to(place)) for path in place.rglob("*.*")) == ["b.mot", "notes/mine.txt"]


def test_what_a_killed_process_has_left_among_motions_is_not_kept_when_these_are_replaced(tmp_path, neighbour):
    folder = RunFolder(tmp_path / "run", "person")
    stay = fill(folder.motions, neighbour)
    with folder.replace_motions() as new:
        (new / "entry_0_run.mot").write_text("new")
    assert hidden(folder.motions) == sorted(stay)


def test_folders_are_cleaned_once_for_each_process(tmp_path, monkeypatch):
    cleaned = []
    monkeypatch.setattr(module, "remove_leftovers", cleaned.append)
    for name in ("a", "b"):
        _write(tmp_path / name)
    assert cleaned == [tmp_path]


QUICK = {
    "export_mot.py": [TRIAL, "--format", "mot", "--out-dir", "OUT"],
    "render_mot.py": [TRIAL, "--subject", PERSON, "--renderer", "stick", "--image", "OUT/phases.png", "--overwrite"],
    "segment_squats.py": ["--subject", PERSON, "--out-dir", "OUT"],
    "make_demo_sessions.py": ["--people", "1", "--no-labels", "--out-dir", "OUT"],
    "wasserstein_mocap.py": COMMANDS["wasserstein_mocap.py"],
    "MOT_eval.py": ["--dataname", "demo", "--sample", "2", "--out-dir", "OUT"],
}
WHOLE = "demo-person-001"  # a session of make_demo_sessions.py appears when it is complete, and is not touched again


@pytest.mark.slow
@pytest.mark.parametrize("script", QUICK)
def test_the_next_run_of_a_script_removes_what_a_killed_one_has_left(script, tmp_path, neighbour):
    out = tmp_path / "out"
    arguments = [argument.replace("OUT", str(out)) for argument in QUICK[script]]
    result = run(script, arguments)
    assert result.returncode in (0, 1), result.stderr
    folders = sorted(
        {path.parent for path in out.rglob("*") if path.is_file() and WHOLE not in path.parent.relative_to(out).parts}
    )
    (out / "squats1.mot").unlink(missing_ok=True)  # export_mot.py replaces nothing
    stay = [place for folder in folders for place in fill(folder, neighbour)]
    result = run(script, arguments)
    assert result.returncode in (0, 1), result.stderr
    left = sorted(path for folder in folders for path in hidden(folder))
    assert left == sorted(stay), "those of the running process and of others stay"
