"""What TensorBoard is given is what TensorBoard can show: read back with its own reader."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from bodies import squat
from opensim_poses import rajagopal2015
from PIL import Image
from synthetic_windows import squat_windows
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from dataset.opensim.model_reader import load_skeleton
from utils.guidance.output.guided_events import write_guided_events
from utils.reconstruction.autoencoding import used_codes_of
from utils.runs import tensorboard_views as views
from utils.training.reconstruction_views import show_reconstruction


@pytest.fixture
def writer(tmp_path):
    return SummaryWriter(str(tmp_path))


def read(writer) -> EventAccumulator:
    """All that was written."""
    writer.close()
    events = EventAccumulator(writer.log_dir, size_guidance={"images": 0, "histograms": 0})
    return events.Reload()


def test_a_clip_is_an_animation_that_lasts_as_long_as_the_motion(writer):
    motion = squat(frames=121)[0]
    views.show_clip(writer, 7, "clip", [motion, motion + 5], load_skeleton(rajagopal2015()))
    image = read(writer).Images("clip")[0]
    assert image.step == 7
    with Image.open(io.BytesIO(image.encoded_image_string)) as clip:
        assert clip.format == "GIF"
        assert clip.size == (image.width, image.height)
        durations = []
        for frame in range(clip.n_frames):
            clip.seek(frame)
            durations.append(clip.info["duration"])
        assert sum(durations) == pytest.approx(2050, abs=60), "121 frames of a sixtieth second"
        clip.seek(clip.n_frames // 2)
        assert np.asarray(clip.convert("RGB")).std() > 0
    assert len(image.encoded_image_string) < 200_000


def test_histograms_of_codes_count_recorded_frames_alone(writer):
    codes = torch.tensor([[[3, 1], [3, 2], [9, 9]], [[4, 1], [3, 1], [9, 9]]])
    recorded = torch.ones(2, 12, dtype=torch.bool)
    recorded[:, 8:] = False
    views.show_codes(writer, 1, used_codes_of(codes, recorded))
    events = read(writer)
    histogram = events.Histograms("codebook/code")[0].histogram_value
    assert (histogram.num, histogram.min, histogram.max) == (8, 1, 4)
    uses = events.Histograms("codebook/uses_of_a_code")[0].histogram_value
    assert (uses.num, uses.sum, uses.max) == (4, 8, 3)


def test_curves_are_written_as_images(writer):
    windows = squat_windows(2)
    views.show_curves(writer, 1, "curves", windows.motion[1], windows.motion[0], windows.recorded[1])
    views.show_activations(writer, 1, "muscles", windows.activations[1], windows.activations[0], windows.labelled[1])
    events = read(writer)
    for tag in ("curves", "muscles"):
        picture = np.asarray(Image.open(io.BytesIO(events.Images(tag)[0].encoded_image_string)).convert("RGB"))
        assert picture.shape[1] > 800
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def test_guided_samples_lie_among_the_training_latents(writer, tmp_path):
    training, guided = torch.randn(5000, 8, 4), torch.randn(3, 8, 4)
    names = [f"person/{i}" for i in range(5000)]
    views.show_latents(writer, 0, {"training": (training, names), "guided": (guided, ["a", "b", "c"])})
    writer.close()
    labels = next(tmp_path.rglob("metadata.tsv")).read_text().splitlines()
    points = np.loadtxt(next(tmp_path.rglob("tensors.tsv")))
    assert labels[0].split("\t") == ["kind", "name"]
    assert len(labels) - 1 == len(points) == 1003
    assert labels[-3:] == ["guided\ta", "guided\tb", "guided\tc"]
    assert points[-3:] == pytest.approx(guided.mean(1).numpy(), abs=1e-4)
    assert points[0] == pytest.approx(training[0].mean(0).numpy(), abs=1e-4)
    assert "latents" in (tmp_path / "projector_config.pbtxt").read_text()


def test_views_are_written_about_ten_times_a_run_and_at_its_end():
    steps = [step for step in range(1000, 300_001, 1000) if views.is_view_step(step, 1000, 300_000)]
    assert len(steps) == 10
    assert steps[-1] == 300_000
    assert [step for step in (1, 2, 3) if views.is_view_step(step, 1, 3)] == [1, 2, 3]
    assert views.is_view_step(7, 1000, 7)


def test_training_shows_curves_and_codes(tmp_path):
    from models.vqvae.autoencoder import VQVAE
    from models.vqvae.vqvae_config import VQVAEConfig

    model = VQVAE(VQVAEConfig(nb_code=16, code_dim=8, width=8, depth=1))
    with SummaryWriter(str(tmp_path / "training")) as writer:
        show_reconstruction(writer, 3, model, squat_windows(2))
    events = read(writer)
    assert events.Images("validation/curves")[0].step == 3
    assert events.Histograms("codebook/code")[0].histogram_value.max < 16


def test_guidance_shows_its_samples_once_however_often_it_is_repeated(tmp_path):
    result = SimpleNamespace(
        samples=[SimpleNamespace(z=torch.randn(8, 8), motion=motion) for motion in squat(4, frames=20)],
        file_names=[f"entry_{i}.mot" for i in range(4)],
        training_names=tuple("uvwxyz"),
        training_latents=torch.randn(6, 8, 8),
        session=SimpleNamespace(model_path=rajagopal2015()),
    )
    for _ in range(2):
        write_guided_events(result, tmp_path)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["images"]) == {"guided/first", "guided/middle", "guided/last"}
    labels = next(tmp_path.rglob("metadata.tsv")).read_text().splitlines()
    assert [label.split("\t")[0] for label in labels[1:]] == ["training"] * 6 + ["guided"] * 4
    assert (tmp_path / "projector_config.pbtxt").read_text().count("tensor_path") == 1
