"""Fingerprints of what a guidance run was made from, so that it is known whether its result is still valid."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from dataset.errors import InputError
from dataset.io.guarded_files import read_bytes
from dataset.locations import SHIPPED_SURROGATE, SHIPPED_VQVAE
from dataset.session_metadata import METADATA_NAME
from dataset.session_models import all_models
from dataset.sessions import Session
from utils.checkpoints.checkpoint_file import find_checkpoint
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.objective.constraint_files import read_terms

FINGERPRINT = "fingerprint"
# Settings that change where a run computes and writes rather than what it finds, and those whose files are hashed.
_WHERE = ("out_dir", "overwrite", "threads", "device", "dataname", "data_root")
_FILES = ("subject", "trial", "model", "vq_name", "surrogate_name", "constraints_file")


def run_fingerprint(config: GuidanceConfig, session: Session) -> dict[str, str]:
    """Hashes of the recordings, the models, the networks and the settings of a run.

    They hold the content of files and not their places, so that a session or a checkpoint may be moved. A file that
    cannot be read counts as absent; the run itself says what is wrong with it.
    """
    dynamics, models = session.path / "OpenSimData" / "Dynamics", session.path / "OpenSimData" / "Model"
    recordings = [session.path / METADATA_NAME, *_trials(config, session), *session.muscle_driven]
    asked = {name: value for name, value in asdict(config).items() if name not in (*_WHERE, *_FILES)}
    return {
        "recordings": _hash_files({_name(path, dynamics): path for path in recordings}),
        "model": _hash_files({_name(path, models): path for path in _models(session, models)}),
        "networks": _hash_files(dict(enumerate(_network_files(config)))),
        "settings": _hash(
            [json.dumps([session.id, asked, _constraints(config)], sort_keys=True, default=str).encode()]
        ),
    }


def _trials(config: GuidanceConfig, session: Session) -> list[Path]:
    """The squat trials, or those that were named; none where one of these is not there."""
    try:
        return replace(session, chosen=tuple(config.trial)).squat_trials
    except InputError:
        return []


def _models(session: Session, folder: Path) -> list[Path]:
    """The model that was named, or all models of the folder; the one that is used first, since another may be newer."""
    if session.model:
        return [session.model]
    found = all_models(folder)
    try:
        used = session.model_path
    except InputError:
        return found
    return sorted(found, key=lambda path: path != used)


def changes_since(old: object, fingerprint: dict[str, str]) -> list[str]:
    """What differs from an earlier fingerprint, in words; everything where there is none."""
    if not isinstance(old, dict):
        return ["record of what it was made from"]
    return [what for what, value in fingerprint.items() if old.get(what) != value]


def _network_files(config: GuidanceConfig) -> list[Path]:
    """The checkpoints, and the training latents beside the VQ-VAE."""
    vqvae = _checkpoint(config.vq_name or SHIPPED_VQVAE)
    return [vqvae, vqvae.with_name("latents.npz"), _checkpoint(config.surrogate_name or SHIPPED_SURROGATE)]


def _checkpoint(path: Path) -> Path:
    try:
        return find_checkpoint(path)
    except InputError:
        return path


def _constraints(config: GuidanceConfig) -> list[dict[str, object]]:
    """The constraints of the file, or of the shipped set, that the configuration names."""
    if config.constraints_file is None:
        return []
    try:
        return [asdict(term) for term in read_terms(config.constraints_file)]
    except InputError:
        return []


def _name(path: Path, folder: Path) -> str:
    """The name of a file within its folder; muscle-driven repetitions of all trials may have one file name."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name


def _hash_files(files: dict[str, Path] | dict[int, Path]) -> str:
    """A hash of files by their names."""
    return _hash(part for name, path in files.items() for part in (str(name).encode(), _content(path)))


def content_hash(path: Path) -> str:
    """A hash of the content of a file; that of no content where it cannot be read."""
    return _hash([_content(path)])


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except InputError:
        return b""


def _hash(parts: Iterable[bytes]) -> str:
    """A hash of texts, each with its length, so that none can pass into the next."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little") + part)
    return found.hexdigest()[:16]
