"""Standard names of the bodies and joints of a model, found by the coordinates that the joints carry.

Models of one family name their joints differently: the knee is `walker_knee_r` in Rajagopal's model and `knee_r` in
others. What a joint is follows from the coordinate that moves it. Where a joint lacks its coordinate (welded toes, a
shoulder with other coordinates) it is found by the body that it carries.
"""

from collections.abc import Mapping, Sequence

# Coordinate without its side, then the standard names of the joint that it moves and of the body that it carries.
_CARRIED = (
    ("pelvis_tilt", "ground_pelvis", "pelvis"),
    ("lumbar_extension", "back", "torso"),
    ("hip_flexion", "hip", "femur"),
    ("knee_angle", "walker_knee", "tibia"),
    ("knee_angle_beta", "patellofemoral", "patella"),
    ("ankle_angle", "ankle", "talus"),
    ("subtalar_angle", "subtalar", "calcn"),
    ("mtp_angle", "mtp", "toes"),
    ("arm_flex", "acromial", "humerus"),
    ("elbow_flex", "elbow", "ulna"),
    ("pro_sup", "radioulnar", "radius"),
    ("", "radius_hand", "hand"),
)
_OF_THE_TRUNK = ("pelvis", "torso")
_NOT_NEEDED = ("patella", "radius")


def standard_names(
    bodies: Sequence[str], parents: Mapping[str, str], coordinates: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Standard names of the bodies of a model and of the joints by which they are attached.

    Args:
        bodies: names of the bodies, a parent before its children.
        parents: for each body that of its parent.
        coordinates: for each body the coordinates of the joint by which it is attached.

    Returns:
        For each body its standard name; for each body whose joint has a standard name, that name; and what a whole
        person has and this model lacks, by the standard name of the body.
    """
    owner = {name: body for body in bodies for name in coordinates[body]}
    renamed: dict[str, str] = {}
    joints: dict[str, str] = {}
    missing = []
    for coordinate, joint, standard in _CARRIED:
        for side in ("",) if standard in _OF_THE_TRUNK else ("_r", "_l"):
            body = owner.get(_with_side(coordinate, side))
            named = f"{standard}{side}" if f"{standard}{side}" in bodies else None
            if standard == "hand" and named is None:
                named = next((b for b in bodies if parents[b] in (owner.get(f"pro_sup{side}"), f"radius{side}")), None)
            carried = body or (_first_below_pelvis(named, parents, owner) if standard == "torso" else named)
            if carried is not None:
                joints.setdefault(carried, f"{joint}{side}")
            if (named or body) is not None:
                renamed.setdefault(named or body or "", f"{standard}{side}")
            elif standard not in _NOT_NEEDED:
                missing.append(f"{standard}{side}")
    return {body: renamed.get(body, body) for body in bodies}, joints, missing


def _with_side(coordinate: str, side: str) -> str:
    return f"knee_angle{side}_beta" if coordinate == "knee_angle_beta" else f"{coordinate}{side}"


def _first_below_pelvis(torso: str | None, parents: Mapping[str, str], owner: Mapping[str, str]) -> str | None:
    """The body with which the spine between pelvis and torso begins."""
    body = torso
    while body is not None and body in parents and parents[body] not in (owner.get("pelvis_tilt"), "ground"):
        body = parents[body]
    return body
