"""Charts of the page as SVG, which need no script, take the colours of the page, and can be printed."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

_MOST_POINTS = 160  # of a curve over the iterations of a run
_MOST_BATCHES = 40  # that are drawn one by one
# Pixels of a history chart and of the margins around its plot
_WIDTH, _HEIGHT = 300, 130
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 22
# Pixels of the square chart of peaks
_SIZE, _MARGIN, _FAR_MARGIN = 420, 54, 12


def peak_chart(predicted: np.ndarray, simulated: np.ndarray, asked: tuple[float, float] | None, muscle: str) -> Markup:
    """Simulated over predicted peak activation, with a circle for each left and a square for each right side.

    Args:
        predicted: (S, 2) predicted peaks, left and right.
        simulated: (S, 2) simulated peaks.
        asked: the range, drawn as a band along either axis; None where none was asked for.
        muscle: name of the muscle.
    """
    most = max(predicted.max(), simulated.max(), *(asked or ()))
    top = max(0.6, float(np.ceil(10 * most + 0.2) / 10))
    length = _SIZE - _MARGIN - _FAR_MARGIN

    def x(value: float) -> float:
        return _MARGIN + length * value / top

    def y(value: float) -> float:
        return _SIZE - _MARGIN - length * value / top

    parts = [_line(x(0), y(0), x(top), y(top), "diagonal")]
    if asked is not None:
        low, high = asked
        parts += [
            _rectangle(x(0), y(high), x(top) - x(0), y(low) - y(high), "range"),
            _rectangle(x(low), y(top), x(high) - x(low), y(0) - y(top), "range"),
            _text(x(top) - 4, y((low + high) / 2) + 4, "range", "note", "end"),
        ]
    for tick in np.arange(0, top + 1e-9, 0.1 if top <= 0.8 else 0.2):
        parts += [
            _line(x(tick), y(0), x(tick), y(0) + 4, "axis"),
            _text(x(tick), y(0) + 18, f"{tick:.1f}", "tick", "middle"),
            _line(x(0) - 4, y(tick), x(0), y(tick), "axis"),
            _text(x(0) - 8, y(tick) + 4, f"{tick:.1f}", "tick", "end"),
        ]
    parts += [_line(x(0), y(0), x(top), y(0), "axis"), _line(x(0), y(0), x(0), y(top), "axis")]
    for j, (before, after) in enumerate(zip(predicted, simulated, strict=True)):
        left, right = ((x(a), y(b)) for a, b in zip(before, after, strict=True))
        tips = [
            Markup("<title>sample {}: {}, predicted {:.2f}, simulated {:.2f}</title>").format(j, side, a, b)
            for side, a, b in zip(("left", "right"), before, after, strict=True)
        ]
        parts += [
            Markup('<circle class="mark l" cx="{:.1f}" cy="{:.1f}" r="5">{}</circle>').format(*left, tips[0]),
            Markup('<rect class="mark r" x="{:.1f}" y="{:.1f}" width="9" height="9">{}</rect>').format(
                right[0] - 4.5, right[1] - 4.5, tips[1]
            ),
        ]
    parts += [
        _text((x(0) + x(top)) / 2, _SIZE - 14, f"predicted peak of {muscle} (0–1)", "label", "middle"),
        Markup(
            '<text class="label" text-anchor="middle" transform="translate(16 {:.0f}) rotate(-90)">{}</text>'
        ).format((y(0) + y(top)) / 2, f"simulated peak of {muscle} (0–1)"),
    ]
    label = f"Simulated over predicted peaks of {muscle}; the table has the numbers"
    return _svg(_SIZE, _SIZE, parts, label, "scatter")


def history_chart(title: str, iteration: np.ndarray, batch: np.ndarray, values: np.ndarray) -> Markup:
    """One figure of the optimisation over the iterations of all batches, with dashed lines between batches.

    Args:
        title: what the values are.
        iteration: (N,) iteration within the batch.
        batch: (N,) number of the batch.
        values: (N,); NaN where an iteration has no value.
    """
    usable = np.isfinite(values)
    top = float(values[usable].max()) if usable.any() else 0.0
    top = top or 1.0
    numbers = np.unique(batch)
    if len(numbers) > _MOST_BATCHES:  # one curve through all of them
        batch, iteration, numbers = np.zeros(len(batch)), np.arange(len(batch)), np.zeros(1)
    lengths = [iteration[batch == number].max() + 1 for number in numbers]
    starts = np.concatenate([[0], np.cumsum(lengths)])

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * value / starts[-1]

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / top

    parts = [_line(x(start), y(0), x(start), y(top), "part") for start in starts[1:-1]]
    for start, number in zip(starts, numbers, strict=False):
        own = (batch == number) & usable
        points = " ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in downsample(start + iteration[own], values[own]))
        parts.append(Markup('<polyline class="curve" points="{}"/>').format(points))
    parts += [
        _line(x(0), y(0), x(starts[-1]), y(0), "axis"),
        _line(x(0), y(0), x(0), y(top), "axis"),
        _text(x(0) - 5, y(top) + 8, f"{top:.2g}", "tick", "end"),
        _text(x(0) - 5, y(0), "0", "tick", "end"),
        _text(x(0), _HEIGHT - 6, "0", "tick", "middle"),
        _text(x(starts[-1]), _HEIGHT - 6, f"{starts[-1]:.0f} iterations", "tick", "end"),
    ]
    return _svg(_WIDTH, _HEIGHT, parts, f"{title} over the iterations; the axis runs from 0 to {top:.2g}", "history")


def downsample(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
    """A curve with at most `_MOST_POINTS` points, which are means over blocks; the last point is kept."""
    if len(x) <= _MOST_POINTS:
        return list(zip(x.tolist(), y.tolist(), strict=True))
    blocks = np.array_split(np.arange(len(x) - 1), _MOST_POINTS - 1)
    points = [(float(x[block].mean()), float(y[block].mean())) for block in blocks]
    return [*points, (float(x[-1]), float(y[-1]))]


def _svg(width: float, height: float, parts: Sequence[Markup], label: str, name: str) -> Markup:
    opening = Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        name, width, height, label
    )
    return opening + Markup("").join(parts) + Markup("</svg>")


def _line(x1: float, y1: float, x2: float, y2: float, name: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(name, x1, y1, x2, y2)


def _rectangle(x: float, y: float, width: float, height: float, name: str) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        name, x, y, width, height
    )


def _text(x: float, y: float, text: str, name: str, anchor: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        name, x, y, anchor, escape(text)
    )
