"""Single columns in another unit or with the other sign are told by the feet, which rest on the floor."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dataset.errors import InputError
from dataset.io.leg_orientation import ankle_positions
from dataset.io.mot import read_motion, write_motion
from dataset.motion_folders.file_reader import read_array_windows
from dataset.windows.mirror import mirror_motion
from dataset.windows.placement import Placement, place
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import COORDINATES, ROTATION_INDICES

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"
LEGS = [name for name in COORDINATES if name.startswith(("hip", "knee", "ankle"))]
PELVIS = ["pelvis_tilt", "pelvis_list", "pelvis_rotation"]
ARMS = [name for name in COORDINATES if name.startswith(("arm", "elbow"))]


@pytest.fixture(scope="module")
def trial():
    """Two squats of the demo person at 60 Hz."""
    return read_motion(next((DEMO_PERSON / "OpenSimData/Kinematics").glob("*.mot"))).cut(100, 318)


def again(tmp_path, motion, names, factor, *, in_degrees=True, jumps="refuse"):
    """The motion with some columns multiplied, written and read."""
    coordinates = motion.coordinates.copy()
    coordinates[:, [AT[name] for name in names]] *= factor
    write_motion(tmp_path / "a.mot", replace(motion, coordinates=coordinates), in_degrees=in_degrees)
    return read_motion(tmp_path / "a.mot", jumps=jumps)


@pytest.mark.parametrize("name", ["pelvis_tilt", *(n for n in LEGS if n.startswith(("hip_flexion", "knee", "ankle")))])
def test_one_column_in_radians_is_refused_by_its_name(tmp_path, trial, name):
    with pytest.raises(InputError, match=rf"a\.mot: column '{name}' is in radians among columns in degrees"):
        again(tmp_path, trial, [name], np.pi / 180)


@pytest.mark.parametrize(
    ("names", "heading_deg"),
    [
        (["pelvis_tilt", "pelvis_rotation"], 45),
        (["pelvis_list", "pelvis_rotation"], 45),
        (["hip_flexion_l", "knee_angle_l"], 0),
        (["hip_flexion_l", "knee_angle_l", "hip_flexion_r", "knee_angle_r"], 0),
        (["knee_angle_l", "ankle_angle_l", "knee_angle_r", "ankle_angle_r"], 180),
        (["hip_flexion_r", "hip_adduction_r"], -60),
        (["hip_flexion_l", "hip_rotation_l", "hip_flexion_r", "hip_rotation_r"], 0),
    ],
)
def test_exchanged_columns_are_refused_by_their_names(tmp_path, trial, names, heading_deg):
    facing = Placement(np.zeros(3), np.float64(heading_deg)).restore(place(trial.coordinates)[0])
    exchanged = facing.copy()
    exchanged[:, [AT[name] for name in names]] = facing[:, [AT[names[i ^ 1]] for i in range(len(names))]]
    pairs = [f"'{names[i]}' and '{names[i + 1]}'" for i in range(0, len(names), 2)]
    with pytest.raises(InputError, match=f"columns {', and '.join(pairs)} seem to be exchanged"):
        again(tmp_path, replace(trial, coordinates=exchanged), [], 1)
    assert len(again(tmp_path, replace(trial, coordinates=facing), [], 1)) == len(trial)


def test_a_trunk_that_bends_to_the_side_in_step_with_the_knees_is_refused(tmp_path, trial, caplog):
    forwards, sideways = AT["lumbar_extension"], AT["lumbar_bending"]
    bent = trial.coordinates.copy()
    bent[:, forwards] = -0.4 * bent[:, AT["knee_angle_r"]]
    exchanged = bent.copy()
    exchanged[:, [forwards, sideways]] = bent[:, [sideways, forwards]]
    for coordinates, jumps in ((bent, "refuse"), (exchanged, "keep")):
        write_motion(tmp_path / "a.mot", replace(trial, coordinates=coordinates))
        read_motion(tmp_path / "a.mot", jumps=jumps)
        assert ("'lumbar_bending' bends the trunk to the side" in caplog.text) == (jumps != "refuse")
    with pytest.raises(InputError, match=r"a\.mot: .*'lumbar_extension' forwards .* seem to be exchanged"):
        read_motion(tmp_path / "a.mot")


def test_a_leaning_pelvis_whose_tilt_and_list_are_exchanged_is_refused(tmp_path):
    other = read_motion(next((DEMO_PERSON.parent / "demo-person-075/OpenSimData/Kinematics").glob("*.mot")))
    exchanged = other.coordinates.copy()
    exchanged[:, [0, 1]] = exchanged[:, [1, 0]]
    with pytest.raises(InputError, match="columns 'pelvis_tilt' and 'pelvis_list' seem to be exchanged"):
        again(tmp_path, replace(other, coordinates=exchanged), [], 1)


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (["knee_angle_l", "knee_angle_r"], "'knee_angle_l', 'knee_angle_r' are in radians"),
        ([name for name in LEGS if name.endswith("_l")], "'hip_flexion_l', .*'knee_angle_l'.* are in radians"),
        (LEGS, "'knee_angle_r'.* are in radians"),
        ([*PELVIS, *LEGS], "a leg could not lower the pelvis"),
        ([COORDINATES[i] for i in ROTATION_INDICES if COORDINATES[i] not in ARMS], "a leg could not lower the pelvis"),
    ],
    ids=["knees", "left leg", "legs", "legs and pelvis", "all but arms"],
)
def test_several_columns_in_radians_are_refused_by_their_names(tmp_path, trial, names, word):
    with pytest.raises(InputError, match=word):
        again(tmp_path, trial, names, np.pi / 180)


def test_a_pelvis_in_degrees_among_radians_is_refused(tmp_path, trial):
    with pytest.raises(InputError, match="'pelvis_tilt' is in degrees among columns in radians"):
        again(tmp_path, trial, ["pelvis_tilt"], 180 / np.pi, in_degrees=False)


@pytest.mark.parametrize(
    "names",
    [["pelvis_tilt"], ["hip_flexion_l", "hip_flexion_r"], ["ankle_angle_l", "ankle_angle_r"], ["ankle_angle_l"]],
    ids=str,
)
def test_the_other_sign_is_refused(tmp_path, trial, names):
    names_in_words = ", ".join(repr(name) for name in names)
    with pytest.raises(InputError, match=f"columns? {names_in_words} (is|are) of the other sign"):
        again(tmp_path, trial, names, -1)


@pytest.mark.parametrize("person", ["demo-person-040", "demo-person-075"])
@pytest.mark.parametrize("raised_deg", [20.0, 30.0])
@pytest.mark.parametrize("at_bottom", [True, False], ids=["at the bottom", "throughout"])
def test_squats_with_raised_heels_are_read(tmp_path, person, raised_deg, at_bottom):
    """Feet tilt as they seem to where ankles have the other sign; the ankle rises about the ball of the foot."""
    motion = read_motion(min((DEMO_PERSON.parent / person / "OpenSimData/Kinematics").glob("*.mot")))
    knee = motion.column("knee_angle_l") + motion.column("knee_angle_r")
    tilt_deg = raised_deg * ((knee - knee.min()) / np.ptp(knee) if at_bottom else np.ones(len(motion)))
    coordinates = motion.coordinates.copy()
    coordinates[:, [AT["ankle_angle_l"], AT["ankle_angle_r"]]] -= tilt_deg[:, None]
    coordinates[:, AT["pelvis_ty"]] += 0.13 * np.sin(np.radians(tilt_deg))
    assert len(again(tmp_path, replace(motion, coordinates=coordinates), [], 1)) == len(motion)


def test_ankles_that_raised_heels_would_explain_are_named_and_read(tmp_path, trial, caplog):
    ankles = ["ankle_angle_l", "ankle_angle_r"]
    motion = again(tmp_path, trial, ankles, -0.4)
    assert np.abs(motion.column(ankles[0]) + 0.4 * trial.column(ankles[0])).max() < 1e-6
    assert "'ankle_angle_l', 'ankle_angle_r' are of the other sign" in caplog.text
    assert "unless the heels were raised" in caplog.text


@pytest.fixture(scope="module")
def on_the_right_leg(trial):
    """The left foot is in the air and points down; it would be flat with the ankle of the other sign."""
    coordinates = trial.coordinates.copy()
    coordinates[:, AT["hip_flexion_l"]] = trial.column("hip_flexion_r") + 25
    coordinates[:, AT["knee_angle_l"]] = trial.column("knee_angle_r") + 40
    flat = trial.column("knee_angle_r") - trial.column("hip_flexion_r") - trial.column("pelvis_tilt") + 15
    coordinates[:, AT["ankle_angle_l"]] = -np.clip(flat, -40, 35)
    return replace(trial, coordinates=coordinates)


def test_a_foot_in_the_air_may_point_down(tmp_path, on_the_right_leg, caplog):
    again(tmp_path, on_the_right_leg, [], 1)
    assert not caplog.records


def test_a_column_in_radians_is_told_by_the_one_foot_on_the_floor(tmp_path, on_the_right_leg):
    with pytest.raises(InputError, match="column 'knee_angle_r' is in radians"):
        again(tmp_path, on_the_right_leg, ["knee_angle_r"], np.pi / 180)


def test_the_left_leg_of_a_motion_is_the_right_one_of_the_mirrored_motion(trial):
    placed, _ = place(trial.coordinates)
    mirrored = mirror_motion(torch.from_numpy(placed)).numpy()
    left, right = ankle_positions(placed).swapaxes(0, 1)
    of_mirrored = ankle_positions(mirrored).swapaxes(0, 1)
    np.testing.assert_allclose(of_mirrored, np.array([right, left]) * [1, 1, -1], atol=1e-9)


@pytest.mark.parametrize("name", ["lumbar_extension", "arm_flex_l", "elbow_flex_r"])
def test_a_trunk_or_an_arm_that_hardly_moves_is_named(tmp_path, trial, name, caplog):
    motion = again(tmp_path, trial, [name], np.pi / 180)
    assert np.abs(motion.column(name) - trial.column(name) * np.pi / 180).max() < 1e-6
    assert f"column '{name}' may be in radians" in caplog.text


def test_one_horizontal_position_in_centimetres_is_refused(tmp_path, trial):
    """Also where the person stands at the origin, so that the values alone pass for metres."""
    side = trial.column("pelvis_tz")
    centred = replace(trial, coordinates=trial.coordinates.copy())
    centred.coordinates[:, AT["pelvis_tz"]] = side - side.mean()
    assert 0.006 < np.ptp(side) < 0.1
    with pytest.raises(InputError, match="column 'pelvis_tz' ranges over .* may be in centimetres"):
        again(tmp_path, centred, ["pelvis_tz"], 100)


@pytest.mark.parametrize(
    ("name", "factor", "what"),
    [
        ("knee_angle_r", np.pi / 180, "'knee_angle_r' is in radians"),
        ("pelvis_tz", 100, "column 'pelvis_tz' ranges over"),
    ],
)
def test_generated_motions_are_kept_with_a_warning(tmp_path, trial, caplog, name, factor, what):
    """Alike in motion files and in arrays."""
    coordinates = trial.coordinates.copy()
    coordinates[:, AT["pelvis_tz"]] -= coordinates[:, AT["pelvis_tz"]].mean()
    motion = again(tmp_path, replace(trial, coordinates=coordinates), [name], factor, jumps="keep")
    np.save(tmp_path / "a.npy", motion.coordinates)
    (window,) = read_array_windows(tmp_path / "a.npy")
    np.testing.assert_allclose(window.coordinates, motion.coordinates)
    sentences = [r.getMessage() for r in caplog.records if what in r.getMessage()]
    assert len(sentences) == 2
    assert all("kept, as it is" in sentence for sentence in sentences)


def test_squats_of_any_heading_and_place_are_read(tmp_path, trial, caplog):
    placed, _ = place(trial.coordinates)
    for heading_deg in (0.0, 90.0, 178.0):
        turned = Placement(np.array([3.0, 0.0, -2.0]), np.array(heading_deg)).restore(placed)
        again(tmp_path, replace(trial, coordinates=turned), [], 1)
    assert not caplog.records


@pytest.mark.parametrize("heading_deg", [90.0, 135.0, 180.0, -90.0])
def test_the_pelvis_follows_the_legs_of_a_person_of_any_heading(tmp_path, trial, heading_deg):
    placed, _ = place(trial.coordinates)
    turned = Placement(np.zeros(3), np.array(heading_deg)).restore(placed)
    read = again(tmp_path, replace(trial, coordinates=turned), [], 1)
    assert np.abs(read.coordinates - turned).max() < 1e-6
    with pytest.raises(InputError, match="'pelvis_ty' ranges over .* times what the angles of hips and knees give"):
        again(tmp_path, replace(trial, coordinates=turned), ["pelvis_tx", "pelvis_ty", "pelvis_tz"], 1 / 0.3048)


def test_feet_that_stand_on_end_are_said(tmp_path, trial, caplog):
    """Ankles that are 90 degrees in upright stance: no other unit or sign puts both feet flat."""
    coordinates = trial.coordinates.copy()
    coordinates[:, [AT["ankle_angle_l"], AT["ankle_angle_r"]]] += 60
    write_motion(tmp_path / "a.mot", replace(trial, coordinates=coordinates))
    read_motion(tmp_path / "a.mot", jumps="keep")
    assert "both feet are tilted by" in caplog.text
    caplog.clear()
    again(tmp_path, trial, ["ankle_angle_l"], 1)
    assert not caplog.text
