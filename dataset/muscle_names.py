"""Muscles and groups of muscles as users write them, and their canonical names and indices.

A group, such as the quadriceps, is as active as the most active of its muscles: "quadriceps at most 0.3" holds for each
of them.
"""

from dataset.errors import InputError
from dataset.spelling import nearest, split_side, with_side
from models.conventions import MUSCLE_INDEX, SIDES, without_side

MUSCLE_NAMES = {
    "addbrev": "adductor brevis", "addlong": "adductor longus", "addmagDist": "adductor magnus (distal)",
    "addmagIsch": "adductor magnus (ischial)", "addmagMid": "adductor magnus (middle)",
    "addmagProx": "adductor magnus (proximal)", "bflh": "biceps femoris long head",
    "bfsh": "biceps femoris short head", "edl": "extensor digitorum longus", "ehl": "extensor hallucis longus",
    "fdl": "flexor digitorum longus", "fhl": "flexor hallucis longus", "gaslat": "lateral gastrocnemius",
    "gasmed": "medial gastrocnemius", "glmax1": "gluteus maximus 1", "glmax2": "gluteus maximus 2",
    "glmax3": "gluteus maximus 3", "glmed1": "gluteus medius 1", "glmed2": "gluteus medius 2",
    "glmed3": "gluteus medius 3", "glmin1": "gluteus minimus 1", "glmin2": "gluteus minimus 2",
    "glmin3": "gluteus minimus 3", "grac": "gracilis", "iliacus": "iliacus", "perbrev": "peroneus brevis",
    "perlong": "peroneus longus", "piri": "piriformis", "psoas": "psoas", "recfem": "rectus femoris",
    "sart": "sartorius", "semimem": "semimembranosus", "semiten": "semitendinosus", "soleus": "soleus",
    "tfl": "tensor fasciae latae", "tibant": "tibialis anterior", "tibpost": "tibialis posterior",
    "vasint": "vastus intermedius", "vaslat": "vastus lateralis", "vasmed": "vastus medialis",
}  # fmt: skip

_GLUTEUS = {name: tuple(f"{short}{part}" for part in (1, 2, 3)) for name, short in (
    ("gluteus_maximus", "glmax"), ("gluteus_medius", "glmed"), ("gluteus_minimus", "glmin"))}  # fmt: skip
MUSCLE_GROUPS: dict[str, tuple[str, ...]] = {
    "quadriceps": ("recfem", "vasint", "vaslat", "vasmed"),
    "vasti": ("vasint", "vaslat", "vasmed"),
    "gluteals": sum(_GLUTEUS.values(), ()),
    **_GLUTEUS,
    "hamstrings": ("bflh", "bfsh", "semimem", "semiten"),
    "biceps_femoris": ("bflh", "bfsh"),
    "adductors": ("addbrev", "addlong", "addmagDist", "addmagIsch", "addmagMid", "addmagProx", "grac"),
    "adductor_magnus": ("addmagDist", "addmagIsch", "addmagMid", "addmagProx"),
    "calf": ("gaslat", "gasmed", "soleus"),
    "gastrocnemius": ("gaslat", "gasmed"),
    "iliopsoas": ("iliacus", "psoas"),
    "peroneals": ("perbrev", "perlong"),
}
_ALSO = {
    "quads": "quadriceps", "quad": "quadriceps", "quadriceps_femoris": "quadriceps", "vastii": "vasti",
    "glutes": "gluteals", "gluteus": "gluteals", "gluteal_muscles": "gluteals", "glute_max": "gluteus_maximus",
    "glute_med": "gluteus_medius", "glute_min": "gluteus_minimus",
    **{f"{short}{part[:3]}": f"gluteus_{part}" for part in ("maximus", "medius", "minimus")
       for short in ("gl", "g", "glut_")},
    "hams": "hamstrings", "hamstring": "hamstrings",
    "triceps_surae": "calf", "calves": "calf", "gastroc": "gastrocnemius", "peroneus": "peroneals",
    "fibularis": "peroneals", "fibularis_longus": "perlong", "fibularis_brevis": "perbrev", "vmo": "vasmed",
    "vastus_medialis_oblique": "vasmed", "vastus_medialis_obliquus": "vasmed", "gastrocnemius_medialis": "gasmed",
    "gastrocnemius_lateralis": "gaslat", "biceps_femoris_long": "bflh", "biceps_femoris_short": "bfsh",
    "tensor_fascia_latae": "tfl", "tensor_fascia_lata": "tfl", "addmag": "adductor_magnus",
    "knee_extensors": "quadriceps", "lateral_hamstrings": "biceps_femoris",
    # German, beside the Latin names, which are the same
    "quadrizeps": "quadriceps", "quadrizeps_femoris": "quadriceps", "kniestrecker": "quadriceps",
    "ischiocrurale": "hamstrings", "bizeps_femoris": "biceps_femoris", "wade": "calf", "waden": "calf",
    "gesaess": "gluteals", "adduktoren": "adductors",
    # Abbreviations of electromyography, and the names of gait2392.
    "vm": "vasmed", "vl": "vaslat", "vi": "vasint", "rf": "recfem", "bf": "biceps_femoris", "st": "semiten",
    "sm": "semimem", "ta": "tibant", "sol": "soleus", "mg": "gasmed", "lg": "gaslat",
    "vas_med": "vasmed", "vas_lat": "vaslat", "vas_int": "vasint",
    "rect_fem": "recfem", "bifemlh": "bflh", "bifemsh": "bfsh", "tib_ant": "tibant", "tib_post": "tibpost",
    "med_gas": "gasmed", "lat_gas": "gaslat", "per_brev": "perbrev", "per_long": "perlong", "add_brev": "addbrev",
    "add_long": "addlong", "ext_dig": "edl", "ext_hal": "ehl", "flex_dig": "fdl", "flex_hal": "fhl",
    **{f"glut_{part}{k}": f"gl{part}{k}" for part in ("max", "med", "min") for k in (1, 2, 3)},
}  # fmt: skip
_WITH_THAT_WORK = {
    "plantar_flexors": ("calf",), "plantarflexors": ("calf",), "dorsiflexors": ("tibant",),
    "ankle_dorsiflexors": ("tibant",), "hip_flexors": ("iliopsoas", "recfem"),
    "hip_extensors": ("gluteus_maximus", "hamstrings"), "hip_abductors": ("gluteus_medius",),
    "knee_flexors": ("hamstrings", "gastrocnemius"), "kniebeuger": ("hamstrings", "gastrocnemius"),
    "gm": ("gasmed", "gluteus_medius", "gluteus_maximus"), "gl": ("gaslat",),
    "medial_hamstrings": ("semimem", "semiten"),
}  # fmt: skip
_NO_NAMES = {"m", "musculus", "muscle", "muscles", "muskel", "muskulatur", "activation", "activity", "emg"}


def _spelt(name: str) -> str:
    return name.lower().replace("(", "").replace(")", "").replace(" ", "_")


_KNOWN = {
    **{_spelt(name): name for name in (*MUSCLE_NAMES, *MUSCLE_GROUPS)},
    **{_spelt(words): name for name, words in MUSCLE_NAMES.items()},
    **_ALSO,
}


def canonical_muscle(muscle: str) -> str:
    """`vasmed_l` of "left vastus medialis", `quadriceps` of "quads": a muscle's or group's name, and its side if named.

    Raises:
        InputError: there is no such muscle; the nearest names are offered.
    """
    written, side = split_side(muscle)
    words = [word for word in written.split("_") if word not in _NO_NAMES]
    for name in ("_".join(words), "_".join(reversed(words))):  # anterior tibialis is tibialis anterior
        if name in _KNOWN:
            return with_side(_KNOWN[name], side)
    raise InputError(_unknown(muscle, "_".join(words)))


def muscle_channels(muscle: str) -> list[list[int]]:
    """Canonical indices of a muscle or of a group's muscles, for the left and the right side, or for the side named."""
    canonical = canonical_muscle(muscle)
    base = without_side(canonical)
    sides = SIDES if base == canonical else (canonical[-1],)
    return [[MUSCLE_INDEX[f"{member}_{side}"] for member in MUSCLE_GROUPS.get(base, (base,))] for side in sides]


def similar_muscles(name: str) -> list[str]:
    """The muscles and groups that `name` may mean, the nearest first; empty where there are none."""
    if name in _WITH_THAT_WORK:
        return list(_WITH_THAT_WORK[name])
    return list(dict.fromkeys(_KNOWN[known] for known in nearest(name, _KNOWN)))


def _unknown(muscle: str, name: str) -> str:
    """The sentence about an unknown muscle."""
    abbreviated = "".join(word[:3] for word in name.split("_"))
    similar = similar_muscles(name) or similar_muscles(abbreviated)
    if similar:
        return f"there is no muscle {muscle!r}; did you mean {' or '.join(similar)}?"
    known = ", ".join(sorted(MUSCLE_NAMES))
    return f"there is no muscle {muscle!r}; known are {known}, and the groups {', '.join(MUSCLE_GROUPS)}"
