"""RESULTS.md: the tables are put where they belong, and what is written around them stays."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from synthetic_squats import squats

import make_tables as make_tables_script
from dataset.errors import InputError
from dataset.io.mot import write_motion
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import Session
from models.conventions import ROTATION_INDICES
from utils.biomechanics.own_comparison import FORM
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.subject.squat_profile import form_difference, form_differences
from utils.guidance.verification import Verification
from utils.metrics.evaluation_networks import EvaluationNetworks
from utils.metrics.guided_table import guided_table
from utils.metrics.markdown_blocks import write_blocks
from utils.metrics.request_table import request_table
from utils.metrics.result_tables import TablesResult, generated_rows, make_tables
from utils.metrics.tables_config import TablesConfig

BLOCKS = "# Results\n\nBefore.\n\n<!-- {0} -->\nold\n<!-- end of {0} -->\n\nAfter, by hand.\n"


def test_a_block_is_replaced_and_the_rest_stays(tmp_path):
    path = tmp_path / "RESULTS.md"
    path.write_text(BLOCKS.format("generated"))
    for text in ("| a | b |", "| c\\1 | d |"):  # a second time too, and not as a pattern
        write_blocks(path, {"generated": text})
        assert path.read_text() == BLOCKS.format("generated").replace("old", text)


def test_a_missing_block_is_an_error_and_nothing_is_written(tmp_path):
    path = tmp_path / "RESULTS.md"
    path.write_text(BLOCKS.format("generated"))
    with pytest.raises(InputError, match="recorded"):
        write_blocks(path, {"generated": "new", "recorded": "new"})
    assert "old" in path.read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BLOCKS.format("generated").encode("latin1") + b"\xe9", "not encoded in UTF-8"),
        (2 * BLOCKS.format("generated").encode(), "found 2 of them"),
        (b"# Results", "found none"),
    ],
    ids=["latin", "twice", "none"],
)
def test_the_file_of_the_tables_is_looked_at_before_they_are_made(tmp_path, content, words):
    (tmp_path / "RESULTS.md").write_bytes(content)
    config = TablesConfig(row=(("A", tmp_path / "none"),), results=tmp_path / "RESULTS.md", out_dir=tmp_path / "out")
    with pytest.raises(InputError, match=words):
        make_tables(config)
    assert (tmp_path / "RESULTS.md").read_bytes() == content


def test_line_ends_of_the_file_of_the_tables_stay(tmp_path):
    (tmp_path / "RESULTS.md").write_bytes(BLOCKS.format("generated").replace("\n", "\r\n").encode())
    write_blocks(tmp_path / "RESULTS.md", {"generated": "new"})
    assert b"Before.\r\n" in (tmp_path / "RESULTS.md").read_bytes()


def test_two_rows_of_one_name_are_refused(tmp_path):
    with pytest.raises(InputError, match="--row: A is the name of two rows"):
        TablesConfig(row=(("A", tmp_path), ("A", tmp_path / "other")))


def guided(session, accepted, *peaks):
    """A result of guidance to peaks from .35 to .45, with these simulated peaks, left and right of each sample."""
    simulated = torch.tensor(peaks)
    terms = [parse_term("activation:vasmed:max:within:0.35:0.45")]
    zeros = torch.zeros(len(peaks))
    found = Verification(torch.zeros(len(peaks), 196, 80), simulated, simulated, (simulated,), zeros, zeros)
    return SimpleNamespace(
        session_id=session,
        samples=peaks,
        accepted_as_predicted=lambda j: j < accepted,
        simulation_verdicts=lambda: found.verdicts(terms),
        baseline=None,
    )


def test_predicted_and_simulated_peaks_in_range_are_counted_by_subject_and_in_all():
    results = [guided("a", 2, (0.40, 0.36), (0.47, 0.40)), guided("b", 1, (0.40, 0.60), (0.20, 0.40))]
    unverified = SimpleNamespace(session_id="c", simulation_verdicts=list)
    counts = [line.split(" | ")[:4] for line in guided_table([*results, unverified]).splitlines()[2:]]
    assert counts == [
        ["| a", "2/2", "1/2", "2/2"],
        ["| b", "1/2", "0/2", "0/2"],
        ["| all", "3/4", "1/4", "2/4"],
    ]
    with pytest.raises(InputError, match="was simulated"):
        guided_table([unverified])


def test_guided_motions_are_compared_with_the_own_squats_from_stance_to_stance():
    own = torch.stack([torch.from_numpy(squats(1, depth_deg=depth).coordinates) for depth in (80, 100)])
    held = torch.cat([own, own[:, -1:].expand(-1, 120, -1)], 1)  # standing at the end, which does not count
    alike, shifted = guided("alike", 2, (0.4, 0.4), (0.4, 0.4)), guided("shifted", 2, (0.4, 0.4), (0.4, 0.4))
    changes = [SimpleNamespace(form_deg=2.0, own=0), SimpleNamespace(form_deg=4.0, own=1)]
    for result, motion in ((alike, held), (shifted, held + 3.0)):
        result.baseline, result.motion, result.changes = SimpleNamespace(motion=own), motion, changes
    rows = [line.removesuffix(" |").split(" | ")[4:] for line in guided_table([alike, shifted]).splitlines()[2:]]
    # All values 3 more: the means differ by 3, whose square is the published distance, and the histograms are the same.
    entropies = rows[0][3:]
    assert len(set(entropies)) == 1
    assert rows == [
        ["3.0°", "0.00", "0.00", *entropies],
        ["3.0°", "9.00", "9.00", *entropies],
        ["3.0°", "4.50", "4.50", *entropies],
    ]


def test_guided_motions_are_compared_with_those_own_squats_that_they_continue():
    own = torch.stack([torch.from_numpy(squats(1, depth_deg=depth).coordinates) for depth in (60, 100)])
    result = guided("deep", 2, (0.4, 0.4), (0.4, 0.4))
    result.baseline, result.motion = SimpleNamespace(motion=own), own[[1, 1]]
    result.changes = [SimpleNamespace(form_deg=0.0, own=1)] * 2
    of_all, continued, *entropies = guided_table([result]).splitlines()[2].removesuffix(" |").split(" | ")[5:]
    assert float(of_all) > 1
    assert continued == "0.00"
    assert entropies[1] == entropies[2] != entropies[0]


def test_the_script_sets_generated_motions_beside_the_reference_of_the_same_subjects(run_script, tmp_path):
    session = Session(SHIPPED_DEMO / "Data" / "demo-person-040")
    folder = tmp_path / "copied" / f"latents_subject_run_{session.id}"
    folder.mkdir(parents=True)
    for j, path in enumerate(session.muscle_driven):
        shutil.copy(path, folder / f"entry_{j}_copied.mot")
    results = tmp_path / "RESULTS.md"
    results.write_text(BLOCKS.format("generated"))
    command = ["make_tables.py", "--data-root", SHIPPED_DEMO, "--results", results, "--threads", 1]
    run_script(*command, "--row", f"copied={folder.parent}", "--out", tmp_path / "tables")
    text = results.read_text()
    assert "After, by hand." in text
    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert {"Demo reference", "Demo trials", "copied", "Reference (paper)", "MoCap (paper)"} <= rows.keys()
    assert rows["copied"].split(" | ")[1] == "0.000"  # the reference itself
    written = json.loads((tmp_path / "tables" / "generated.json").read_text())
    assert [row["name"] for row in written] == ["Demo reference", "Demo trials", "copied"]
    assert written[0]["subjects"] == 1


def test_what_keeps_rows_from_being_compared_is_said(monkeypatch, capsys, tmp_path):
    folders = {}
    for name, subjects in {"both": ("demo-person-040", "demo-person-075"), "one": ("demo-person-040",)}.items():
        for subject in subjects:
            folder = tmp_path / name / f"latents_subject_run_{subject}"
            folder.mkdir(parents=True)
            shutil.copy(Session(SHIPPED_DEMO / "Data" / subject).muscle_driven[0], folder / "entry_0.mot")
        folders[name] = folder.parent
    (folder / "spoilt.mot").write_text("no motion")
    (folder / "args.json").write_text(json.dumps({"subject": subject, "low": 0.2, "high": 0.3, "muscle": "soleus"}))
    (tmp_path / "RESULTS.md").write_text(BLOCKS.format("generated"))
    rows = [f"--row={name}={folder}" for name, folder in folders.items()]
    command = ["make_tables.py", "--data-root", SHIPPED_DEMO, "--results", tmp_path / "RESULTS.md", *rows]
    monkeypatch.setattr("sys.argv", [*map(str, command), "--threads=1", f"--out-dir={tmp_path / 'tables'}"])
    with pytest.raises(SystemExit) as stop:
        make_tables_script.main()
    assert stop.value.code == 1
    assert "left out (1):" in capsys.readouterr().out
    said = (tmp_path / "RESULTS.md").read_text()
    assert said.count("do not compare the same people") == 1
    assert "- one: is of demo-person-040, and both of demo-person-040, demo-person-075; these rows" in said
    assert (
        "- one: was asked for soleus of 0.2 to 0.3; MAC and the peaks in range are, as in every row, of vasmed" in said
    )


def test_generated_motions_of_people_without_muscle_driven_repetitions_have_no_reference(tmp_path):
    person = tmp_path / "Data" / "somebody"
    shutil.copytree(SHIPPED_DEMO / "Data" / "demo-person-040", person)
    (driven, *_) = Session(person).muscle_driven
    folder = tmp_path / "copied" / "latents_subject_run_somebody"
    folder.mkdir(parents=True)
    shutil.copy(driven, folder / "entry_0_copied.mot")
    for path in Session(person).muscle_driven:
        path.unlink()
    shutil.copytree(SHIPPED_DEMO / "Data" / "demo-person-040", tmp_path / "Data" / "another")
    with pytest.raises(InputError, match="holds no muscle-driven repetition of somebody"):
        generated_rows(tmp_path, {"copied": folder.parent}, EvaluationNetworks())


@pytest.mark.parametrize(("paths", "beside"), [((), ""), (("recorded.csv",), " and to tables")])
def test_the_script_names_the_folder_only_where_it_wrote_into_it(monkeypatch, capsys, paths, beside):
    result = TablesResult(Path("RESULTS.md"), {"guided": ""}, paths)
    monkeypatch.setattr("utils.metrics.result_tables.make_tables", lambda config: result)
    monkeypatch.setattr("sys.argv", ["make_tables.py", "--guided", "run", "--out-dir", "tables"])
    make_tables_script.main()
    assert capsys.readouterr().out == f"guided: written into RESULTS.md{beside}\n"


def test_requests_are_counted_over_people(tmp_path):
    asked = [
        {"name": "depth", "asked": "110 to 120", "unit": "deg", "required": True, "of_a_whole_motion": False},
        {"name": "still", "asked": "below 30", "unit": "deg/s", "required": True, "of_a_whole_motion": True},
        {"name": "slide", "asked": "small", "unit": "m/s", "required": False, "of_a_whole_motion": False},
    ]
    for person, accepted, change in (("a", 5, 2.0), ("b", 3, 4.0)):
        folder = tmp_path / "deep" / "mot_visualization" / f"latents_subject_run_{person}"
        folder.mkdir(parents=True)
        summary = {"accepted": accepted, "wanted": 5, "mean_change_deg": change, "asked": asked}
        (folder / "summary.json").write_text(json.dumps(summary))
    last = request_table(tmp_path).splitlines()[-1]
    assert last == "| deep | depth 110 to 120 deg | 2 | 1 | 8 of 10 | 60 % | 3.0° | 4.0° | - | - | - | - |"
    for person, depths_deg in (("a", (90, 100)), ("b", (60, 98))):
        for j, depth_deg in enumerate(depths_deg):
            motion = squats(1, depth_deg=depth_deg)
            write_motion(tmp_path / f"deep/mot_visualization/latents_subject_run_{person}/entry_{j}_deep.mot", motion)
    motions = {depth: torch.from_numpy(squats(1, depth_deg=depth).coordinates) for depth in (60, 90, 98, 100)}
    # From 90 and 100 the nearest of the other person is 98, from 60 and 98 it is 90 and 100.
    nearest = [
        form_difference(motions[one], motions[other]) for one, other in ((90, 98), (100, 98), (60, 90), (98, 100))
    ]
    of_form, of_all = (
        form_differences(list(motions.values()), [motions[90]], which) for which in (FORM, ROTATION_INDICES)
    )
    share = of_all[-1, 0] / of_form[-1, 0]  # the arms hang in all of them, so that all angles differ by less
    *form, median, least = (float(x) for x in request_table(tmp_path).splitlines()[-1][:-3].split("° | ")[-4:])
    assert form == pytest.approx([np.median(nearest), min(nearest)], abs=0.051)
    assert 0.6 < share < 0.8
    assert [median, least] == pytest.approx([share * np.median(nearest), share * min(nearest)], abs=0.051)
    with pytest.raises(InputError, match="holds no"):
        request_table(tmp_path / "deep")
