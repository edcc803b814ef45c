"""Export: the skeleton that other programs read from the files has the joint centres of the motion."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from opensim_poses import MODELS, model_path
from scipy.spatial.transform import Rotation

from dataset.errors import InputError
from dataset.io.bvh import Bone, write_bvh
from dataset.io.mot import write_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import read_table
from dataset.opensim.model_reader import load_skeleton
from dataset.opensim.opencap_viewer import write_viewer_json
from dataset.opensim.opensim_library import load_opensim, print_xml
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import COORDINATES, TRANSLATION_INDICES
from utils.export.animation import animate, body_frames, rest_bones
from utils.export.export_config import ExportConfig
from utils.export.motion_export import export_motions

ROOT = Path(__file__).parent.parent
DEMO_PERSON = ROOT / "demo" / "shipped" / "Data" / "demo-person-040"


def large_motion(frames: int = 30) -> Motion:
    """Every coordinate swings far, each at its own pace: pelvis 100 degrees, knees 120, arms 110."""
    time_s = np.arange(frames) / 60.0
    paces = 1.0 + np.arange(len(COORDINATES)) / 7.0
    coordinates = 80.0 * np.sin(6.0 * time_s[:, None] * paces)
    for name, size in {"pelvis_rotation": 100.0, "arm_flex_r": 110.0, "arm_add_l": 110.0}.items():
        coordinates[:, AT[name]] *= size / 80.0
    for side in "lr":
        coordinates[:, AT[f"knee_angle_{side}"]] = 60.0 - 60.0 * np.cos(6.0 * time_s)
    coordinates[:, TRANSLATION_INDICES] = np.sin(time_s)[:, None] * [0.3, 0.1, -0.2] + [0.0, 0.9, 0.1]
    return Motion(time_s, coordinates)


def joint_centres_of(bvh: str) -> tuple[dict[str, np.ndarray], float]:
    """Read a BVH as its definition says and move it: each joint's place (T, 3) by name, and the frame time."""
    head, tail = bvh.split("MOTION")
    words, stack, joints, ending = iter(head.split()), [], [], False
    for word in words:
        if word in ("ROOT", "JOINT"):
            joints.append({"name": next(words), "parent": stack[-1] if stack else None})
            stack.append(joints[-1])
        elif word == "End":
            ending = next(words) == "Site"
        elif word == "OFFSET":
            offset = np.array([float(next(words)) for _ in range(3)])
            if not ending:
                stack[-1]["offset"] = offset
        elif word == "CHANNELS":
            stack[-1]["channels"] = [next(words) for _ in range(int(next(words)))]
        elif word == "}":
            if not ending:
                stack.pop()
            ending = False
    assert not stack
    lines = tail.strip().splitlines()
    values = np.array([[float(value) for value in line.split()] for line in lines[2:]])
    assert lines[0] == f"Frames: {len(values)}"
    columns = iter(values.T)
    for joint in joints:
        place, turn = np.tile(joint["offset"], (len(values), 1)), Rotation.identity(len(values))
        for channel in joint["channels"]:
            column, axis = next(columns), channel[0].lower()
            if channel.endswith("position"):
                place[:, "xyz".index(axis)] = column
            else:
                turn = turn * Rotation.from_euler(axis, column[:, None], degrees=True)
        above = joint["parent"]
        joint["place"] = place if above is None else above["place"] + above["turn"].apply(place)
        joint["turn"] = turn if above is None else above["turn"] * turn
    assert next(columns, None) is None, "every value of a row belongs to a channel"
    return {joint["name"]: joint["place"] for joint in joints}, float(lines[1].split()[-1])


@pytest.mark.parametrize("name", MODELS)
def test_bvh_moved_by_its_own_definition_has_the_skeleton_s_joint_centres(name, request, tmp_path):
    skeleton, motion = load_skeleton(model_path(name, request), torch.float64), large_motion()
    write_bvh(tmp_path / "m.bvh", rest_bones(skeleton), 1 / 60, *animate(skeleton, motion))
    found, frame_time_s = joint_centres_of((tmp_path / "m.bvh").read_text())
    expected = skeleton.joint_centres(torch.as_tensor(motion.coordinates)).numpy()
    assert frame_time_s == pytest.approx(1 / 60)
    assert set(found) == set(skeleton.body_names)
    for index, body in enumerate(skeleton.body_names):
        assert np.abs(found[body] - expected[:, index]).max() < 2e-5, body


def test_bvh_at_rest_is_the_neutral_pose_in_centimetres_where_asked(tmp_path):
    skeleton = load_skeleton(model_path("Rajagopal2015", None), torch.float64)
    centres = skeleton.joint_centres(torch.zeros(1, len(COORDINATES)))[0].numpy() * 100
    at = list(skeleton.body_names).index
    bones = rest_bones(skeleton, 100.0)
    for bone in bones[1:]:
        assert bone.offset == pytest.approx(centres[at(bone.name)] - centres[bone.parent], abs=1e-9)
    assert 35 < np.linalg.norm(bones[at("tibia_r")].offset) < 50, "a thigh, in centimetres"
    assert {bone.name for bone in bones if bone.moves} == {"pelvis", "tibia_r", "tibia_l", "patella_r", "patella_l"}


def test_bvh_angles_go_on_through_full_turns_without_a_jump(tmp_path):
    angles = np.stack([np.linspace(0, 800, 161), np.linspace(-170, 170, 161), np.linspace(0, -500, 161)], -1)
    turns = Rotation.from_euler("ZXY", angles, degrees=True).as_matrix()[:, None]
    write_bvh(tmp_path / "m.bvh", [Bone("a", -1, np.zeros(3), np.ones(3), False)], 0.01, np.zeros((161, 1, 3)), turns)
    rows = (tmp_path / "m.bvh").read_text().strip().splitlines()[-161:]
    written = np.array([[float(value) for value in row.split()[3:]] for row in rows])
    assert np.abs(np.diff(written, axis=0)).max() < 12
    assert Rotation.from_euler("ZXY", written, degrees=True).as_matrix() == pytest.approx(turns[:, 0], abs=1e-6)


def turn(axis: int, angles: np.ndarray) -> np.ndarray:
    """Rotation matrices (T, 3, 3) about a ground axis."""
    matrix = np.tile(np.eye(3), (len(angles), 1, 1))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, i, i] = matrix[:, j, j] = np.cos(angles)
    matrix[:, j, i], matrix[:, i, j] = np.sin(angles), -np.sin(angles)
    return matrix


def test_viewer_s_json_places_every_body_where_the_skeleton_has_it(tmp_path):
    path = DEMO_PERSON / "OpenSimData" / "Model" / "Rajagopal2015_scaled.osim"
    skeleton, motion = load_skeleton(path, torch.float64), large_motion(20)
    rotations, origins = body_frames(skeleton, motion)
    write_viewer_json(tmp_path / "m.json", path, skeleton.description, motion.time_s, rotations, origins)
    content = json.loads((tmp_path / "m.json").read_text())
    assert content["time"] == pytest.approx(motion.time_s, abs=1e-6)
    assert list(content["bodies"]) == list(skeleton.body_names)
    for index, body in enumerate(content["bodies"].values()):
        assert set(body) == {"attachedGeometries", "scaleFactors", "translation", "rotation"}
        assert len(body["scaleFactors"]) == 3
        x, y, z = np.array(body["rotation"]).T
        assert turn(0, x) @ turn(1, y) @ turn(2, z) == pytest.approx(rotations[:, index], abs=1e-5)
        assert np.array(body["translation"]) == pytest.approx(origins[:, index], abs=1e-5)
    assert content["bodies"]["pelvis"]["attachedGeometries"] == ["r_pelvis.vtp", "l_pelvis.vtp", "sacrum.vtp"]
    assert all(file.endswith(".vtp") for body in content["bodies"].values() for file in body["attachedGeometries"])


def test_viewer_s_json_gives_a_mesh_with_its_own_frame_an_entry_of_its_own(tmp_path):
    opensim = load_opensim()
    model = opensim.Model(str(model_path("Rajagopal2015", None)))
    torso = model.getBodySet().get("torso")
    frame = opensim.PhysicalOffsetFrame("pack", torso, opensim.Transform(opensim.Vec3(-0.1, 0.2, 0.0)))
    mesh = opensim.Mesh("rucksack.vtp")
    frame.attachGeometry(mesh)
    torso.addComponent(frame)
    model.finalizeConnections()
    model.printToXML(str(tmp_path / "m.osim"))
    skeleton, motion = load_skeleton(tmp_path / "m.osim", torch.float64), large_motion(4)
    rotations, origins = body_frames(skeleton, motion)
    write_viewer_json(tmp_path / "m.json", tmp_path / "m.osim", skeleton.description, motion.time_s, rotations, origins)
    bodies = json.loads((tmp_path / "m.json").read_text())["bodies"]
    assert bodies["torso/2"]["attachedGeometries"] == ["rucksack.vtp"]
    shift = np.array(bodies["torso/2"]["translation"]) - np.array(bodies["torso"]["translation"])
    torso = skeleton.body_names.index("torso")
    assert shift == pytest.approx(rotations[:, torso] @ [-0.1, 0.2, 0.0], abs=1e-5)


def test_mot_for_opensim_has_the_beta_columns_and_replaces_no_file(run_script, tmp_path, capsys):
    motion = large_motion()
    write_motion(tmp_path / "a.mot", motion)
    command = ("export_mot.py", tmp_path / "a.mot", "--format", "mot", "--out-dir", tmp_path / "out")
    run_script(*command)
    assert capsys.readouterr().out == f"{tmp_path / 'out' / 'a.mot'}\n"
    table = read_table(tmp_path / "out" / "a.mot")
    for side in "lr":
        knee_rad = np.radians(motion.column(f"knee_angle_{side}"))
        assert table.column(f"knee_angle_{side}_beta") == pytest.approx(knee_rad, abs=1e-7)
    with pytest.raises(InputError, match="exists already"):
        run_script(*command)


def test_opensim_reads_the_patella_where_the_knee_is(tmp_path):
    """OpenSim converts degrees of rotational coordinates only; the beta columns are of coupled ones."""
    import opensim

    from dataset.opensim.opensim_library import load_opensim

    load_opensim()
    write_motion(tmp_path / "a.mot", large_motion(), beta=True)
    model = opensim.Model(str(next((ROOT / "demo/shipped/Data/demo-person-040").rglob("*.osim"))))
    model.initSystem()
    storage = opensim.Storage(str(tmp_path / "a.mot"))
    model.getSimbodyEngine().convertDegreesToRadians(storage)
    columns = {name: opensim.ArrayDouble() for name in ("knee_angle_r", "knee_angle_r_beta")}
    for name, values in columns.items():
        storage.getDataColumn(name, values)
    knee, patella = (np.array([values.get(i) for i in range(values.getSize())]) for values in columns.values())
    assert np.abs(knee).max() < np.pi
    assert patella == pytest.approx(knee, abs=1e-7)


def test_motions_are_exported_by_one_call(tmp_path):
    motion = large_motion()
    write_motion(tmp_path / "a.mot", motion)
    config = ExportConfig(motions=[tmp_path / "a.mot"], subject=str(DEMO_PERSON), format="json", out_dir=tmp_path / "x")
    (path,) = export_motions(config).paths
    assert path == tmp_path / "x" / "a.json"
    assert len(json.loads(path.read_text())["time"]) == len(motion)
    with pytest.raises(InputError, match="format is 'fbx'"):
        ExportConfig(motions=[], format="fbx")
    with pytest.raises(InputError, match="--unit cm has no effect with --format json"):
        ExportConfig(motions=[Path("a.mot")], subject="someone", format="json", unit="cm")


def test_an_export_of_bones_needs_the_subject(run_script, tmp_path):
    write_motion(tmp_path / "a.mot", large_motion())
    with pytest.raises(InputError, match="--subject"):
        run_script("export_mot.py", tmp_path / "a.mot", "--out-dir", tmp_path / "out")
    run_script("export_mot.py", tmp_path / "a.mot", "--subject", DEMO_PERSON, "--out-dir", tmp_path / "out")
    assert "pelvis" in joint_centres_of((tmp_path / "out" / "a.bvh").read_text())[0]


def test_nothing_is_exported_where_one_motion_cannot_be_read(tmp_path):
    write_motion(tmp_path / "good.mot", large_motion())
    (tmp_path / "bad.mot").touch()
    motions = (tmp_path / "good.mot", tmp_path / "bad.mot")
    with pytest.raises(InputError, match="bad.mot"):
        export_motions(ExportConfig(motions=motions, format="mot", out_dir=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_folder_for_opensim_is_whole_or_not_there(tmp_path, monkeypatch):
    def write_half(folder, *_):
        folder.joinpath("motion.mot").touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("utils.export.motion_export.write_tool_folder", write_half)
    trial = next((DEMO_PERSON / "OpenSimData/Kinematics").glob("*.mot"))
    config = ExportConfig(motions=(trial,), subject=str(DEMO_PERSON), format="opensim", out_dir=tmp_path / "out")
    with pytest.raises(OSError, match="No space left"):
        export_motions(config)
    assert list(tmp_path.iterdir()) == []


class Component:
    """Stands for an object of OpenSim, which writes `content` and then fails or does not."""

    def __init__(self, content: bytes, fails: bool):
        self.content, self.fails = content, fails

    def printToXML(self, path):  # noqa: N802
        Path(path).write_bytes(self.content)
        if self.fails:
            raise RuntimeError("Failed to write to the Xml file")


@pytest.mark.parametrize(
    "component", [Component(b"", True), Component(b"<OpenSimDocument>", False)], ids=["told", "not"]
)
def test_xml_that_opensim_does_not_write_whole_is_an_error_of_the_disk(tmp_path, component):
    with pytest.raises(OSError, match="error"):
        print_xml(component, tmp_path / "model.osim")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_xml_on_a_full_disk_has_the_reason():
    with pytest.raises(OSError, match="No space left"):
        print_xml(Component(b"", True), Path("/dev/full"))
