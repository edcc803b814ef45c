"""A data root of sessions, one of each kind of fault, made of a shipped demo person's session and of recordings.

Every function of FAULTS changes a copy of a session; its name, with dashes, is the session's.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

TRIAL = "squats1.mot"
FAULTS: dict[str, Callable[[Path], None]] = {}


def fault(function: Callable[[Path], None]) -> Callable[[Path], None]:
    FAULTS[function.__name__.replace("_", "-")] = function
    return function


class Table:
    """A motion file as lines of a header, names of columns and values."""

    def __init__(self, path: Path):
        self.path = path
        lines = path.read_text().splitlines()
        first = next(i for i, line in enumerate(lines) if line.split("\t")[0].strip() == "time")
        self.header, self.names = lines[:first], lines[first].split()
        self.values = np.array([line.split() for line in lines[first + 1 :] if line.strip()], dtype=float)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[:, self.names.index(name)]

    def write(self, path: Path | None = None) -> None:
        header = [re.sub(r"^nRows=.*", f"nRows={len(self.values)}", line) for line in self.header]
        rows = ("\t".join(f"{value:.8g}" for value in row) for row in self.values)
        (path or self.path).write_text("\n".join([*header, "\t".join(self.names), *rows]) + "\n")


def make_faulty_root(root: Path, person: Path, sound: list[Path] = ()) -> list[str]:
    """Make `<root>/Data/` with the `sound` sessions as links and one session of each fault; the faults' names."""
    data = root / "Data"
    data.mkdir(parents=True)
    for session in sound:
        (data / session.name).symlink_to(session, target_is_directory=True)
    for name, spoil in FAULTS.items():
        session = data / name
        copy_session(person, session, subject=name)
        spoil(session)
    return list(FAULTS)


def copy_session(person: Path, session: Path, subject: str) -> None:
    """The model and two squats of a demo person, without muscle-driven repetitions."""
    open_sim = session / "OpenSimData"
    shutil.copytree(person / "OpenSimData/Model", open_sim / "Model")
    (open_sim / "Kinematics").mkdir()
    table = Table(next(iter(sorted((person / "OpenSimData/Kinematics").glob("*.mot")))))
    table.values = table.values[table["time"] < 9.0]
    table.write(open_sim / "Kinematics" / TRIAL)
    (session / "sessionMetadata.yaml").write_text(f"subjectID: {subject}\nmass_kg: 74.5\nheight_m: 1.75\n")


def trial(session: Path) -> Table:
    return Table(session / "OpenSimData/Kinematics" / TRIAL)


def model(session: Path) -> Path:
    return next((session / "OpenSimData/Model").glob("*.osim"))


def replace_in_model(session: Path, pattern: str, text: str) -> None:
    path = model(session)
    path.write_text(re.sub(pattern, text, path.read_text()))


def joined(session: Path, names: list[str], factor: float = 1.0) -> Table:
    table = trial(session)
    for name in names:
        table[name][:] *= factor
    return table


# Time and angle


@fault
def uneven_rate(session: Path) -> None:
    table = trial(session)
    table.values = np.concatenate([table.values[:250], table.values[250::2]])
    table.write()


@fault
def frames_dropped(session: Path) -> None:
    table = trial(session)
    table.values = table.values[np.random.default_rng(0).random(len(table.values)) > 0.2]
    table.write()


@fault
def wrapped_heading(session: Path) -> None:
    table = trial(session)
    table["pelvis_rotation"][:] = (table["pelvis_rotation"] + 180 + 180) % 360 - 180
    table.write()


@fault
def wrapped_arm(session: Path) -> None:
    table = trial(session)
    table["arm_flex_r"][:] = (table["arm_flex_r"] + 170 + 180) % 360 - 180
    table.write()


@fault
def time_in_milliseconds(session: Path) -> None:
    joined(session, ["time"], 1000).write()


@fault
def pelvis_in_millimetres(session: Path) -> None:
    joined(session, ["pelvis_tx", "pelvis_ty", "pelvis_tz"], 1000).write()


@fault
def radians_called_degrees(session: Path) -> None:
    table = trial(session)
    table.write()
    joined(session, [name for name in table.names if not re.match("time|pelvis_t[xyz]", name)], np.pi / 180).write()


@fault
def knees_of_opposite_sign(session: Path) -> None:
    joined(session, ["knee_angle_r", "knee_angle_l"], -1).write()


@fault
def speeds_in_place_of_angles(session: Path) -> None:
    table = trial(session)
    rates = np.gradient(table.values[:, 1:], table["time"], axis=0)
    table.values = np.column_stack([table["time"], rates])
    table.header[0] = "Speeds"
    table.write()


@fault
def absurd_number(session: Path) -> None:
    table = trial(session)
    table["hip_flexion_r"][100] = 1e30
    table.write()


@fault
def knee_beyond_reach(session: Path) -> None:
    table = trial(session)
    table["knee_angle_r"][:] += 360
    table.write()


@fault
def pelvis_far_away(session: Path) -> None:
    table = trial(session)
    table["pelvis_tx"][:] += 50
    table.write()


@fault
def faster_than_people(session: Path) -> None:
    joined(session, ["time"], 1 / 15).write()


@fault
def signed_nan(session: Path) -> None:
    path = session / "OpenSimData/Kinematics" / TRIAL
    lines = path.read_text().splitlines()
    lines[60] = "\t".join([*lines[60].split()[:7], "+nan", *lines[60].split()[8:]])
    path.write_text("\n".join(lines) + "\n")


@fault
def markers_jump(session: Path) -> None:
    table = trial(session)
    for name in ("knee_angle_r", "knee_angle_l"):
        table[name][20:24] = 120
    table.write()


# Models


@fault
def coordinate_missing(session: Path) -> None:
    replace_in_model(session, r"\barm_add_r\b", "shoulder1_r2")


@fault
def joint_renamed(session: Path) -> None:
    replace_in_model(session, r"walker_knee_r", "knee_r")


@fault
def no_gravity(session: Path) -> None:
    replace_in_model(session, r"<gravity>.*?</gravity>", "<gravity>0 0 0</gravity>")


@fault
def muscles_disabled(session: Path) -> None:
    replace_in_model(session, r"<appliesForce>true</appliesForce>", "<appliesForce>false</appliesForce>")


@fault
def two_models(session: Path) -> None:
    shutil.copy(model(session), model(session).with_name("generic_unscaled.osim"))


@fault
def model_of_a_trial(session: Path) -> None:
    path = model(session)
    folder = path.parent / Path(TRIAL).stem
    folder.mkdir()
    path.rename(folder / path.name)


@fault
def no_model(session: Path) -> None:
    shutil.rmtree(session / "OpenSimData/Model")


@fault
def model_on_a_lost_disk(session: Path) -> None:
    path = model(session)
    path.unlink()
    path.symlink_to(session / "no_such_disk" / path.name)


@fault
def model_cut_off(session: Path) -> None:
    path = model(session)
    path.write_text(path.read_text()[:50_000])


# Sessions and trials


@fault
def same_stem(session: Path) -> None:
    trial(session).write(session / "OpenSimData/Kinematics/squats1_ik.mot")


@fault
def one_subject_of_two(session: Path) -> None:
    (session / "sessionMetadata.yaml").write_text("subjectID: defaultSubject\n")


@fault
def another_subject_of_the_name(session: Path) -> None:
    (session / "sessionMetadata.yaml").write_text("subjectID: defaultSubject\n")


@fault
def same_id(session: Path) -> None:
    other = session.parent.parent / f"OpenCapData_{session.name}"
    shutil.copytree(session, other)
    joined(other, ["knee_angle_r", "knee_angle_l", "hip_flexion_r", "hip_flexion_l"], 0.9).write()


@fault
def trial_begins_in_a_squat(session: Path) -> None:
    table = trial(session)
    bottom = int(np.argmax(table["knee_angle_r"]))
    table.values = table.values[bottom : bottom + 90]
    table.write()


@fault
def nobody_squats(session: Path) -> None:
    table = trial(session)
    table.values[:, 1:] = table.values[0, 1:]
    table.write()


@fault
def lying_down(session: Path) -> None:
    table = trial(session)
    table["pelvis_list"][:] += 90
    table.write()


@fault
def one_leg(session: Path) -> None:
    table = trial(session)
    table["hip_flexion_l"][:] = 40
    table["knee_angle_l"][:] = 90
    table.write()


@fault
def no_trial(session: Path) -> None:
    shutil.rmtree(session / "OpenSimData/Kinematics")


@fault
def empty_trial(session: Path) -> None:
    (session / "OpenSimData/Kinematics" / TRIAL).write_text("")


@fault
def one_frame(session: Path) -> None:
    table = trial(session)
    table.values = table.values[:1]
    table.write()


@fault
def not_a_table(session: Path) -> None:
    (session / "OpenSimData/Kinematics" / TRIAL).write_bytes(bytes(range(256)) * 40)


@fault
def metadata_not_yaml(session: Path) -> None:
    (session / "sessionMetadata.yaml").write_bytes(b"subjectID: [M\xfcller\n\tmass_kg: : 3\n")
