"""SMPL body model files, which each user downloads, since nobody may pass them on: where they are, what they hold.

Arrays of a model, by SMPL's own names, for V vertices and B shape components: `v_template` (V, 3), `shapedirs`
(V, 3, B), `posedirs` (V, 3, 207), `J_regressor` (24, V), `weights` (V, 24), `kintree_table` (2, 24), `f` (F, 3).
"""

import pickle
import zipfile
from pathlib import Path

import numpy as np

from dataset.errors import InputError

SMPL_JOINTS = 24
_SHAPES = {
    "v_template": ("V", 3),
    "shapedirs": ("V", 3, "B"),
    "posedirs": ("V", 3, 9 * (SMPL_JOINTS - 1)),
    "J_regressor": (SMPL_JOINTS, "V"),
    "weights": ("V", SMPL_JOINTS),
    "kintree_table": (2, SMPL_JOINTS),
    "f": ("F", 3),
}
# The neutral body first; what can be read without running code before what cannot.
_STEMS = (
    "SMPL_NEUTRAL",
    "basicmodel_neutral_lbs_10_207_0_v1.1.0",
    "basicModel_neutral_lbs_10_207_0_v1.0.0",
    "SMPL_FEMALE",
    "basicmodel_f_lbs_10_207_0_v1.1.0",
    "basicModel_f_lbs_10_207_0_v1.0.0",
    "SMPL_MALE",
    "basicmodel_m_lbs_10_207_0_v1.1.0",
    "basicmodel_m_lbs_10_207_0_v1.0.0",
)
_WHERE = "register and download SMPL at https://smpl.is.tue.mpg.de (its licence does not let it come with this project)"
_CONVERT = (
    "python -c \"import pickle, numpy as np; d = pickle.load(open('FILE.pkl', 'rb'), encoding='latin1'); "
    "np.savez('SMPL_NEUTRAL.npz', J_regressor=d['J_regressor'].toarray(), **{k: np.array(d[k]) for k in "
    "('v_template', 'shapedirs', 'posedirs', 'weights', 'kintree_table', 'f')})\""
)


def find_smpl_file(folder: str | Path) -> Path:
    """The body model in `folder`, or in its `smpl/`: neutral, else female, else male; .npz before .pkl.

    `folder` may also name a file. Raises InputError, which says where models come from, where there is none.
    """
    folder = Path(folder)
    if folder.is_file():
        return folder
    for suffix in (".npz", ".pkl"):
        for stem in _STEMS:
            for place in (folder, folder / "smpl"):
                if (place / (stem + suffix)).is_file():
                    return place / (stem + suffix)
    raise InputError(
        f"{folder}: no SMPL body model there; expected SMPL_NEUTRAL.npz, or {_STEMS[1]}.pkl with --trust-pickle; "
        f"{_WHERE}"
    )


def read_smpl(path: str | Path, *, trust_pickle: bool = False) -> dict[str, np.ndarray]:
    """The arrays of a body model file, see above.

    trust_pickle: also read a .pkl, which can run any code that its author put there.
    Raises InputError where the file is a .pkl that is not trusted, cannot be read, or lacks an array or its shape.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such body model; {_WHERE}")
    if path.suffix == ".npz":
        arrays = _read_npz(path)
    elif path.suffix == ".pkl":
        if not trust_pickle:
            raise InputError(
                f"{path}: reading a .pkl runs whatever code is in it; if it comes from smpl.is.tue.mpg.de, add "
                f"--trust-pickle, or make a SMPL_NEUTRAL.npz of it once, which is read without: {_CONVERT}"
            )
        arrays = _read_trusted_pickle(path)
    else:
        raise InputError(f"{path}: a body model is a .npz or a .pkl file; {_WHERE}")
    return _checked(path, arrays)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in _SHAPES if name in content}
    except (OSError, zipfile.BadZipFile, EOFError):
        raise InputError(f"{path}: not a .npz file, or a truncated one; download it again") from None
    except ValueError:
        raise InputError(
            f"{path}: holds pickled objects, which are not read; save its arrays as plain numbers, as this does where "
            f"FILE.pkl can be trusted: {_CONVERT}"
        ) from None


class _Chumpy:
    """Stands in for the arrays of chumpy, a package that old models were pickled with and that no longer installs."""

    def __setstate__(self, state: dict) -> None:
        self.array = np.asarray(state["x"])

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self.array, dtype=dtype)


class _TrustedUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        return _Chumpy if module.partition(".")[0] == "chumpy" else super().find_class(module, name)


def _read_trusted_pickle(path: Path) -> dict[str, np.ndarray]:
    """The one place that unpickles a file, and only after `--trust-pickle`: this runs what the file says."""
    try:
        with open(path, "rb") as file:
            content = _TrustedUnpickler(file, encoding="latin1").load()
        dense = {name: content[name] for name in _SHAPES if name in content}
        return {name: np.asarray(a.toarray() if hasattr(a, "toarray") else a) for name, a in dense.items()}
    except (
        OSError,
        EOFError,
        pickle.UnpicklingError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ImportError,
    ) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(
            f"{path}: cannot be read as a pickled body model ({reason}); make a .npz of it where it can be: {_CONVERT}"
        ) from None


def _checked(path: Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    missing = [name for name in _SHAPES if name not in arrays]
    if missing:
        raise InputError(f"{path}: not an SMPL body model, it lacks {', '.join(missing)}; {_WHERE}")
    sizes = {"V": len(arrays["v_template"]), "F": len(arrays["f"]), "B": arrays["shapedirs"].shape[-1]}
    for name, shape in _SHAPES.items():
        expected = tuple(sizes.get(size, size) for size in shape)
        if arrays[name].shape != expected or not np.isfinite(arrays[name].astype(float)).all():
            raise InputError(
                f"{path}: {name} is {arrays[name].shape}; SMPL's body of 24 joints has {expected} finite numbers there "
                "(SMPL-H and SMPL-X are other models)"
            )
    return arrays
