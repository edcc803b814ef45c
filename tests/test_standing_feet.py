"""A sign or a heading with which the feet of a squat slide along the floor is found by the feet."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.motion_folders.file_reader import read_array_windows
from models.conventions import COORDINATE_INDEX as AT

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"
TURNS = [AT[name] for name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation")]
PLACES = [AT[name] for name in ("pelvis_tx", "pelvis_ty", "pelvis_tz")]
HIPS = [f"hip_{name}_{side}" for name in ("adduction", "rotation") for side in "lr"]


@pytest.fixture(scope="module")
def trial():
    """Two squats of the demo person at 60 Hz, facing +x."""
    return read_motion(next((DEMO_PERSON / "OpenSimData/Kinematics").glob("*.mot"))).cut(100, 318)


def facing(motion, heading_deg):
    """The motion turned about the vertical."""
    turn, coordinates = Rotation.from_euler("Y", heading_deg, degrees=True), motion.coordinates.copy()
    angles = (turn * Rotation.from_euler("ZXY", coordinates[:, TURNS], degrees=True)).as_euler("ZXY", degrees=True)
    coordinates[:, TURNS] = np.unwrap(angles, axis=0, period=360)
    coordinates[:, PLACES] = turn.apply(coordinates[:, PLACES])
    return replace(motion, coordinates=coordinates)


def changed(motion, names, factor=1.0, added=0.0):
    coordinates = motion.coordinates.copy()
    columns = [AT[name] for name in names]
    coordinates[:, columns] = factor * coordinates[:, columns] + added
    return replace(motion, coordinates=coordinates)


def again(tmp_path, motion, jumps="refuse"):
    """The motion written and read."""
    write_motion(tmp_path / "a.mot", motion)
    return read_motion(tmp_path / "a.mot", jumps=jumps)


@pytest.mark.parametrize(
    ("heading_deg", "name", "factor", "added", "what"),
    [
        (0, "pelvis_tx", -1, 0, "of the other sign"),
        (90, "pelvis_tz", -1, 0, "of the other sign"),
        (90, "pelvis_rotation", -1, 0, "of the other sign"),
        (90, "pelvis_rotation", np.pi / 180, 0, "in radians among columns in degrees"),
        (0, "pelvis_rotation", 1, 180, "off by half a turn"),
    ],
)
def test_a_pelvis_that_drags_the_feet_along_is_refused(tmp_path, trial, heading_deg, name, factor, added, what):
    with pytest.raises(InputError, match=rf"a\.mot: column '{name}' is {what}.* foot slides by 0\.\d+ m"):
        again(tmp_path, changed(facing(trial, heading_deg), [name], factor, added))


@pytest.mark.parametrize(
    ("heading_deg", "names"),
    [(0, ("pelvis_tx", "pelvis_ty")), (0, ("pelvis_tx", "pelvis_tz")), (90, ("pelvis_ty", "pelvis_tz"))],
)
def test_positions_that_are_exchanged_are_refused(tmp_path, heading_deg, names):
    motion = facing(
        read_motion(next((DEMO_PERSON.parent / "demo-person-075/OpenSimData/Kinematics").glob("*.mot"))), heading_deg
    )
    exchanged = replace(motion, coordinates=motion.coordinates.copy())
    exchanged.coordinates[:, [AT[name] for name in names]] = motion.coordinates[:, [AT[name] for name in names[::-1]]]
    with pytest.raises(InputError, match=f"columns '{names[0]}', '{names[1]}' are exchanged"):
        again(tmp_path, exchanged)


@pytest.mark.parametrize("names", [HIPS[:2], HIPS[2:]], ids=["adduction", "rotation"])
def test_hips_that_draw_the_feet_along_are_refused(tmp_path, names):
    wide = read_motion(next((DEMO_PERSON.parent / "demo-person-075/OpenSimData/Kinematics").glob("*.mot")))
    with pytest.raises(InputError, match=f"columns '{names[0]}', '{names[1]}' are of the other sign"):
        again(tmp_path, changed(wide, names, -1))


@pytest.mark.parametrize("name", HIPS)
def test_one_hip_that_draws_its_foot_along_is_refused(tmp_path, name):
    wide = read_motion(next((DEMO_PERSON.parent / "demo-person-075/OpenSimData/Kinematics").glob("*.mot")))
    foot = {"l": "left", "r": "right"}[name[-1]]
    with pytest.raises(InputError, match=f"column '{name}' is of the other sign.* the {foot} foot slides"):
        again(tmp_path, changed(wide, [name], -1))


def test_a_foot_in_the_air_may_swing_to_the_side(tmp_path, trial):
    lifted = changed(trial, ["pelvis_tx"], 0)
    bend = trial.coordinates[:, AT["knee_angle_r"]] / 90
    lifted.coordinates[:, AT["hip_flexion_l"]] = 30 - trial.coordinates[:, AT["pelvis_tilt"]]
    lifted.coordinates[:, AT["knee_angle_l"]] = 90 + bend
    lifted.coordinates[:, AT["pelvis_tz"]] += 0.15 * bend  # over the right foot, which stays
    for side in "lr":
        lifted.coordinates[:, AT[f"hip_adduction_{side}"]] = 16 * bend
    assert len(again(tmp_path, lifted)) == len(trial)


@pytest.mark.parametrize("heading_deg", [0, 45, 90, 180, -100])
@pytest.mark.parametrize("person", ["demo-person-040", "demo-person-075"])
def test_people_may_face_anywhere(tmp_path, person, heading_deg):
    motion = read_motion(next((DEMO_PERSON.parent / person / "OpenSimData/Kinematics").glob("*.mot")))
    assert len(again(tmp_path, facing(motion, heading_deg))) == len(motion)


@pytest.mark.parametrize(
    ("aside_m", "turn_deg"), [(1.0, 0), (2.5, 0), (0.0, 180)], ids=["one-step", "a-walk", "about-face"]
)
def test_people_may_step_aside_or_turn_between_squats(tmp_path, trial, aside_m, turn_deg):
    half, walk = 108, 120
    steps = np.linspace(0, 1, walk + 2)[1:-1]
    smooth = np.concatenate([np.zeros(half), steps**2 * (3 - 2 * steps), np.ones(len(trial) - half)])
    rows = np.concatenate([np.arange(half), np.full(walk, half), np.arange(half, len(trial))])
    coordinates = trial.coordinates[rows]
    centre = coordinates[half, PLACES]
    turn = Rotation.from_euler("Y", turn_deg * smooth[:, None], degrees=True)
    angles = (turn * Rotation.from_euler("ZXY", coordinates[:, TURNS], degrees=True)).as_euler("ZXY", degrees=True)
    coordinates[:, TURNS] = np.unwrap(angles, axis=0, period=360)
    coordinates[:, PLACES] = turn.apply(coordinates[:, PLACES] - centre) + centre
    coordinates[:, AT["pelvis_tz"]] += aside_m * smooth
    swing_deg = 40 * np.sin(4 * np.pi * steps)
    for side, sign in (("l", 1), ("r", -1)):
        for name, share in (("hip_flexion", 1), ("knee_angle", 1.6)):
            coordinates[half : half + walk, AT[f"{name}_{side}"]] += share * np.clip(sign * swing_deg, 0, None)
    walked = replace(trial, coordinates=coordinates, time_s=np.arange(len(rows)) / 60)
    np.testing.assert_allclose(again(tmp_path, walked).coordinates, coordinates, atol=1e-6)


def test_recorded_squats_are_read(recordings, caplog):
    for path in sorted((recordings / "opencap/Data").glob("*/OpenSimData/Kinematics/*.mot")):
        read_motion(path)
    assert "of the other sign" not in caplog.text


def test_generated_motions_are_named_and_kept(tmp_path, trial, caplog):
    motion = changed(trial, ["pelvis_tx"], -1)
    assert len(again(tmp_path, motion, jumps="keep")) == len(motion)
    np.save(tmp_path / "a.npy", motion.coordinates)
    read_array_windows(tmp_path / "a.npy")
    assert caplog.text.count("'pelvis_tx' is of the other sign") == 2
