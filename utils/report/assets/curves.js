// Small panels of curves over time. One cursor in all of them shows the player's frame.

const PANEL_HEIGHT = 132;
const EDGE = { left: 38, right: 8, top: 8, bottom: 20 };

// A group of panels in `box`, which the select element `chooser` chooses.
// `curveOf(motion, column, kind)` is a curve or null; kind is "predicted" or "simulated".
class CurvePanels {
  constructor(data, player, box, chooser, groups, curveOf) {
    Object.assign(this, { data, player, box, chooser, groups, curveOf, panels: [] });
    for (const name of Object.keys(groups)) chooser.append(htmlElement("option", { value: name }, name));
    chooser.addEventListener("change", () => this.build());
    player.listeners.push((changed) => {
      if (["sample", "other", "match"].some((name) => changed.has(name))) this.draw();
      else if (changed.has("frame")) this.moveCursor();
    });
    this.build();
    new ResizeObserver(() => this.draw()).observe(box);
  }

  build() {
    this.box.replaceChildren();
    this.panels = this.groups[this.chooser.value].map((panel) => {
      const readout = htmlElement("span", { class: "readout" });
      const title = htmlElement("span", { class: "panel-title" }, panel.title);
      title.append(htmlElement("span", { class: "unit" }, ` [${panel.unit}]`));
      if (panel.weak) title.append(htmlElement("span", { class: "weak", title: panel.weak }, "weak"));
      const svg = svgElement("svg", { class: "panel", role: "img", height: PANEL_HEIGHT });
      const figure = htmlElement("figure", {}, htmlElement("figcaption", {}, title, readout), svg);
      if (panel.positive) figure.append(htmlElement("span", { class: "positive" }, `+ ${panel.positive}`));
      for (const { words } of panel.ranges) figure.append(htmlElement("span", { class: "positive target" }, words));
      this.box.append(figure);
      const scrub = (event) => {
        const area = svg.getBoundingClientRect();
        const position = (event.clientX - area.left - EDGE.left) / (area.width - EDGE.left - EDGE.right);
        this.player.seek(Math.round(position * (this.player.sample.frames - 1)));
      };
      svg.addEventListener("pointerdown", (event) => {
        svg.setPointerCapture(event.pointerId);
        scrub(event);
      });
      svg.addEventListener("pointermove", (event) => event.buttons && scrub(event));
      return { ...panel, svg, readout, limits: this.limits(panel) };
    });
    this.draw();
  }

  // Limits of the vertical axis: the same for all samples, so that the curves of two samples can be compared.
  limits(panel) {
    let values = panel.ranges.flatMap(({ low, high }) => [low, high]).filter((value) => value !== null);
    for (const motion of this.data.motions) {
      for (const name of panel.columns) {
        for (const kind of ["predicted", "simulated"]) {
          const known = this.curveOf(motion, name, kind)?.filter(Number.isFinite);
          if (known?.length) values = [...values, Math.min(...known), Math.max(...known)];
        }
      }
    }
    if (panel.band) values = [...values, Math.min(...panel.band.low), Math.max(...panel.band.high)];
    let [low, high] = [Math.min(...values), Math.max(...values)];
    if (panel.fraction) [low, high] = [0, Math.max(0.2, Math.ceil(10 * high) / 10)];
    else {
      const leastSpan = panel.unit === "m" ? 0.05 : 10;
      const margin = Math.max(0.05 * (high - low), (leastSpan - (high - low)) / 2);
      [low, high] = [low - margin, high + margin];
    }
    return [low, high];
  }

  draw() {
    for (const panel of this.panels) this.drawPanel(panel);
    this.moveCursor();
  }

  drawPanel(panel) {
    const { sample } = this.player;
    const width = Math.max(180, panel.svg.parentElement.clientWidth - 2);
    const [low, high] = panel.limits;
    const last = sample.frames - 1;
    panel.x = (frame) => EDGE.left + ((width - EDGE.left - EDGE.right) * frame) / last;
    panel.y = (value) => EDGE.top + ((PANEL_HEIGHT - EDGE.top - EDGE.bottom) * (high - value)) / (high - low);
    const curves = this.sampleCurves(panel);

    panel.cursor = svgElement("line", { class: "cursor", y1: EDGE.top, y2: PANEL_HEIGHT - EDGE.bottom });
    panel.marks = curves.map(({ side, curve }) => {
      const [shape, size] = side === "r" ? ["rect", { width: 8, height: 8 }] : ["circle", { r: 4.5 }];
      return { side, curve, mark: svgElement(shape, { class: `cursor-mark side-${side}`, ...size }) };
    });
    panel.svg.setAttribute("viewBox", `0 0 ${width} ${PANEL_HEIGHT}`);
    panel.svg.replaceChildren(
      ...this.bandParts(panel),
      ...this.uncountedParts(panel, last),
      ...this.axisParts(panel, last),
      ...panel.ranges.map((range) => this.rangePart(panel, range, last)),
      ...this.curveParts(panel),
      panel.cursor,
      ...panel.marks.map(({ mark }) => mark),
    );
    const peaks = curves.map(({ side, curve }) => {
      const peak = Math.max(...curve);
      const time = (curve.indexOf(peak) / this.data.rate).toFixed(2);
      return `${SIDE_WORDS[side] || ""} largest ${formatValue(peak, panel)} at ${time} s`.trim();
    });
    panel.svg.setAttribute("aria-label", `${panel.title}, ${sample.label}: ${peaks.join("; ")}`);
  }

  // The sample's predicted curves with their sides: "l" and "r", or "b" for a curve of both.
  sampleCurves(panel) {
    return panel.columns
      .map((name, i) => ({ side: sideOf(panel, i), curve: this.curveOf(this.player.sample, name, "predicted") }))
      .filter(({ curve }) => curve);
  }

  bandParts(panel) {
    if (!panel.band) return [];
    const { low, high, mean, single } = panel.band;
    const frame = (i) => frameOf((2 * i) / (mean.length - 1), this.player.sample);
    const points = (values) => values.map((value, i) => [frame(i), value]);
    const meanLine = svgElement("path", { class: "band-mean", d: pathOf(panel, points(mean)) });
    if (single) return [meanLine];
    const outline = pathOf(panel, [...points(high), ...points(low).reverse()]);
    return [svgElement("path", { class: "band", d: `${outline}Z` }), meanLine];
  }

  // The first and last frames, whose activations do not count.
  uncountedParts(panel, last) {
    if (!panel.fraction) return [];
    const [low, high] = panel.limits;
    const { x, y } = panel;
    return [0, last - this.data.endFrames].map((first) => {
      const area = { x: x(first), width: x(this.data.endFrames) - x(0), y: y(high), height: y(low) - y(high) };
      return svgElement("rect", { class: "ends", ...area });
    });
  }

  axisParts(panel, last) {
    const parts = [];
    const { x, y } = panel;
    const [low, high] = panel.limits;
    const step = tickStep(high - low);
    for (let value = Math.ceil(low / step) * step; value <= high + 1e-9; value += step) {
      const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
      const text = Math.abs(value) < 1e-9 ? "0" : value.toFixed(digits).replace("-", "−");
      parts.push(svgElement("line", { class: "grid", x1: x(0), x2: x(last), y1: y(value), y2: y(value) }));
      parts.push(svgElement("text", { x: EDGE.left - 5, y: y(value) + 4, "text-anchor": "end" }, text));
    }
    for (let second = 0; second <= last / this.data.rate; second++) {
      const place = { x: x(second * this.data.rate), y: PANEL_HEIGHT - 5, "text-anchor": "middle" };
      parts.push(svgElement("text", place, second ? `${second}` : "0 s"));
    }
    return parts;
  }

  rangePart(panel, range, last) {
    const { x, y } = panel;
    const top = y(range.high ?? panel.limits[1]);
    const bottom = y(range.low ?? panel.limits[0]);
    const area = { x: x(0), width: x(last) - x(0), y: top, height: Math.max(1, bottom - top) };
    return svgElement("rect", { class: "target", ...area }, svgElement("title", {}, range.words));
  }

  curveParts(panel) {
    const { sample, other, match } = this.player;
    const parts = [];
    const add = (curve, name, side) => {
      if (!curve) return;
      const points = curve.map((value, frame) => [frame, value]);
      parts.push(svgElement("path", { class: `${name} side-${side}`, d: pathOf(panel, points) }));
    };
    const toOther = (frame) => (match ? matchedFrame(frame, sample, other) : Math.min(frame, other.frames - 1));
    for (const [i, name] of panel.columns.entries()) {
      const side = sideOf(panel, i);
      const otherCurve = other && this.curveOf(other, name, "predicted");
      const frames = otherCurve ? Array.from({ length: sample.frames }, (_, frame) => toOther(frame)) : [];
      add(otherCurve && frames.map((frame) => interpolate(otherCurve, frame)), "other", side);
      add(this.curveOf(sample, name, "simulated"), "simulated", side);
      add(this.curveOf(sample, name, "predicted"), "curve", side);
    }
    return parts;
  }

  moveCursor() {
    const { frame } = this.player;
    for (const panel of this.panels) {
      const at = panel.x(frame);
      panel.cursor.setAttribute("x1", at);
      panel.cursor.setAttribute("x2", at);
      const words = panel.marks.map(({ side, curve, mark }) => {
        const value = interpolate(curve, frame);
        const height = panel.y(value);
        const place = side === "r" ? { x: at - 4, y: height - 4 } : { cx: at, cy: height };
        for (const [key, number] of Object.entries(place)) mark.setAttribute(key, number.toFixed(1));
        return `${side === "b" ? "" : `${side.toUpperCase()} `}${formatValue(value, panel)}`;
      });
      panel.readout.textContent = words.join("  ");
    }
  }
}

// The side of a panel's i-th column: "l" or "r", or "b" in a panel with a single column.
function sideOf(panel, i) {
  return panel.columns.length > 1 ? SIDES[i] : "b";
}

// The path through those points [frame, value] that have a value.
function pathOf(panel, points) {
  const known = points.filter(([, value]) => Number.isFinite(value));
  const places = known.map(([frame, value]) => `${panel.x(frame).toFixed(1)},${panel.y(value).toFixed(1)}`);
  return places.length ? `M${places.join("L")}` : "";
}

function formatValue(value, panel) {
  const digits = panel.fraction || panel.unit === "m" ? 2 : 0;
  const text = value.toFixed(digits);
  const unit = panel.fraction ? "" : panel.unit === "m" ? " m" : panel.unit;
  return (Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−")) + unit;
}

// Distance between the ticks of an axis of this span: 1, 2 or 5 times a power of ten.
function tickStep(span) {
  const power = 10 ** Math.floor(Math.log10(span / 3));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= span / 4);
}

// Mean and mean ± 2 SD of the columns of both sides pooled; null without a reference.
// The lower edge of the band is at least `least`.
function bandOf(reference, columns, least = -Infinity) {
  if (!reference || columns.some((column) => column === undefined)) return null;
  const length = reference.mean.length;
  const mean = [], low = [], high = [];
  for (let i = 0; i < length; i++) {
    const means = columns.map((column) => reference.mean[i][column]);
    const middle = means.reduce((a, b) => a + b) / means.length;
    const within = reference.sd ? columns.reduce((sum, c) => sum + reference.sd[i][c] ** 2, 0) / columns.length : 0;
    const across = means.reduce((sum, value) => sum + (value - middle) ** 2, 0) / means.length;
    const deviation = reference.sd ? Math.sqrt(within + across) : 0;
    mean.push(middle);
    low.push(Math.max(least, middle - 2 * deviation));
    high.push(middle + 2 * deviation);
  }
  return { mean, low, high, single: !reference.sd };
}
