"""The SMPL body: equality with smplx, recovery of shape and pose, and safe reading of body model files."""

import pickle
import sys
import types

import numpy as np
import pytest
import torch
from opensim_poses import rajagopal2015
from smpl_like import smpl_like
from test_export_mot import DEMO_PERSON

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.io.smpl_model import find_smpl_file, read_smpl
from dataset.opensim.model_reader import load_skeleton
from models.rotations import from_rotation_vector
from models.skeleton.smpl_body import NAMES, SmplBody
from models.skeleton.smpl_fit import SHARED, fit_shape, fit_smpl
from options.render_mot_options import build_parser, parse_render

AT = {name: i for i, name in enumerate(NAMES)}


@pytest.fixture(scope="module")
def body() -> SmplBody:
    return SmplBody(smpl_like())


@pytest.fixture(scope="module")
def fitted(body):
    """One squat of a demo person on the tiny body: (fit, skeleton, motion)."""
    skeleton = load_skeleton(DEMO_PERSON / "OpenSimData" / "Model" / "Rajagopal2015_scaled.osim")
    motion = read_motion(DEMO_PERSON / "OpenSimData" / "Kinematics" / "squats1.mot")
    motion = torch.as_tensor(motion.coordinates[60:300:4], dtype=torch.float32)
    return fit_smpl(body, skeleton, motion, rate_hz=15.0), skeleton, motion


def test_joints_without_a_mesh_are_smplx_s_own(body):
    generator = torch.Generator().manual_seed(0)
    betas = torch.randn(10, generator=generator)
    rotations = from_rotation_vector(torch.randn(5, 24, 3, generator=generator))
    root = torch.randn(5, 3, generator=generator)
    shift = root - body.rest_joints(betas)[0]
    theirs = body.layer(betas.expand(5, -1), rotations[:, 1:], rotations[:, :1], shift)
    torch.testing.assert_close(body.joints(betas, rotations, root), theirs.joints[:, :24], atol=1e-5, rtol=0)
    torch.testing.assert_close(body.vertices(betas, rotations, root), theirs.vertices)


def test_shape_comes_back_from_the_lengths_that_it_makes(body):
    betas = torch.zeros(10)
    betas[:4] = torch.tensor([0.8, -1.2, 0.9, 0.5])
    rest = body.rest_joints(betas)
    found = body.rest_joints(fit_shape(body, {name: rest[AT[name]] for name in SHARED}))
    for above, below in (("hip_l", "knee_l"), ("knee_r", "ankle_r"), ("elbow_l", "wrist_l"), ("hip_l", "shoulder_l")):
        wanted = float((rest[AT[above]] - rest[AT[below]]).norm())
        assert float((found[AT[above]] - found[AT[below]]).norm()) == pytest.approx(wanted, abs=2e-3)


def test_a_squat_is_followed_to_millimetres_in_every_frame(fitted):
    fit, _, motion = fitted
    assert fit.error_mm.shape == (len(motion), len(SHARED))
    assert fit.error_mm.mean() < 6
    assert fit.error_mm.max() < 25
    assert fit.vertices.shape == (len(motion), 96, 3)


def test_the_mesh_stands_upright_and_faces_forward(fitted):
    fit, skeleton, motion = fitted
    upright = fit.vertices[0].reshape(24, 4, 3).mean(1)  # of this body, the joints
    assert upright[AT["head"], 1] > upright[AT["pelvis"], 1] > upright[AT["knee_l"], 1] > upright[AT["ankle_l"], 1]
    assert upright[AT["foot_l"], 0] > upright[AT["ankle_l"], 0] + 0.05
    assert upright[AT["hip_l"], 2] < upright[AT["hip_r"], 2]
    deepest = motion[:, 4].argmin()
    assert fit.vertices[deepest].reshape(24, 4, 3)[AT["knee_r"], :, 0].mean() > upright[AT["knee_r"], 0] + 0.1


def test_flat_soles_are_flat(body, fitted):
    fit, skeleton, motion = fitted
    rotations, _ = skeleton.bodies(motion)
    heel = rotations[:, skeleton.body_names.index("calcn_l")]
    turns = fit.rotations[:, 0]
    for name in ("hip_l", "knee_l", "ankle_l"):
        turns = turns @ fit.rotations[:, AT[name]]
    lean_of_model, lean_of_body = heel[:, 1, 1].arccos(), turns[:, 1, 1].arccos()
    assert (lean_of_model - lean_of_body).abs().max().rad2deg() < 3


def test_corrections_do_not_shake(fitted):
    fit, skeleton, motion = fitted
    knee = torch.as_tensor(fit.vertices[:, 4 * AT["knee_l"] : 4 * AT["knee_l"] + 4].mean(1))
    jerk = knee.diff(n=3, dim=0)
    own_jerk = skeleton.joint_centres(motion)[:, skeleton.joint_names.index("walker_knee_l")].diff(n=3, dim=0)
    assert (jerk - own_jerk).norm(dim=-1).max() < 3e-3


def test_arms_that_hang_turn_the_palms_as_opensim_does(body):
    skeleton = load_skeleton(rajagopal2015())
    fit = fit_smpl(body, skeleton, torch.zeros(2, 33))
    turns = torch.eye(3).expand(2, 3, 3)
    for name in ("pelvis", "spine1", "spine2", "spine3", "collar_r", "shoulder_r", "elbow_r", "wrist_r"):
        turns = turns @ fit.rotations[:, AT[name]]
    assert (turns[0] @ torch.tensor([-1.0, 0, 0]) - torch.tensor([0.0, -1, 0])).abs().max() < 0.3, "fingers down"
    assert (turns[0] @ torch.tensor([0.0, -1, 0]) - torch.tensor([1.0, 0, 0])).abs().max() < 0.3, "palm forward"


def test_npz_is_read_without_unpickling(tmp_path):
    arrays = smpl_like()
    np.savez(tmp_path / "SMPL_NEUTRAL.npz", **arrays, extra=np.arange(3))
    found = read_smpl(find_smpl_file(tmp_path))
    assert set(found) == set(arrays)
    assert (found["f"] == arrays["f"]).all()
    objects = arrays | {"J_regressor": np.array([{"sparse": 1}], dtype=object)}
    np.savez(tmp_path / "objects.npz", **objects)
    with pytest.raises(InputError, match="holds objects.*plain numbers"):
        read_smpl(tmp_path / "objects.npz")


def test_a_pickle_is_read_only_if_it_is_trusted(tmp_path, monkeypatch):
    """A model as of old: chumpy arrays, a sparse regressor, and bytes that make a file when they are unpickled."""
    from scipy.sparse import csc_matrix

    class Ch:
        def __init__(self, x):
            self.x = x

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    with monkeypatch.context() as patch:
        module = types.ModuleType("chumpy.ch")
        module.Ch = Ch
        patch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
        patch.setitem(sys.modules, "chumpy.ch", module)
        arrays = smpl_like()
        content = arrays | {"shapedirs": Ch(arrays["shapedirs"]), "J_regressor": csc_matrix(arrays["J_regressor"])}
        trapped = pickle.dumps(content | {"trap": Trap()})
        (tmp_path / "basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl").write_bytes(trapped)
    path = find_smpl_file(tmp_path)
    with pytest.raises(InputError, match="--trust-pickle"):
        read_smpl(path)
    assert not (tmp_path / "ran").exists()
    found = read_smpl(path, trust_pickle=True)
    assert (tmp_path / "ran").exists(), "what a pickle says is done; that is why it must be asked for"
    for name, array in arrays.items():
        assert found[name] == pytest.approx(array), name


def test_the_error_for_a_missing_model_says_where_to_get_one(tmp_path):
    with pytest.raises(InputError, match=r"SMPL_NEUTRAL\.npz.*smpl\.is\.tue\.mpg\.de"):
        find_smpl_file(tmp_path)
    np.savez(tmp_path / "SMPL_NEUTRAL.npz", v_template=np.zeros((5, 3)))
    with pytest.raises(InputError, match="lacks shapedirs"):
        read_smpl(find_smpl_file(tmp_path))
    np.savez(tmp_path / "h.npz", **(smpl_like() | {"weights": np.zeros((96, 52))}))
    with pytest.raises(InputError, match="weights is"):
        read_smpl(tmp_path / "h.npz")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 not whole")
    with pytest.raises(InputError, match="damaged.*download it again"):
        read_smpl(tmp_path / "cut.npz")


def test_render_draws_the_body_in_the_bones_place(fitted, tmp_path, caplog):
    from utils.rendering.smpl_surface import SmplSurfaces

    _, skeleton, motion = fitted
    np.savez(tmp_path / "SMPL_NEUTRAL.npz", **smpl_like())
    frames = motion[:5].double().numpy()
    with caplog.at_level("INFO", "bige"):
        surface = SmplSurfaces(skeleton, tmp_path)(Motion(np.arange(5) / 15, frames))
    assert surface.trajectory.shape == (5, 96, 3)
    assert surface.faces.max() < 96
    assert "mm from the skeleton's on average" in caplog.text


def test_render_requires_the_body_model_first():
    def parsed(*words):
        command = ["a.mot", "--subject", "s", "--image", "a.png", *words]
        return parse_render(build_parser("python render_mot.py"), command)

    with pytest.raises(InputError, match="--smpl-model-dir"):
        parsed("--body", "smpl")
    with pytest.raises(InputError, match="--body smpl"):
        parsed("--trust-pickle")
    with pytest.raises(InputError, match="--renderer stick"):
        parsed("--body", "smpl", "--smpl-model-dir", "m", "--renderer", "stick")
    assert not parsed("--body", "smpl", "--smpl-model-dir", "m").trust_pickle
