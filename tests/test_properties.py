"""What holds for any input: round trips, and results that do not depend on order, unit, rate, start or heading."""

from functools import cache, partial

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from dataset.io.bvh import Bone, write_bvh
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import read_table, write_table
from dataset.locations import SHIPPED_DEMO
from dataset.windows.placement import Placement, place
from dataset.windows.resample import resample
from dataset.windows.segmentation import segment_repetitions
from models.conventions import COORDINATE_INDEX, ROTATION_INDICES, TRANSLATION_INDICES
from models.rotations import from_zxy, to_zxy_degrees

few = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
many = settings(few, max_examples=100)
numbers = partial(st.floats, allow_subnormal=False)  # which the tests flush to zero, as the scripts do
angles = numbers(-180, 180)
KNEE = COORDINATE_INDEX["knee_angle_r"]


@cache
def trial() -> Motion:
    """A recorded-like trial of a demo person, with several squats."""
    return read_motion(min(SHIPPED_DEMO.glob("Data/*/OpenSimData/Kinematics/*.mot")))


def repetitions_s(motion: Motion) -> np.ndarray:
    """(N, 2) start and end of the repetitions, seconds from the first frame."""
    found = segment_repetitions(resample(motion))
    return np.array([(one.start_frame, one.end_frame) for one in found]) / 60


def rewritten(tmp_path, change) -> Motion:
    """The trial, whose file is changed before it is read."""
    write_motion(tmp_path / "a.mot", trial())
    table = read_table(tmp_path / "a.mot")
    names, data, time_s, in_degrees = change(table)
    write_table(tmp_path / "b.mot", names, data, time_s, in_degrees=in_degrees)
    return read_motion(tmp_path / "b.mot")


@few
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_columns_does_not_matter(tmp_path, seed):
    def shuffled(table):
        order = np.random.default_rng(seed).permutation(len(table.names))
        return [table.names[i] for i in order], table.data[:, order], table.time_s, True

    assert np.array_equal(rewritten(tmp_path, shuffled).coordinates, read_motion(tmp_path / "a.mot").coordinates)


@few
@given(radians=st.booleans(), millimetres=st.booleans(), milliseconds=st.booleans())
def test_the_units_of_a_file_do_not_matter(tmp_path, radians, millimetres, milliseconds):
    def in_units(table):
        data = table.data.copy()
        is_position = np.array([name in ("pelvis_tx", "pelvis_ty", "pelvis_tz") for name in table.names])
        data[:, is_position] *= 1000 if millimetres else 1
        data[:, ~is_position] = np.radians(data[:, ~is_position]) if radians else data[:, ~is_position]
        return table.names, data, table.time_s * (1000 if milliseconds else 1), not radians

    motion = rewritten(tmp_path, in_units)
    assert np.abs(motion.coordinates[:, ROTATION_INDICES] - trial().coordinates[:, ROTATION_INDICES]).max() < 1e-5
    assert np.abs(motion.coordinates[:, TRANSLATION_INDICES] - trial().coordinates[:, TRANSLATION_INDICES]).max() < 1e-7
    assert np.abs(motion.time_s - trial().time_s).max() < 1e-6


@few
@given(rate_hz=numbers(40, 200))
def test_squats_do_not_depend_on_the_frame_rate(rate_hz):
    plain, other = trial(), resample(trial(), rate_hz)
    found = repetitions_s(other)
    assert found.shape == repetitions_s(plain).shape
    assert np.abs(found - repetitions_s(plain)).max() < 0.1
    assert abs(resample(other).coordinates[:, KNEE].max() - plain.coordinates[:, KNEE].max()) < 0.5


@few
@given(start_s=numbers(0, 1e4))
def test_squats_do_not_depend_on_when_the_recording_starts(start_s):
    moved = Motion(trial().time_s + start_s, trial().coordinates, source=trial().source)
    assert np.array_equal(repetitions_s(moved), repetitions_s(trial()))


@few
@given(heading=angles, x=numbers(-5, 5), z=numbers(-5, 5))
def test_squats_and_placed_motions_do_not_depend_on_heading_and_place(heading, x, z):
    turned = Placement(np.array([x, 0.0, z]), np.array(heading)).restore(trial().coordinates)
    one, other = place(trial().coordinates)[0], place(turned)[0]
    assert np.abs(one - other).max() < 1e-6
    moved = Motion(trial().time_s, turned, source=trial().source)
    assert np.array_equal(repetitions_s(moved), repetitions_s(trial()))


@few
@given(heading=angles, x=numbers(-5, 5), floor=numbers(-2, 2))
def test_placing_is_undone_exactly(heading, x, floor):
    turned = Placement(np.array([x, floor, -x]), np.array(heading)).restore(trial().coordinates)
    placed, placement = place(turned, floor)
    assert np.abs(placement.restore(placed) - turned).max() < 1e-6


@few
@given(in_degrees=st.booleans(), beta=st.booleans(), seed=st.integers(0, 1000))
def test_a_written_motion_reads_back(tmp_path, in_degrees, beta, seed):
    frames = 5 + seed % 40
    cut = trial().cut(seed % 50, seed % 50 + frames)
    write_motion(tmp_path / "a.mot", cut, in_degrees=in_degrees, beta=beta)
    back = read_motion(tmp_path / "a.mot")
    assert np.abs(back.coordinates - cut.coordinates).max() < 1e-5
    assert np.abs(back.time_s - cut.time_s).max() < 1e-6


@many
@given(st.tuples(angles, angles, angles))
def test_angles_of_a_rotation_give_the_rotation(triple):
    z, x, y = torch.tensor(triple, dtype=torch.float64).deg2rad()
    matrix = from_zxy(z, x, y).numpy()
    assert np.abs(matrix @ matrix.T - np.eye(3)).max() < 1e-12
    again = torch.tensor(to_zxy_degrees(matrix[None])[0]).deg2rad()
    assert np.abs(from_zxy(*again).numpy() - matrix).max() < 1e-6
    assert np.abs(Rotation.from_euler("ZXY", triple, degrees=True).as_matrix() - matrix).max() < 1e-12


@few
@given(seed=st.integers(0, 2**32 - 1))
def test_a_bvh_file_holds_the_rotations_that_were_written(tmp_path, seed):
    draw = np.random.default_rng(seed)
    rotations = Rotation.random(40, random_state=draw.integers(2**31)).as_matrix().reshape(20, 2, 3, 3)
    positions = draw.normal(size=(20, 2, 3))
    bones = [Bone("root", -1, np.zeros(3), np.zeros(3), True), Bone("child", 0, np.ones(3), np.ones(3), False)]
    write_bvh(tmp_path / "a.bvh", bones, 1 / 60, positions, rotations)
    rows = np.loadtxt((tmp_path / "a.bvh").read_text().split("Frame Time:")[1].splitlines()[1:])
    assert np.abs(rows[:, :3] - positions[:, 0]).max() < 1e-6
    back = Rotation.from_euler("ZXY", rows[:, 3:].reshape(-1, 3), degrees=True).as_matrix().reshape(20, 2, 3, 3)
    assert np.abs(back - rotations).max() < 1e-6
