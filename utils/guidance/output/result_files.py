"""Save the result of a guidance run in its session's folder, and load it again.

entry_<j>_<exp-name>.mot   coordinates (degrees, metres) and predicted activations of a sample, for OpenSim
latents.npz                latents, numbers of their starts, nearest training windows and the distance to them
result.npz, result.json    the whole result, unrounded, for `load_guidance`
summary.json               what was asked of the samples and what they do, for people and programs
args.json                  configuration, command line and versions
"""

import logging
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.io.guarded_files import read_json_object
from dataset.io.safe_npy import read_npz, write_npz
from dataset.left_out import LeftOut
from dataset.sessions import Session, is_session_path
from dataset.windows.window import Window
from utils.guidance.baseline import AskedOfOwn, Baseline
from utils.guidance.change_description import SquatChange
from utils.guidance.guidance_config import GuidanceConfig, PublishedWeights
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.measures import Measure
from utils.guidance.objective.constraints import Term
from utils.guidance.output.guided_motion_files import write_guided_motion
from utils.guidance.output.result_check import require_record, require_samples, require_settings
from utils.guidance.output.result_record import FILES, RECORD_NAME, changed_files, hashes_of, session_folders
from utils.guidance.output.summary import summarise_result
from utils.guidance.run_fingerprint import FINGERPRINT
from utils.guidance.subject.own_squats import OwnSquats
from utils.guidance.subject.squat_profile import SquatProfile
from utils.guidance.verification import Verification, judged_by_simulation
from utils.runs.record import record_config
from utils.runs.shared_configs import RECORDED

logger = logging.getLogger("bige")

ARRAYS_NAME = "result.npz"
FORMAT = "bige-guidance-1"
_PATHS = tuple(field.name for field in fields(GuidanceConfig) if field.type in (Path, Path | None))


def save_guidance(result: GuidanceResult, folder: Path, fingerprint: dict[str, str] | None = None) -> None:
    """Write a result into a session's folder of motions; `result.json` comes last and means that all is there.

    Args:
        result: the result.
        folder: where to.
        fingerprint: of what it was made from, see `run_fingerprint`; None where it is not known.
    """
    for name, sample in zip(result.file_names, result.samples, strict=True):
        write_guided_motion(folder / name, sample)
    write_npz(
        folder / "latents.npz",
        {
            "latents": torch.stack([sample.z for sample in result.samples]).numpy(),
            "start": np.array([sample.start for sample in result.samples]),
            "nearest": np.array([result.nearest_name(sample) or "" for sample in result.samples]),
            "proximity": np.array([sample.proximity for sample in result.samples]),
        },
    )
    write_npz(folder / ARRAYS_NAME, _arrays(result))
    record_config(_with_data_root(result.config), folder)
    write_json(folder / "summary.json", summarise_result(result))
    names = [*result.file_names, "latents.npz", ARRAYS_NAME, "args.json", "summary.json"]
    write_json(folder / RECORD_NAME, _record(result) | {FINGERPRINT: fingerprint, FILES: hashes_of(folder, names)})


def _with_data_root(config: GuidanceConfig) -> GuidanceConfig:
    """The configuration with the data root that $BIGE_DATA named, under which the session is found again without it."""
    if config.data_root or is_session_path(config.subject):
        return config
    name, root = config.find_data_root()
    return replace(config, data_root=root.resolve()) if name == RECORDED else config


def load_guidance(folder: str | Path) -> GuidanceResult:
    """The result of a session's folder of motions, or of the run folder of a single session.

    Its session is opened where the configuration names it; it is None where it is no longer there.

    Raises:
        InputError: the folder holds no complete result, or one of another version of this program.
    """
    folders = session_folders(Path(folder))
    if len(folders) > 1:
        names = ", ".join(path.name for path in folders)
        raise InputError(f"{folder} holds several sessions; name the folder of one: {names}")
    folder = folders[0]
    try:
        return _read_guidance(folder)
    except InputError:
        raise
    except Exception as error:  # values of wrong types, missing keys and arrays of other shapes raise many kinds
        reason = (str(error).splitlines() or [""])[0][:120]
        raise InputError(f"{folder}: its result is damaged or incomplete ({type(error).__name__}: {reason})") from None


def _read_guidance(folder: Path) -> GuidanceResult:
    record, arguments = read_json_object(folder / RECORD_NAME), read_json_object(folder / "args.json")
    if record.get("format") != FORMAT:
        raise InputError(f"{folder / RECORD_NAME}: format {record.get('format')}, this program reads {FORMAT}")
    require_settings(arguments, folder / "args.json")
    config = _config_from(arguments)
    require_record(record, folder / RECORD_NAME)
    terms = tuple(Term(**term | {"own": tuple(term.get("own", ()))}) for term in record["terms"])
    arrays = read_npz(folder / ARRAYS_NAME)[1]
    require_samples(arrays, folder / ARRAYS_NAME)
    own = OwnSquats(
        _windows_from(arrays, "own_recorded", record["own_recorded"]),
        _windows_from(arrays, "own_simulated", record["own_simulated"]),
        arrays.get("own_predicted"),
        tuple(LeftOut(**item) for item in record["own_left_out"]),
    )
    changed = sorted(changed_files(folder, record))
    for name in changed:
        if name in (ARRAYS_NAME, "args.json"):
            raise InputError(f"{folder / name}: is not the one that was written with {RECORD_NAME}; guide again")
    if changed:
        logger.warning(
            "%s: %s: missing, or not as written; what is reported is the motions that were found then",
            folder, ", ".join(changed),
        )  # fmt: skip
    samples, verification = _samples_from(arrays, terms), _verification_from(arrays, len(terms))
    if verification is not None and not verification.predicted_values:  # of an earlier version, which judged otherwise
        predicted = tuple(torch.stack([sample.values[k] for sample in samples]) for k in range(len(terms)))
        samples = tuple(judged_by_simulation(samples, verification, terms))
        verification = replace(verification, predicted_values=predicted)
    return GuidanceResult(
        config=config,
        session=_find_session(config),
        session_id=record["session"],
        mass_kg=record["mass_kg"],
        leg_length_m=record["leg_length_m"],
        terms=terms,
        samples=samples,
        measures={
            name: Measure(torch.from_numpy(arrays[f"measure_{name}"]), unit)
            for name, unit in record["measure_units"].items()
        },
        verification=verification,
        own_squats=own,
        training_names=tuple(str(name) for name in arrays["training_names"]),
        training_latents=None,
        between_subject_distance=record["between_subject_distance"],
        history=pd.DataFrame({name: arrays[f"history_{k}"] for k, name in enumerate(record["history"])}),
        interrupted=record["interrupted"],
        made=datetime.fromisoformat(record["made"]).astimezone(UTC),
        warnings=tuple(map(str, record.get("warnings", ()))),
        seconds=record.get("seconds", 0.0),
        command=record["command"],
        versions=record["versions"],
        baseline=_baseline_from(record.get("baseline"), arrays, own.left_out),
        changes=tuple(_change_from(item) for item in record.get("changes", ())),
    )


def _arrays(result: GuidanceResult) -> dict[str, np.ndarray]:
    """The arrays of a result by name."""
    samples = result.samples
    arrays = {
        name: torch.stack([getattr(sample, name) for sample in samples]).numpy()
        for name in ("z", "motion", "activations")
    }
    for name in ("start", "met", "violation", "proximity", "nearest", "implausibility"):
        arrays[name] = np.array([getattr(sample, name) for sample in samples])
    for k in range(len(result.terms)):
        arrays[f"value_{k}"] = torch.stack([sample.values[k] for sample in samples]).numpy()
    for name, measure in result.measures.items():
        arrays[f"measure_{name}"] = measure.values.numpy()
    if result.verification is not None:
        for name, value in vars(result.verification).items():
            if isinstance(value, torch.Tensor):
                arrays[f"verification_{name}"] = value.float().numpy() if name == "activations" else value.numpy()
        for k, value in enumerate(result.verification.term_values):
            arrays[f"verification_value_{k}"] = value.numpy()
        for k, value in enumerate(result.verification.predicted_values):
            arrays[f"verification_predicted_value_{k}"] = value.numpy()
    for group in ("recorded", "simulated"):
        for i, window in enumerate(getattr(result.own_squats, group)):
            for name, values in vars(window).items():
                if isinstance(values, np.ndarray):
                    arrays[f"own_{group}_{i}_{name}"] = values
    if result.own_squats.predicted is not None:
        arrays["own_predicted"] = result.own_squats.predicted
    for k, name in enumerate(result.history.columns):
        arrays[f"history_{k}"] = result.history[name].to_numpy()
    if result.baseline is not None:
        arrays["baseline_motion"] = result.baseline.motion.numpy()
        arrays["baseline_peaks"] = result.baseline.peaks.numpy()
        if result.baseline.activations is not None:
            arrays["baseline_activations"] = result.baseline.activations.numpy()
    arrays["training_names"] = np.array(result.training_names, dtype=str)
    return arrays


def _record(result: GuidanceResult) -> dict[str, Any]:
    """What `load_guidance` needs beside the configuration and the arrays."""
    return {
        "format": FORMAT,
        "session": result.session_id,
        "mass_kg": result.mass_kg,
        "leg_length_m": result.leg_length_m,
        "between_subject_distance": result.between_subject_distance,
        "command": result.command,
        "versions": result.versions,
        "made": result.made.isoformat(timespec="seconds"),
        "warnings": list(result.warnings),
        "seconds": result.seconds,
        "interrupted": result.interrupted,
        "history": list(result.history.columns),
        "terms": [asdict(term) for term in result.terms],
        "measure_units": {name: measure.unit for name, measure in result.measures.items()},
        "baseline": result.baseline
        and {
            "names": result.baseline.names,
            "profiles": [asdict(profile) for profile in result.baseline.profiles],
            "muscle": result.baseline.muscle,
            "simulated": result.baseline.simulated,
            "on_two_feet": result.baseline.on_two_feet,
            "on_one_leg": result.baseline.on_one_leg,
            "asked": [asdict(one) for one in result.baseline.asked],
            "missing": result.baseline.missing,
        },
        "changes": [asdict(change) for change in result.changes],
        "own_left_out": [asdict(item) for item in result.own_squats.left_out],
        "own_recorded": [_window_record(window) for window in result.own_squats.recorded],
        "own_simulated": [_window_record(window) for window in result.own_squats.simulated],
    }


def _baseline_from(
    record: dict[str, Any] | None, arrays: dict[str, np.ndarray], left_out: tuple[LeftOut, ...]
) -> Baseline | None:
    if record is None:
        return None
    return Baseline(
        names=tuple(record["names"]),
        motion=torch.from_numpy(arrays["baseline_motion"]),
        profiles=tuple(SquatProfile(**profile) for profile in record["profiles"]),
        muscle=record["muscle"],
        peaks=torch.from_numpy(arrays["baseline_peaks"]),
        simulated=record["simulated"],
        activations=torch.from_numpy(arrays["baseline_activations"]) if "baseline_activations" in arrays else None,
        on_two_feet=record.get("on_two_feet"),
        on_one_leg=record.get("on_one_leg", 0),
        asked=tuple(_asked_from(item) for item in record.get("asked", ())),
        missing=record.get("missing", ""),
        left_out=left_out,
    )


def _asked_from(record: dict[str, Any]) -> AskedOfOwn:
    values = tuple(map(tuple, record["values"]))
    return AskedOfOwn(record["title"], values, tuple(record["met"]), record.get("in_numbers", ""))


def _change_from(record: dict[str, Any]) -> SquatChange:
    words, profile = tuple(record["words"]), SquatProfile(**record["profile"])
    return SquatChange(**record | {"words": words, "profile": profile})


def _window_record(window: Window) -> dict[str, Any]:
    return {
        "start_s": window.start_s,
        "source": None if window.source is None else str(window.source),
        "has_squat": window.has_squat,
        "name": window.name,
    }


def _windows_from(arrays: dict[str, np.ndarray], group: str, records: list[dict[str, Any]]) -> tuple[Window, ...]:
    windows = []
    for i, record in enumerate(records):
        prefix = f"{group}_{i}_"
        own = {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
        source = record["source"]
        absent = {"activations": None, "standing": ~own["first_repetition"]}  # of runs of earlier versions too
        windows.append(Window(**absent | own | record | {"source": source and Path(source)}))
    return tuple(windows)


def _samples_from(arrays: dict[str, np.ndarray], terms: tuple[Term, ...]) -> tuple[GuidedSample, ...]:
    tensors = {name: torch.from_numpy(arrays[name]) for name in ("z", "motion", "activations")}
    values = [torch.from_numpy(arrays[f"value_{k}"]) for k in range(len(terms))]
    return tuple(
        GuidedSample(
            start=int(arrays["start"][j]),
            **{name: tensor[j] for name, tensor in tensors.items()},
            values=tuple(value[j] for value in values),
            met=tuple(bool(met) for met in arrays["met"][j]),
            violation=float(arrays["violation"][j]),
            proximity=float(arrays["proximity"][j]),
            nearest=int(arrays["nearest"][j]),
            implausibility=float(arrays["implausibility"][j]) if "implausibility" in arrays else 0.0,
        )
        for j in range(len(arrays["start"]))
    )


def _verification_from(arrays: dict[str, np.ndarray], terms: int) -> Verification | None:
    names = [field.name for field in fields(Verification) if field.name not in ("term_values", "predicted_values")]
    if f"verification_{names[0]}" not in arrays:
        return None
    known = [name for name in names if f"verification_{name}" in arrays]
    tensors = {name: torch.from_numpy(arrays[f"verification_{name}"]) for name in known}
    if "verification_contact" in arrays:  # of an earlier version, right foot first
        tensors["foot_contact"] = torch.from_numpy(arrays["verification_contact"]).flip(-1)
    values = tuple(torch.from_numpy(arrays[f"verification_value_{k}"]) for k in range(terms))
    predicted = [f"verification_predicted_value_{k}" for k in range(terms)]
    if not any(name in arrays for name in predicted):
        predicted = []  # of an earlier version
    return Verification(
        **tensors,
        term_values=values,
        predicted_values=tuple(torch.from_numpy(arrays[name]) for name in predicted),
    )


def _config_from(arguments: dict[str, Any]) -> GuidanceConfig:
    known = {field.name for field in fields(GuidanceConfig)}
    values = {name: value for name, value in arguments.items() if name in known}
    values |= {name: Path(values[name]) for name in _PATHS if values.get(name)}
    return GuidanceConfig(**values | {"weights": PublishedWeights(**values["weights"])})


def _find_session(config: GuidanceConfig) -> Session | None:
    try:
        return config.open_session()
    except InputError:
        return None
