"""Static pictures of a report as SVG text: they need no script, follow the page's colours, and print."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

_MOST_POINTS = 160  # of a curve, over the iterations of a run
_WIDTH, _HEIGHT = 300, 130
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 22


def scatter(promised: np.ndarray, found: np.ndarray, asked: tuple[float, float] | None, muscle: str) -> Markup:
    """Promised against simulated peaks (S, 2), a circle for each left and a square for each right side.

    asked: the range, drawn as a band for either axis, where it is known.
    """
    size, margin = 420, 54
    most = max(promised.max(), found.max(), asked[1] if asked else 0)
    top = max(0.6, float(np.ceil(10 * most + 0.2) / 10))

    def x(value: float) -> float:
        return margin + (size - margin - 12) * value / top

    def y(value: float) -> float:
        return size - margin - (size - margin - 12) * value / top

    parts = [_line(x(0), y(0), x(top), y(top), "diagonal")]
    if asked:
        low, high = asked
        parts += [
            _rectangle(x(0), y(high), x(top) - x(0), y(low) - y(high), "range"),
            _rectangle(x(low), y(top), x(high) - x(low), y(0) - y(top), "range"),
            _text(x(top) - 4, y((low + high) / 2) + 4, "asked", "note", "end"),
        ]
    for tick in np.arange(0, top + 1e-9, 0.1 if top <= 0.8 else 0.2):
        parts += [
            _line(x(tick), y(0), x(tick), y(0) + 4, "axis"),
            _text(x(tick), y(0) + 18, f"{tick:.1f}", "tick", "middle"),
            _line(x(0) - 4, y(tick), x(0), y(tick), "axis"),
            _text(x(0) - 8, y(tick) + 4, f"{tick:.1f}", "tick", "end"),
        ]
    parts += [_line(x(0), y(0), x(top), y(0), "axis"), _line(x(0), y(0), x(0), y(top), "axis")]
    for j, (promise, answer) in enumerate(zip(promised, found, strict=True), 1):
        left, right = ((x(a), y(b)) for a, b in zip(promise, answer, strict=True))
        tip = Markup("<title>sample {}: {}</title>")
        parts += [
            Markup('<circle class="mark l" cx="{:.1f}" cy="{:.1f}" r="5">{}</circle>').format(
                *left, tip.format(j, f"left, promised {promise[0]:.2f}, simulated {answer[0]:.2f}")
            ),
            Markup('<rect class="mark r" x="{:.1f}" y="{:.1f}" width="9" height="9">{}</rect>').format(
                right[0] - 4.5, right[1] - 4.5, tip.format(j, f"right, promised {promise[1]:.2f}, "
                f"simulated {answer[1]:.2f}")
            ),
        ]  # fmt: skip
    parts += [
        _text((x(0) + x(top)) / 2, size - 14, f"promised peak of {muscle} (0–1)", "label", "middle"),
        Markup(
            '<text class="label" text-anchor="middle" transform="translate(16 {:.0f}) rotate(-90)">{}</text>'
        ).format((y(0) + y(top)) / 2, f"simulated peak of {muscle} (0–1)"),
    ]
    label = f"Promised against simulated peaks of {muscle}; the table has the numbers"
    return _svg(size, size, parts, label, "scatter")


def history(title: str, iteration: np.ndarray, batch: np.ndarray, values: np.ndarray) -> Markup:
    """One figure of the optimisation over its iterations, batch after batch; NaN leaves gaps, lines part batches."""
    usable = np.isfinite(values)
    top = float(values[usable].max()) if usable.any() else 0.0
    top = top or 1.0
    numbers = np.unique(batch)
    lengths = [iteration[batch == number].max() + 1 for number in numbers]
    starts = np.concatenate([[0], np.cumsum(lengths)])

    def x(value) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * value / starts[-1]

    def y(value) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / top

    parts = [_line(x(start), y(0), x(start), y(top), "part") for start in starts[1:-1]]
    for start, number in zip(starts, numbers, strict=False):
        own = (batch == number) & usable
        points = " ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in downsampled(start + iteration[own], values[own]))
        parts.append(Markup('<polyline class="curve" points="{}"/>').format(points))
    parts += [
        _line(x(0), y(0), x(starts[-1]), y(0), "axis"),
        _line(x(0), y(0), x(0), y(top), "axis"),
        _text(x(0) - 5, y(top) + 8, f"{top:.2g}", "tick", "end"),
        _text(x(0) - 5, y(0), "0", "tick", "end"),
        _text(x(0), _HEIGHT - 6, "0", "tick", "middle"),
        _text(x(starts[-1]), _HEIGHT - 6, f"{starts[-1]:.0f} iterations", "tick", "end"),
    ]
    return _svg(_WIDTH, _HEIGHT, parts, f"{title} over the iterations, from 0 to {top:.2g}", "history")


def downsampled(x: np.ndarray, y: np.ndarray, most: int = _MOST_POINTS) -> list[tuple[float, float]]:
    """At most `most` points of a curve, means of as many blocks, with the last point kept as it is."""
    if len(x) <= most:
        return list(zip(x.tolist(), y.tolist(), strict=True))
    blocks = np.array_split(np.arange(len(x) - 1), most - 1)
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
