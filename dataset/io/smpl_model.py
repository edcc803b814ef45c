"""Reader of SMPL body models. Their licence does not allow redistribution, so each user downloads them.

The arrays of a model have SMPL's own names, for V vertices and B shape components: `v_template` (V, 3), `shapedirs`
(V, 3, B), `posedirs` (V, 3, 207), `J_regressor` (24, V), `weights` (V, 24), `kintree_table` (2, 24), `f` (F, 3).
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.io.safe_npy import read_npz

SMPL_JOINTS = 24
_SHAPES: dict[str, tuple[str | int, ...]] = {
    "v_template": ("V", 3),
    "shapedirs": ("V", 3, "B"),
    "posedirs": ("V", 3, 9 * (SMPL_JOINTS - 1)),
    "J_regressor": (SMPL_JOINTS, "V"),
    "weights": ("V", SMPL_JOINTS),
    "kintree_table": (2, SMPL_JOINTS),
    "f": ("F", 3),
}
# In order of preference: the neutral body first.
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
    """Find a body model: the neutral one, else the female, else the male; .npz files before .pkl files.

    Args:
        folder: a folder that holds body models, itself or in `smpl/`; or the file.

    Raises:
        InputError: there is no body model; the message says where to download one.
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
        f"{folder}: no SMPL body model in this folder; expected SMPL_NEUTRAL.npz, or {_STEMS[1]}.pkl with "
        f"--trust-pickle; {_WHERE}"
    )


def read_smpl(path: str | Path, *, trust_pickle: bool = False) -> dict[str, np.ndarray]:
    """Read the arrays of a body model.

    Args:
        path: the file, an .npz or .pkl.
        trust_pickle: whether a .pkl may be read, which runs any code that its author put into it.

    Raises:
        InputError: the file is a .pkl that is not trusted, cannot be read, or an array is missing or malformed.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such body model; {_WHERE}")
    if path.suffix == ".npz":
        arrays = _read_npz(path)
    elif path.suffix == ".pkl":
        if not trust_pickle:
            raise InputError(
                f"{path}: reading a .pkl runs any code that is in it; if the file comes from smpl.is.tue.mpg.de, add "
                f"--trust-pickle, or convert it once to SMPL_NEUTRAL.npz, which needs no trust: {_CONVERT}"
            )
        arrays = _read_trusted_pickle(path)
    else:
        raise InputError(f"{path}: a body model is a .npz or a .pkl file; {_WHERE}")
    return _checked(path, arrays)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        return read_npz(path, _SHAPES)[1]
    except InputError as error:
        raise InputError(
            f"{error}; download it again, or save its arrays as plain numbers, as this command does for a FILE.pkl "
            f"that you trust: {_CONVERT}"
        ) from None


class _Chumpy:
    """Substitute for arrays of chumpy, with which old models were pickled and which can no longer be installed."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.array = np.asarray(state["x"])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.array, dtype=dtype)


class _TrustedUnpickler(pickle.Unpickler):
    """Unpickler of trusted files, without chumpy."""

    def find_class(self, module: str, name: str) -> Any:
        return _Chumpy if module.partition(".")[0] == "chumpy" else super().find_class(module, name)


def _read_trusted_pickle(path: Path) -> dict[str, np.ndarray]:
    """Unpickle a file with all that it names, which is done here only and only with `--trust-pickle`."""
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
            f"{path}: cannot be read as a pickled body model ({reason}); convert it to an .npz where it can be "
            f"read: {_CONVERT}"
        ) from None


def _checked(path: Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays, if all are there with SMPL's shapes and finite."""
    missing = [name for name in _SHAPES if name not in arrays]
    if missing:
        raise InputError(f"{path}: not an SMPL body model, it lacks {', '.join(missing)}; {_WHERE}")
    sizes: dict[str | int, int] = {
        "V": len(arrays["v_template"]),
        "F": len(arrays["f"]),
        "B": arrays["shapedirs"].shape[-1],
    }
    for name, shape in _SHAPES.items():
        expected = tuple(sizes.get(size, size) for size in shape)
        if arrays[name].shape != expected or not np.isfinite(arrays[name].astype(float)).all():
            raise InputError(
                f"{path}: {name} is {arrays[name].shape}; SMPL's body of 24 joints has {expected} finite numbers there "
                "(SMPL-H and SMPL-X are other models)"
            )
    return arrays
