"""Canonical order of the 33 coordinates and 80 muscles, that of OpenCap's muscle-driven files, and the frame rate.

Rotations are in degrees and translations in metres everywhere, except inside the skeleton's arithmetic.
"""

COORDINATES = (
    "pelvis_tilt", "pelvis_list", "pelvis_rotation", "pelvis_tx", "pelvis_ty", "pelvis_tz",
    "hip_flexion_l", "hip_adduction_l", "hip_rotation_l",
    "hip_flexion_r", "hip_adduction_r", "hip_rotation_r",
    "knee_angle_l", "knee_angle_r", "ankle_angle_l", "ankle_angle_r",
    "subtalar_angle_l", "subtalar_angle_r", "mtp_angle_l", "mtp_angle_r",
    "lumbar_extension", "lumbar_bending", "lumbar_rotation",
    "arm_flex_l", "arm_add_l", "arm_rot_l", "arm_flex_r", "arm_add_r", "arm_rot_r",
    "elbow_flex_l", "elbow_flex_r", "pro_sup_l", "pro_sup_r",
)  # fmt: skip

_LEG_MUSCLES = (
    "addbrev", "addlong", "addmagDist", "addmagIsch", "addmagMid", "addmagProx", "bflh", "bfsh",
    "edl", "ehl", "fdl", "fhl", "gaslat", "gasmed", "glmax1", "glmax2", "glmax3", "glmed1",
    "glmed2", "glmed3", "glmin1", "glmin2", "glmin3", "grac", "iliacus", "perbrev", "perlong",
    "piri", "psoas", "recfem", "sart", "semimem", "semiten", "soleus", "tfl", "tibant", "tibpost",
    "vasint", "vaslat", "vasmed",
)  # fmt: skip

MUSCLES = tuple(f"{muscle}_{side}" for side in "lr" for muscle in _LEG_MUSCLES)
ACTIVATION_COLUMNS = tuple(f"{muscle}/activation" for muscle in MUSCLES)

COORDINATE_INDEX = {name: i for i, name in enumerate(COORDINATES)}
MUSCLE_INDEX = {name: i for i, name in enumerate(MUSCLES)}

TRANSLATIONS = ("pelvis_tx", "pelvis_ty", "pelvis_tz")
TRANSLATION_INDICES = tuple(COORDINATE_INDEX[name] for name in TRANSLATIONS)
ROTATION_INDICES = tuple(i for i, name in enumerate(COORDINATES) if name not in TRANSLATIONS)
# Without these a squat cannot be shown; models and motion files may lack the others.
NEEDED_COORDINATES = (
    *COORDINATES[:6],
    *(
        f"{name}_{side}"
        for side in "lr"
        for name in ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle")
    ),
)
LEG_AND_PELVIS_INDICES = tuple(range(COORDINATE_INDEX["lumbar_extension"]))
LEG_AND_PELVIS_ROTATION_INDICES = tuple(i for i in LEG_AND_PELVIS_INDICES if i in ROTATION_INDICES)

SIDES = ("l", "r")  # the order of the muscles
KNEE_INDICES = tuple(COORDINATE_INDEX[f"knee_angle_{side}"] for side in SIDES)
FEET = ("r", "l")  # right first, as contact points are ordered

# Features of a subject that the surrogate receives, in kilograms and metres; see `OpenSimSkeleton.anthropometry`.
ANTHROPOMETRIC_FEATURES = (
    "mass_kg",
    "leg_length_m",
    "trunk_length_m",
    "hip_width_m",
    "shoulder_width_m",
    "arm_length_m",
    "foot_length_m",
)

PERSON_MASS_KG = (5.0, 500.0)  # no one who squats weighs less or more

FRAME_RATE_HZ = 60.0
FRAMES_PER_LATENT = 4  # in which --seq-len counts
WINDOW_FRAMES = 49 * FRAMES_PER_LATENT
LONGEST_SEQ_LEN = 150  # 600 frames, 10 s


def without_side(name: str) -> str:
    """The name of a muscle or coordinate without its side: `vasmed` for `vasmed_l`, `vasmed_r` and `vasmed`."""
    return name.removesuffix("_l").removesuffix("_r")
