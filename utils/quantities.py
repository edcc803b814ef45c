"""Every biomechanical quantity once: batched, masked and differentiable, for guidance, metrics and reports alike.

A quantity turns a `Context` (motions, and on demand their activations and foot points) into a trace: its value at
every frame. What becomes of the trace over time is a `statistic`, kept apart:

    context = Context(motion, skeleton=skeleton, surrogate=surrogate)
    trace = evaluate("knee_flexion", context)           # .values (B, T, 2): left, right; .valid (B, T)
    deepest = summarise(trace, "max")                   # (B, 2) degrees

`QUANTITIES` is the registry; adding a quantity is one decorated function. Sides come left first, then right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from dataset.coordinates import (
    COORDINATE_INDEX,
    COORDINATES,
    FRAME_RATE_HZ,
    MUSCLE_INDEX,
    ROTATION_INDICES,
    TRANSLATION_INDICES,
)
from dataset.errors import InputError

FLEXIONS = ("hip_flexion", "knee_angle", "ankle_angle")
CONTACT_HEIGHT_M = 0.02  # a foot point lower than this above the floor bears on it
SIDES = ("l", "r")
_TINY = 1e-12  # under a square root: keeps its gradient finite where the trace is zero

_LEFT = [COORDINATE_INDEX[f"{name}_l"] for name in FLEXIONS]
_RIGHT = [COORDINATE_INDEX[f"{name}_r"] for name in FLEXIONS]
_TURNING = [*_LEFT, *_RIGHT, COORDINATE_INDEX["pelvis_tilt"]]


@dataclass(frozen=True)
class Trace:
    """A quantity over time: `values` (B, T, C) in the quantity's unit, `valid` (B, T) where they mean something."""

    values: Tensor
    valid: Tensor


@dataclass(frozen=True)
class Quantity:
    """A named quantity: its unit, what counts as equal (`tolerance`, in that unit) and how it is computed."""

    name: str
    unit: str
    function: Callable[..., Trace]
    doc: str
    tolerance: float
    argument: str | None = None  # what has to be named with it: "muscle", "coordinate" or nothing
    channels: tuple[str, ...] = ("",)  # ("l", "r") where both sides are given


QUANTITIES: dict[str, Quantity] = {}


class Context:
    """Motions and what can be derived from them, each derived at most once and only when a quantity asks for it."""

    def __init__(
        self,
        motion: Tensor,
        *,
        mask: Tensor | None = None,
        recorded: Tensor | None = None,
        activations: Tensor | None = None,
        surrogate: Callable[..., Tensor] | None = None,
        person: Tensor | None = None,
        skeleton=None,
        contact_points: Tensor | None = None,
        floor_height_m: Tensor | float | None = None,
        rate_hz: float = FRAME_RATE_HZ,
        ends_s: float = 0.0,
    ):
        """Hold motions and the models that describe them further.

        Args:
            motion: (B, T, 33), degrees and metres, canonical order, ground frame with y up.
            mask: (B, T) bool, the frames that count (recorded, or of the first repetition); default all.
            recorded: (B, T) bool, the frames that the surrogate may look at; default `mask`.
            activations: (B, T, 80) in 0..1, where they are known; else `surrogate` predicts them.
            surrogate: `surrogate(motion, mask, person) -> (B, T, 80)`.
            person: (B, P) or (P,) features of the person for the surrogate.
            skeleton: models.skeleton.Skeleton of the person, for foot and joint quantities.
            contact_points: (B, T, 12, 3) metres, where the skeleton's are already known.
            floor_height_m: height of the floor, (B,) or a number; default from the feet, see `floor_height`.
            rate_hz: frames a second.
            ends_s: activations of the first and last so many seconds do not count: predicted or simulated, they rest
                on what is not there.
        """
        self.motion = motion
        self.mask = torch.ones(motion.shape[:2], dtype=torch.bool, device=motion.device) if mask is None else mask
        self._recorded = self.mask if recorded is None else recorded
        self.rate_hz = rate_hz
        self._activations, self._surrogate, self._skeleton = activations, surrogate, skeleton
        self._person = person.expand(len(motion), -1) if person is not None else None
        self._contact_points = contact_points
        self._floor_height = floor_height_m
        self._end_frames = round(ends_s * rate_hz)

    @cached_property
    def activation_mask(self) -> Tensor:
        """(B, T) bool, the frames whose activations count."""
        if not self._end_frames:
            return self.mask
        mask = self.mask.clone()
        mask[:, : self._end_frames] = False
        mask[:, -self._end_frames :] = False
        return mask

    @property
    def skeleton(self):
        """The person's skeleton; InputError where none was given."""
        if self._skeleton is None:
            raise InputError("this quantity looks at the feet or joints and needs a person's skeleton: name --subject")
        return self._skeleton

    @cached_property
    def activations(self) -> Tensor:
        """(B, T, 80) activations in 0..1, as given or as the surrogate predicts them."""
        if self._activations is not None:
            return self._activations
        if self._surrogate is None:
            raise InputError("this quantity needs muscle activations: give muscle-driven motions or a surrogate")
        return self._surrogate(self.motion, self._recorded, self._person)

    @cached_property
    def contact_points(self) -> Tensor:
        """(B, T, 12, 3) centres of the foot contact spheres in metres, right foot first."""
        return self.skeleton.contact_points(self.motion) if self._contact_points is None else self._contact_points

    @cached_property
    def leg_joints(self) -> Tensor:
        """(B, T, 2, 3, 3) centres of hip, knee and ankle of each leg, left first, in metres."""
        centres = self.skeleton.joint_centres(self.motion)
        at = self.skeleton.joint_names.index
        legs = [[at(f"{joint}_{side}") for joint in ("hip", "walker_knee", "ankle")] for side in SIDES]
        return torch.stack([centres[..., leg, :] for leg in legs], -3)

    @cached_property
    def sole_height(self) -> Tensor:
        """(B, T, 12) height in metres of each contact sphere's lowest point, in the ground frame."""
        return self.contact_points[..., 1] - self.skeleton.contact_radii.to(self.contact_points)

    @cached_property
    def floor_height(self) -> Tensor:
        """(B,) height of the floor in metres: as given, or the median over frames of the lowest sole point."""
        if self._floor_height is not None:
            return torch.as_tensor(self._floor_height).to(self.motion).expand(len(self.motion))
        lowest = self.sole_height.amin(-1)
        return lowest.masked_fill(~self.mask, torch.nan).nanmedian(dim=1).values

    @cached_property
    def height_above_floor(self) -> Tensor:
        """(B, T, 12) height in metres of each sole point above the floor."""
        return self.sole_height - self.floor_height[:, None, None]

    def peak_frame(self, muscle: str) -> Tensor:
        """(B,) frame at which `muscle` is most active, of both sides the larger (one side with `vasmed_l`)."""
        trace = evaluate("activation", self, muscle)
        return _hidden(trace, -torch.inf).amax(-1).argmax(dim=1)


def quantity(name: str, unit: str, tolerance: float, *, argument: str | None = None, channels=("",)):
    """Register the decorated `function(context[, argument]) -> values | (values, valid)` under `name`."""

    def register(function):
        doc = " ".join((function.__doc__ or "").split())
        QUANTITIES[name] = Quantity(name, unit, function, doc, tolerance, argument, tuple(channels))
        return function

    return register


def evaluate(name: str, context: Context, argument: str | None = None) -> Trace:
    """The trace of the quantity called `name`; InputError names the known ones where there is none such."""
    definition = find_quantity(name)
    _check_argument(definition, argument)
    result = definition.function(context) if argument is None else definition.function(context, argument)
    values, valid = result if isinstance(result, tuple) else (result, context.mask)
    return Trace(values if values.dim() == 3 else values.unsqueeze(-1), valid)


def find_quantity(name: str) -> Quantity:
    """The registered quantity called `name`, or an InputError that lists all."""
    if name not in QUANTITIES:
        raise InputError(f"there is no quantity {name!r}; known are {', '.join(sorted(QUANTITIES))}")
    return QUANTITIES[name]


def _check_argument(definition: Quantity, argument: str | None) -> None:
    name, kind = definition.name, definition.argument
    if (kind is None) != (argument is None):
        wanted = f"{name}:<{kind}>" if kind else f"no name after {name}"
        raise InputError(f"quantity {name!r}: expected {wanted}, got {argument!r}")
    if kind == "muscle":
        muscle_indices(argument)
    if kind == "coordinate" and argument not in COORDINATE_INDEX:
        raise InputError(f"there is no coordinate {argument!r}; known are {', '.join(COORDINATES)}")


def check_names(quantity: str, argument: str | None, statistic: str, muscle: str | None) -> None:
    """Raise the InputError that evaluating these names would, before there is anything to evaluate."""
    _check_argument(find_quantity(quantity), argument)
    if statistic == AT_PEAK:
        _check_argument(QUANTITIES["activation"], muscle)
    elif statistic not in STATISTICS:
        raise InputError(f"there is no statistic {statistic!r}; known are {', '.join([*STATISTICS, AT_PEAK])}")


# Statistics over time: (trace) -> (B, C)


def _hidden(trace: Trace, fill: float) -> Tensor:
    return trace.values.masked_fill(~trace.valid.unsqueeze(-1), fill)


def _mean(trace: Trace) -> Tensor:
    return _hidden(trace, 0.0).sum(1) / trace.valid.sum(1, keepdim=True).clamp(min=1)


def _mean_square(trace: Trace) -> Tensor:
    return _mean(Trace(trace.values.square(), trace.valid))


def _first(trace: Trace) -> Tensor:
    return trace.values[torch.arange(len(trace.values)), trace.valid.int().argmax(1)]


def _last(trace: Trace) -> Tensor:
    frames = trace.valid.shape[1]
    return trace.values[torch.arange(len(trace.values)), frames - 1 - trace.valid.flip(1).int().argmax(1)]


STATISTICS: dict[str, Callable[[Trace], Tensor]] = {
    "mean": _mean,
    "mean_square": _mean_square,
    "rms": lambda trace: (_mean_square(trace) + _TINY).sqrt(),
    "max": lambda trace: _hidden(trace, -torch.inf).amax(1),
    "min": lambda trace: _hidden(trace, torch.inf).amin(1),
    "range": lambda trace: _hidden(trace, -torch.inf).amax(1) - _hidden(trace, torch.inf).amin(1),
    "sum": lambda trace: _hidden(trace, 0.0).sum(1),
    "start": _first,
    "end": _last,
}
AT_PEAK = "at_peak"  # the one statistic that asks for a muscle: the value at its peak frame


def summarise(trace: Trace, statistic: str, context: Context | None = None, muscle: str | None = None) -> Tensor:
    """One number a sample and channel, (B, C), in the trace's unit (mean_square: its square).

    Args:
        statistic: a name in `STATISTICS`, or `at_peak` with `context` and `muscle`.
    """
    if statistic == AT_PEAK:
        return trace.values[torch.arange(len(trace.values)), context.peak_frame(muscle)]
    return STATISTICS[statistic](trace)


# Quantities


def _difference(context: Context, values: Tensor) -> tuple[Tensor, Tensor]:
    """Rate of change from the frame before, per second; the first frame has none."""
    rate = torch.zeros_like(values)
    rate[:, 1:] = (values[:, 1:] - values[:, :-1]) * context.rate_hz
    valid = context.mask.clone()
    valid[:, 0] = False
    valid[:, 1:] &= context.mask[:, :-1]
    return rate, valid


def _root_mean_square(values: Tensor) -> Tensor:
    return (values.square().mean(-1) + _TINY).sqrt()


def _length(vectors: Tensor) -> Tensor:
    return (vectors.square().sum(-1) + _TINY).sqrt()


def _both_sides(context: Context, name: str) -> Tensor:
    return context.motion[..., [COORDINATE_INDEX[f"{name}_{side}"] for side in SIDES]]


def _per_foot(values: Tensor) -> Tensor:
    """(B, T, 12, ...) right foot first -> (B, T, 2, 6, ...) left foot first."""
    return values.unflatten(2, (2, 6)).flip(2)


@quantity("coordinate", "deg or m", 1.0, argument="coordinate")
def coordinate(context: Context, name: str) -> Tensor:
    """Any one of the 33 coordinates by its OpenSim name, e.g. coordinate:lumbar_extension."""
    return context.motion[..., COORDINATE_INDEX[name]]


@quantity("pelvis_tilt", "deg", 1.0)
def pelvis_tilt(context: Context) -> Tensor:
    """Pelvis tilt; negative when the pelvis rotates forward, as in a squat (OpenSim's sign)."""
    return coordinate(context, "pelvis_tilt")


@quantity("hip_flexion", "deg", 1.0, channels=SIDES)
def hip_flexion(context: Context) -> Tensor:
    """Hip flexion of each side."""
    return _both_sides(context, "hip_flexion")


@quantity("knee_flexion", "deg", 1.0, channels=SIDES)
def knee_flexion(context: Context) -> Tensor:
    """Knee flexion of each side; its maximum is the usual clinical depth of a squat."""
    return _both_sides(context, "knee_angle")


@quantity("ankle_dorsiflexion", "deg", 1.0, channels=SIDES)
def ankle_dorsiflexion(context: Context) -> Tensor:
    """Ankle dorsiflexion of each side."""
    return _both_sides(context, "ankle_angle")


@quantity("asymmetry", "deg", 0.2)
def asymmetry(context: Context) -> Tensor:
    """Left minus right over hip_flexion, knee_angle and ankle_angle, root mean square of the three.

    Its rms over time is the paper's asymmetry (Table 3).
    """
    return _root_mean_square(context.motion[..., _LEFT] - context.motion[..., _RIGHT])


@quantity("angular_speed", "deg/s", 2.0)
def angular_speed(context: Context) -> tuple[Tensor, Tensor]:
    """Frame-to-frame speed of hip, knee and ankle flexion (both legs) and pelvis tilt, root mean square of the seven.

    Its rms over time is the paper's omega (Table 3).
    """
    speed, valid = _difference(context, context.motion[..., _TURNING])
    return _root_mean_square(speed), valid


@quantity("com_speed", "m/s", 0.02)
def com_speed(context: Context) -> tuple[Tensor, Tensor]:
    """Speed of the pelvis origin, which stands for the centre of mass as in the paper; finite difference."""
    velocity, valid = _difference(context, context.motion[..., TRANSLATION_INDICES])
    return _length(velocity), valid


@quantity("com_acceleration", "m/s^2", 0.2)
def com_acceleration(context: Context) -> tuple[Tensor, Tensor]:
    """Magnitude of the pelvis origin's acceleration; Laplacian [1, -2, 1] / dt^2 of the translation."""
    position = context.motion[..., TRANSLATION_INDICES]
    acceleration = torch.zeros_like(position)
    acceleration[:, 1:-1] = (position[:, 2:] - 2 * position[:, 1:-1] + position[:, :-2]) * context.rate_hz**2
    valid = torch.zeros_like(context.mask)
    valid[:, 1:-1] = context.mask[:, 2:] & context.mask[:, 1:-1] & context.mask[:, :-2]
    return _length(acceleration), valid


def _jerk(context: Context, values: Tensor) -> tuple[Tensor, Tensor]:
    """Third finite difference [-1, 3, -3, 1] / dt^3, where all four frames count."""
    jerk, valid = torch.zeros_like(values), torch.zeros_like(context.mask)
    jerk[:, 2:-1] = (values[:, 3:] - 3 * values[:, 2:-1] + 3 * values[:, 1:-2] - values[:, :-3]) * context.rate_hz**3
    mask = context.mask
    valid[:, 2:-1] = mask[:, 3:] & mask[:, 2:-1] & mask[:, 1:-2] & mask[:, :-3]
    return jerk, valid


@quantity("com_jerk", "m/s^3", 10.0)
def com_jerk(context: Context) -> tuple[Tensor, Tensor]:
    """Magnitude of the pelvis origin's jerk, the rate of change of its acceleration; smooth motion has little."""
    jerk, valid = _jerk(context, context.motion[..., TRANSLATION_INDICES])
    return _length(jerk), valid


@quantity("angular_jerk", "deg/s^3", 2000.0)
def angular_jerk(context: Context) -> tuple[Tensor, Tensor]:
    """Jerk of hip, knee and ankle flexion (both legs) and pelvis tilt, root mean square of the seven."""
    jerk, valid = _jerk(context, context.motion[..., _TURNING])
    return _root_mean_square(jerk), valid


@quantity("pelvis_drop", "m", 0.005)
def pelvis_drop(context: Context) -> Tensor:
    """How far the pelvis is below its height in the first frame that counts; its maximum is the depth of the squat."""
    height = context.motion[..., COORDINATE_INDEX["pelvis_ty"]].unsqueeze(-1)
    return (_first(Trace(height, context.mask)).unsqueeze(1) - height).squeeze(-1)


@quantity("pelvis_height", "m", 0.005)
def pelvis_height(context: Context) -> Tensor:
    """Height of the pelvis origin above the floor."""
    return context.motion[..., COORDINATE_INDEX["pelvis_ty"]] - context.floor_height[:, None]


@quantity("foot_slip", "m/s", 0.005, channels=SIDES)
def foot_slip(context: Context) -> tuple[Tensor, Tensor]:
    """Horizontal speed of the contact points that bear on the floor, mean of them, for each foot.

    A point bears on the floor when its sphere is within 2 cm of it now and a frame ago. The lowest point of a foot
    always counts, so that lifting a foot is no way out: in a squat both stay down.
    """
    points = _per_foot(context.contact_points[..., [0, 2]])  # (B, T, 2, 6, 2)
    velocity, valid = _difference(context, points)
    height = _per_foot(context.height_above_floor.detach())
    low = height < CONTACT_HEIGHT_M
    low_before = torch.cat([low[:, :1], low[:, :-1]], dim=1)
    bearing = (low & low_before) | (height <= height.amin(-1, keepdim=True))
    return (_length(velocity) * bearing).sum(-1) / bearing.sum(-1), valid


@quantity("foot_drift", "m", 0.005, channels=SIDES)
def foot_drift(context: Context) -> Tensor:
    """Horizontal distance of each foot (mean of its contact points) from where it stands on the mean."""
    place = _per_foot(context.contact_points[..., [0, 2]]).mean(-2)  # (B, T, 2, 2)
    home = _mean(Trace(place.flatten(2), context.mask)).unflatten(1, (2, 2)).unsqueeze(1)
    return _length(place - home)


@quantity("floor_penetration", "m", 0.005)
def floor_penetration(context: Context) -> Tensor:
    """How deep the deepest contact point is under the floor; 0 where none is."""
    return (-context.height_above_floor.amin(-1)).clamp(min=0)


@quantity("foot_lift", "m", 0.005, channels=SIDES)
def foot_lift(context: Context) -> Tensor:
    """Height of each foot's lowest contact point above the floor; 0 where it bears on it."""
    return _per_foot(context.height_above_floor).amin(-1).clamp(min=0)


@quantity("range_excess", "deg", 1.0)
def range_excess(context: Context) -> Tensor:
    """How far the worst joint angle is outside the range that the person's model gives it; 0 inside."""
    limits = context.skeleton.coordinate_range.to(context.motion)[list(ROTATION_INDICES)]
    angles = context.motion[..., ROTATION_INDICES]
    return torch.maximum(limits[:, 0] - angles, angles - limits[:, 1]).clamp(min=0).amax(-1)


@quantity("knee_valgus", "m", 0.005, channels=SIDES)
def knee_valgus(context: Context) -> Tensor:
    """How far each knee's centre is on the inner side of the line from hip to ankle, along the line through both hips;
    negative outside it.

    A length, as the projected angle of two segments loses its meaning when the thigh points at the viewer.
    """
    hip, knee, ankle = context.leg_joints.unbind(-2)  # (B, T, 2, 3)
    leg = ankle - hip
    share = ((knee - hip) * leg).sum(-1, keepdim=True) / leg.square().sum(-1, keepdim=True).clamp_min(_TINY)
    across = hip.flip(2) - hip  # from each hip to the other
    inwards = across / _length(across).unsqueeze(-1)
    return ((knee - hip - share * leg) * inwards).sum(-1)


@quantity("trunk_lean", "deg", 1.0)
def trunk_lean(context: Context) -> Tensor:
    """Angle of the torso's long axis from the vertical, forwards or to a side."""
    rotation, _ = context.skeleton.bodies(context.motion)
    axis = rotation[..., context.skeleton.body_names.index("torso"), :, 1]
    return torch.atan2(_length(axis[..., [0, 2]]), axis[..., 1]).rad2deg()


@quantity("activation", "0-1", 0.01, argument="muscle", channels=SIDES)
def activation(context: Context, muscle: str) -> tuple[Tensor, Tensor]:
    """Activation of a muscle: of both sides (activation:vasmed) or of one (activation:vasmed_l)."""
    return context.activations[..., muscle_indices(muscle)], context.activation_mask


def muscle_indices(muscle: str) -> list[int]:
    """Canonical indices of `vasmed` (left, right) or `vasmed_l`; InputError where there is no such muscle."""
    names = [muscle] if muscle in MUSCLE_INDEX else [f"{muscle}_{side}" for side in SIDES]
    if any(name not in MUSCLE_INDEX for name in names):
        known = ", ".join(sorted({name[:-2] for name in MUSCLE_INDEX}))
        raise InputError(f"there is no muscle {muscle!r}; known are {known}, each also with _l or _r")
    return [MUSCLE_INDEX[name] for name in names]


def outside(values: Tensor, low: float | None, high: float | None) -> Tensor:
    """max(values - high, low - values, 0): how far values are outside [low, high]; None leaves a side open."""
    excess = torch.zeros_like(values)
    if high is not None:
        excess = torch.maximum(excess, values - high)
    if low is not None:
        excess = torch.maximum(excess, low - values)
    return excess


def pooled_rms(name: str, context: Context) -> Tensor:
    """Root mean square of a quantity over every valid frame of every sample: how the paper pools Table 3."""
    trace = evaluate(name, context)
    frames = trace.valid.sum(1, keepdim=True)
    return ((_mean_square(trace) * frames).sum() / frames.sum() / trace.values.shape[-1]).sqrt()


def published_metrics(context: Context, low: float = 0.35, high: float = 0.45, muscle: str = "vasmed") -> dict:
    """The paper's Table 3 for a set of motions, as the published evaluation defines it.

    Args:
        context: motions with activations (or a surrogate).
        low, high: the range asked of `muscle`'s peak.

    Returns:
        pelvis_tilt_deg (mean of each sample's tilt at its own frame of peak `muscle`), asymmetry_deg,
        angular_speed_deg_s, com_speed_m_s, com_acceleration_m_s2 (each pooled RMS) and mac (mean over samples and
        both sides of max(peak - high, low - peak, 0)).
    """
    peak = summarise(evaluate("activation", context, muscle), "max")
    tilt = summarise(evaluate("pelvis_tilt", context), AT_PEAK, context, muscle)
    metrics = {
        "pelvis_tilt_deg": tilt.mean(),
        "asymmetry_deg": pooled_rms("asymmetry", context),
        "angular_speed_deg_s": pooled_rms("angular_speed", context),
        "com_speed_m_s": pooled_rms("com_speed", context),
        "com_acceleration_m_s2": pooled_rms("com_acceleration", context),
        "mac": outside(peak, low, high).mean(),
    }
    return {name: float(value) for name, value in metrics.items()}
