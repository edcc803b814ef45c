"""How a run was made: versions, model and settings."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guidance_result import GuidanceResult
from utils.runs.record import versions

_VERSION_TITLES = {"python": "Python", "torch": "torch", "opensim": "OpenSim", "commit": "git commit"}


def provenance_rows(result: GuidanceResult, *, has_figure: bool) -> list[tuple[str, str]]:
    """Titles and values; `has_figure` says whether the subject's skeleton model could be read."""
    model = result.session.model_path.name if result.session and has_figure else "not found"
    body = f"{result.mass_kg:g} kg, legs {100 * result.leg_length_m:.0f} cm, according to the model"
    return [
        ("Run", result.config.exp_name),
        ("Motions", f"{len(result.samples)} files, the first is {result.file_names[0]}"),
        ("Made with", _version_text(result.versions)),
        ("Page written with", _version_text(versions())),
        ("Skeleton model", model),
        ("Subject", body),
    ]


def run_command(result: GuidanceResult) -> str:
    """The command that made the run, as it is typed; a note where the run was made from Python."""
    is_script = result.command.partition(" ")[0].endswith(".py")
    return f"python {result.command}" if is_script else result.command


def setting_rows(config: GuidanceConfig) -> list[tuple[str, str]]:
    """Names and values of all settings of a run, by name."""
    settings = asdict(config)
    weights = settings.pop("weights")
    settings |= {f"alpha_{name}": value for name, value in weights.items()}
    return [(name, _setting_text(value)) for name, value in sorted(settings.items())]


def _version_text(recorded: dict[str, str]) -> str:
    return ", ".join(f"{title} {recorded[name]}" for name, title in _VERSION_TITLES.items() if recorded.get(name))


def _setting_text(value: Any) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
