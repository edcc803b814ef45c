// Decodes the page's data, texts of integers as in utils/report/encoding.py, and derives curves.

const SIDES = ["l", "r"];
const SIDE_WORDS = { l: "left", r: "right" };

function decodeIntegers(text, frames, columns) {
  const binary = atob(text);
  let place = 0;
  const half = () => {
    const byte = binary.charCodeAt(place >> 1);
    return place++ & 1 ? byte >> 4 : byte & 15;
  };
  const order = half();
  const values = new Int32Array(frames * columns);
  for (let i = 0; i < values.length; i++) {
    let folded = 0;
    for (let shift = 0, more = 1; more; shift += 3) {
      const digit = half();
      folded |= (digit & 7) << shift;
      more = digit & 8;
    }
    values[i] = (folded >>> 1) ^ -(folded & 1);
  }
  for (let k = 0; k < order; k++) for (let i = columns; i < values.length; i++) values[i] += values[i - columns];
  return values;
}

function readData(script) {
  const data = JSON.parse(script.textContent);
  const names = data.coordinates.map((coordinate) => coordinate.name);
  data.coordinateIndex = new Map(names.map((name, i) => [name, i]));
  data.muscleIndex = new Map(data.muscles.map((name, i) => [name, i]));
  const muscles = data.muscles.length;
  for (const motion of data.motions) {
    motion.points = motion.points && decodeIntegers(motion.points, motion.frames, 3 * data.figure.points);
    motion.coordinates = decodeIntegers(motion.coordinates, motion.frames, names.length);
    motion.activations = motion.activations && decodeIntegers(motion.activations, motion.frames, muscles);
    motion.simulated = motion.simulated && decodeIntegers(motion.simulated, motion.frames, muscles);
  }
  data.samples = data.motions.filter((motion) => motion.kind === "sample");
  return data;
}

// A coordinate of a motion over its frames, in degrees or metres.
function coordinateCurve(data, motion, name) {
  const column = data.coordinateIndex.get(name);
  const step = data.coordinates[column].step;
  const count = data.coordinates.length;
  return Array.from({ length: motion.frames }, (_, t) => motion.coordinates[t * count + column] * step);
}

// A muscle's activation over the frames, 0 to 1: `predicted` or `simulated`; NaN in frames where it is not known, and
// null where it is in none.
function activationCurve(data, motion, name, kind) {
  const values = kind === "simulated" ? motion.simulated : motion.activations;
  if (!values) return null;
  const column = data.muscleIndex.get(name);
  const count = data.muscles.length;
  const known = (value) => (value < 0 ? NaN : value / data.activationSteps);
  return Array.from({ length: motion.frames }, (_, t) => known(values[t * count + column]));
}

// The frame of a phase: 0 is the start of the descent, 1 the deepest frame, 2 the end of the ascent.
function frameOf(phase, { start, deepest, end }) {
  return phase < 1 ? start + phase * (deepest - start) : deepest + (phase - 1) * (end - deepest);
}

// The frame of another motion at the same phase as a frame of this one.
function matchedFrame(frame, motion, other) {
  const { start, deepest, end } = motion;
  const phase = frame < deepest ? (frame - start) / (deepest - start) : 1 + (frame - deepest) / (end - deepest);
  return clamp(frameOf(phase, other), 0, other.frames - 1);
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

// The value of a curve at a frame that may lie between two.
function interpolate(curve, frame) {
  const i = Math.min(Math.floor(frame), curve.length - 2);
  return curve[i] + (frame - i) * (curve[i + 1] - curve[i]);
}

function htmlElement(name, attributes = {}, ...children) {
  return fillNode(document.createElement(name), attributes, children);
}

function svgElement(name, attributes = {}, ...children) {
  return fillNode(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fillNode(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
