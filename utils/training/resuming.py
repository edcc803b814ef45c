"""Going on with a training: which run a command goes on with, and what has to stay as it was."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from dataset.errors import InputError
from dataset.io.atomic_write import remove_leftovers
from dataset.io.guarded_files import read_json_object_or_none
from dataset.locations import expanded
from dataset.splits import Split
from utils.checkpoints import find_checkpoint, read_checkpoint
from utils.runs.hold import held
from utils.runs.record import FROM_PYTHON, command_line
from utils.runs.shared_configs import flag_of
from utils.training.training_config import TrainingConfig
from utils.training.training_loop import LAST
from utils.training.training_state import is_given, network_flag

logger = logging.getLogger("bige")

Config = TypeVar("Config", bound=TrainingConfig)

_KEPT = ("seed", "seq_len")  # they decide which windows are in which set
# Settings that change nothing of what is trained, nor which step is the best.
_FREE = (
    "out_dir", "exp_name", "resume_pth", "threads", "device", "local_rank", "given", "print_iter", "save_iter",
    "save_minutes",
)  # fmt: skip
_DATA = ("dataname", "data_root")  # they say together where the sessions are
_LOCK_NAME = ".training.lock"
_FINISHED_NAME = "metrics.json"  # written at the end of a training


@dataclass(frozen=True)
class RunOrigin:
    """What a training and everything that goes on with it have in common.

    Attributes:
        seed: seed of the split and of every step.
        seq_len: length of the windows in latents.
        split: the sessions of each set; None where it is not known.
        settings: the settings that matter, by their fields; empty where they are not known.
    """

    seed: int
    seq_len: int
    split: Split | None
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, config: TrainingConfig, split: Split | None) -> "RunOrigin":
        """That of a training with a configuration and a split."""
        settings = {name: value for name, value in _plain(asdict(config)).items() if name not in _FREE}
        return cls(config.seed, config.seq_len, split, settings)

    def as_dict(self) -> dict[str, Any]:
        """As it is stored in a checkpoint from which training can be resumed."""
        return _plain(asdict(self))


def resumed_config(config: Config) -> tuple[Config, Split | None]:
    """The configuration with which a training goes on, and the split of the run that is resumed, where it is known.

    A command that is given again goes on with the run in its folder. Seed, length of the windows and network are those
    of the run that is resumed. So are all other settings, but those that the command line names.

    Raises:
        InputError: the folder holds another training run, or a flag differs from the run that is resumed.
    """
    if config.resume_pth is not None:
        config = replace(config, resume_pth=_with_state(config.resume_pth))
    config = _with_own_run(config)
    if config.resume_pth is None:
        return config, None
    path = find_checkpoint(config.resume_pth)
    content = read_checkpoint(path)
    if not content.get("training"):
        if (config.run_folder / LAST).exists():
            raise InputError(
                f"{path} has no training state, so that a new training would replace the one in {config.run_folder}; "
                f"choose another --exp-name, or continue with --resume-pth {config.run_folder / LAST}"
            )
        return replace(config, resume_pth=path, seed=_seed_of_weights(config, path, content)), None
    origin = _origin_of(path, content)
    kept: dict[str, Any] = {"resume_pth": path}
    for name in _KEPT if origin else ():
        kept[name] = _kept_value(config, name, getattr(origin, name), path, config.given)
    if origin and config.given is not None:
        kept |= _settings_of_run(config, origin.settings, path, config.given)
    network = config.network  # type: ignore[attr-defined]  # every training's configuration has one of its kind
    stored = content.get("config")
    if isinstance(stored, dict) and set(stored) <= {field.name for field in fields(network)}:
        given = config.given
        if given is not None:
            given = [name.removeprefix("network.") for name in given if name.startswith("network.")]
        named = {
            name: _kept_value(network, name, value, path, given, network_flag(name)) for name, value in stored.items()
        }
        kept["network"] = replace(network, **named)
    try:
        return replace(config, **kept), origin.split if origin else None
    except TypeError:
        raise InputError(
            f"{path}: its settings are not those of a training of this code; use another checkpoint"
        ) from None


def _with_state(path: Path) -> Path:
    """The checkpoint of a run folder from which training goes on: the last one, and not the best."""
    last = expanded(path) / LAST
    return last if last.is_file() else path


def _seed_of_weights(config: TrainingConfig, path: Path, content: Mapping[str, Any]) -> int:
    """The seed of a training that starts from the weights of a run: its own seed, where both are of the same sessions.

    With another one, people whom the weights were trained on would be held out.
    """
    recorded = read_json_object_or_none(path.with_name("args.json"))
    if recorded is None or any(recorded.get(name) != _plain(asdict(config))[name] for name in _DATA):
        return config.seed
    origin = _origin_of(path, content)
    return config.seed if origin is None else _kept_value(config, "seed", origin.seed, path, config.given)


def _settings_of_run(
    config: TrainingConfig, settings: Mapping[str, Any], path: Path, given: Sequence[str]
) -> dict[str, Any]:
    """The settings of the run that the command line does not name; those that it names otherwise are said."""
    kept: dict[str, Any] = {}
    own = _plain(asdict(config))
    for name, of_run in settings.items():
        if name in (*_FREE, *_KEPT, "network") or name not in own:
            continue
        if name in given or (name in _DATA and set(_DATA) & set(given)):
            if own[name] != of_run:
                logger.warning("%s %s takes the place of %s in the run of %s", flag_of(name), own[name], of_run, path)
        else:
            kept[name] = tuple(of_run) if isinstance(of_run, list) else of_run
            if name == "data_root" and of_run is not None:
                kept[name] = Path(of_run)
            if own[name] != of_run:
                logger.info("%s %s of the run of %s is kept", flag_of(name), of_run, path)
    return kept


def _kept_value(
    asked: Any, name: str, of_run: Any, path: Path, given: Sequence[str] | None, flag: str | None = None
) -> Any:
    """The run's value of a setting. Raises InputError where another one was asked for."""
    value = getattr(asked, name)
    default = next(field.default for field in fields(asked) if field.name == name)
    flag = flag or flag_of(name)
    if value != of_run and is_given(name, value, default, given):
        raise InputError(
            f"{flag} {value} differs from the run of {path}, which has {of_run}; leave {flag} out to go on with that "
            "run, or start a new training without --resume-pth"
        )
    if value != of_run:
        logger.info("%s %s of the run of %s is kept", flag, of_run, path)
    return of_run


def _with_own_run(config: Config) -> Config:
    """The configuration that goes on with the run in its own folder, where there is one of the same settings."""
    folder = config.run_folder
    last = folder / LAST
    if config.resume_pth is not None:
        if not last.exists() or Path(config.resume_pth).resolve().parent == last.resolve().parent:
            return config
        if not _is_of_this_command(folder):
            raise InputError(
                f"{folder} already holds a training run; choose another --exp-name, or continue it with --resume-pth "
                f"{last}"
            )
        logger.info("%s: the run of this command goes on", folder)
        return replace(config, resume_pth=last)
    if not any((folder / name).exists() for name in (LAST, "best.pth", "losses.csv")):
        return config
    way_out = f"choose another --exp-name, or continue it with --resume-pth {last}"
    if not last.exists():
        way_out = "choose another --exp-name, or remove the folder"
    recorded = read_json_object_or_none(folder / "args.json")
    if recorded is None:
        raise InputError(f"{folder} already holds a training run; {way_out}")
    if changed := _changed_flag(recorded, _plain(asdict(config))):
        raise InputError(f"{folder} already holds a training run, whose {changed}; {way_out}")
    if not last.exists() and (folder / _FINISHED_NAME).exists():
        raise InputError(f"{folder} holds a finished training without {LAST}, which a new one would replace; {way_out}")
    if not last.exists():
        logger.info("%s: the run ended before its first checkpoint, so that it begins again", folder)
        return config
    logger.info("%s: the run of this command goes on", folder)
    return replace(config, resume_pth=last)


def _is_of_this_command(folder: Path) -> bool:
    """Whether the run in a folder was made by the very command line that is given now, as after an interruption."""
    recorded = read_json_object_or_none(folder / "args.json") or {}
    return command_line() != FROM_PYTHON and recorded.get("_command") == command_line()


def _changed_flag(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> str | None:
    """The first setting that matters and differs: "--lr is 0.001, not 0.0002"."""
    for name, value in asked.items():
        if name in _FREE or name not in recorded:
            continue
        if isinstance(value, dict) and isinstance(recorded[name], dict):
            for part, inner in value.items():
                if part in recorded[name] and recorded[name][part] != inner:
                    return f"{network_flag(part)} is {recorded[name][part]}, not {inner}"
        elif recorded[name] != value:
            return f"{flag_of(name)} is {recorded[name]}, not {value}"
    return None


def _origin_of(path: Path, content: Mapping[str, Any]) -> RunOrigin | None:
    """What a checkpoint or, in those of earlier versions, the files beside it say about its run."""
    stored = content.get("run")
    if not isinstance(stored, dict):
        stored = dict(read_json_object_or_none(path.with_name("args.json")) or {})
        stored["split"] = read_json_object_or_none(path.with_name("split.json"))
    try:
        split = stored.get("split")
        kept = None if split is None else Split.of(split)
        settings = stored.get("settings", {} if "_command" not in stored else stored)
        return RunOrigin(int(stored["seed"]), int(stored["seq_len"]), kept, dict(settings))
    except (KeyError, TypeError, ValueError):
        logger.warning(
            "%s does not say which seed and which sessions its run had; they are those of this command", path
        )
        return None


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON has them."""
    return json.loads(json.dumps(values, default=str))


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Hold a run folder, into which one process at a time trains or evaluates, and remove what a killed one has left.

    Raises:
        InputError: another process holds it.
    """
    refusal = f"{folder}: another process is training or evaluating into this folder; choose another --exp-name"
    with held(folder / _LOCK_NAME, refusal):
        remove_leftovers(folder)
        yield
