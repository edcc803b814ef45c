"""Metrics that are statistics of biomechanical quantities, as the catalogue lists them."""

from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import summarise
from utils.metrics.catalogue import METRICS


def quantity_metrics(part: str, context: Context, *, has_skeleton: bool) -> dict[str, float]:
    """Means over motions and sides of each motion's statistics, in the units of the catalogue.

    A root mean square is each motion's own here, whereas the paper pools the frames of all motions. Feet are judged by
    the model's contact spheres, on which OpenCap's simulations stand: a joint centre, as in the paper, is inside the
    foot and is no part of the sole. Each motion has its own floor, the median over frames of its lowest sole point.

    Args:
        part: the metrics of this part of the catalogue are computed.
        context: motions; the frames of its mask count.
        has_skeleton: whether the context has the subject's skeleton. Metrics that need one are left out otherwise.
    """
    values = {}
    for metric in METRICS.values():
        source = metric.source
        if metric.part == part and source is not None and (has_skeleton or not source.needs_skeleton):
            statistic = summarise(evaluate_quantity(source.quantity, context), source.statistic)
            values[metric.name] = source.scale * float(statistic.mean())
    return values
