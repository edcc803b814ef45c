"""Guidance metrics as the BIGE paper defines them (Table 3)."""

from torch import Tensor

from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate
from utils.biomechanics.statistics import AT_PEAK, outside, summarise


def pooled_rms(name: str, context: Context) -> Tensor:
    """Root mean square of a quantity over every valid frame of every sample: how the paper pools Table 3."""
    trace = evaluate(name, context)
    frames = trace.valid.sum(1, keepdim=True)
    return ((trace.mean_square() * frames).sum() / frames.sum() / trace.values.shape[-1]).sqrt()


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
