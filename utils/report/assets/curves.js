// Small panels of curves over time. One cursor in all of them shows the player's frame.

const PANEL_HEIGHT = 132;
const EDGE = { left: 38, right: 8, top: 8, bottom: 20 };

// A group of panels in `box`, chosen by the select element `chooser`. `curveOf(motion, column, kind)` is a curve or null.
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
      if (panel.range) figure.append(htmlElement("span", { class: "positive target" }, panel.range.words));
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
    let values = panel.range ? [panel.range.low, panel.range.high].filter((value) => value !== null) : [];
    for (const motion of this.data.motions) {
      for (const name of panel.columns) {
        for (const kind of ["predicted", "simulated"]) {
          const curve = this.curveOf(motion, name, kind);
          if (curve) values = [...values, Math.min(...curve), Math.max(...curve)];
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
    const { sample, other } = this.player;
    const width = Math.max(180, panel.svg.parentElement.clientWidth - 2);
    const [low, high] = panel.limits;
    const last = sample.frames - 1;
    const x = (frame) => EDGE.left + ((width - EDGE.left - EDGE.right) * frame) / last;
    const y = (value) => EDGE.top + ((PANEL_HEIGHT - EDGE.top - EDGE.bottom) * (high - value)) / (high - low);
    Object.assign(panel, { x, y });
    const path = (points) => "M" + points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join("L");
    const line = (curve, name) => svgElement("path", { class: name, d: path(curve.map((value, frame) => [frame, value])) });
    const parts = [];

    if (panel.band) {
      const { low: under, high: over, mean, single } = panel.band;
      const frame = (i) => frameOf((2 * i) / (mean.length - 1), sample);
      const upper = over.map((value, i) => [frame(i), value]);
      const lower = under.map((value, i) => [frame(i), value]).reverse();
      if (!single) parts.push(svgElement("path", { class: "band", d: `${path([...upper, ...lower])}Z` }));
      parts.push(svgElement("path", { class: "band-mean", d: path(mean.map((value, i) => [frame(i), value])) }));
    }
    if (panel.fraction) {
      for (const from of [0, last - this.data.endFrames]) {
        const box = { x: x(from), width: x(this.data.endFrames) - x(0), y: y(high), height: y(low) - y(high) };
        parts.push(svgElement("rect", { class: "ends", ...box }));
      }
    }
    const tick = tickStep(high - low);
    for (let value = Math.ceil(low / tick) * tick; value <= high + 1e-9; value += tick) {
      const text = Math.abs(value) < 1e-9 ? "0" : value.toFixed(Math.max(0, -Math.floor(Math.log10(tick) + 1e-9)));
      parts.push(svgElement("line", { class: "grid", x1: x(0), x2: x(last), y1: y(value), y2: y(value) }));
      parts.push(svgElement("text", { x: EDGE.left - 5, y: y(value) + 4, "text-anchor": "end" }, text.replace("-", "−")));
    }
    for (let second = 0; second <= last / this.data.rate; second++) {
      const at = x(second * this.data.rate);
      parts.push(svgElement("text", { x: at, y: PANEL_HEIGHT - 5, "text-anchor": "middle" }, second ? `${second}` : "0 s"));
    }
    if (panel.range) {
      const top = panel.range.high ?? high;
      const bottom = panel.range.low ?? low;
      const box = { x: x(0), width: x(last) - x(0), y: y(top), height: Math.max(1, y(bottom) - y(top)) };
      parts.push(svgElement("rect", { class: "target", ...box }, svgElement("title", {}, panel.range.words)));
    }
    const curves = [];
    for (const [i, name] of panel.columns.entries()) {
      const side = panel.columns.length > 1 ? SIDES[i] : "b";
      const otherCurve = other && this.curveOf(other, name, "predicted");
      if (otherCurve) {
        const frames = Array.from({ length: sample.frames }, (_, frame) =>
          this.player.match ? matchedFrame(frame, sample, other) : Math.min(frame, other.frames - 1),
        );
        parts.push(line(frames.map((frame) => interpolate(otherCurve, frame)), `other side-${side}`));
      }
      const simulated = this.curveOf(sample, name, "simulated");
      if (simulated) parts.push(line(simulated, `simulated side-${side}`));
      const curve = this.curveOf(sample, name, "predicted");
      if (curve) {
        parts.push(line(curve, `curve side-${side}`));
        curves.push({ side, curve });
      }
    }
    panel.cursor = svgElement("line", { class: "cursor", y1: EDGE.top, y2: PANEL_HEIGHT - EDGE.bottom });
    panel.marks = curves.map(({ side, curve }) => {
      const shape = side === "r" ? ["rect", { width: 8, height: 8 }] : ["circle", { r: 4.5 }];
      return { side, curve, mark: svgElement(shape[0], { class: `cursor-mark side-${side}`, ...shape[1] }) };
    });
    panel.svg.setAttribute("viewBox", `0 0 ${width} ${PANEL_HEIGHT}`);
    panel.svg.replaceChildren(...parts, panel.cursor, ...panel.marks.map(({ mark }) => mark));
    const peaks = curves.map(({ side, curve }) => {
      const peak = Math.max(...curve);
      const where = (curve.indexOf(peak) / this.data.rate).toFixed(2);
      return `${SIDE_WORDS[side] || ""} largest ${formatValue(peak, panel)} at ${where} s`.trim();
    });
    panel.svg.setAttribute("aria-label", `${panel.title}, ${sample.label}: ${peaks.join("; ")}`);
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

// Mean and mean ± 2 SD of the columns of both sides pooled; null without a reference. The lower edge is at least `least`.
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
