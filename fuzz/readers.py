"""The readers that are fuzzed: a valid file of each kind to start from, bombs, and the function that reads it."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dataset.locations import SHIPPED_DEMO
from fuzz import bombs
from fuzz.names import READER_NAMES

_BEND = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(30) / 30)  # radians: both knees bend by one and straighten
_POSES = {
    "poses": np.zeros((30, 66)) + _BEND[:, None] * np.isin(np.arange(66), (12, 15)),
    "trans": np.zeros((30, 3)),
    "mocap_framerate": np.array(30.0),
}


@dataclass(frozen=True)
class Reader:
    """A reader of one kind of file.

    Attributes:
        name: its name in `READER_NAMES`.
        valid: names and contents of valid files, from which others are made.
        make_bombs: makes the files that ask for too much, which takes seconds.
        read: reads a file; raises InputError for one that cannot be used.
    """

    name: str
    valid: tuple[tuple[str, bytes], ...]
    make_bombs: Callable[[], Sequence[bytes]]
    read: Callable[[Path], object]

    @cached_property
    def bombs(self) -> Sequence[bytes]:
        """The files that ask for too much."""
        return self.make_bombs()


def reader(name: str) -> Reader:
    """The reader of a name."""
    return dict(zip(READER_NAMES, _MAKERS, strict=True))[name](name)


def _motion(name: str) -> Reader:
    from dataset.motion_folders.file_reader import read_trial_windows

    valid = _first("OpenSimData/Kinematics/*.mot")
    short = b"\n".join(valid.split(b"\n")[:320]) + b"\n"
    short = b"\n".join(line for line in short.split(b"\n") if not line.startswith(b"nRows"))
    return Reader(
        name,
        (("a.mot", valid), ("a.mot", short)),
        lambda: [*bombs.text_bombs(), *bombs.motion_bombs(short)],
        read_trial_windows,
    )


def _model(name: str) -> Reader:
    from dataset.opensim.model_reader import read_osim
    from dataset.opensim.muscle_geometry import MuscleGeometry

    def read(path: Path) -> None:
        read_osim(path)
        MuscleGeometry(path).parameters()

    valid = _first("OpenSimData/Model/*.osim")
    return Reader(name, (("a.osim", valid),), lambda: [*bombs.text_bombs(), *bombs.model_bombs(valid)], read)


def _mesh(name: str) -> Reader:
    from dataset.opensim.mesh_files import read_mesh

    corners, faces = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)), ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))
    points = "\n".join(" ".join(map(str, one)) for one in corners)
    polygons = "\n".join(" ".join(map(str, one)) for one in faces)
    head = "\n".join(f"property float {axis}" for axis in "xyz")
    ply = f"ply\nformat ascii 1.0\nelement vertex 4\n{head}\nelement face 4\nproperty list uchar int vertex_indices\n"
    ply += f"end_header\n{points}\n" + "\n".join(f"3 {' '.join(map(str, one))}" for one in faces)
    obj = "\n".join(f"v {' '.join(map(str, one))}" for one in corners)
    obj += "\n" + "\n".join(f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces)
    facet = "facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\n"
    vtp = (
        '<?xml version="1.0"?><VTKFile type="PolyData" version="0.1"><PolyData><Piece '
        'NumberOfPoints="4" NumberOfVerts="0" NumberOfLines="0" NumberOfStrips="0" NumberOfPolys="4"><Points>'
        "<DataArray "
        f'type="Float32" NumberOfComponents="3" format="ascii">{points}</DataArray></Points><Polys><DataArray '
        f'type="Int32" Name="connectivity" format="ascii">{polygons}</DataArray><DataArray type="Int32" Name="offsets" '
        'format="ascii">3 6 9 12</DataArray></Polys></Piece></PolyData></VTKFile>'
    )
    files = {"a.ply": ply, "a.obj": obj, "a.stl": f"solid a\n{facet}endsolid a", "a.vtp": vtp}
    valid = tuple((file, text.encode()) for file, text in files.items())
    return Reader(name, valid, lambda: [*bombs.mesh_bombs(), *bombs.text_bombs()], read_mesh)


def _array(name: str) -> Reader:
    from dataset.io.mot import read_motion
    from dataset.motion_folders.file_reader import read_array_windows

    motion = read_motion(min(SHIPPED_DEMO.glob("Data/*/OpenSimData/Kinematics/*.mot")))
    return Reader(name, (("a.npy", _npy(motion.coordinates[:300])),), bombs.array_bombs, read_array_windows)


def _generated(name: str) -> Reader:
    from dataset.io.motion_generators import read_baseline
    from dataset.io.smpl_parameters import smpl_joints

    joints = smpl_joints(_POSES["poses"], _POSES["trans"] + (0, 0.9, 0))
    mdm = {"motion": joints[None].transpose(0, 2, 3, 1), "text": ["squat"], "lengths": np.array([30])}
    valid = (("a.npy", _npy(joints)), ("mdm.npy", _npy(np.array(mdm, dtype=object))))

    def read(path: Path) -> None:
        read_baseline(path, "mdm" if path.stem == "mdm" else "joints")

    return Reader(name, valid, bombs.array_bombs, read)


def _smpl(name: str) -> Reader:
    from dataset.io.smpl_parameters import read_smpl_joints

    apart = {"root_orient": _POSES["poses"][:, :3], "pose_body": _POSES["poses"][:, 3:], "trans": _POSES["trans"]}
    valid = (("a.npz", _npz(_POSES)), ("apart.npz", _npz(apart)))
    return Reader(name, valid, lambda: bombs.archive_bombs(("poses", "trans", "fps")), read_smpl_joints)


def _smpl_model(name: str) -> Reader:
    from dataset.io.smpl_model import read_smpl

    corners, joints = 40, 24
    body = {
        "v_template": np.zeros((corners, 3)),
        "shapedirs": np.zeros((corners, 3, 2)),
        "posedirs": np.zeros((corners, 3, 207)),
        "J_regressor": np.zeros((joints, corners)),
        "weights": np.zeros((corners, joints)),
        "kintree_table": np.zeros((2, joints), int),
        "f": np.zeros((5, 3), int),
    }
    return Reader(name, (("a.npz", _npz(body)),), lambda: bombs.archive_bombs(tuple(body)), read_smpl)


def _checkpoint(name: str) -> Reader:
    import torch

    from models.surrogate.dynamics_surrogate import DynamicsSurrogate
    from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
    from models.surrogate.published_transformer import PublishedSurrogate
    from models.vqvae.autoencoder import VQVAE
    from models.vqvae.vqvae_config import VQVAEConfig
    from utils.checkpoints import load_surrogate, load_vqvae
    from utils.checkpoints.checkpoint_file import save_checkpoint

    small = VQVAE(VQVAEConfig(nb_code=8, code_dim=8, width=8, depth=1))
    other = DynamicsSurrogate(DynamicsSurrogateConfig(ground_width=8, ground_layers=1, muscle_width=8, muscle_layers=1))
    valid = []
    with TemporaryDirectory() as folder:
        for file, network in (("vqvae.pth", small), ("surrogate.pth", other)):
            save_checkpoint(Path(folder, file), network)
            valid.append((file, Path(folder, file).read_bytes()))

    net = {name: value for name, value in small.state_dict().items() if not name.startswith("normalizer")}
    published = PublishedSurrogate(layers=1, feedforward=8, frames=4).state_dict()
    for file, content in (("vqvae_net.pth", {"net": net}), ("surrogate_net.pth", published)):
        buffer = io.BytesIO()
        torch.save(content, buffer)
        valid.append((file, buffer.getvalue()))

    def read(path: Path) -> None:
        load_vqvae(path) if path.stem.startswith("vqvae") else load_surrogate(path)

    return Reader(name, tuple(valid), bombs.checkpoint_bombs, read)


def _latents(name: str) -> Reader:
    from models.vqvae.autoencoder import VQVAE
    from models.vqvae.vqvae_config import VQVAEConfig
    from utils.checkpoints.training_latents_file import read_training_latents, weights_fingerprint

    network = VQVAE(VQVAEConfig(nb_code=8, code_dim=8, width=8, depth=1))

    arrays = {"latents": np.zeros((3, 49, 8)), "names": np.array(["a", "b", "c"]), "recorded": np.ones((3, 49), bool)}
    arrays["vqvae"] = np.array(weights_fingerprint(network))
    more = partial(bombs.archive_bombs, tuple(arrays))
    return Reader(name, (("latents.npz", _npz(arrays)),), more, lambda path: read_training_latents(path, network))


def _constraints(name: str) -> Reader:
    from dataset.locations import SHIPPED_CONSTRAINTS
    from utils.guidance.objective.constraint_files import read_terms

    shipped = tuple(("a.yaml", path.read_bytes()) for path in sorted(SHIPPED_CONSTRAINTS.glob("*.yaml")))
    listed = {
        "constraints": [
            "knee_flexion:max:within:110:130",
            {"quantity": "trunk_lean", "statistic": "max", "comparison": "above", "low": 5},
        ]
    }
    valid = (*shipped, ("a.json", json.dumps(listed).encode()))
    return Reader(name, valid, lambda: [*bombs.yaml_bombs(), *bombs.json_bombs(), *bombs.text_bombs()], read_terms)


def _constraint(name: str) -> Reader:
    from utils.guidance.objective.constraint_grammar import parse_term

    lines = (
        b"activation:vasmed:max:within:0.35:0.45",
        b"left knee flexion:at bottom:above:90",
        b"quadriceps:max:below:80%own",
        b"pelvis_tilt:at_peak:vasmed:within:-35:-17:wish",
        b"trunk_lean:max:below:own+5:weight=2:tolerance=1:name=x",
    )
    more = [
        b":" * 9_000,
        b"own" * 9_000,
        b"9" * 9_000,
        b"1:" * 9_000,
        b"a:max:above:" + b"9" * 9_000 + b"%own",
        b" " * 90_000,
    ]

    def read(path: Path) -> None:
        parse_term(path.read_bytes()[:100_000].decode("utf-8", errors="replace"))  # a command line is no longer

    return Reader(name, tuple(("a.txt", line) for line in lines), lambda: more, read)


def _metadata(name: str) -> Reader:
    from dataset.sessions import Session

    def read(path: Path) -> None:
        session = Session(path.parent)
        str((session.subject, session.id, session.has_placeholder_subject))

    valid = (("sessionMetadata.yaml", _first("sessionMetadata.yaml")),)
    return Reader(name, valid, lambda: [*bombs.yaml_bombs(), *bombs.text_bombs()], read)


def _ids(name: str) -> Reader:
    from dataset.splits import read_ids

    return Reader(name, (("a.txt", b"# held out\nperson-1\nperson-2\n"),), bombs.text_bombs, read_ids)


def _record(name: str) -> Reader:
    from utils.runs.recorded_session import find_run_records

    arguments = {
        "subject": "demo-person-040",
        "low": 0.35,
        "high": 0.45,
        "muscle": "vasmed",
        "data_root": None,
        "model": None,
    }
    valid = (("args.json", json.dumps(arguments).encode()),)
    return Reader(name, valid, bombs.json_bombs, lambda path: find_run_records(path.parent))


def _result(name: str) -> Reader:
    from utils.guidance.output.result_files import ARRAYS_NAME, FORMAT, load_guidance
    from utils.guidance.output.result_record import RECORD_NAME

    term = {"quantity": "knee_flexion", "statistic": "max", "comparison": "above", "low": 90}
    record = {
        "format": FORMAT,
        "session": "a",
        "mass_kg": 70,
        "leg_length_m": 0.9,
        "terms": [term],
        "own_recorded": [],
        "changes": [],
        "own_simulated": [],
        "own_left_out": [],
        "measure_units": {},
        "between_subject_distance": 1.0,
        "history": ["batch", "iteration", "objective"],
        "interrupted": False,
        "made": "2026-01-01T00:00:00+00:00",
        "command": "",
        "versions": {},
        "baseline": None,
    }
    arrays = {
        "z": np.zeros((1, 49, 8), "f4"),
        "motion": np.zeros((1, 196, 33), "f4"),
        "activations": np.zeros((1, 196, 80), "f4"),
        "start": np.zeros(1, int),
        "met": np.ones((1, 1), bool),
        "violation": np.zeros(1),
        "proximity": np.zeros(1),
        "nearest": np.zeros(1, int),
        "value_0": np.zeros((1, 2)),
        "training_names": np.array(["a"]),
        **{f"history_{k}": np.zeros(3) for k in range(3)},
    }
    whole = {"args.json": {"subject": "a", "weights": {}}, RECORD_NAME: record}
    files = {file: json.dumps(content).encode() for file, content in whole.items()} | {ARRAYS_NAME: _npz(arrays)}

    def read(path: Path) -> None:
        with TemporaryDirectory(dir=path.parent) as folder:
            for file, content in files.items():
                Path(folder, file).write_bytes(path.read_bytes() if file == path.name else content)
            load_guidance(folder)

    return Reader(
        name, tuple(files.items()), lambda: [*bombs.json_bombs(), *bombs.archive_bombs(tuple(arrays)[:4])], read
    )


_MAKERS = (
    _motion,
    _model,
    _mesh,
    _array,
    _generated,
    _smpl,
    _smpl_model,
    _checkpoint,
    _latents,
    _constraints,
    _constraint,
    _metadata,
    _ids,
    _record,
    _result,
)


def _first(pattern: str) -> bytes:
    return min(SHIPPED_DEMO.glob(f"Data/*/{pattern}")).read_bytes()


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def _npz(arrays: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()
