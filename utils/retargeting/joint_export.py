"""Export of the 22 joints of a subject's own trials, in the axes of motion-generation datasets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.io.motion_generators import GENERATOR_RATE_HZ
from dataset.left_out import LeftOut
from dataset.sessions import Session
from dataset.windows.floor import floor_height
from dataset.windows.resample import resample
from models.conventions import COORDINATE_INDEX, COORDINATES
from models.skeleton.body_joints import BodyJoints
from models.skeleton.joint_set import JOINT_INDEX
from utils.retargeting.retargeting_config import JointExportConfig
from utils.retargeting.subject_joints import load_subject_joints
from utils.runs.writable import require_writable


@dataclass(frozen=True)
class JointExportResult:
    """The outcome of an export of joints.

    Attributes:
        frames: number of frames of each written file.
        rate_hz: their rate.
        left_out: trials that cannot be used, with the reason.
    """

    frames: dict[Path, int]
    rate_hz: float
    left_out: tuple[LeftOut, ...] = ()


def export_joints(config: JointExportConfig) -> JointExportResult:
    """Write the joints of the session's trials to `<out_dir>/<exp_name>/joints_<session>/<trial>.npy`.

    Each file is (T, 22, 3) in metres, y up, z forward, with the floor at 0. A trial that cannot be used is left out.

    Raises:
        InputError: there is no trial, two have one name, none can be used, or a file exists already.
    """
    session = config.open_session()
    require_writable(config.run_folder, within=config.out_dir)
    trials = config.find_trials(session)
    rate_hz = config.fps or GENERATOR_RATE_HZ
    paths = {trial: config.run_folder / f"joints_{session.id}" / f"{trial.stem}.npy" for trial in trials}
    for path in paths.values():
        if path.exists() and not config.overwrite:
            raise InputError(f"{path} exists already; give --overwrite or another --exp-name")
    bodies: dict[Path, BodyJoints] = {}
    frames: dict[Path, int] = {}
    left_out: list[LeftOut] = []
    for trial, path in paths.items():
        try:
            model = session.model_for(trial)
            if model not in bodies:
                bodies[model] = load_subject_joints(config, session, trial)
            joints = joints_of_motion(resample(read_motion(trial), rate_hz), bodies[model], session)
        except InputError as error:
            left_out.append(LeftOut(trial.stem, str(error)))
            continue
        with atomic_write(path) as temporary:
            np.save(temporary, joints)
        frames[path] = len(joints)
    if not frames:
        raise InputError("; ".join(dict.fromkeys(item.reason for item in left_out)))
    return JointExportResult(frames, rate_hz, tuple(left_out))


def joints_of_motion(motion: Motion, body: BodyJoints, session: Session) -> np.ndarray:
    """Joints (T, 22, 3) of a recorded motion, metres, y up, z forward, with the floor at 0."""
    coordinates = motion.coordinates.copy()
    coordinates[:, COORDINATE_INDEX["pelvis_ty"]] -= floor_height(session, motion)
    with torch.no_grad():
        extra = {
            name: torch.as_tensor(values).to(body.local)
            for name, values in motion.extra.items()
            if not _moves_legs(body, name)
        }
        joints = body(torch.as_tensor(coordinates).to(body.local), extra).double().cpu().numpy()
    return np.stack([-joints[..., 2], joints[..., 1], joints[..., 0]], -1)


def _moves_legs(body: BodyJoints, name: str) -> bool:
    """Whether a coordinate beside the 33 moves the legs, as knee adduction does: no fit of the 33 could recover it."""
    neutral = torch.zeros(1, len(COORDINATES)).to(body.local)
    moved = body(neutral, {name: torch.full((1,), 10.0).to(body.local)}) - body(neutral)
    legs = [JOINT_INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "ankle", "foot")]
    return bool(moved[:, legs].abs().max() > 1e-6)
