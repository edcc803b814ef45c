"""Files that were made to end the program, to keep it busy or to fill its memory are answered with a sentence."""

import copy
import io
import json
import os
import pickle
import signal
import struct
import time
import zipfile

import numpy as np
import pytest
import torch

from dataset.errors import InputError
from dataset.io.child_process import ChildDiedError, call_in_child
from dataset.io.guarded_files import read_bytes, read_json, read_text
from dataset.io.mot import read_motion
from dataset.io.pickle_check import UnsoundPickleError, require_sound_pickle
from dataset.io.safe_npy import read_array, read_array_or_dict, read_npz
from dataset.locations import SHIPPED_DEMO, SHIPPED_VQVAE
from dataset.motion_folders.tiling import tiling_period
from dataset.opensim.mesh_files import read_mesh
from dataset.opensim.model_reader import read_osim
from dataset.sessions import Session
from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
from models.surrogate.surrogate_config import SurrogateConfig
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from utils.checkpoints import load_vqvae
from utils.checkpoints.checkpoint_file import save_checkpoint
from utils.guidance.objective.constraint_files import read_terms
from utils.runs.recorded_session import find_run_records
from utils.training.dynamics_training_config import DynamicsTrainingConfig
from utils.training.surrogate_training_config import SurrogateTrainingConfig
from utils.training.vqvae_training_config import VQVAETrainingConfig

MODEL = min(SHIPPED_DEMO.glob("Data/*/OpenSimData/Model/*.osim"))


@pytest.fixture
def model(tmp_path):
    def write(old: str, new: str):
        path = tmp_path / "a.osim"
        path.write_text(MODEL.read_text().replace(old, new, 1))
        return path

    return write


# Kinds of files


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")
def test_pipes_devices_folders_and_circles_of_links_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for path, says in (("pipe", "a pipe"), ("/dev/zero", "a device"), (".", "a folder"), ("circle", "cannot be read")):
        with pytest.raises(InputError, match=says):
            read_bytes(tmp_path / path, 1000)


def test_what_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.truncate(1 << 40)  # of which the disk holds nothing
    with pytest.raises(InputError, match="at most"):
        read_bytes(tmp_path / "a", 1000)


@pytest.mark.parametrize("content", [b"\xff\xfe\xfa", "Müller".encode("latin-1"), "a".encode("utf-16")])
def test_text_in_another_encoding_is_refused(content, tmp_path):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match="UTF-8|binary"):
        read_text(tmp_path / "a", 1000)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "{", ""])
def test_json_that_nests_or_counts_without_end_is_refused(content, tmp_path):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match="nested too deeply|not a JSON file"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (read_motion, "a.mot"), (read_osim, "a.osim"), (read_mesh, "a.ply"), (read_array, "a.npy"), (read_npz, "a.npz"),
        (load_vqvae, "a.pth"), (read_json, "a.json"), (read_terms, "a.yaml"),
    ],
)  # fmt: skip
def test_pointers_of_git_lfs_are_named_as_such(read, name, tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + 64 * "a" + "\nsize 12345\n"
    (tmp_path / name).write_text(pointer)
    with pytest.raises(InputError, match=f"{name}: is a Git LFS pointer .* git lfs pull"):
        read(tmp_path / name)


# Models and meshes


def test_a_function_without_its_coordinate_does_not_end_the_process(model):
    """OpenSim 4.6 reads memory that is not its own for this model."""
    with pytest.raises(InputError, match="OpenSim does not survive this model"):
        read_osim(model("<function>", "<function><SimmSpline><x>0 1</x><y>0 1</y></SimmSpline>"))


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("<a>" * 100_000 + "</a>" * 100_000 + "<Model ", "nested more than 60 deep"),
        ("<![CDATA[<a>]]><Model ", "CDATA"),
        ("<?x > <a> ?><Model ", "processing instruction"),
        ("<Model " + " ".join(f'a{i}="1"' for i in range(30)) + " ", "attributes"),
        ("".join(f'<Body name="b{i}"/>' for i in range(200)) + "<Model ", "bodies"),
        ("<Model", "not XML|OpenSim cannot read"),
    ],
)
def test_a_model_of_a_structure_that_no_model_has_is_refused_before_opensim_reads_it(new, says, model):
    path = model("<Model ", new if new != "<Model" else "<Model <")
    with pytest.raises(InputError, match=says):
        read_osim(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")
def test_a_model_that_makes_opensim_wait_for_a_pipe_is_refused_soon(model, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    loads = f'<ExternalLoads name="a"><objects/><groups/><datafile>{tmp_path}/pipe</datafile></ExternalLoads>'
    path = model("</Model>", f'<ComponentSet name="componentset"><objects>{loads}</objects></ComponentSet></Model>')
    start = time.monotonic()
    with pytest.raises(InputError, match="waits for a file"):
        read_osim(path)
    assert time.monotonic() - start < 20  # 40 s is the limit by the clock, for one that does not wait


def test_entities_of_a_model_are_not_expanded(tmp_path):
    entities = "".join(f"<!ENTITY a{i} '&a{i - 1};&a{i - 1};'>" for i in range(1, 40))
    document = f"<!DOCTYPE a [<!ENTITY a0 'ha'>{entities}]><OpenSimDocument>&a39;</OpenSimDocument>"
    (tmp_path / "a.osim").write_text(document)
    with pytest.raises(InputError, match="document type"):
        read_osim(tmp_path / "a.osim")


def test_a_coupler_without_its_coordinate_is_answered_with_a_sentence(model):
    names = "<independent_coordinate_names>"
    text = MODEL.read_text()
    start = text.index(names)
    end = text.index("</independent_coordinate_names>") + len("</independent_coordinate_names>")
    with pytest.raises(InputError, match="coupler '.*' is not supported"):
        read_osim(model(text[start:end], ""))


@pytest.mark.parametrize(("points", "says"), [(0, "spline of 0 points"), (2000, "spline of 2000 points")])
def test_a_spline_of_no_or_too_many_points_is_named(points, says, model):
    values = " ".join(map(str, range(points)))
    text = MODEL.read_text()
    function = text[text.index("<LinearFunction") : text.index("</LinearFunction>") + len("</LinearFunction>")]
    path = model(function, f'<SimmSpline name="function"><x>{values}</x><y>{values}</y></SimmSpline>')
    with pytest.raises(InputError, match=says):
        read_osim(path)


def test_a_mesh_whose_faces_name_vertices_that_it_lacks_is_refused(tmp_path):
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 99999999\n")
    with pytest.raises(InputError, match="a.obj"):
        read_mesh(tmp_path / "a.obj")


def test_a_mesh_is_read_as_it_is(tmp_path):
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 2 0\nf 1 2 3\n")
    vertices, faces = read_mesh(tmp_path / "a.obj")
    assert vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 2, 0]]
    assert faces.tolist() == [[0, 1, 2]]


# Pickles and arrays


def test_tuples_that_repeat_each_other_or_nest_are_refused_before_their_hash_is_computed():
    twice = b"\x80\x02)" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(60))
    for program in (twice + b".", b"\x80\x02}(" + twice[2:] + b"K\x01u.", b"\x80\x02)" + b"\x85" * 100_000 + b"."):
        with pytest.raises(UnsoundPickleError):
            require_sound_pickle(program)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_data_is_sound(protocol):
    content = {"motion": np.arange(6.0).reshape(2, 3), "text": ["a", "b"], "deep": [[{"a": (1, (2, 3))}]]}
    assert require_sound_pickle(pickle.dumps(content, protocol=protocol)) is None  # it did not refuse


def test_an_array_of_a_size_that_the_file_does_not_have_is_refused(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 33), }\n"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    for read in (read_array, read_array_or_dict):
        with pytest.raises(InputError, match="damaged"):
            read(tmp_path / "a.npy")


def test_arrays_that_unpack_to_many_times_the_file_are_refused_together(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(5_000_000), b=np.zeros(5_000_000))
    assert read_npz(tmp_path / "a.npz", ("a",))[1]["a"].shape == (5_000_000,)
    with pytest.raises(InputError, match="80 MB when it is unpacked"):
        read_npz(tmp_path / "a.npz")


def test_long_motions_that_stand_still_are_searched_for_copies_at_once():
    start = time.process_time()
    assert tiling_period(np.zeros((37_000, 33))) is None
    assert time.process_time() - start < 2


# Checkpoints


def rewritten(path, change):
    """A checkpoint whose parts are changed."""
    content = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w") as archive:
        for name in content.namelist():
            archive.writestr(name, change(name, content.read(name)))
    return path


@pytest.fixture
def checkpoint(tmp_path):
    save_checkpoint(tmp_path / "a.pth", VQVAE(VQVAEConfig(width=8, code_dim=8, nb_code=8, depth=1)))
    return tmp_path / "a.pth"


def test_storages_that_are_shorter_than_their_tensors_are_not_read(checkpoint):
    rewritten(checkpoint, lambda name, values: values[:2] if "/data/" in name else values)
    with pytest.raises(InputError, match="shorter than its tensors"):
        load_vqvae(checkpoint)


def test_a_checkpoint_is_on_the_disk_before_it_replaces_the_last_one(checkpoint, monkeypatch):
    done, synchronise, rename = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: done.append("on disk") or synchronise(file))
    monkeypatch.setattr(os, "replace", lambda old, new: done.append("replaced") or rename(old, new))
    save_checkpoint(checkpoint, load_vqvae(checkpoint))
    assert done == ["on disk", "replaced"]


def test_weights_that_a_copy_has_changed_are_not_read(checkpoint):
    content = bytearray(checkpoint.read_bytes())
    with zipfile.ZipFile(checkpoint) as archive:
        weights = max((archive.read(name) for name in archive.namelist() if "/data/" in name), key=len)
    content[content.index(weights)] ^= 1
    checkpoint.write_bytes(content)
    with pytest.raises(InputError, match="does not match its checksum"):
        load_vqvae(checkpoint)


def test_parts_of_a_checkpoint_that_overlap_are_not_read(checkpoint):
    parts = zipfile.ZipFile(checkpoint)
    held = {info.filename: parts.read(info) for info in parts.infolist()}
    longest = max((name for name in held if "/data/" in name), key=lambda name: len(held[name]))
    with zipfile.ZipFile(checkpoint, "w") as archive:
        for name, values in held.items():
            archive.writestr(name, values)
        for i in range(1000, 1200):  # entries without bytes of their own
            info = copy.copy(archive.getinfo(longest))
            info.filename = longest.rsplit("/", 1)[0] + f"/{i}"
            archive.filelist.append(info)
    with pytest.raises(InputError, match="overlap"):
        load_vqvae(checkpoint)


def test_a_checkpoint_may_name_nothing_but_tensors(checkpoint):
    program = b"\x80\x02cbuiltins\nbytearray\n\x8a\x05\x00\x00\x00\x00\x02\x85R."
    rewritten(checkpoint, lambda name, values: program if name.endswith("data.pkl") else values)
    with pytest.raises(InputError, match="names builtins bytearray"):
        load_vqvae(checkpoint)


def test_a_tensor_that_repeats_one_value_is_not_copied(checkpoint):
    content = torch.load(checkpoint, weights_only=True)
    content["net"]["encoder.model.0.weight"] = torch.zeros(1).expand(10**9)
    torch.save(content, checkpoint)
    with pytest.raises(InputError, match="more than the file"):
        load_vqvae(checkpoint)


def test_published_weights_that_lack_a_layer_are_named(tmp_path):
    state = {"encoder.model.0.weight": torch.zeros(8, 33, 3), "quantizer.codebook": torch.zeros(8, 8)}
    torch.save({"net": state}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="published format"):
        load_vqvae(tmp_path / "a.pth")


@pytest.mark.parametrize(
    "values",
    [
        {"width": 10**5},
        {"nb_code": 10**6},
        {"depth": 10**6},
        {"width": -1},
        {"width": True},
        {"width": "8"},
        {"mu": []},
    ],
)
def test_a_configuration_that_asks_for_another_network_is_refused_before_it_is_built(values, checkpoint):
    content = torch.load(checkpoint, weights_only=True)
    content["config"] |= values
    torch.save(content, checkpoint)
    with pytest.raises(InputError, match="configuration"):
        load_vqvae(checkpoint)


@pytest.mark.parametrize("rate", [1e30, 10**9, -3, 0, True, "3", [2]])
def test_a_record_beside_published_weights_that_no_network_has_is_refused(rate, tmp_path):
    network = VQVAE(VQVAEConfig(width=8, code_dim=8, nb_code=8, depth=3))
    net = {name: value for name, value in network.state_dict().items() if not name.startswith("normalizer")}
    torch.save({"net": net}, tmp_path / "net.pth")
    load_vqvae(tmp_path / "net.pth")
    (tmp_path / "args.json").write_text(json.dumps({"dilation_growth_rate": rate}))
    with pytest.raises(InputError, match="dilation_growth_rate"):
        load_vqvae(tmp_path / "net.pth")


def test_shipped_weights_are_sound():
    assert load_vqvae(SHIPPED_VQVAE).config.coordinates == 33


# Texts


def test_metadata_that_nests_without_end_is_left_out(tmp_path):
    (tmp_path / "sessionMetadata.yaml").write_text("[" * 60_000)
    assert Session(tmp_path).subject == tmp_path.name


@pytest.mark.parametrize(
    "content",
    ["- 0x" + "f" * 60_000, "constraints: [0x" + "f" * 6000 + "]", "- !!timestamp x", "[" * 60_000, "- a:b\n" * 300],
)
def test_constraints_that_python_cannot_name_are_answered_with_a_sentence(content, tmp_path):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(InputError, match=r"a\.yaml"):
        read_terms(tmp_path / "a.yaml")


@pytest.mark.parametrize("values", [{"subject": "a" * 5000}, {"subject": "a", "data_root": 5}, {"subject": "\0"}])
def test_a_record_that_names_no_possible_folder_has_no_session(values, tmp_path):
    (tmp_path / "args.json").write_text(json.dumps(values))
    assert [record.session for record in find_run_records(tmp_path)] == [None]


# Settings


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"batch_size": 10**9}, "--batch-size is 1000000000, expected a number of at most 65536"),
        ({"network": VQVAEConfig(width=10**6)}, "--width is 1000000"),
        ({"network": VQVAEConfig(depth=10**5)}, "--depth is 100000, expected a number of at most 100"),
        ({"network": VQVAEConfig(nb_code=10**9)}, "--nb-code is 1000000000"),
        ({"network": VQVAEConfig(depth=40)}, "--depth 40 with --dilation-growth-rate 3"),
        ({"network": VQVAEConfig(dilation_growth_rate=10**9)}, "--dilation-growth-rate is 1000000000"),
    ],
)
def test_a_network_or_batch_that_no_machine_has_room_for_is_refused_by_its_flag(settings, says):
    with pytest.raises(InputError, match=says):
        VQVAETrainingConfig(**settings)


def test_a_surrogate_that_no_machine_has_room_for_is_refused_by_its_flag():
    with pytest.raises(InputError, match="--ground-width is 1000000"):
        DynamicsTrainingConfig(network=DynamicsSurrogateConfig(ground_width=10**6))
    with pytest.raises(InputError, match="--layers is 100000"):
        SurrogateTrainingConfig(network=SurrogateConfig(layers=10**5))


def _end_by(number: str) -> bytes:
    os.kill(os.getpid(), int(number))
    return b""


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (signal.SIGSEGV, "SIGSEGV"),
        (signal.SIGABRT, "it gives up"),
        (signal.SIGRTMIN + 3, f"signal {signal.SIGRTMIN + 3}"),
    ],
)
def test_a_child_that_ends_by_any_signal_is_reported(number, says):
    with pytest.raises(ChildDiedError, match=says):
        call_in_child(_end_by, str(int(number)), seconds=5, more_bytes=1 << 30)
