"""Joints of somebody, or of nobody, onto a person: the person's own bones in the directions of the source's.

Nothing of a motion is repaired here. Feet that slide, float or sink do so afterwards, scaled to the person.
"""

from dataclasses import dataclass

import numpy as np
import torch

from dataset.io.joint_clip import JointClip
from dataset.io.mot import Motion
from dataset.sessions import Session
from dataset.windows.floor import floor_height
from dataset.windows.placement import place
from dataset.windows.resample import resample
from models.conventions import COORDINATE_INDEX, COORDINATES
from models.rotations import about_axis, to_zxy_degrees
from models.skeleton.body_joints import BodyJoints
from models.skeleton.joint_inverse_kinematics import FITTED, JointFit, coordinate_limits, fit_joints
from models.skeleton.joint_set import JOINT, JOINTS, PARENTS, REST_M

_SIDES = ("left", "right")
_LIMBS = [i for i, name in enumerate(JOINTS) if name.split("_")[-1] in ("knee", "ankle", "foot", "elbow", "wrist")]
_PELVIS = [JOINT[name] for name in ("pelvis", "left_hip", "right_hip", "spine1")]
_TORSO = [i for i in range(len(JOINTS)) if i not in (*_LIMBS, *_PELVIS)]
# A foot bears the body the more, the lower it is: by a factor e for each of these.
_SUPPORT_M = 0.05
# Least and largest of `position_sd_m`: the template is nobody's body, and differs from a source's by a centimetre.
_LEAST_SD_M, _LARGEST_SD_M = {"centres": 0.0005, "template": 0.01}, 0.02
# Bones that neither a wandering knee nor a shoulder blade changes, in any of the bodies.
_RIGID = [(JOINT["left_hip"], JOINT["right_hip"])] + [
    (JOINT[f"{side}_{bone[0]}"], JOINT[f"{side}_{bone[1]}"])
    for side in _SIDES
    for bone in (("knee", "ankle"), ("shoulder", "elbow"))
]
# Below this sine of the bend a limb is straight, and the first guess leaves its rotation at 0.
_STRAIGHT = 0.15


@dataclass(frozen=True)
class Target:
    """A source's pose on a person's bones. joints: (T, 22, 3) metres, ground frame, facing +x in the first frame.
    pelvis, torso: (T, 3, 3) their rotations from the neutral pose. scale: of the person's leg to the source's.
    """

    joints: np.ndarray
    pelvis: np.ndarray
    torso: np.ndarray
    scale: float


def leg_length_m(joints: np.ndarray) -> float:
    """Hip to knee to ankle, (T, 22, 3) -> mean of the legs, median over frames, in the joints' own unit."""
    thighs = [np.linalg.norm(joints[:, JOINT[f"{s}_knee"]] - joints[:, JOINT[f"{s}_hip"]], axis=-1) for s in _SIDES]
    shanks = [np.linalg.norm(joints[:, JOINT[f"{s}_ankle"]] - joints[:, JOINT[f"{s}_knee"]], axis=-1) for s in _SIDES]
    return float(np.median(sum(thighs) + sum(shanks)) / 2)


def onto_person(source: np.ndarray, body: BodyJoints, pose: np.ndarray | None = None) -> Target:
    """The person's joints in the source's pose.

    source: (T, 22, 3) metres, y up, any heading. pose: (T, 22, 3) of the person, for the lengths of the limbs (a knee's
    centre wanders as it bends); the neutral ones where it is not given. Pelvis and torso turn as the source's do from
    `REST_M`; limbs keep the source's directions and take the person's lengths; the feet, more so the lower one, are
    where the source's are, scaled by the length of the leg.
    """
    source = _facing_forward(source)
    pelvis, torso = _pelvis_rotation(source), _torso_rotation(source)
    rest, back = body.rest, body.back
    joints = np.zeros_like(source)
    joints[:, _PELVIS] = _turned(pelvis, rest[_PELVIS] - rest[0])
    hinge = _turned(pelvis, (back - rest[0])[None])
    joints[:, _TORSO] = hinge + _turned(torso, rest[_TORSO] - back)
    for i in _LIMBS:
        bone = source[:, i] - source[:, PARENTS[i]]
        own = (rest[None] if pose is None else pose)[:, [i, PARENTS[i]]]
        length = np.linalg.norm(own[:, 0] - own[:, 1], axis=-1, keepdims=True)
        joints[:, i] = joints[:, PARENTS[i]] + length * _unit(bone)

    scale = leg_length_m(rest[None] if pose is None else pose) / leg_length_m(source)
    feet = [[JOINT[f"{side}_ankle"], JOINT[f"{side}_foot"]] for side in _SIDES]
    wanted = scale * np.stack([source[:, foot].mean(1) for foot in feet], 1)  # (T, 2, 3)
    found = np.stack([joints[:, foot].mean(1) for foot in feet], 1)
    weight = np.exp(-(wanted[..., 1] - wanted[..., 1].min(1, keepdims=True)) / _SUPPORT_M)
    weight /= weight.sum(1, keepdims=True)
    joints += ((wanted - found) * weight[..., None]).sum(1)[:, None]
    return Target(joints, pelvis, torso, scale)


def first_guess(target: Target, body: BodyJoints) -> np.ndarray:
    """Coordinates (T, 33), degrees and metres, in closed form, with every hinge taken for a plain one."""
    motion = np.zeros((len(target.joints), len(COORDINATES)))

    def put(name: str, degrees: np.ndarray) -> None:
        motion[:, COORDINATE_INDEX[name]] = np.unwrap(degrees, period=360.0)

    names = (("pelvis_tilt", "pelvis_list", "pelvis_rotation"),
             ("lumbar_extension", "lumbar_bending", "lumbar_rotation"))  # fmt: skip
    relative = target.pelvis.transpose(0, 2, 1) @ target.torso
    for rotation, triple in zip((target.pelvis, relative), names, strict=True):
        for name, angle in zip(triple, to_zxy_degrees(rotation).T, strict=True):
            put(name, angle)
    at = target.joints
    origin = at[:, 0] - _turned(target.pelvis, body.rest[:1])[:, 0]
    motion[:, [COORDINATE_INDEX[f"pelvis_t{axis}"] for axis in "xyz"]] = origin

    for side, sign in (("left", -1.0), ("right", 1.0)):
        s = side[0]
        for (first, second, third), trunk, bend_sign, turns, hinge in (
            (("hip", "knee", "ankle"), target.pelvis, -1.0, ("hip_flexion", "hip_adduction", "hip_rotation"),
             "knee_angle"),
            (("shoulder", "elbow", "wrist"), target.torso, 1.0, ("arm_flex", "arm_add", "arm_rot"), "elbow_flex"),
        ):  # fmt: skip
            first, second, third = (JOINT[f"{side}_{part}"] for part in (first, second, third))
            upper = _turned_back(trunk, _unit(at[:, second] - at[:, first]))
            lower = _turned_back(trunk, _unit(at[:, third] - at[:, second]))
            across = np.arcsin(np.clip(-upper[:, 2], -1.0, 1.0))
            forward = np.arctan2(upper[:, 0], -upper[:, 1])
            lower = _turned_back(about_axis("z", forward) @ about_axis("x", across), lower)
            about = np.arctan2(-bend_sign * lower[:, 2], bend_sign * lower[:, 0])
            about = np.where(np.hypot(lower[:, 0], lower[:, 2]) > _STRAIGHT, about, 0.0)
            bend = np.arccos(np.clip(-lower[:, 1], -1.0, 1.0))
            for name, angle in zip(turns, (forward, sign * across, sign * about), strict=True):
                put(f"{name}_{s}", np.degrees(angle))
            put(f"{hinge}_{s}", np.degrees(bend))
            if hinge == "knee_angle":
                thigh = trunk @ about_axis("z", forward) @ about_axis("x", across) @ about_axis("y", about)
                shank = thigh @ about_axis("z", -bend)
                ankle, foot = third, JOINT[f"{side}_foot"]
                sole = _turned_back(shank, at[:, foot] - at[:, ankle])
                rest = body.rest[foot] - body.rest[ankle]
                put(f"ankle_angle_{s}", np.degrees(np.arctan2(sole[:, 1], sole[:, 0]) - np.arctan2(rest[1], rest[0])))
    return motion


def fit_motion(source: np.ndarray, body: BodyJoints, rate_hz: float) -> tuple[Target, JointFit]:
    """Retarget and fit: source (T, 22, 3) metres, y up, at rate_hz -> what was wanted, and what was found.

    A second pass knows the limbs' lengths in the pose that the first found.
    """
    target, pose = onto_person(source, body), None
    motion = torch.as_tensor(first_guess(target, body)).to(body.local)
    sd_m = position_sd_m(source, body.kind)
    for _ in range(2):
        target = onto_person(source, body, pose)
        wanted = torch.as_tensor(target.joints).to(body.local)
        with torch.no_grad():
            fit = fit_joints(body, wanted, motion, rate_hz, sd_m)
        motion, pose = fit.coordinates, fit.joints.double().cpu().numpy()
    return target, fit


def position_sd_m(source: np.ndarray, kind: str) -> float:
    """How far a source's positions (T, 22, 3) are to be trusted, metres an axis: as far as its rigid bones are rigid.

    kind: of `BodyJoints`. A bone's length has sqrt(2) times the standard deviation of its ends along it.
    """
    lengths = np.linalg.norm(np.stack([source[:, a] - source[:, b] for a, b in _RIGID], 1), axis=-1)
    return float(np.clip(np.sqrt(lengths.var(0).mean() / 2), _LEAST_SD_M[kind], _LARGEST_SD_M))


def joint_errors_mm(target: Target, fit: JointFit) -> np.ndarray:
    """(T, 17) distance of each fitted joint from where it was wanted, millimetres."""
    found = fit.joints.double().cpu().numpy()
    return 1000.0 * np.linalg.norm(found - target.joints, axis=-1)[:, FITTED]


def retarget(clip: JointClip, body: BodyJoints, session: Session) -> tuple[Motion, dict]:
    """A clip as the person's motion at 60 Hz, standing on the floor at the origin, facing +x, and what the fit says.

    Fitted at the clip's own rate. The floor is where the lowest contact sphere is in the median frame.
    """
    target, fit = fit_motion(clip.joints, body, clip.rate_hz)
    time_s = np.arange(len(clip.joints)) / clip.rate_hz
    motion = resample(Motion(time_s, fit.coordinates.double().cpu().numpy()))
    low, high = (bound.double().cpu().numpy() for bound in coordinate_limits(body.skeleton))
    motion = Motion(motion.time_s, motion.coordinates.clip(low, high))
    placed, _ = place(motion.coordinates, floor_height(session, motion))

    errors_mm = joint_errors_mm(target, fit)
    worst = int(errors_mm.mean(0).argmax())
    figures = {
        "name": clip.name,
        "text": clip.text,
        "source_frames": len(clip.joints),
        "source_rate_hz": clip.rate_hz,
        "duration_s": float(motion.time_s[-1]),
        "joint_error_mean_mm": float(errors_mm.mean()),
        "joint_error_p95_mm": float(np.percentile(errors_mm, 95)),
        "joint_error_max_mm": float(errors_mm.max()),
        "worst_joint": JOINTS[FITTED[worst]],
        "joint_error_mm": {JOINTS[i]: float(mean) for i, mean in zip(FITTED, errors_mm.mean(0), strict=True)},
        "bone_stretch_percent": bone_stretch_percent(clip.joints),
        "scale": target.scale,
        "converged": fit.converged,
    }
    return Motion(motion.time_s, placed), figures


def export_joints(motion: Motion, body: BodyJoints, session: Session) -> np.ndarray:
    """The 22 joints of a recorded motion, (T, 22, 3) metres in the datasets' axes: y up, z forward, the floor at 0."""
    coordinates = motion.coordinates.copy()
    coordinates[:, COORDINATE_INDEX["pelvis_ty"]] -= floor_height(session, motion)
    with torch.no_grad():
        joints = body(torch.as_tensor(coordinates).to(body.local)).double().cpu().numpy()
    return np.stack([-joints[..., 2], joints[..., 1], joints[..., 0]], -1)


def bone_stretch_percent(joints: np.ndarray) -> float:
    """How much the limbs' bones change their length, (T, 22, 3) -> the worst one's SD over its mean, percent.

    A body has about 0; positions that a network made have not.
    """
    lengths = np.linalg.norm(joints[:, _LIMBS] - joints[:, [PARENTS[i] for i in _LIMBS]], axis=-1)
    return float((100.0 * lengths.std(0) / lengths.mean(0)).max())


def _pelvis_rotation(joints: np.ndarray) -> np.ndarray:
    hips = (joints[..., JOINT["left_hip"], :] + joints[..., JOINT["right_hip"], :]) / 2
    across = joints[..., JOINT["right_hip"], :] - joints[..., JOINT["left_hip"], :]
    return _frame(across, joints[..., JOINT["spine1"], :] - hips) @ _REST_PELVIS.T


def _torso_rotation(joints: np.ndarray) -> np.ndarray:
    across = sum(joints[..., JOINT[f"right_{p}"], :] - joints[..., JOINT[f"left_{p}"], :] for p in _SHOULDER_GIRDLE)
    return _frame(across, joints[..., JOINT["neck"], :] - joints[..., JOINT["spine2"], :]) @ _REST_TORSO.T


def _frame(right: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(..., 3, 3) with the columns forward, up, right, `right` kept."""
    right = _unit(right)
    forward = _unit(np.cross(up, right))
    return np.stack([forward, np.cross(right, forward), right], -1)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9)


_SHOULDER_GIRDLE = ("collar", "shoulder")
_REST_PELVIS = _REST_TORSO = np.eye(3)
_REST_PELVIS, _REST_TORSO = _pelvis_rotation(REST_M), _torso_rotation(REST_M)


def _facing_forward(source: np.ndarray) -> np.ndarray:
    """The motion turned about the vertical, so that the pelvis faces +x in the first frame."""
    forward = _pelvis_rotation(source[0])[:, 0]
    heading = np.arctan2(-forward[2], forward[0])
    return source @ about_axis("y", -heading).T


def _turned(rotation: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(T, 3, 3) and (P, 3) -> (T, P, 3)."""
    return np.einsum("tij,pj->tpi", rotation, points)


def _turned_back(rotation: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """(T, 3, 3) and (T, 3) ground -> (T, 3) in the rotated frame."""
    return np.einsum("tji,tj->ti", rotation, vector)
