"""Motion files: every variant in use gives the same motion, and every malformed file is an error that names it."""

import re

import numpy as np
import pytest
from opensim_poses import rajagopal2015

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import read_table, write_table
from models.conventions import COORDINATES, ROTATION_INDICES

FRAMES = 12


@pytest.fixture
def motion() -> Motion:
    """Values within reach, all different, at 50 Hz from 3.55 s on, with activations and one extra coordinate."""
    draw = np.random.default_rng(3)
    coordinates = draw.uniform(0, 20, (FRAMES, 33))
    coordinates[:, 3:6] = draw.uniform(0.8, 1.0, (FRAMES, 3))
    time_s = 3.55 + np.arange(FRAMES) / 50
    return Motion(time_s, coordinates, draw.uniform(0, 1, (FRAMES, 80)), {"wrist_flex_r": draw.uniform(-9, 9, FRAMES)})


@pytest.fixture
def lines(tmp_path, motion) -> list[str]:
    """A good file, to be spoilt: 6 lines of header, the names in the seventh, then 12 rows."""
    write_motion(tmp_path / "good.mot", motion, beta=True)
    return (tmp_path / "good.mot").read_text().splitlines()


@pytest.mark.parametrize(
    "options",
    [{}, {"in_degrees": False}, {"beta": True}, {"style": "muscle_driven"}, {"style": "muscle_driven", "beta": True}],
)
def test_written_motion_reads_back(tmp_path, motion, options):
    write_motion(tmp_path / "a.mot", motion, **options)
    back = read_motion(tmp_path / "a.mot")
    assert np.abs(back.time_s - motion.time_s).max() < 1e-6
    assert np.abs(back.coordinates - motion.coordinates).max() < 1e-6
    assert np.abs(back.activations - motion.activations).max() < 1e-6
    assert list(back.extra) == ["wrist_flex_r"]
    assert np.abs(back.extra["wrist_flex_r"] - motion.extra["wrist_flex_r"]).max() < 1e-6


def test_layout_of_the_file_does_not_matter(tmp_path, motion, lines):
    """Columns shuffled, CRLF, spaces and tabs after the lines, a Windows path, blank lines at the end."""
    head, names, rows = lines[:6], lines[6].split("\t"), [line.split("\t") for line in lines[7:]]
    order = [0, *np.random.default_rng(1).permutation(np.arange(1, len(names)))]
    text = "\r\n".join(
        [
            "name C:\\MyDrive\\Data\\Größe\\kinematics.mot",
            *head[1:-1],
            "endheader  ",
            "\t".join(names[i] for i in order) + " \t ",
        ]
        + ["\t".join(f"   {row[i]}" for i in order) + " \t" for row in rows]
        + ["", "  ", ""]
    )
    (tmp_path / "messy.mot").write_bytes(text.encode("latin-1"))
    back = read_motion(tmp_path / "messy.mot")
    assert np.abs(back.coordinates - motion.coordinates).max() < 1e-6
    assert np.abs(back.activations - motion.activations).max() < 1e-6


@pytest.mark.parametrize(("joints", "forces"), [("/jointset/", "/forceset/"), ("", "")], ids=["4.0", "before"])
def test_states_are_read_as_the_motion_that_they_are_of(tmp_path, motion, joints, forces):
    """OpenSim Moco and StatesReporter write radians, a column's path for its name, and speeds beside the values."""
    write_motion(tmp_path / "a.mot", motion, beta=True, in_degrees=False)
    table = read_table(tmp_path / "a.mot")
    names = [
        f"{forces}{name}" if name.endswith("/activation") else f"{joints}joint_of_{name}/{name}/value"
        for name in table.names
    ]
    speeds = [name.replace("/value", "/speed") for name in names if name.endswith("/value")]
    data = np.column_stack([table.data, np.full((len(table.data), len(speeds)), 3.0)])
    write_table(tmp_path / "states.sto", [*names, *speeds], data, table.time_s, in_degrees=False)
    back = read_motion(tmp_path / "states.sto")
    assert np.abs(back.coordinates - motion.coordinates).max() < 1e-5
    assert np.abs(back.activations - motion.activations).max() < 1e-6
    assert np.abs(back.extra["wrist_flex_r"] - motion.extra["wrist_flex_r"]).max() < 1e-5
    assert (back.extra[f"{joints}joint_of_knee_angle_r/knee_angle_r/speed"] == 3).all()


def test_unit_without_in_degrees_follows_opensim(tmp_path, lines):
    """OpenSim's own rule, asked of OpenSim: degrees without `version`, radians with it."""
    opensim = pytest.importorskip("opensim")
    keep = {
        "versioned": lines[:4] + lines[5:],
        "old": ["name x", f"datacolumns {len(lines[6].split())}", "datarows 12"] + lines[5:],
    }
    for name, content in keep.items():
        path = tmp_path / f"{name}.mot"
        path.write_text("\n".join(content) + "\n")
        assert read_table(path).in_degrees is opensim.Storage(str(path)).isInDegrees()


@pytest.mark.parametrize("count", ["12.0", "0012"])
def test_a_row_count_may_be_written_in_another_way(tmp_path, motion, lines, count):
    (tmp_path / "a.mot").write_text("\n".join(lines).replace("nRows=12", f"nRows={count}") + "\n")
    assert len(read_motion(tmp_path / "a.mot")) == len(motion) == 12


@pytest.mark.parametrize("mark", ["=", " = ", " ", "\t", "  \t", ": "])
def test_a_header_is_understood_with_any_mark_between_name_and_value(tmp_path, motion, mark):
    write_motion(tmp_path / "a.mot", motion, in_degrees=False)
    text = (tmp_path / "a.mot").read_text()
    head, rest = text[: text.index("endheader")], text[text.index("endheader") :]
    (tmp_path / "a.mot").write_text(head.replace("=", mark) + rest)
    assert not read_table(tmp_path / "a.mot").in_degrees
    assert read_table(tmp_path / "a.mot").header["ncolumns"] == str(len(rest.splitlines()[1].split()))
    (tmp_path / "a.mot").write_text(head.replace("=", mark) + "\n".join(rest.splitlines()[:-2]) + "\n")
    with pytest.raises(InputError, match=r"a\.mot: the header states 12 rows, but 10 follow"):
        read_table(tmp_path / "a.mot")


def test_unit_that_contradicts_the_values(tmp_path, motion, lines, caplog):
    (tmp_path / "silent.mot").write_text("\n".join(lines[:4] + lines[5:]) + "\n")
    assert np.abs(read_motion(tmp_path / "silent.mot").coordinates - motion.coordinates).max() < 1e-6
    assert "degrees" in caplog.text
    (tmp_path / "lie.mot").write_text("\n".join(lines).replace("inDegrees=yes", "inDegrees=no") + "\n")
    with pytest.raises(InputError, match=r"lie\.mot.*inDegrees=no"):
        read_motion(tmp_path / "lie.mot")


def _without(lines, name):
    at = lines[6].split("\t").index(name)
    return lines[:6] + ["\t".join(cell for i, cell in enumerate(line.split("\t")) if i != at) for line in lines[6:]]


def _with_cell(lines, line, name, cell):
    at = lines[6].split("\t").index(name)
    cells = lines[line].split("\t")
    return lines[:line] + ["\t".join([*cells[:at], cell, *cells[at + 1 :]])] + lines[line + 1 :]


def test_coordinates_that_a_squat_does_not_need_are_zero_where_they_are_missing(tmp_path, motion, lines, caplog):
    (tmp_path / "a.mot").write_text("\n".join(_without(_without(lines, "mtp_angle_l"), "pro_sup_r")) + "\n")
    expected = motion.coordinates.copy()
    expected[:, [COORDINATES.index("mtp_angle_l"), COORDINATES.index("pro_sup_r")]] = 0
    assert np.abs(read_motion(tmp_path / "a.mot").coordinates - expected).max() < 1e-6
    assert "2 of the 33 coordinates are missing, and are taken to be 0: mtp_angle_l, pro_sup_r" in caplog.text
    (tmp_path / "whole.mot").write_text("\n".join(lines) + "\n")
    caplog.clear()
    read_motion(tmp_path / "whole.mot")
    assert "missing" not in caplog.text


def test_beta_columns_follow_the_knees_as_in_files_of_opencap(lines):
    names = lines[6].split("\t")
    for side in "lr":
        assert names[names.index(f"knee_angle_{side}") + 1] == f"knee_angle_{side}_beta"


BROKEN = {
    "empty": (lambda lines: [], "no 'endheader'"),
    "prose": (lambda lines: ["It was a dark and stormy night."] * 20, "no 'endheader'"),
    "header_only": (lambda lines: lines[:6], "without column names or rows"),
    "no_rows": (lambda lines: lines[:7], "no row of data"),
    "no_time": (lambda lines: lines[:6] + ["t" + lines[6]] + lines[7:], "line 7.*'time'"),
    "missing_coordinate": (lambda lines: _without(lines, "knee_angle_r"), "1 of the 33 coord.*: knee_angle_r"),
    "missing_activation": (lambda lines: _without(lines, "soleus_l/activation"), "79 of the 80.*soleus_l"),
    "column_twice": (lambda lines: [line.replace("hip_flexion_l", "hip_flexion_r") for line in lines], "line 7.*twice"),
    "nan": (lambda lines: _with_cell(lines, 9, "pelvis_ty", "NaN"), "'pelvis_ty' is nan in data row 3"),
    "nan_twice": (lambda lines: _with_cell(BROKEN["nan"][0](lines), 9, "pelvis_tz", "NaN"), "and 1 row.s. are not"),
    "infinite": (lambda lines: _with_cell(lines, 9, "vasmed_l/activation", "inf"), "vasmed_l.* is inf"),
    "nan_time": (lambda lines: _with_cell(lines, 9, "time", "nan"), "line 10: the time"),
    "word": (lambda lines: _with_cell(lines, 9, "pelvis_tx", "0,98"), "line 10, column 'pelvis_tx': '0,98'"),
    "digits_of_python": (lambda lines: _with_cell(lines, 9, "pelvis_tx", "1_0"), "line 10, column 'pelvis_tx': '1_0'"),
    "other_digits": (lambda lines: _with_cell(lines, 9, "pelvis_tx", "\u0663"), "line 10, column 'pelvis_tx'"),
    "other_space": (lambda lines: _with_cell(lines, 9, "pelvis_tx", "1\u00a0"), r"'pelvis_tx': '1\\xa0' is not"),
    "short_row": (lambda lines: [*lines[:-2], lines[-2].rsplit("\t", 1)[0], lines[-1]], r"line 18: \d+ values"),
    "cut_in_a_row": (lambda lines: [*lines[:-1], lines[-1][:40]], r"line 19: \d values"),
    "cut_after_a_row": (lambda lines: lines[:-3], "states 12 rows, but 9 follow"),
    "wrong_count": (lambda lines: [line.replace("nRows=12", "nRows=7") for line in lines], "states 7 rows, but 12"),
    "time_repeats": (lambda lines: [*lines[:9], lines[8], *lines[10:]], "line 10: time 3.57 s follows 3.57 s"),
    "strange_unit": (lambda lines: [line.replace("=yes", "=maybe") for line in lines], "inDegrees=maybe"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_malformed_file_is_an_error_that_names_it(tmp_path, lines, fault):
    spoil, message = BROKEN[fault]
    path = tmp_path / f"{fault}.mot"
    path.write_text("\n".join(spoil(lines)) + "\n")
    with pytest.raises(InputError, match=f"(?s){fault}.mot.*{message}") as caught:
        read_motion(path)
    assert "\n" not in str(caught.value)


def test_files_of_other_kinds_are_errors(tmp_path):
    (tmp_path / "image.mot").write_bytes(bytes(range(256)) * 4)
    for name in ("image.mot", "absent.mot", "."):
        with pytest.raises(InputError, match=re.escape(str(tmp_path / name))):
            read_motion(tmp_path / name)


def test_every_lost_line_and_damaged_cell_is_an_error(tmp_path, motion):
    path = tmp_path / "damaged.mot"
    write_motion(path, motion)
    lines = path.read_text().splitlines()
    draw = np.random.default_rng(0)
    for _ in range(40):
        line = draw.integers(7, len(lines))
        cells = lines[line].split("\t")
        cells[draw.integers(len(cells))] = draw.choice(["", "x", "-", "1.2.3", "-1.#IND"])
        for replacement in ([], ["\t".join(cells)]):
            path.write_text("\n".join(lines[:line] + replacement + lines[line + 1 :]) + "\n")
            with pytest.raises(InputError, match=r"damaged\.mot"):
                read_motion(path)


def test_table_keeps_columns_that_are_no_motion(tmp_path):
    """Forces have no coordinates, and a centre of pressure is NaN while a foot is in the air."""
    forces = np.array([[600.0, np.nan], [610.0, 0.1], [620.5, 0.2]])
    write_table(tmp_path / "grf.mot", ["ground_force_r_vy", "ground_force_r_px"], forces, np.arange(3) / 100)
    table = read_table(tmp_path / "grf.mot")
    assert np.array_equal(table.column("ground_force_r_vy"), forces[:, 0])
    assert np.isnan(table.column("ground_force_r_px")[0])
    with pytest.raises(InputError, match="ground_force_l_vy"):
        table.column("ground_force_l_vy")
    with pytest.raises(InputError, match="none of the 33 coordinates"):
        read_motion(tmp_path / "grf.mot")


@pytest.mark.parametrize("style", ["opencap", "muscle_driven"])
def test_opensim_opens_written_files_and_poses_the_model(tmp_path, motion, style):
    opensim = pytest.importorskip("opensim")
    from dataset.opensim.opensim_library import open_opensim_model

    path = tmp_path / "a.mot"
    write_motion(path, motion, beta=True, style=style)
    table = opensim.TimeSeriesTable(str(path))
    assert table.getNumRows() == FRAMES
    assert np.allclose(table.getDependentColumn("knee_angle_l").to_numpy(), motion.column("knee_angle_l"), atol=1e-6)

    model, state = open_opensim_model(rajagopal2015())
    storage = opensim.Storage(str(path))
    model.getSimbodyEngine().convertDegreesToRadians(storage)
    states = opensim.StatesTrajectory.createFromStatesStorage(model, storage, True, True)
    model.realizePosition(states.get(5))
    pelvis = model.getBodySet().get("pelvis").getPositionInGround(states.get(5)).to_numpy()
    assert np.allclose(pelvis, motion.coordinates[5, 3:6], atol=1e-6)
    knee = model.getCoordinateSet().get("knee_angle_r").getValue(states.get(5))
    assert np.degrees(knee) == pytest.approx(motion.column("knee_angle_r")[5], abs=1e-5)


def test_the_same_trial_in_degrees_and_in_radians(recordings):
    """lab-subject4's squats, fitted to the same markers by two programs that write different units."""
    session = recordings / "opencap" / "Data" / "lab-subject4"
    degrees = read_motion(session / "OpenSimData" / "Kinematics" / "squats1.mot")
    radians = read_motion(session / "AddBiomechanics" / "squats1_ik.mot")
    assert np.array_equal(degrees.time_s, radians.time_s)
    for name in ("knee_angle_r", "hip_flexion_l", "pelvis_tilt"):
        assert np.corrcoef(degrees.column(name), radians.column(name))[0, 1] > 0.99
        assert np.abs(degrees.column(name) - radians.column(name)).mean() < 8
    assert np.abs(degrees.column("pelvis_ty") - radians.column("pelvis_ty")).max() < 0.05


def test_every_recording_has_plausible_values(recordings):
    paths = sorted((recordings / "opencap" / "Data").glob("*/OpenSimData/Kinematics/*.mot"))
    paths += sorted((recordings / "opencap" / "Data").glob("*/OpenSimData/Dynamics/*/kinematics_activations.mot"))
    assert len(paths) == 11
    for path in paths:
        motion = read_motion(path)
        bend = motion.column("knee_angle_r")
        assert 70 < bend.max() < 130
        assert bend.min() > -5
        assert 0.4 < motion.column("pelvis_ty").min() < motion.column("pelvis_ty").max() < 1.3
        assert np.abs(motion.coordinates[:, ROTATION_INDICES]).max() < 180
        assert (motion.activations is None) == ("Kinematics" in path.parts)
        assert not any(name.endswith("_beta") for name in motion.extra)
    assert set(read_motion(paths[0]).extra) <= {"knee_adduction_r", "knee_adduction_l"}


def test_muscle_driven_file_keeps_its_time_and_its_activation_floor(recordings):
    folder = recordings / "opencap" / "Data" / "field-subject0" / "OpenSimData" / "Dynamics" / "Squats_0_1"
    motion = read_motion(folder / "kinematics_activations.mot")
    assert motion.time_s[0] == 3.55
    assert motion.rate_hz == pytest.approx(50)
    assert motion.activations.shape == (87, 80)
    assert motion.activations.min() == pytest.approx(0.05, abs=1e-3)
    assert motion.activations.max() <= 1
    table = read_table(folder / "kinetics.mot")
    assert table.column("knee_angle_r_moment").shape == (86,)
    assert len(set(COORDINATES) - {name.removesuffix("_moment").removesuffix("_force") for name in table.names}) == 0
