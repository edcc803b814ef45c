"""Guidance metrics as the BIGE paper defines them (Table 3)."""

from torch import Tensor

from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import AT_PEAK, outside, summarise


def published_guidance_metrics(context: Context) -> dict[str, float]:
    """The metrics of the paper's Table 3 that need no activations, as the published evaluation computes them.

    Returns:
        By name of the catalogue: asymmetry, degrees, omega, degrees per second, com_velocity, m/s, and
        com_acceleration, m/s², each a pooled RMS.
    """
    metrics = {
        "asymmetry": _pooled_rms("asymmetry", context),
        "omega": _pooled_rms("angular_speed", context),
        "com_velocity": _pooled_rms("com_speed", context),
        "com_acceleration": _pooled_rms("com_acceleration", context),
    }
    return {name: float(value) for name, value in metrics.items()}


def published_activation_metrics(context: Context, low: float, high: float, muscle: str) -> dict[str, float]:
    """The metrics of the paper's Table 3 that need activations, as the published evaluation computes them.

    Args:
        context: motions with activations.
        low: lower limit of the requested peak activation, 0 to 1.
        high: upper limit of it, 0 to 1.
        muscle: the muscle whose activation is requested, on both sides.

    Returns:
        By name of the catalogue: pelvis_tilt, degrees, the mean over motions of the tilt at the frame of each motion's
        peak activation; mac, the mean over motions and sides of max(peak - high, low - peak, 0).
    """
    peak = summarise(evaluate_quantity("activation", context, muscle), "max")
    tilt = summarise(evaluate_quantity("pelvis_tilt", context), AT_PEAK, context, muscle)
    return {"pelvis_tilt": float(tilt.mean()), "mac": float(outside(peak, low, high).mean())}


def _pooled_rms(quantity: str, context: Context) -> Tensor:
    """Root mean square of a quantity over all valid frames of all motions, as the paper pools them."""
    trace = evaluate_quantity(quantity, context)
    frames = trace.valid.sum(1, keepdim=True)
    return ((trace.mean_square() * frames).sum() / frames.sum() / trace.values.shape[-1]).sqrt()
