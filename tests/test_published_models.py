"""Published weights give the published programs' answers, and files that are something else are refused in words."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from models.surrogate.published_transformer import PublishedSurrogate
from models.surrogate.surrogate_config import SurrogateConfig
from models.surrogate.transformer import SurrogateTransformer
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from utils.checkpoints import load_surrogate, load_vqvae, read_checkpoint, save_checkpoint
from utils.training.surrogate_evaluation import evaluate_surrogate
from utils.training.surrogate_training_config import SurrogateEvaluationConfig

TINY = VQVAEConfig(width=8, code_dim=8, nb_code=8, depth=1)


def test_published_vqvae_gives_the_published_outputs(recordings):
    folder = recordings / "published"
    model = load_vqvae(folder / "vqvae_small.pth")
    expected = {name: torch.from_numpy(value) for name, value in np.load(folder / "vqvae_small_parity.npz").items()}
    with torch.no_grad():
        answer = model(expected["motion"])
        latents = model.encode(expected["motion"])
    torch.testing.assert_close(latents.transpose(1, 2), expected["latent"], rtol=0, atol=1e-5)
    assert torch.equal(answer.quantised.codes, expected["codes"])
    torch.testing.assert_close(answer.reconstruction, expected["reconstruction"], rtol=0, atol=1e-6)
    assert answer.quantised.loss == pytest.approx(float(expected["commit_loss"]), rel=1e-5)
    assert answer.quantised.perplexity == pytest.approx(float(expected["perplexity"]), rel=1e-5)


def test_sizes_of_the_published_vqvae_are_read_from_its_weights(recordings, tmp_path):
    folder = recordings / "published"
    (tmp_path / "moved.pth").write_bytes((folder / "vqvae_small.pth").read_bytes())  # without its .json
    said = json.loads((folder / "vqvae_small.json").read_text())
    config = asdict(load_vqvae(tmp_path / "moved.pth").config)
    assert {name: config[name] for name in said if name in config} == {n: v for n, v in said.items() if n in config}


def test_published_codebook_is_kept_when_training_goes_on(recordings):
    model = load_vqvae(recordings / "published" / "vqvae_small.pth")
    before = model.quantizer.codebook.clone()
    model.train()
    model(torch.randn(1, 196, 33))
    torch.testing.assert_close(model.quantizer.codebook, before, rtol=0, atol=0.2)  # drawn anew, none would stay
    assert not torch.equal(model.quantizer.codebook, before)


def test_published_surrogate_gives_the_published_outputs(recordings):
    folder = recordings / "published"
    model = load_surrogate(folder / "transformer_surrogate_model_v2.pth")
    assert isinstance(model, PublishedSurrogate)
    expected = {name: torch.from_numpy(value) for name, value in np.load(folder / "surrogate_parity.npz").items()}
    with torch.no_grad():
        batch = model(expected["motion"])
        single = torch.cat([model(motion) for motion in expected["motion"].split(1)])
    torch.testing.assert_close(batch, expected["activations_as_batch"], rtol=0, atol=2e-6)
    torch.testing.assert_close(single, expected["activations_one_by_one"], rtol=0, atol=2e-6)


@pytest.mark.parametrize("quantizer", ["ema_reset", "orig"])
@pytest.mark.parametrize("prefix", ["vqvae.", "module.vqvae."])
def test_published_layout_loads_with_and_without_module(tmp_path, quantizer, prefix):
    model = VQVAE(VQVAEConfig(width=8, code_dim=8, nb_code=8, depth=1, quantizer=quantizer)).eval()
    published = {
        prefix + name: value
        for name, value in model.state_dict().items()
        if name.startswith(("encoder", "decoder")) or name in ("quantizer.codebook", "quantizer.embedding.weight")
    }
    torch.save({"net": published}, tmp_path / "net.pth")
    motion = torch.randn(1, 16, 33)
    torch.testing.assert_close(load_vqvae(tmp_path / "net.pth").reconstruct(motion), model.reconstruct(motion))


def test_own_checkpoints_rebuild_the_model(tmp_path):
    vqvae, surrogate = VQVAE(TINY).eval(), SurrogateTransformer(SurrogateConfig(heads=11)).eval()
    vqvae.normalizer.fit(torch.randn(4, 16, 33))
    save_checkpoint(tmp_path / "vqvae.pth", vqvae)
    save_checkpoint(tmp_path / "surrogate.pth", surrogate)
    motion = torch.randn(2, 16, 33)
    torch.testing.assert_close(load_vqvae(tmp_path / "vqvae.pth").reconstruct(motion), vqvae.reconstruct(motion))
    torch.testing.assert_close(load_surrogate(tmp_path / "surrogate.pth")(motion), surrogate(motion))


def test_what_cannot_be_loaded_is_named(tmp_path):
    with pytest.raises(InputError, match=r"missing\.pth does not exist"):
        load_vqvae(tmp_path / "missing.pth")
    with pytest.raises(InputError, match="folder without best"):
        load_vqvae(tmp_path)
    (tmp_path / "text.pth").write_text("not a checkpoint")
    with pytest.raises(InputError, match=r"text\.pth is not a checkpoint"):
        load_vqvae(tmp_path / "text.pth")
    save_checkpoint(tmp_path / "surrogate.pth", SurrogateTransformer())
    with pytest.raises(InputError, match="contains a surrogate that is a transformer of kinematics; expected a VQ-VAE"):
        load_vqvae(tmp_path / "surrogate.pth")
    save_checkpoint(tmp_path / "vqvae.pth", VQVAE(TINY))
    with pytest.raises(InputError, match="contains a VQ-VAE; expected a surrogate$"):
        load_surrogate(tmp_path / "vqvae.pth")
    save_checkpoint(tmp_path / "old.pth", DynamicsSurrogate())
    content = read_checkpoint(tmp_path / "old.pth")
    for earlier in ("bige-dynamics-surrogate", "bige-dynamics-surrogate-2"):
        torch.save(content | {"format": earlier}, tmp_path / "old.pth")
        with pytest.raises(InputError, match="of an earlier version, to be trained again"):
            load_surrogate(tmp_path / "old.pth")
    torch.save({"net": {"encoder.model.0.weight": torch.zeros(4, 3, 3)}}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="not a VQ-VAE"):
        load_vqvae(tmp_path / "other.pth")


def test_a_truncated_checkpoint_is_named(tmp_path):
    save_checkpoint(tmp_path / "vqvae.pth", VQVAE(TINY))
    content = torch.load(tmp_path / "vqvae.pth", weights_only=True)
    content["net"].popitem()
    torch.save(content, tmp_path / "part.pth")
    with pytest.raises(InputError, match="lacks"):
        load_vqvae(tmp_path / "part.pth")


def test_nothing_is_unpickled(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (pytest.fail, ("code of a checkpoint ran",))

    torch.save({"net": Harmful()}, tmp_path / "harmful.pth")
    with pytest.raises(InputError, match="not a checkpoint of tensors"):
        load_vqvae(tmp_path / "harmful.pth")


@pytest.mark.parametrize("value", [torch.nan, -torch.inf, 3e38])
def test_weights_that_no_training_gives_are_refused(tmp_path, value):
    model = VQVAE(TINY)
    model.decoder.model[0].weight.data[0] = value
    save_checkpoint(tmp_path / "diverged.pth", model)
    with pytest.raises(InputError, match=r"decoder\.model\.0\.weight has values that are NaN"):
        load_vqvae(tmp_path / "diverged.pth")


@pytest.mark.parametrize(("dtype", "is_read"), [(torch.float16, True), (torch.float64, True), (torch.int8, False)])
def test_weights_may_be_of_another_precision_and_not_integers(tmp_path, dtype, is_read):
    save_checkpoint(tmp_path / "a.pth", VQVAE(TINY))
    content = torch.load(tmp_path / "a.pth", weights_only=True)
    content["net"] = {k: v.to(dtype) if v.is_floating_point() else v for k, v in content["net"].items()}
    torch.save(content, tmp_path / "b.pth")
    if is_read:
        one, other = (load_vqvae(tmp_path / name).state_dict() for name in ("a.pth", "b.pth"))
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)
    else:
        with pytest.raises(InputError, match=r"b\.pth: .* is of type int8, expected floating-point weights"):
            load_vqvae(tmp_path / "b.pth")


@pytest.mark.parametrize(
    "record",
    [{"vq_act": "gelu", "dilation_growth_rate": 2}, {"network": {"activation": "gelu", "dilation_growth_rate": 2}}],
)
def test_settings_beside_published_weights_are_read_flat_and_nested(tmp_path, record):
    model = VQVAE(VQVAEConfig(width=8, code_dim=8, nb_code=8, depth=2))
    published = {f"vqvae.{n}": v for n, v in model.state_dict().items() if not n.startswith("normalizer")}
    torch.save({"net": published}, tmp_path / "net.pth")
    (tmp_path / "args.json").write_text(json.dumps(record))
    config = load_vqvae(tmp_path / "net.pth").config
    assert (config.activation, config.dilation_growth_rate) == ("gelu", 2)
    (tmp_path / "args.json").write_text("{")
    with pytest.raises(InputError, match="not a JSON file"):
        load_vqvae(tmp_path / "net.pth")


def test_a_published_surrogate_is_evaluated_on_windows_that_it_can_read(tmp_path):
    torch.save(PublishedSurrogate().state_dict(), tmp_path / "published.pth")
    evaluation = evaluate_surrogate(
        SurrogateEvaluationConfig(
            checkpoint=tmp_path / "published.pth", data_root=SHIPPED_DEMO, subjects=("demo-person-040",),
            out_dir=tmp_path, threads=1,
        )
    )  # fmt: skip
    assert evaluation.prediction.shape[1:] == (196, 80)
