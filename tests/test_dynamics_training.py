"""Training of the surrogate after inverse dynamics: samples, their store, and resuming as an unbroken run."""

import json
import logging
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from dataset.errors import InputError
from dataset.io.atomic_write import remove_leftovers, temporary_path
from dataset.locations import SHIPPED_DEMO, cache_folder
from dataset.sessions import Session, discover_sessions, open_session
from models.muscles.simulation_settings import SimulationSettings
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from models.surrogate.leg_dynamics import LegDynamics
from models.surrogate.transformer import SurrogateTransformer
from options.surrogate_training_options import build_parser, parse_training_or_evaluation
from utils.checkpoints import load_surrogate, read_checkpoint, save_checkpoint
from utils.runs.environment import set_seed
from utils.training import dynamics_samples
from utils.training.dynamics_evaluation import evaluate_samples
from utils.training.dynamics_samples import samples_of_session
from utils.training.dynamics_trainer import (
    DynamicsSurrogateTask,
    fit_to_samples,
    train_dynamics_surrogate,
)
from utils.training.dynamics_training_config import DynamicsTrainingConfig
from utils.training.sample_store import KINDS, prepare_samples
from utils.training.surrogate_evaluation import SurrogateTrainingResult

SIZES = "--ground-networks 2 --ground-width 8 --ground-layers 1 --muscle-width 8 --muscle-layers 1 --batch-size 256"


@pytest.fixture(autouse=True)
def few_variations(monkeypatch: pytest.MonkeyPatch) -> None:
    """One variation of the muscles in place of eight, with fewer samples; one repetition is simulated again."""
    monkeypatch.setattr(dynamics_samples, "_VARIATIONS", 1)
    monkeypatch.setattr(dynamics_samples, "_OF_VARIATION", 40)
    monkeypatch.setattr(dynamics_samples, "_SIMULATED_AGAIN", 1)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root of two shipped demo persons with one simulated repetition each, and a copy of one of them."""
    root = tmp_path_factory.mktemp("data")
    for session in discover_sessions(SHIPPED_DEMO):
        for name in (session.id, f"{session.id}-again")[: 2 if session.id.endswith("040") else 1]:
            folder = root / "Data" / name
            shutil.copytree(session.path, folder)
            (folder / "sessionMetadata.yaml").write_text(f"subjectID: {name}\n")
            for path in sorted((folder / "OpenSimData" / "Dynamics").iterdir())[1:]:
                shutil.rmtree(path)
    return root


@pytest.fixture
def session(root, tmp_path) -> Session:
    """A session that a test may change."""
    folder = tmp_path / "demo-person-040"
    shutil.copytree(root / "Data" / "demo-person-040", folder)
    return open_session(folder)


def test_samples_of_a_session(session):
    samples = samples_of_session(session, seed=0)
    repetitions, muscle = samples.repetitions, samples.muscle
    inside = repetitions["inside"]
    assert inside.sum() > 20  # at 15 Hz, a repetition of two seconds or more
    first, last = np.flatnonzero(inside)[[0, -1]]
    assert inside[first : last + 1].all()
    assert first >= 14  # nearly a second before it
    vertical = repetitions["wrench"][inside, :, 1].sum(1)
    assert abs(vertical.mean() - 1) < 0.1  # body weights
    # Its own muscles, a variation for the muscle samples, one for the ground samples, and its own again.
    assert muscle["model"].max() == 1
    assert len(samples.capacity) == samples.ground["model"].max() + 1 == 4
    assert (samples.capacity[[0, 0]] == samples.capacity[[0, 3]]).all()
    assert ((muscle["activations"] >= 0) & (muscle["activations"] <= 1)).all()
    assert (repetitions["model"] == 0).all()
    assert (repetitions["repetition"] == 0).all()
    again, other = (samples_of_session(session, seed=seed) for seed in (0, 1))
    assert (again.muscle["activations"] == muscle["activations"]).all()
    assert not (other.muscle["activations"] == muscle["activations"]).all()


Samples = dict[str, np.ndarray]


def simulated_again(session: Session) -> tuple[Samples, Samples, Samples]:
    """The samples of the one repetition as it was simulated, and of it simulated again: varied, and as it is."""
    samples = samples_of_session(session, seed=0)
    inside, second = samples.repetitions["inside"], samples.ground["model"] == samples.ground["model"].max()
    return (
        {name: values[inside] for name, values in samples.repetitions.items()},
        {name: values[~second] for name, values in samples.ground.items()},
        {name: values[second] for name, values in samples.ground.items()},
    )


def test_a_repetition_is_simulated_again_as_it_is(session, monkeypatch):
    """With the filter, that is what the files have; without it, the feet carry the weight that is demanded."""
    own, _, as_it_is = simulated_again(session)
    for name in LegDynamics._fields:
        assert (as_it_is[name] == own[name]).all(), name
    assert np.abs(as_it_is["wrench"] - own["wrench"]).max() > 1e-3  # body weights
    assert np.allclose(as_it_is["wrench"][..., 1].sum(1), as_it_is["force"][:, 1], atol=2e-2)
    monkeypatch.setattr(dynamics_samples.math, "inf", SimulationSettings().ground_cutoff_hz)
    _, _, filtered = simulated_again(session)
    assert np.allclose(filtered["wrench"][3:-3], own["wrench"][3:-3], atol=1e-3)
    assert np.allclose(filtered["net_moments"][3:-3], own["net_moments"][3:-3], atol=1e-3)


def test_with_other_muscles_the_feet_share_the_same_ground_reaction_otherwise(session, monkeypatch):
    monkeypatch.setattr(dynamics_samples, "_TRUNK_ERROR_DEG", 0.0)
    _, varied, as_it_is = simulated_again(session)
    assert (varied["force"] == as_it_is["force"]).all()
    assert np.allclose(varied["wrench"][..., 1].sum(1), varied["force"][:, 1], atol=2e-2)
    assert np.abs(varied["wrench"] - as_it_is["wrench"])[3:-3].max() > 0.01  # body weights


def test_an_error_of_the_trunk_moves_the_centre_of_pressure_and_leaves_the_legs_as_they_are(session, monkeypatch):
    monkeypatch.setattr(dynamics_samples, "vary_muscles", lambda muscles, generator: muscles)
    _, varied, as_it_is = simulated_again(session)
    for name in ("joints", "foot_axis", "shank_axis", "contact"):
        assert np.allclose(varied[name], as_it_is[name], atol=1e-6), name

    def pressure_m(force: np.ndarray, moment: np.ndarray) -> np.ndarray:
        return moment[:, 2] / force[:, 1]

    needed_m = pressure_m(varied["force"], varied["moment"])
    assert 0.005 < (needed_m - pressure_m(as_it_is["force"], as_it_is["moment"])).std() < 0.1
    given_m = pressure_m(*np.split(varied["wrench"].sum(1), 2, 1))
    assert np.corrcoef(given_m, needed_m)[0, 1] > 0.9  # what the feet do not give is left in the residual


def test_a_session_without_simulated_forces_is_left_out_with_a_sentence(root, session, tmp_path, caplog):
    for path in session.path.rglob("forces_resultant*.mot"):
        path.unlink()
    other = open_session(root / "Data" / "demo-person-075")
    with caplog.at_level(logging.WARNING, "bige"):
        store = prepare_samples([session, other], tmp_path / "store", seed=0)
    assert [one.source for one in store.left_out] == ["demo-person-040"]
    assert len(store.folders) == 1
    assert "no squat repetition has simulated ground reaction forces" in caplog.text
    with pytest.raises(InputError, match="none of 1 sessions has simulated repetitions"):
        prepare_samples([session], tmp_path / "store", seed=0)


def test_a_trial_without_a_model_leaves_out_no_squats_where_each_trial_has_one(session, tmp_path):
    folder = session.path / "OpenSimData"
    (trial,) = session.trials
    (folder / "Model" / trial.stem).mkdir()
    session.model_path.rename(folder / "Model" / trial.stem / "scaled.osim")
    shutil.copy(trial, folder / "Kinematics" / "neutral.mot")
    assert len(prepare_samples([session], tmp_path / "store", 0).folders) == 1


def test_samples_are_made_once_and_anew_where_a_label_changes(session, tmp_path):
    store = tmp_path / "store"
    first = prepare_samples([session], store, seed=0)
    files = {path: path.stat().st_mtime_ns for path in store.rglob("*.npy")}
    assert prepare_samples([session], store, seed=0).folders == first.folders
    assert files == {path: path.stat().st_mtime_ns for path in store.rglob("*.npy")}
    for pattern in ("kinematics_activations*.mot", "forces_resultant*.mot", "kinetics*.mot"):
        label = next(session.path.rglob(pattern))
        os.utime(label, ns=(0, label.stat().st_mtime_ns + 1_000_000_000))
        changed = prepare_samples([session], store, seed=0)
        assert changed.folders != first.folders, pattern
        first = changed


def test_validation_subjects_whose_muscles_are_idle_have_no_r2_and_stop_no_training(session, tmp_path, monkeypatch):
    store = prepare_samples([session], tmp_path / "store", 0)
    model = DynamicsSurrogate(DynamicsTrainingConfig().network)
    fit_to_samples(model, store)
    assert np.isfinite(list(evaluate_samples(model, store).values())).all()
    read = store.read
    monkeypatch.setattr(
        store, "read", lambda *asked: (samples := read(*asked)) | {"activations": 0 * samples["activations"] + 0.01}
    )
    found = evaluate_samples(model, store)
    assert np.isnan(found.pop("r2_vasti"))
    assert np.isfinite(list(found.values())).all()


def test_an_interrupted_preparation_leaves_no_half_session(session, tmp_path):
    store = tmp_path / "store"
    (first,) = prepare_samples([session], store, seed=0).folders
    interrupted = temporary_path(first)
    interrupted = interrupted.with_name(interrupted.name.replace(f"-{os.getpid()}.", "-999999999."))
    first.rename(interrupted)
    (interrupted / "muscle.npy").unlink()
    again = prepare_samples([session], store, seed=0)
    assert again.folders == (first,)
    remove_leftovers(store)
    assert not interrupted.exists()


def zero_block(path: Path) -> None:
    """A block of zeros, as a machine that is switched off may leave it, in a file that keeps its size."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(bytes(512))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "ground.npy").unlink(),
        lambda folder: os.truncate(folder / "capacity.npy", 200),
        lambda folder: zero_block(folder / "repetitions.npy"),
        lambda folder: os.truncate(folder / "contents.json", 5),
        lambda folder: (folder / "contents.json").write_text('{"left_out": 5}'),
        lambda folder: (shutil.rmtree(folder), folder.write_text("")),
    ],
)
def test_samples_that_are_damaged_on_disk_are_made_again(session, tmp_path, spoil):
    (folder,) = prepare_samples([session], tmp_path, seed=0).folders
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    spoil(folder)
    assert prepare_samples([session], tmp_path, seed=0).folders == (folder,)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole


def test_every_sample_is_drawn_once_with_the_capacity_of_its_muscles(session, tmp_path):
    store = prepare_samples([session], tmp_path / "store", seed=0)
    for kind in KINDS:
        whole = store.read(kind, [0])
        batches = list(store.batches(kind, 100, torch.Generator().manual_seed(0)))
        pose = "angles" if kind == "muscle" else "unloaded"
        drawn = {name: torch.cat([batch[name] for batch in batches]) for name in (pose, "capacity")}
        assert len(drawn[pose]) == store.size(kind)
        rows = [torch.cat([part[pose].flatten(1), part["capacity"].flatten(1)], 1) for part in (drawn, whole)]
        assert torch.equal(*(torch.unique(values, dim=0) for values in rows))


def config_of(root: Path, out: Path, name: str, more: str = "") -> DynamicsTrainingConfig:
    text = f"{SIZES} --epochs 2 --data-root {root} --out-dir {out} --exp-name {name} {more}"
    return parse_training_or_evaluation(build_parser(""), text.split())


def train(config: DynamicsTrainingConfig) -> SurrogateTrainingResult:
    set_seed(config.seed)
    return train_dynamics_surrogate(config)


@pytest.mark.parametrize("more", ["--precision bfloat16", pytest.param("--compile", marks=pytest.mark.slow)])
def test_networks_learn_the_same_in_mixed_precision_and_compiled(root, tmp_path, more):
    plain, other = (train(config_of(root, tmp_path, name, words)) for name, words in (("plain", ""), ("other", more)))
    one, another = plain.model.state_dict(), other.model.state_dict()
    assert any((another[name] != values).any() for name, values in one.items())
    assert all(values.dtype == one[name].dtype for name, values in another.items())
    assert other.best_loss == pytest.approx(plain.best_loss, rel=0.01)


def test_a_run_that_is_resumed_equals_the_unbroken_one(root, tmp_path, monkeypatch):
    straight = train(config_of(root, tmp_path, "straight"))
    step = DynamicsSurrogateTask.train_step

    def interrupted_step(task: DynamicsSurrogateTask) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return step(task)

    monkeypatch.setattr(DynamicsSurrogateTask, "train_step", interrupted_step)
    with pytest.raises(KeyboardInterrupt):
        train(config_of(root, tmp_path, "broken"))
    monkeypatch.undo()
    last = tmp_path / "broken" / "last.pth"
    assert read_checkpoint(last)["training"]["step"] == 1
    resumed = train(config_of(root, tmp_path, "broken", f"--resume-pth {last}"))
    one, other = (read_checkpoint(result.folder / "last.pth") for result in (straight, resumed))
    for name in ("best.pth", "last.pth", "losses.csv"):  # the same seed gives the same bytes
        assert (straight.folder / name).read_bytes() == (resumed.folder / name).read_bytes(), name
    assert one["net"].keys() == other["net"].keys()
    assert all(torch.equal(value, other["net"][name]) for name, value in one["net"].items())
    assert one["training"]["step"] == other["training"]["step"] == 2
    assert isinstance(load_surrogate(straight.folder / "best.pth"), DynamicsSurrogate)
    assert json.loads((straight.folder / "metrics.json").read_text())["windows"] > 0
    assert any(cache_folder(root, "samples").iterdir())


def test_a_surrogate_of_kinematics_is_not_trained_further(root, tmp_path):
    save_checkpoint(tmp_path / "other.pth", SurrogateTransformer())
    with pytest.raises(InputError, match="--kinematics"):
        train_dynamics_surrogate(config_of(root, tmp_path, "new", f"--resume-pth {tmp_path / 'other.pth'}"))
