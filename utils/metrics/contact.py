"""Feet and floor on the model's contact spheres, where the paper looks at joint centres.

A joint centre is inside the foot and no part of the sole; the spheres are what OpenCap's simulations stand on. Each
motion has its own floor, the median over frames of its lowest sole point.
"""

from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate
from utils.biomechanics.statistics import summarise

_STATISTICS = {
    "contact_penetration": ("floor_penetration", "mean", 100),
    "contact_floating": ("foot_lift", "mean", 100),
    "contact_sliding": ("foot_slip", "mean", 100),
    "contact_drift": ("foot_drift", "max", 100),
}


def contact_metrics(context: Context) -> dict[str, float]:
    """Means over motions (and feet), cm and cm/s; the quantities are defined in `utils.quantities`.

    contact_penetration: mean over frames of how deep the deepest contact point is under the floor, cm.
    contact_floating: mean over frames of how high each foot's lowest contact point is above it, cm.
    contact_sliding: mean over frames of the horizontal speed of the points that bear on the floor, cm/s.
    contact_drift: the furthest that a foot gets from where it stands on the mean, cm.
    """
    return {
        name: scale * float(summarise(evaluate(quantity, context), statistic).mean())
        for name, (quantity, statistic, scale) in _STATISTICS.items()
    }
