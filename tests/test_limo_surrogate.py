"""LIMO_Surrogate.py from the command line, with networks of random weights, and the files that it writes."""

import json
import math
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from bodies import SimpleSkeleton, squat
from opensim_comparison.tool_results import moment_differences, run_tool
from opensim_poses import rajagopal2015
from random_networks import short_run, write_networks, write_person

import LIMO_Surrogate
from dataset.errors import InputError, RunError
from dataset.io.mot import read_motion
from dataset.io.opensim_table import read_table
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import MUSCLE_INDEX
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import summarise
from utils.checkpoints import save_checkpoint
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.latents.latent_updates import PCAUpdate
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.output.result_files import load_guidance
from utils.guidance.output.summary import summarise_result
from utils.guidance.subject.postprocessing import low_pass, stand_on_floor
from utils.guidance.verification import Verification, judged_by_simulation, select_best
from utils.opensim_tools.tool_folder import ACTIVATIONS, INVERSE_DYNAMICS
from utils.simulation.simulators import build_simulator

ROOT = Path(__file__).parent.parent


def test_placement_on_the_floor_removes_lift_and_sliding_of_the_feet():
    """The simple skeleton's squat, with legs a fifth shorter, 10 cm higher and gliding at 0.3 m/s, is restored."""
    motion = squat(2)
    height = motion[..., AT["pelvis_ty"]].clone()
    motion[..., AT["pelvis_ty"]] = 0.8 * height + 0.1
    motion[1, :, AT["pelvis_tx"]] = 3.0 + 0.3 * torch.arange(196) / 60
    placed, points = stand_on_floor(motion, SimpleSkeleton())
    torch.testing.assert_close(placed[..., AT["pelvis_ty"]], height, atol=2e-3, rtol=0)
    torch.testing.assert_close(points, SimpleSkeleton().contact_points(placed), atol=1e-5, rtol=0)
    context = Context(placed, skeleton=SimpleSkeleton(), floor_height_m=0.0)
    for name in ("floor_penetration", "foot_lift"):
        assert summarise(evaluate_quantity(name, context), "max").max() < 2e-3
    drift = evaluate_quantity("foot_drift", context).values
    assert drift[0].max() < 1e-5
    assert drift[1].mean() < 2e-3  # the smoothing bends at the ends of the glide
    assert placed[1, 0, AT["pelvis_tx"]].abs() < 1e-6
    torch.testing.assert_close(placed[..., 6:], motion[..., 6:])


def test_noise_in_one_frame_of_a_joint_hardly_accelerates_the_pelvis():
    motion = squat()
    motion[:, 90, AT["knee_angle_l"]] -= 10
    placed, _ = stand_on_floor(motion, SimpleSkeleton())
    # The foot's movement within one frame and back is 377 m/s^2; the squat itself reaches 0.9.
    assert summarise(evaluate_quantity("com_acceleration", Context(placed)), "max").item() < 3


def test_low_pass_halves_the_power_at_its_cutoff_and_keeps_straight_lines():
    time_s = torch.arange(196, dtype=torch.float64) / 60
    line = torch.stack([3 - 2 * time_s, torch.ones(196).double()], -1)[None]
    torch.testing.assert_close(low_pass(line, 6.0), line)
    for frequency, share in ((1.0, 0.98), (6.0, 0.5**0.5), (15.0, 0.11)):
        wave = torch.sin(2 * math.pi * frequency * time_s)[None, :, None]
        left = low_pass(wave, 6.0)[0, 40:-40].std() / wave[0, 40:-40].std()
        assert left.item() == pytest.approx(share, abs=0.02)
    assert low_pass(line, 0.0) is line


def test_pca_updates_stay_in_the_span_of_the_training_latents_and_scale_with_their_spread():
    latents = torch.randn(12, 6, 5, generator=torch.Generator().manual_seed(0))
    moves = PCAUpdate(latents)
    assert moves.zero(latents[:3]).shape == (3, 11)  # twelve points span eleven directions
    variable = torch.randn(400, 11, generator=torch.Generator().manual_seed(1))
    displaced = moves(variable)
    differences = (latents - latents.mean(0)).flatten(1)
    left_over = displaced.flatten(1) - displaced.flatten(1) @ torch.linalg.pinv(differences) @ differences
    assert left_over.abs().max() < 1e-4
    spread = differences.square().mean().sqrt().item()
    assert displaced.square().mean().sqrt().item() == pytest.approx(0.1 * spread, rel=0.1)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A VQ-VAE with its latents and a surrogate, of random weights; decoded motions are near a squat."""
    return write_networks(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="module")
def arguments(checkpoints):
    """Command line of a short run for a session with the generic model, without its output folder."""
    person = write_person(checkpoints / "person")
    return ["LIMO_Surrogate.py", "--exp-name", "Test", "--subject", str(person), *short_run(checkpoints)]


@pytest.fixture(scope="module")
def limo(arguments):
    """A function that runs the script in a process of its own and returns the completed process."""

    def run(out_dir, *more):
        command = [sys.executable, *arguments, "--out-dir", str(out_dir), *more]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    return run


@pytest.fixture
def limo_here(arguments, tmp_path, monkeypatch):
    """A function that runs the script in this process, which is sooner, into `tmp_path` unless told otherwise."""

    def run(*more, out_dir=tmp_path):
        monkeypatch.setattr(sys, "argv", [*arguments, "--out-dir", str(out_dir), *map(str, more)])
        LIMO_Surrogate.main()

    return run


def test_a_run_writes_consistent_files_and_is_reproducible(limo, limo_here, tmp_path, capsys):
    """In a process of its own, and in one that has done other things before."""
    done = limo(tmp_path / "a")
    assert done.returncode == 0, done.stderr
    assert sum(" met" in line for line in done.stdout.splitlines()) == 3
    limo_here(out_dir=tmp_path / "b")
    assert capsys.readouterr().out == done.stdout
    folder = tmp_path / "a" / "Test" / "mot_visualization" / "latents_subject_run_person"
    files = [folder / f"entry_{j}_Test.mot" for j in range(3)]
    peaks = []
    for path in files:
        motion = read_motion(path)
        assert motion.coordinates.shape == (196, 33)
        assert motion.rate_hz == pytest.approx(60)
        activations = torch.from_numpy(motion.activations)[None]
        context = Context(torch.from_numpy(motion.coordinates)[None], activations=activations, ends_s=0.2)
        peaks.append(summarise(evaluate_quantity("activation", context, "vasmed"), "max").mean().item())
    assert peaks == sorted(peaks)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["accepted"] == 3
    for sample, peak in zip(summary["samples"], peaks, strict=True):
        assert sample["terms"]["MAC"]["asked"] == "0.05 to 0.95"
        assert np.mean(sample["terms"]["MAC"]["value"]) == pytest.approx(peak, abs=1e-4)
    assert (folder / "overview.png").stat().st_size > 10_000
    assert np.load(folder / "latents.npz")["latents"].shape == (3, 49, 4)
    again = tmp_path / "b" / "Test" / folder.relative_to(tmp_path / "a" / "Test")
    same = [*(path.name for path in files), "latents.npz", "summary.json", "overview.png"]
    for name in same:
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name
    losses = "losses_person.csv"
    assert (tmp_path / "a" / "Test" / losses).read_bytes() == (tmp_path / "b" / "Test" / losses).read_bytes()

    result = load_guidance(folder)
    assert result.session.id == result.session_id == "person"
    for j, sample in enumerate(result.samples):
        written = torch.from_numpy(read_motion(files[j]).coordinates)
        torch.testing.assert_close(sample.motion.double(), written, atol=1e-6, rtol=0)
        values = [entry["value"] for entry in summary["samples"][j]["terms"].values()]
        for value, rounded in zip(sample.values, values, strict=True):
            assert value.tolist() == pytest.approx(rounded, rel=1e-5, abs=1e-9)
    assert summarise_result(result) == summary

    with pytest.raises(InputError, match="--overwrite"):
        limo_here(out_dir=tmp_path / "a")


@pytest.mark.parametrize("exact", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_summary_contains_the_simulated_peaks(limo_here, tmp_path, capsys, exact):
    """Simulated peaks in the summary equal those of a new simulation of the written files, and those for OpenSim."""
    options = ["--exact-paths", "--refine", "1"] if exact else ["--candidates", "3", "--opensim"]
    limo_here("--verify", "--min-samples", "1", *options)
    assert "peak vasmed simulated" in capsys.readouterr().out
    folder = tmp_path / "Test" / "mot_visualization" / "latents_subject_run_person"
    sample = json.loads((folder / "summary.json").read_text())["samples"][0]
    written = read_motion(folder / sample["file"])
    simulator = build_simulator(rajagopal2015(), exact_paths=exact)
    with torch.no_grad():
        found = simulator(torch.from_numpy(written.coordinates)[None], 60.0).activations[0, 12:-12]
    peaks = [found[:, MUSCLE_INDEX[f"vasmed_{side}"]].max().item() for side in "lr"]
    assert sample["simulated"]["peak_simulated"] == pytest.approx(peaks, abs=2e-3)
    predicted = [written.activations[12:-12, MUSCLE_INDEX[f"vasmed_{side}"]].max() for side in "lr"]
    assert sample["simulated"]["peak_predicted"] == pytest.approx(predicted, abs=1e-3)
    if not exact:
        folder = tmp_path / "Test/opensim/person/entry_0_Test"
        table = read_table(folder / ACTIVATIONS)
        peaks = [table.column(f"vasmed_{side}")[12:-12].max() for side in "lr"]
        assert sample["simulated"]["peak_simulated"] == pytest.approx(peaks, abs=2e-3)
        run_tool(folder, INVERSE_DYNAMICS)
        assert max(np.abs(values).max() for values in moment_differences(folder).values()) < 0.5


def test_candidates_without_simulation_are_refused(limo_here):
    with pytest.raises(InputError, match="no-verify"):
        limo_here("--candidates", "2")


def test_the_samples_nearest_to_the_range_in_simulation_are_kept():
    simulated = torch.tensor([[0.40, 0.49], [0.36, 0.44], [0.30, 0.40]])
    terms = [parse_term("activation:vasmed:max:within:0.35:0.45"), parse_term("knee_flexion:max:above:90:wish")]
    values = (simulated, torch.full((3, 2), 80.0))
    verification = Verification(torch.zeros(3, 1, 80), simulated, simulated, values, torch.zeros(3), torch.zeros(3))
    violation = torch.tensor([5.0, 0.0, 6.0], dtype=torch.float64)  # 1 and the tolerances of 0.01
    torch.testing.assert_close(verification.violation(terms), violation, atol=1e-5, rtol=0)
    assert verification.verdicts(terms) == ["near", "met", "near"]
    assert verification.take([1, 0]).verdicts(terms) == ["met", "near"]
    required = [terms[0], replace(terms[1], wish=False)]
    assert verification.verdicts(required) == ["missed"] * 3  # a requirement of the kinematics counts too
    samples = judged_by_simulation([a_sample() for _ in range(3)], verification, terms)
    assert [sample.accepted for sample in samples] == [False, True, False]
    assert [sample.met for sample in samples] == [(False, False), (True, False), (False, False)]
    torch.testing.assert_close(samples[2].values[0], simulated[2])
    assert select_best(samples, 2) == [0, 1]
    assert select_best(samples, 2, [True, False, False]) == [1, 2]


def test_what_needs_forces_that_nothing_gives_is_not_accepted():
    inside = torch.full((3, 2), 0.4)
    terms = [parse_term("activation:vasmed:max:within:0.35:0.45")]
    forces = torch.tensor([[0.01, 0.001, 0.01, 2], [0.3, 0.01, 0.01, 2], [0.01, 0.001, 0.2, 2]])
    verification = Verification(
        torch.zeros(3, 1, 80), inside, inside, (inside,), torch.zeros(3), torch.zeros(3), unexplained=forces
    )
    assert verification.verdicts(terms) == ["met", "missed", "missed"]
    sentences = verification.unexplained_sentences()
    assert sentences[0] == ""
    assert "30 % of body weight" in sentences[1]
    assert "hip_rotation_l" in sentences[2]
    accepted = [sample.accepted for sample in judged_by_simulation([a_sample()] * 3, verification, terms)]
    assert accepted == [True, False, False]


def a_sample():
    """A sample that the surrogate accepts, of two terms."""
    return GuidedSample(
        0, torch.zeros(1, 1), torch.zeros(1, 33), torch.zeros(1, 80), (torch.zeros(2), torch.zeros(2)), (True, True),
        0.0, 0.0, -1,
    )  # fmt: skip


def test_opensim_opens_the_written_motions(limo_here, tmp_path):
    opensim = pytest.importorskip("opensim")
    from dataset.opensim.opensim_library import load_opensim

    load_opensim()
    limo_here("--constraint", "knee_flexion:max:above:-10", "--min-samples", "1")
    path = next(tmp_path.glob("Test/mot_visualization/*/entry_0_Test.mot"))
    table = opensim.TimeSeriesTable(str(path))
    assert table.getNumRows() == 196
    assert table.getTableMetaDataAsString("inDegrees") == "yes"
    knee = table.getDependentColumn("knee_angle_r").to_numpy()
    np.testing.assert_allclose(knee, read_motion(path).column("knee_angle_r"))


def test_a_run_with_too_few_accepted_samples_fails_and_still_writes_the_nearest(limo_here, tmp_path, capsys):
    with pytest.raises(RunError, match="only 0 of 3"):
        limo_here("--constraint", "knee_flexion:min:above:159", "--give-up", "1", "--num-runs", "2")
    assert sum(" missed" in line for line in capsys.readouterr().out.splitlines()) == 2
    assert len(list(tmp_path.glob("Test/mot_visualization/*/entry_*.mot"))) == 2


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--low", "0.6", "--high", "0.4"], "expected --low to be at most --high"),
        (["--muscle", "vastus"], "vasmed"),
        (["--constraint", "knee:max:above:90"], "knee_flexion"),
        (["--seq-len", "60"], "--seq-len 60"),
        (["--subject", "Data/nobody"], "nobody: no such session folder"),
        (["--vq-name", "nothing.pth"], "nothing.pth"),
        (["--lr", "1e30"], r"--lr is 1e\+30, expected 1000 at most"),
        (["--start-noise", "1e30"], r"--start-noise is 1e\+30, expected 100 at most"),
        (["--smooth-hz", "1000"], "--smooth-hz is 1000, expected 60 at most"),
    ],
)
def test_invalid_input_is_refused_before_anything_is_written(limo_here, tmp_path, more, says):
    with pytest.raises(InputError, match=says):
        limo_here(*more)
    assert not list(tmp_path.iterdir())


def test_motions_of_six_seconds_from_latents_of_five(limo_here, checkpoints, tmp_path):
    """Training latents are lengthened by standing; optimisation, files and report are of the asked length."""
    long = tmp_path / "long"
    long.mkdir()
    shutil.copy(checkpoints / "vqvae.pth", long)
    latents = np.random.default_rng(0).normal(size=(9, 75, 4))
    repetition = np.arange(75) < np.arange(48, 57)[:, None]
    np.savez(long / "latents.npz", latents=latents, names=np.arange(9), repetition=repetition)
    save_checkpoint(long / "surrogate.pth", DynamicsSurrogate())
    more = ["--vq-name", long / "vqvae.pth", "--surrogate-name", long / "surrogate.pth", "--seq-len", "90"]
    limo_here(*more, "--total-iter", "3", "--min-samples", "2")
    motions = [read_motion(path) for path in tmp_path.glob("Test/mot_visualization/*/entry_*.mot")]
    assert [len(motion) for motion in motions] == [360, 360]
    assert all(np.isfinite(motion.activations).all() for motion in motions)
    (report,) = tmp_path.glob("Test/mot_visualization/*/report.html")
    assert report.stat().st_size > 100_000


def test_without_training_latents_guidance_starts_from_the_codebook(limo_here, checkpoints, tmp_path, caplog):
    (tmp_path / "alone").mkdir()
    shutil.copy(checkpoints / "vqvae.pth", tmp_path / "alone")
    limo_here("--vq-name", tmp_path / "alone" / "vqvae.pth", "--seq-len", "24")
    assert "proximity is to the codebook" in caplog.text
    motions = [read_motion(path) for path in tmp_path.glob("Test/mot_visualization/*/entry_*.mot")]
    assert [len(motion) for motion in motions] == [96, 96, 96]


def test_help_and_the_list_of_quantities_need_no_arguments():
    for flag, word in (("--help", "--min-samples"), ("--list-quantities", "floor_penetration")):
        done = subprocess.run([sys.executable, ROOT / "LIMO_Surrogate.py", flag], capture_output=True, text=True)
        assert done.returncode == 0
        assert word in done.stdout
