"""Retargeting of generated motions to a subject: OpenSim motions by inverse kinematics on the subject's skeleton.

Bones of the subject take the directions of the source's. The motion itself is not corrected: feet that slide, float or
penetrate the floor in the source do so in the result, scaled to the subject.
"""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.io.humanml_features import Normalisation
from dataset.io.joint_clip import JointClip
from dataset.io.mot import write_motion
from dataset.io.motion import Motion
from dataset.io.motion_generators import GeneratedClips, read_baseline
from dataset.sessions import Session
from dataset.windows.floor import floor_height
from dataset.windows.placement import place
from dataset.windows.resample import resample
from models.skeleton.body_joints import BodyJoints
from models.skeleton.joint_inverse_kinematics import FITTED, coordinate_limits
from models.skeleton.joint_set import JOINTS
from utils.retargeting.joint_definition import looks_like_body_model
from utils.retargeting.joint_fit import bone_stretch_percent, fit_motion, joint_errors_mm, speed_kept_percent
from utils.retargeting.retargeting_config import RetargetingConfig
from utils.retargeting.subject_joints import load_subject_joints
from utils.runs.progress import show_progress
from utils.runs.record import record_config
from utils.runs.run_folder import RunFolder
from utils.runs.writable import require_writable

logger = logging.getLogger("bige")

_GUIDANCE_RECORD = "result.json"  # which guidance writes beside its motions
_LEAST_SPEED_KEPT_PERCENT = 85.0  # a fit that keeps less is marked as smoothed in the table


@dataclass(frozen=True)
class FitQuality:
    """How well a subject's coordinates reproduce a source motion.

    Attributes:
        name: name of the source motion.
        text: its prompt, where the source has it.
        source_frames: number of frames of the source.
        source_rate_hz: their rate.
        duration_s: duration of the result.
        joint_error_mean_mm: mean distance of fitted joints from their targets, over joints and frames.
        joint_error_p95_mm: 95th percentile of these distances.
        joint_error_max_mm: the largest of them.
        worst_joint: the joint with the largest mean distance.
        joint_error_mm: mean distance of each fitted joint.
        speed_kept_percent: speed of the limbs in the fit in percent of that in the source; below 100 where fast
            movement was smoothed together with noise of the source.
        bone_stretch_percent: largest coefficient of variation of a limb bone's length in the source.
        scale: leg length of the subject divided by that of the source.
        converged: whether the fit converged.
    """

    name: str
    text: str
    source_frames: int
    source_rate_hz: float
    duration_s: float
    joint_error_mean_mm: float
    joint_error_p95_mm: float
    joint_error_max_mm: float
    worst_joint: str
    joint_error_mm: dict[str, float]
    speed_kept_percent: float
    bone_stretch_percent: float
    scale: float
    converged: bool


@dataclass(frozen=True)
class RetargetedMotion:
    """One retargeted motion.

    Attributes:
        path: the motion file.
        motion: the subject's motion at 60 Hz, on the floor at the origin, facing +x.
        quality: how well it reproduces the source.
        fits: whether the errors are within the configured limits.
    """

    path: Path
    motion: Motion
    quality: FitQuality
    fits: bool


@dataclass(frozen=True)
class RetargetingResult:
    """The outcome of retargeting.

    Attributes:
        folder: where the motions and summary.json are.
        motions: the retargeted motions.
        refused: a sentence for each motion that could not be used.
    """

    folder: Path
    motions: tuple[RetargetedMotion, ...]
    refused: tuple[str, ...]

    @property
    def fitting(self) -> int:
        """Number of motions that fit."""
        return sum(motion.fits for motion in self.motions)

    @property
    def text(self) -> str:
        """A table of the errors of each motion, and of what was left out, to be printed."""
        head = (
            f"{'motion':<32}{'s':>6}{'mean mm':>9}{'95 % mm':>9}{'max mm':>8}  {'worst joint':<16}"
            f"{'speed kept':>11}{'bone stretch':>13}"
        )
        lines = [head]
        for motion in self.motions:
            quality = motion.quality
            lines.append(
                f"{motion.path.name:<32}{quality.duration_s:>6.1f}{quality.joint_error_mean_mm:>9.1f}"
                f"{quality.joint_error_p95_mm:>9.1f}{quality.joint_error_max_mm:>8.1f}  {quality.worst_joint:<16}"
                f"{quality.speed_kept_percent:>9.0f} %{quality.bone_stretch_percent:>11.1f} %"
                + ("" if motion.fits else "  does not fit")
                + ("  smoothed" if quality.speed_kept_percent < _LEAST_SPEED_KEPT_PERCENT else "")
            )
        lines.extend(f"left out: {reason}" for reason in self.refused)
        return "\n".join(lines)


def retarget(config: RetargetingConfig) -> RetargetingResult:
    """Retarget the motions of a file or folder to a subject, and write them.

    Written to `<out_dir>/<exp_name>/mot_visualization/latents_subject_run_<session>/` are
    `entry_<j>_<exp_name>.mot` at 60 Hz and summary.json.

    Raises:
        InputError: no motion can be used, the session has no usable model, or the files exist already; or motions of
            guidance are there, which are never replaced, or another process writes motions of the session.
    """
    session = config.open_session()
    require_writable(config.run_folder, within=config.out_dir)
    body = load_subject_joints(config, session)
    normalisation = Normalisation.read(config.mean, config.std) if config.mean and config.std else None
    source = read_baseline(config.input, config.type, rate_hz=config.fps, unit=config.unit, normalisation=normalisation)
    if not source.clips:
        raise InputError("no motion can be used: " + "; ".join(source.refused or [f"{config.input} has none"]))
    _warn_of_body_model(config, source.clips)
    folder = RunFolder(config.run_folder, session.id)
    with folder.hold():
        if (folder.motions / _GUIDANCE_RECORD).exists():
            raise InputError(f"{folder.motions} already holds motions of guidance; choose another --exp-name")
        folder.refuse_existing(config.overwrite)
        return _write_retargeted(config, source, body, session, folder)


def _write_retargeted(
    config: RetargetingConfig, source: GeneratedClips, body: BodyJoints, session: Session, folder: RunFolder
) -> RetargetingResult:
    """Retarget motions, and put them with their summary in the place of earlier ones."""
    motions = []
    with folder.replace_motions() as new:
        for j, clip in enumerate(show_progress(source.clips, title=session.id, unit="motions")):
            motion, quality = retarget_clip(clip, body, session)
            name = f"entry_{j}_{folder.run.name}.mot"
            fits = quality.joint_error_mean_mm <= config.max_mean_mm and quality.joint_error_p95_mm <= config.max_p95_mm
            write_motion(new / name, motion)
            motions.append(RetargetedMotion(folder.motions / name, motion, quality, fits))
        result = RetargetingResult(folder.motions, tuple(motions), tuple(source.refused))
        _write_summary(result, config, session, new)
        record_config(config, folder.run, f"retarget_args_{session.id}.json")
    return result


def retarget_clip(clip: JointClip, body: BodyJoints, session: Session) -> tuple[Motion, FitQuality]:
    """Retarget one motion.

    It is fitted at its own rate. The floor is at the lowest point of the contact spheres in the median frame.

    Args:
        clip: the source motion.
        body: the subject's joints.
        session: the subject's session.

    Returns:
        The subject's motion at 60 Hz, on the floor at the origin, facing +x, and how well it reproduces the source.
    """
    targets, fit = fit_motion(clip.joints, body, clip.rate_hz)
    time_s = np.arange(len(clip.joints)) / clip.rate_hz
    motion = resample(Motion(time_s, fit.coordinates.double().cpu().numpy()))
    low, high = (limit.double().cpu().numpy() for limit in coordinate_limits(body.skeleton))
    motion = Motion(motion.time_s, motion.coordinates.clip(low, high))
    placed, _ = place(motion.coordinates, floor_height(session, motion))

    errors_mm = joint_errors_mm(targets, fit)
    worst = int(errors_mm.mean(0).argmax())
    quality = FitQuality(
        name=clip.name,
        text=clip.text,
        source_frames=len(clip.joints),
        source_rate_hz=clip.rate_hz,
        duration_s=float(motion.time_s[-1]),
        joint_error_mean_mm=float(errors_mm.mean()),
        joint_error_p95_mm=float(np.percentile(errors_mm, 95)),
        joint_error_max_mm=float(errors_mm.max()),
        worst_joint=JOINTS[FITTED[worst]],
        joint_error_mm={JOINTS[i]: float(mean) for i, mean in zip(FITTED, errors_mm.mean(0), strict=True)},
        speed_kept_percent=speed_kept_percent(targets, fit),
        bone_stretch_percent=bone_stretch_percent(clip.joints),
        scale=targets.scale,
        converged=fit.converged,
    )
    return Motion(motion.time_s, placed), quality


def _warn_of_body_model(config: RetargetingConfig, clips: list[JointClip]) -> None:
    """Log a warning where joints that are read as a skeleton's, by default, look like those of a body model."""
    if config.type != "joints" or config.joints_of:
        return
    found = [clip.name for clip in clips if looks_like_body_model(clip.joints)]
    if found:
        logger.warning(
            "%s: %d of %d motions are arranged as joints of a body model, such as HumanML3D's new_joints, in which a "
            "straight leg bends by 10 degrees at the knee, and are read as the joint centres of a skeleton; give "
            "--joints-of body-model, or --joints-of skeleton if that is what they are",
            config.input, len(found), len(clips),
        )  # fmt: skip


def _write_summary(result: RetargetingResult, config: RetargetingConfig, session: Session, folder: Path) -> None:
    summary = {
        "session": session.id,
        "type": config.type,
        "joints_of": config.joint_definition,
        "input": str(config.input),
        "fits_where": {"mean_mm_at_most": config.max_mean_mm, "p95_mm_at_most": config.max_p95_mm},
        "fitting": result.fitting,
        "motions": [asdict(m.quality) | {"file": m.path.name, "fits": m.fits} for m in result.motions],
        "refused": list(result.refused),
    }
    write_json(folder / "summary.json", summary)
