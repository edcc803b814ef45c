"""Reader of the files that motion generators write, into clips of 22 joints in metres with y up.

Of a file with several clips, one that cannot be used is left out and the others are read.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.humanml_features import (
    FEATURES,
    KIT_FEATURES,
    KIT_HINT,
    Normalisation,
    denormalised,
    joints_of_features,
)
from dataset.io.joint_clip import FEWEST_FRAMES, METRES_PER_UNIT, JointClip, checked_joints, require_finite
from dataset.io.safe_npy import as_numbers, read_array_or_dict
from dataset.io.smpl_parameters import read_smpl_joints
from dataset.locations import expanded
from dataset.spelling import list_names
from models.skeleton.joint_set import JOINTS

logger = logging.getLogger("bige")

GENERATOR_RATE_HZ = 20.0  # of HumanML3D and of all models trained on it
_RATE_IS_UNKNOWN = ("smpl", "joints")  # kinds of files that any program may have written
_STATISTICS = ("mean", "std")
_COUNT = len(JOINTS)


@dataclass(frozen=True)
class GeneratedClips:
    """The clips of a file or folder.

    Attributes:
        clips: the clips that could be read.
        refused: a sentence for each that could not.
        rate_assumed: names of the files whose frame rate is not known and was assumed.
    """

    clips: list[JointClip] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    rate_assumed: list[str] = field(default_factory=list)


def read_baseline(
    path: str | Path,
    kind: str,
    *,
    rate_hz: float | None = None,
    unit: str = "m",
    normalisation: Normalisation | None = None,
) -> GeneratedClips:
    """Read the clips of a file, or of all .npy files (for smpl, .npz files) of a folder.

    Args:
        path: the file or folder.
        kind: `mdm` for MDM's results.npy, `t2m` or `joints` for joint positions, `humanml` for HumanML3D's features,
            `smpl` for SMPL parameters.
        rate_hz: frames per second; by default what the file states, else 20.
        unit: unit of joint positions, or of SMPL's translation: `m`, `cm` or `mm`.
        normalisation: of features that are still normalised.

    Raises:
        InputError: a single file cannot be read, or a folder has no such files.
    """
    path = expanded(path)
    if not path.is_dir():
        found = _read_file(path, kind, rate_hz, unit, normalisation)
        _report_assumed_rate(found)
        return found
    suffix = ".npz" if kind == "smpl" else ".npy"
    files = sorted(p for p in path.iterdir() if p.suffix.lower() == suffix and not p.name.startswith("."))
    statistics = [file for file in files if suffix == ".npy" and file.stem.lower() in _STATISTICS]
    if statistics:
        names = " and ".join(file.name for file in statistics)
        logger.warning("%s: %s hold statistics of a data set and no motion, and are left out", path, names)
        files = [file for file in files if file not in statistics]
    if not files:
        raise InputError(f"{path}: no {suffix} file in this folder to read as {kind}")
    found = GeneratedClips()
    for file in files:
        try:
            part = _read_file(file, kind, rate_hz, unit, normalisation)
        except InputError as error:
            part = GeneratedClips(refused=[str(error)])
        found.clips.extend(part.clips)
        found.refused.extend(part.refused)
        found.rate_assumed.extend(part.rate_assumed)
    _report_assumed_rate(found)
    return found


def _report_assumed_rate(found: GeneratedClips) -> None:
    """Log one warning where the rate of clips had to be assumed."""
    if found.rate_assumed:
        more = f" and {len(found.rate_assumed) - 1} more" if len(found.rate_assumed) > 1 else ""
        logger.warning(
            "%s%s: the file does not state its frame rate; %g Hz is assumed, and another rate is given with --fps",
            found.rate_assumed[0], more, GENERATOR_RATE_HZ,
        )  # fmt: skip


def _read_file(
    path: Path, kind: str, rate_hz: float | None, unit: str, normalisation: Normalisation | None
) -> GeneratedClips:
    file_rate_hz: float | None = None
    texts: list[str] = []
    if kind == "smpl":
        joints, file_rate_hz = read_smpl_joints(path, unit, rate_hz)
        motions = [joints]
    elif kind == "mdm":
        motions, texts = _read_mdm(path)
    else:
        frame_shape = (FEATURES,) if kind == "humanml" else (_COUNT, 3)
        motions = _split_clips(path, as_numbers(path, read_array_or_dict(path)), frame_shape)
    rate = rate_hz or file_rate_hz or GENERATOR_RATE_HZ
    found = GeneratedClips()
    for k, motion in enumerate(motions):
        name = path.stem if len(motions) == 1 else f"{path.stem}_{k}"
        where = str(path) if len(motions) == 1 else f"{path}, motion {k}"
        try:
            joints = _joints_of(where, motion, rate, kind, unit, normalisation)
        except InputError as error:
            found.refused.append(str(error))
            continue
        found.clips.append(JointClip(name, joints, rate, texts[k] if k < len(texts) else ""))
    if len(motions) == 1 and found.refused:
        raise InputError(found.refused[0])
    if found.clips and kind in _RATE_IS_UNKNOWN and not rate_hz and not file_rate_hz:
        found.rate_assumed.append(str(path))
    return found


def _joints_of(
    where: str, motion: np.ndarray, rate_hz: float, kind: str, unit: str, normalisation: Normalisation | None
) -> np.ndarray:
    """Joint positions (T, 22, 3), metres, y up, of one motion as its file has it. Raises InputError if unusable."""
    if len(motion) < FEWEST_FRAMES:
        raise InputError(f"{where}: {len(motion)} frame(s); a motion needs at least {FEWEST_FRAMES}")
    require_finite(where, motion)
    if kind == "humanml":
        joints = joints_of_features(denormalised(where, motion, normalisation))
    elif kind == "smpl":
        joints = motion
    else:
        joints = motion * METRES_PER_UNIT[unit]
    return checked_joints(where, joints, rate_hz, z_may_be_up=kind in ("joints", "smpl"))


def _read_mdm(path: Path) -> tuple[list[np.ndarray], list[str]]:
    """Motions (T, 22, 3) and prompts of the results.npy that MDM writes."""
    content = read_array_or_dict(path)
    if not isinstance(content, dict) or "motion" not in content:
        found = f"it has {list_names(list(map(str, content)))}" if isinstance(content, dict) else "it is not a dict"
        raise InputError(f"{path}: not the results.npy of MDM, which has 'motion' ({found}); try --type joints")
    motion = as_numbers(path, content["motion"])
    if motion.ndim != 4 or motion.shape[1:3] != (_COUNT, 3):
        raise InputError(f"{path}: 'motion' has the shape {motion.shape}; expected (N, {_COUNT}, 3, T)")
    lengths = np.asarray(content.get("lengths", np.full(len(motion), motion.shape[3]))).ravel()
    if len(lengths) != len(motion) or lengths.dtype.kind not in "iuf" or not np.isfinite(lengths).all():
        raise InputError(f"{path}: {len(lengths)} 'lengths' for {len(motion)} motions; expected a number for each")
    if len(lengths) and lengths.max() > motion.shape[3]:
        raise InputError(
            f"{path}: 'lengths' has {lengths.max():g} frames, but 'motion' has {motion.shape[3]}; the file is truncated"
        )
    texts = content.get("text", [])
    texts = [str(text) for text in texts] if isinstance(texts, list | np.ndarray) else []
    clips = [one.transpose(2, 0, 1)[: max(0, int(length))] for one, length in zip(motion, lengths, strict=True)]
    return clips, texts


def _split_clips(path: Path, values: np.ndarray, frame_shape: tuple[int, ...]) -> list[np.ndarray]:
    """Clips (T, *frame_shape) of an array of one or of N clips of the same length."""
    inner = len(frame_shape)
    if values.shape[-inner:] == frame_shape and values.ndim in (inner + 1, inner + 2):
        return [values] if values.ndim == inner + 1 else list(values)
    expected = ", ".join(map(str, frame_shape))
    hint = ""
    if values.ndim == 4 and values.shape[1:3] == (_COUNT, 3):
        hint = "; the frames are the last axis, as in MDM's files, and must come before the joints"
    elif inner == 2 and values.ndim >= 3 and values.shape[-1] == 3 and values.shape[-2] > _COUNT:
        hint = "; of SMPL's 24 joints, keep the first 22"
    elif inner == 2 and values.shape[-2:] == (_COUNT - 1, 3):
        hint = "; 21 joints are those of KIT-ML, which are others and are not read"
    elif values.shape[-1:] == (FEATURES,):
        hint = "; 263 features are read with --type humanml"
    elif values.shape[-1:] == (KIT_FEATURES,):
        hint = KIT_HINT
    raise InputError(f"{path}: shape {values.shape}; expected (T, {expected}) or (N, T, {expected}){hint}")
