"""Many people in one command: what is done is skipped, a failure stops nobody else, interruptions lose nothing."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from random_networks import short_run, write_networks, write_person

from dataset.errors import InputError
from options.run_guidance_options import build_parser, parse_people
from utils.guidance.output.result_record import read_record
from utils.guidance.output.unfinished_run import UnfinishedRun
from utils.people import people_run
from utils.people.guided_person import guide_person
from utils.people.people_config import PeopleConfig
from utils.people.people_run import find_people, guide_people
from utils.people.person_outcome import FAILED, MET, OPEN, PersonOutcome

ROOT = Path(__file__).resolve().parents[1]
FEW = ["--min-samples", "1"]


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """A command line for three people, of whom the second has a damaged model, without the output folder."""
    folder = write_networks(tmp_path_factory.mktemp("people"))
    for name in ("a", "b", "c"):
        write_person(folder / "root" / "Data" / name)
    (model,) = (folder / "root/Data/b").rglob("*.osim")
    model.write_text("<OpenSimDocument>")
    return ["--data-root", str(folder / "root"), "--", "--exp-name", "Test", *short_run(folder), *FEW]


@pytest.fixture
def config(words, tmp_path) -> PeopleConfig:
    """The same as a configuration."""
    return parse_people(build_parser(""), [*words, "--out-dir", str(tmp_path)])


@pytest.fixture
def guided(monkeypatch):
    """In place of processes: the tasks, of which none fails, at which `outcomes` holds what becomes of them."""
    tasks = []

    def record(new, jobs, on_outcome, first_number=0):
        tasks[:] = new
        for task in new:
            on_outcome(PersonOutcome(task.session, MET))

    monkeypatch.setattr(people_run, "guide_in_processes", record)
    return tasks


def table_of(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as file:
        return {row["person"]: row for row in csv.DictReader(file)}


def test_everybody_but_the_one_with_a_damaged_model_is_guided_as_alone(config, monkeypatch):
    result = guide_people(config)
    assert [outcome.status for outcome in result.outcomes] == [MET, FAILED, MET]
    rows = table_of(result.table)
    assert "generic_scaled.osim" in rows["b"]["why_not"]
    assert (rows["c"]["met"], rows["c"]["wanted"], rows["c"]["simulated"]) == ("1", "1", "no")
    assert (result.table.parent / rows["c"]["report"]).is_file()
    page = result.page.read_text()
    assert f'<a href="{rows["c"]["report"]}">c</a>' in page
    assert "OpenSim cannot read this model" in page

    # The second person of a process is guided as the only one of another.
    session = find_people(config)[2]
    alone = guide_person(replace(config.guidance_of(session), out_dir=config.guidance.out_dir / "alone"))
    together = config.guidance.run_folder / "mot_visualization" / alone.motions.name
    for name in ("entry_0_Test.mot", "summary.json", "latents.npz"):
        assert (together / name).read_bytes() == (alone.motions / name).read_bytes()

    # Who is done is not guided again, unless what it was made from has changed.
    tasks = []
    monkeypatch.setattr(people_run, "guide_in_processes", lambda new, *rest: tasks.extend(new))
    again = guide_people(config)
    assert [task.session for task in tasks] == ["b"]
    assert [outcome.is_kept for outcome in again.outcomes] == [True, False, True]
    for name in ("entry_0_Test.mot", "latents.npz", "result.npz", "args.json", "summary.json"):
        path = together / name
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        tasks.clear()
        guide_people(config)
        assert [task.session for task in tasks] == ["b", "c"], name
        path.write_bytes(content)
    (together / "report.html").unlink()
    UnfinishedRun(config.guidance.run_folder / "unfinished" / "c", read_record(together)["fingerprint"]).release()
    tasks.clear()
    guide_people(config)
    assert [task.session for task in tasks] == ["b"]
    assert (together / "report.html").is_file()
    assert not (config.guidance.run_folder / "unfinished" / "c").exists()
    changes = {"seed": config.guidance.seed + 1, "high": 0.9, "overwrite": True, "min_samples": 2}
    for name, value in changes.items():
        tasks.clear()
        guide_people(replace(config, guidance=replace(config.guidance, **{name: value})))
        assert [(task.session, task.config.overwrite) for task in tasks][::2] == [("a", True), ("c", True)], name
    model = next((config.data_root / "Data/c").rglob("*.osim"))
    content = model.read_text()
    try:
        tasks.clear()
        model.write_text(content + "\n")
        guide_people(replace(config, subjects=("a", "c")))
        assert [task.session for task in tasks] == ["c"]
    finally:
        model.write_text(content)


def test_an_interruption_keeps_who_is_done_and_says_who_is_not(config, monkeypatch):
    def interrupted(tasks, jobs, on_outcome, first_number=0):
        on_outcome(PersonOutcome(tasks[0].session, MET, 1, 1))
        UnfinishedRun(config.guidance.run_folder / "unfinished" / tasks[1].session, {}).release()
        raise KeyboardInterrupt

    monkeypatch.setattr(people_run, "guide_in_processes", interrupted)
    result = guide_people(config)
    assert result.interrupted
    assert [outcome.status for outcome in result.outcomes] == [MET, OPEN, OPEN]
    assert [row["why_not"] for row in table_of(result.table).values()] == ["", "some is found", ""]


def test_whom_another_process_has_guided_meanwhile_has_not_failed(config, monkeypatch):
    """Two copies of a command in one folder: each is refused those whom the other one holds."""

    def refused(tasks, jobs, on_outcome, first_number=0):
        guide_person(tasks[0].config)
        for task in tasks:
            on_outcome(PersonOutcome(task.session, FAILED, why="another process is guiding this person"))

    monkeypatch.setattr(people_run, "guide_in_processes", refused)
    result = guide_people(replace(config, subjects=("a", "c")))
    assert [outcome.status for outcome in result.outcomes] == [MET, FAILED]
    assert [row["status"] for row in table_of(result.table).values()] == [MET, FAILED]


def test_a_run_that_guides_everybody_again_goes_on_behind_those_it_has_guided(config, monkeypatch):
    """With --overwrite, the results that were made since the interrupted run began are not made again."""
    again = replace(config, guidance=replace(config.guidance, overwrite=True), subjects=("a",))
    guide_person(config.guidance_of(find_people(again)[0]))
    time.sleep(1.0)  # the time of a result is written in whole seconds
    tasks = []

    def interrupted(new, *rest):
        tasks.append([task.session for task in new])
        if new:
            raise KeyboardInterrupt

    monkeypatch.setattr(people_run, "guide_in_processes", interrupted)
    guide_people(again)
    guide_person(again.guidance_of(find_people(again)[0]))
    assert not guide_people(again).interrupted
    guide_people(again)
    assert tasks == [["a"], [], ["a"]]  # the last one begins anew, since the one before has ended


def test_shards_divide_the_people(config, guided):
    shards = []
    for number in (1, 2):
        guide_people(replace(config, shard=f"{number}/2"))
        shards.append([task.session for task in guided])
    assert shards == [["a", "c"], ["b"]]
    assert (config.guidance.run_folder / "people_2_of_2.csv").is_file()
    with pytest.raises(InputError, match="holds nobody"):
        guide_people(replace(config, shard="4/4"))


def test_people_are_named_by_a_file_or_by_the_split(config, tmp_path):
    (tmp_path / "who.txt").write_text("c  # the last\n")
    assert [one.id for one in find_people(replace(config, subjects=(str(tmp_path / "who.txt"),)))] == ["c"]
    folder = config.data_root / "Data" / "a"
    assert [one.id for one in find_people(replace(config, subjects=("c", str(folder))))] == ["c", "a"]
    with pytest.raises(InputError, match="have one id"):
        find_people(replace(config, subjects=("a", str(folder))))
    sets = [[one.id for one in find_people(replace(config, split=name))] for name in ("training", "test")]
    assert len(sets[1]) == 1
    assert not set(sets[0]) & set(sets[1])
    with pytest.raises(InputError, match="no session or subject nobody"):
        find_people(replace(config, subjects=("nobody",)))


@pytest.mark.parametrize(
    ("own", "limo", "says"),
    [
        (["--shard", "3/2"], [], "--shard is 3/2, expected"),
        (["--jobs", "0"], [], "--jobs is 0, expected"),
        ([], ["--subject", "a"], "--subjects"),
        ([], ["--baseline"], "LIMO_Surrogate.py --baseline"),
        ([], ["--constraint", "knee:max:above:90"], "knee_flexion"),
        ([], ["--vq-name", "nothing.pth"], "nothing.pth"),
        (["--subjects", "a", "nobody"], [], "nobody"),
    ],
)
def test_what_would_be_wrong_for_everybody_is_said_before_anybody_is_guided(words, tmp_path, own, limo, says, guided):
    with pytest.raises(InputError, match=says):
        guide_people(parse_people(build_parser(""), [*own, *words, "--out-dir", str(tmp_path / "out"), *limo]))
    assert not guided
    assert not (tmp_path / "out").exists()


def start(words, out_dir, *own, launcher=(sys.executable,)) -> subprocess.Popen:
    """The script in a process group of its own, with a simulation, so that people take a few seconds."""
    command = [*launcher, "run_guidance.py", *own, *words, "--out-dir", out_dir]
    return subprocess.Popen(
        list(map(str, command)), cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture
def long(words, tmp_path):
    """A command line of four people who take some seconds each."""
    root = tmp_path / "root" / "Data"
    for name in "abcd":
        shutil.copytree(Path(words[1]) / "Data" / "a", root / name)
    return ["--data-root", tmp_path / "root", *words[2:], "--total-iter", "100", "--patience", "0"]


def wait_for(folder: Path, pattern: str) -> None:
    end = time.monotonic() + 120
    while not list(folder.glob(pattern)):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
def test_ctrl_c_ends_within_five_seconds_and_keeps_what_is_finished(long, tmp_path):
    process = start(long, tmp_path)
    wait_for(tmp_path, "Test/mot_visualization/latents*/result.json")
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    text = process.communicate()[0]
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert "everything finished is kept" in text
    rows = table_of(tmp_path / "Test" / "people.csv")
    assert rows["a"]["status"] == MET
    assert rows["d"]["status"] == OPEN


@pytest.mark.slow
def test_after_kill_9_the_same_command_goes_on_at_the_next_person(long, tmp_path):
    process = start(long, tmp_path)
    wait_for(tmp_path, "Test/mot_visualization/latents*_b/result.json")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()  # ends when the processes that guide have ended too, since they hold the pipe
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("Test/mot_visualization/latents*/result.json")}
    assert 2 <= len(done) < 4
    process = start(long, tmp_path, "--jobs", "2")
    text = process.communicate()[0]
    assert process.returncode == 0, text
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert [row["status"] for row in table_of(tmp_path / "Test" / "people.csv").values()] == [MET] * 4


@pytest.mark.slow
def test_two_processes_of_torchrun_divide_the_people_and_write_one_table(words, tmp_path):
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    process = start(words, tmp_path, launcher=launcher)
    text = process.communicate(timeout=300)[0]
    assert process.returncode == 1, text  # one person has a damaged model
    assert text.count("3 people: 2 met, 1 failed") >= 1
    rows = table_of(tmp_path / "Test" / "people.csv")
    assert [row["status"] for row in rows.values()] == [MET, FAILED, MET]
