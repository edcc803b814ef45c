"""Videos and figures: bones where OpenSim has them, files that play, and something to see in them."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dataset.errors import InputError, RunError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.opensim import bone_meshes, mesh_files
from dataset.opensim.bone_meshes import read_bone_meshes
from dataset.opensim.muscle_geometry import MuscleGeometry
from dataset.opensim.muscle_points import read_muscle_points
from dataset.opensim.opensim_library import load_opensim, open_opensim_model
from models.conventions import MUSCLES, WINDOW_FRAMES
from options.render_mot_options import build_parser, parse_render
from utils.rendering import opengl_support
from utils.rendering.actor import Surface
from utils.rendering.actor_preparation import make_actor
from utils.rendering.camera import VIEWS, fit_camera
from utils.rendering.captions import phase_text
from utils.rendering.panels import arrange
from utils.rendering.phase_strip import render_phase_strip
from utils.rendering.render_config import RenderConfig
from utils.rendering.render_motions import render
from utils.rendering.scene import open_scene
from utils.rendering.subject_model import SubjectModel
from utils.rendering.video import render_video, write_video

ROOT = Path(__file__).resolve().parents[1]
SESSION = ROOT / "demo" / "shipped" / "Data" / "demo-person-040"
MODEL = SESSION / "OpenSimData" / "Model" / "Rajagopal2015_scaled.osim"
REPETITION = sorted((SESSION / "OpenSimData" / "Dynamics").glob("*/kinematics_activations*.mot"))[0]
SMALL = (192, 160)


@pytest.fixture(scope="module")
def subject() -> SubjectModel:
    return SubjectModel(MODEL)


@pytest.fixture(scope="module")
def motion() -> Motion:
    return read_motion(REPETITION)


@pytest.fixture(scope="module")
def actor(subject, motion):
    return make_actor(motion, subject, "squat", 10)


@pytest.fixture
def needs_opengl():
    if not opengl_support.opengl_works():
        pytest.skip("no OpenGL library here (Debian: libegl1 libgl1-mesa-dri)")


def ffmpeg(*arguments) -> str:
    from imageio_ffmpeg import get_ffmpeg_exe

    return subprocess.run([get_ffmpeg_exe(), *map(str, arguments)], capture_output=True, text=True).stderr


def frames_of(path: Path, size: tuple[int, int]) -> np.ndarray:
    from imageio_ffmpeg import get_ffmpeg_exe

    command = [get_ffmpeg_exe(), "-loglevel", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def like(picture: np.ndarray, colour: str, tolerance: int = 60) -> int:
    """How many pixels are near a colour #rrggbb."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return int((np.abs(picture.astype(int) - wanted).max(-1) < tolerance).sum())


def test_bones_are_where_opensim_puts_them(subject, motion):
    """A vertex of each mesh, carried by the skeleton, against OpenSim's own transform of the mesh's frame."""
    if not bone_meshes.geometry_folders(MODEL):
        pytest.skip("no bone meshes: the nimblephysics wheel, which carries them, is not installed")
    actor = make_actor(motion, subject, "", 10, muscles=False)
    frame = actor.frame_at(0.5)
    opensim = load_opensim()
    model, state = open_opensim_model(MODEL)
    pose(model, state, actor.motion, frame)
    checked = set()
    for component in model.getComponentsList():
        mesh = opensim.Mesh.safeDownCast(component)
        if mesh is None or (body := mesh.getFrame().findBaseFrame().getName()) in checked:
            continue
        checked.add(body)
        path = bone_meshes.find_mesh_file(mesh.get_mesh_file(), bone_meshes.geometry_folders(MODEL))
        local = mesh_files.read_mesh(path)[0][0] * mesh.get_scale_factors().to_numpy()
        expected = mesh.getFrame().findStationLocationInGround(state, opensim.Vec3(*local)).to_numpy()
        own = next(m for m in actor.body.meshes if m.body == subject.skeleton.body_names.index(body))
        drawn = own.vertices @ actor.body.rotations[frame, own.body].T + actor.body.origins[frame, own.body]
        assert np.linalg.norm(drawn - expected, axis=1).min() < 1e-5, body
    assert len(checked) > 20


def test_muscles_run_as_long_as_opensim_says(subject, motion):
    """Arcs over wrapping surfaces included. The gastrocnemii wrap twice where the knee is straight, and there OpenSim's
    length is up to 6 mm below that of its own path.
    """
    actor = make_actor(motion, subject, "", 10)
    muscles = actor.muscles
    used = np.arange(muscles.points.shape[2] - 1) < muscles.counts[..., None] - 1
    drawn_m = (np.linalg.norm(np.diff(muscles.points, axis=2), axis=-1) * used).sum(-1)
    error_m = np.abs(drawn_m - MuscleGeometry(MODEL).lengths(actor.motion.coordinates))
    twice = np.array([name.startswith("gas") for name in MUSCLES])
    assert error_m[:, ~twice].max() < 5e-5
    assert error_m[:, twice].max() < 6e-3


def pose(model, state, motion: Motion, frame: int) -> None:
    from models.conventions import COORDINATES, ROTATION_INDICES

    for i, name in enumerate(COORDINATES):
        value = motion.coordinates[frame, i]
        coordinate = model.updCoordinateSet().get(name)
        coordinate.setLocked(state, False)
        coordinate.setValue(state, float(np.radians(value) if i in ROTATION_INDICES else value), False)
    model.assemble(state)
    model.realizePosition(state)


def test_feet_stand_on_the_ground_however_high_the_recording_is(subject, motion, actor):
    lifted = motion.coordinates.copy()
    lifted[:, 4] += 0.37
    raised = make_actor(replace(motion, coordinates=lifted), subject, "", 10, muscles=False)
    assert raised.ground_m == pytest.approx(actor.ground_m + 0.37, abs=1e-5)
    lowest = [raised.body.vertices(i)[:, 1].min() - raised.ground_m for i in range(len(raised))]
    assert np.abs(lowest).max() < 0.03


def test_a_lower_frame_rate_shows_the_same_squat(subject, motion, actor):
    """Frames are interpolated, not smoothed, and phases do not depend on the frame rate of the video."""
    fine = make_actor(motion, subject, "", 60, muscles=False)
    coordinates = actor.motion.coordinates
    np.testing.assert_allclose(coordinates, fine.motion.coordinates[::6][: len(coordinates)], atol=1e-6)
    assert fine.half_cycle_hip_height_m == pytest.approx(actor.half_cycle_hip_height_m, 1e-3)


def test_the_phase_of_the_squat_is_shown(actor):
    bottom = actor.frame_at(0.5)
    assert re.fullmatch(r"0\.\d\d s · repetition 1, \d %, descending", phase_text(actor, actor.frame_at(0.0)))
    assert "ascending" in phase_text(actor, actor.frame_at(0.9))
    assert actor.hips_m[bottom, 1] < actor.hips_m[0, 1] - 0.1


@pytest.mark.parametrize("view", VIEWS)
def test_a_camera_sees_everything(view):
    points = np.random.default_rng(0).uniform([-0.4, 0, -0.3], [0.8, 1.8, 0.3], (500, 3))
    pixels = fit_camera(points, view, (300, 200), filled=0.8).project(points)
    assert (pixels >= 0).all()
    assert (pixels <= [300, 200]).all()
    reach = np.ptp(pixels, axis=0) / [300, 200]
    assert reach.max() == pytest.approx(0.8, abs=0.03)


def test_forward_is_right_in_the_sagittal_view_and_right_is_left_in_the_frontal_one():
    points = np.array([[0, 0, 0], [0, 1.8, 0], [0.5, 1, 0], [0, 1, 0.5]])
    sagittal = fit_camera(points, "sagittal", (300, 300)).project(points)
    frontal = fit_camera(points, "frontal", (300, 300)).project(points)
    assert sagittal[2, 0] > sagittal[0, 0]
    assert frontal[3, 0] < frontal[0, 0]
    assert sagittal[1, 1] < sagittal[0, 1]


def test_a_video_has_the_frames_the_size_and_the_pixels_that_browsers_play(tmp_path, actor):
    path = render_video(
        tmp_path / "squat.mp4", [actor, actor], fps=10, size=(193, 161), compare=True, renderer="stick", progress=False
    )
    about = ffmpeg("-i", path)
    assert "h264" in about
    assert "yuv420p" in about
    assert "192x160" in about
    assert "10 fps" in about
    pictures = frames_of(path, SMALL)
    assert len(pictures) == len(actor)
    assert np.abs(np.diff(pictures[[0, len(actor) // 2]].astype(int), axis=0)).max() > 100, "something moves"
    header = path.read_bytes()[:400]
    assert b"moov" in header, "it begins to play before it is all there"
    assert [file.name for file in tmp_path.iterdir()] == ["squat.mp4"]


def test_the_longer_motion_ends_the_video_and_the_shorter_waits(tmp_path, subject, motion, actor):
    short = make_actor(motion.cut(0, 40), subject, "short", 10, muscles=False)
    path = render_video(tmp_path / "a.mp4", [short, actor], fps=10, size=SMALL, renderer="stick", progress=False)
    assert len(frames_of(path, SMALL)) == len(actor) > len(short)


def test_a_render_that_is_stopped_leaves_nothing(tmp_path):
    def pictures():
        yield np.zeros((64, 64, 3), np.uint8)
        raise KeyboardInterrupt

    from dataset.io.atomic_write import atomic_write

    with pytest.raises(KeyboardInterrupt), atomic_write(tmp_path / "a.mp4") as temporary:
        write_video(temporary, pictures(), (64, 64), 10)
    assert list(tmp_path.iterdir()) == []


def test_opengl_draws_bones_shadow_path_and_muscles_in_their_colours(needs_opengl, actor):
    size = (320, 320)
    panels = arrange([actor], ["sagittal"], "side-by-side", size)
    stretch = replace(actor, muscles=replace(actor.muscles, activations=np.ones_like(actor.muscles.activations)))
    bottom = actor.frame_at(0.5)
    pictures = {}
    for name, one in (("own", actor), ("full", stretch), ("none", replace(actor, muscles=None))):
        scene = open_scene([one], panels, size, "opengl")
        pictures[name] = scene.draw([bottom])
        if name == "own":
            start = scene.draw([0])
        scene.close()
    assert pictures["own"].shape == (320, 320, 3)
    assert (pictures["own"] != start).any(-1).mean() > 0.02
    assert like(pictures["none"], "#f5b800", 40) > 30, "the hips' path"
    assert like(pictures["full"], "#ff7a1f", 50) > 200 > like(pictures["none"], "#ff7a1f", 50)
    assert like(pictures["none"], "#d8d0c0", 45) > 1000, "bones"
    assert pictures["none"][-40:].min() < 170, "a shadow"


def test_opengl_draws_any_surface_in_place_of_the_bones(needs_opengl, subject, motion):
    bones = make_actor(motion, subject, "", 10, muscles=False)
    vertices, faces = bone_meshes.capsule(np.zeros(3), np.array([0, 1.0, 0]), 0.2)
    moving = np.stack([vertices + hips * [1, 0, 1] for hips in bones.hips_m])
    actor = make_actor(motion, subject, "", 10, surface_of=lambda _: Surface(moving, faces))
    assert actor.muscles is None
    assert actor.ground_m == pytest.approx(-0.2, abs=1e-6)
    panels = arrange([actor], ["oblique"], "overlay", SMALL)
    scene = open_scene([actor], panels, SMALL, "opengl")
    first, bottom = scene.draw([0]), scene.draw([actor.frame_at(0.5)])
    scene.close()
    assert like(first, "#d8d0c0", 50) > 1000
    assert (first != bottom).any()


def test_a_strip_has_a_row_a_motion_and_says_which_line_is_which(tmp_path, actor):
    from PIL import Image

    one = render_phase_strip(tmp_path / "one.png", [actor], renderer="stick", height_px=160)
    two = render_phase_strip(tmp_path / "two.png", [actor, actor], compare=True, renderer="stick", height_px=160)
    one, two = (np.asarray(Image.open(path).convert("RGB")) for path in (one, two))
    assert two.shape[0] > 1.8 * one.shape[0]
    assert like(two, "#1f9d3a", 30)
    assert like(two, "#d62728", 30)
    assert not like(one, "#1f9d3a", 30)


@pytest.mark.parametrize("count", [1, 2])
def test_a_long_name_of_a_strip_is_shortened_and_not_cut(tmp_path, actor, count):
    from PIL import Image

    actors = [replace(actor, label=90 * "m")] * count
    path = render_phase_strip(tmp_path / "a.png", actors, layout="overlay", renderer="stick", height_px=160)
    names = np.asarray(Image.open(path).convert("L"))[:, : 26 * count]
    assert names.min() < 60
    assert names[[0, -1]].min() == 255  # nothing reaches the edges


def test_every_triangle_of_a_capsule_has_an_area():
    """Triangles without one cannot be decimated, which drawing a film does."""
    vertices, faces = bone_meshes.capsule(np.zeros(3), np.array([0, 1.0, 0]), 0.2)
    first, second, third = (vertices[faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(second - first, third - first), axis=1) / 2
    assert area.min() > 1e-6
    assert area.sum() == pytest.approx(2 * np.pi * 0.2 * 1.4, rel=0.05)  # cylinder and sphere


def test_files_that_are_missing_become_capsules(monkeypatch, caplog, tmp_path, subject):
    monkeypatch.setattr(bone_meshes, "find_spec", lambda name: None)
    meshes = read_bone_meshes(MODEL, subject.skeleton.description)
    assert "81 bone meshes" in caplog.text or "drawn as capsules" in caplog.text
    names = {subject.skeleton.body_names[mesh.body] for mesh in meshes}
    assert {"femur_r", "tibia_l", "torso", "humerus_r", "pelvis"} <= names
    femur = next(m for m in meshes if subject.skeleton.body_names[m.body] == "femur_r")
    knee = next(j for j in subject.skeleton.description.joints if j.name == "walker_knee_r").parent_offset
    assert np.ptp(femur.vertices[:, 1]) == pytest.approx(np.linalg.norm(knee), abs=0.05)


def test_the_sessions_own_meshes_come_first(tmp_path, subject):
    folder = tmp_path / "Geometry"
    folder.mkdir()
    (folder / "r_femur.stl").write_text("")  # of another kind than the model names
    (folder / "l_femur.vtp.ply").write_text(TETRAHEDRON)
    (tmp_path / "model.osim").write_bytes(MODEL.read_bytes())
    meshes = read_bone_meshes(tmp_path / "model.osim", subject.skeleton.description)
    femurs = {side: next(m for m in meshes if subject.skeleton.body_names[m.body] == f"femur_{side}") for side in "lr"}
    assert len(femurs["l"].vertices) == 4
    assert len(femurs["r"].vertices) > 100


TETRAHEDRON = """ply
format ascii 1.0
element vertex 4
property float x
property float y
property float z
element face 4
property list uchar int vertex_indices
end_header
0 0 0
1 0 0
0 1 0
0 0 1
3 0 2 1
3 0 1 3
3 0 3 2
3 1 2 3
"""


@pytest.fixture
def without_opengl(monkeypatch):
    def forget():
        for cached in (opengl_support.opengl_works, opengl_support.renderer_of_this_machine):
            cached.cache_clear()

    forget()
    monkeypatch.setattr(opengl_support, "_PROBE", "import os; os.abort()")
    yield
    forget()


def test_where_there_is_no_opengl_a_stick_figure_is_drawn_and_a_package_named(without_opengl, caplog, actor):
    from utils.rendering.stick_scene import StickScene

    panels = arrange([actor], ["sagittal"], "overlay", SMALL)
    scenes = [open_scene([actor], panels, SMALL, "auto") for _ in range(2)]
    assert all(isinstance(scene, StickScene) for scene in scenes)
    assert caplog.text.count("libegl1") == 1
    assert like(scenes[0].draw([0]), "#444444", 40) > 30


def test_what_only_opengl_draws_is_refused_where_there_is_none(without_opengl, actor, tmp_path):
    """The process would end by a segmentation fault, and an SMPL body would be fitted and drawn as sticks."""
    with pytest.raises(InputError, match="libegl1"):
        open_scene([actor], arrange([actor], ["sagittal"], "overlay", SMALL), SMALL, "opengl")
    asked = {"motions": [Path("missing.mot")], "subject": "missing", "image": tmp_path / "a.png"}
    for more in ({"renderer": "opengl"}, {"body": "smpl", "smpl_model_dir": tmp_path}):
        with pytest.raises(InputError, match="libegl1"):
            render(RenderConfig(**asked, **more))


def test_positional_arguments_of_earlier_versions_are_accepted():
    parser = build_parser("")
    config = parse_render(parser, ["some/session", "a.mot", "out.mp4"])
    assert (config.subject, config.motions) == ("some/session", (Path("a.mot"),))
    assert config.save_path == Path("out.mp4")
    both = parse_render(parser, ["some/session", "a.mot", "b.mot", "out.PNG"])
    assert both.image == Path("out.PNG")
    assert both.labels == ["a", "b"]
    named = parse_render(parser, ["a.mot", "b.mot", "--subject", "x", "--save-path", "out.mp4"])
    assert named.subject == "x"
    assert len(named.motions) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a.mot", "--save-path", "o.mp4"], "name a session"),
        (["s", "a.mot", "o.mp4", "--save-path", "p.mp4"], "both outputs"),
        (["s", "a.mot", "o.mp4", "--size", "big"], "1280x720"),
    ],
)
def test_ambiguous_commands_are_refused(words, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse_render(build_parser(""), words)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"save_path": None}, "name what to write"),
        ({"save_path": Path("o.gif")}, "must end in"),
        ({"compare": True}, "at least two motions"),
        ({"label": ("a", "b")}, "2 names for 1"),
        ({"size": (10, 10)}, "64x64 to"),
        ({"fps": 500}, "1 to 240"),
        ({"view": ("above",)}, "expected one of sagittal"),
        ({"repetition": 0}, "at least 1"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        RenderConfig(**{"subject": "s", "motions": [Path("a.mot")], "save_path": Path("o.mp4")} | settings)


def test_an_angle_that_jumps_by_a_turn_is_drawn_without_a_spin(subject, motion):
    coordinates = motion.coordinates.copy()
    coordinates[len(motion) // 2 :, 24] += 360.0
    drawn = make_actor(replace(motion, coordinates=coordinates), subject, "", 47, muscles=False).motion
    assert np.abs(np.diff(drawn.coordinates[:, 24])).max() < 20


def test_a_repetition_that_does_not_exist_is_refused(subject, motion):
    with pytest.raises(InputError, match="repetition 7 was named"):
        make_actor(motion, subject, "", 60, repetition=7)


def test_an_ffmpeg_failure_is_a_failed_run(tmp_path):
    pictures = [np.zeros((64, 64, 3), np.uint8)] * 3
    with pytest.raises(RunError, match="ffmpeg"):
        write_video(tmp_path / "no such folder" / "a.mp4", pictures, (64, 64), 10)


def test_one_call_writes_a_video_and_a_figure(tmp_path):
    config = RenderConfig(
        motions=[REPETITION], subject=str(SESSION), save_path=tmp_path / "a.mp4", image=tmp_path / "a.png", fps=5,
        size=SMALL, renderer="stick", repetition=1,
    )  # fmt: skip
    result = render(config)
    assert result.files == [tmp_path / "a.mp4", tmp_path / "a.png"]
    assert all(path.is_file() for path in result.files)
    with pytest.raises(InputError, match="already exists"):
        render(config)


def test_the_script_writes_a_video_and_overwrites_nothing_unasked(run_script, tmp_path, motion):
    write_motion(tmp_path / "short.mot", motion.cut(0, 30))
    command = ["render_mot.py", SESSION, tmp_path / "short.mot", tmp_path / "out.mp4"]
    command += ["--renderer", "stick", "--fps", "5", "--size", "192x160"]
    run_script(*command)
    assert len(frames_of(tmp_path / "out.mp4", SMALL)) == 3
    with pytest.raises(InputError, match="--overwrite"):
        run_script(*command)


def test_recorded_people_with_extra_coordinates(recordings):
    """mocap-dls: radians, knee adduction beside the 33 coordinates."""
    from dataset.sessions import open_session

    session = open_session(recordings / "opencap" / "Data" / "mocap-dls")
    motion = read_motion(session.trials[0]).cut(0, WINDOW_FRAMES)
    actor = make_actor(motion, SubjectModel(session.model_path), "", 10, muscles=False)
    assert 1.2 < np.ptp(actor.body.vertices(0)[:, 1]) < 2.1
    assert read_muscle_points(session.model_path, motion.coordinates[:2], actor_names(session)) is not None


def actor_names(session) -> tuple[str, ...]:
    from dataset.opensim.model_reader import load_skeleton

    return load_skeleton(session.model_path).body_names
