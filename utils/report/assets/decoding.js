// Decodes the page's data, base64 of little-endian integers as in utils/report/encoding.py, and derives curves.

const SIDES = ["l", "r"];
const SIDE_WORDS = { l: "left", r: "right" };

function decodeBytes(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function decodeInt16(text) {
  const view = new DataView(decodeBytes(text).buffer);
  const values = new Int16Array(view.byteLength / 2);
  for (let i = 0; i < values.length; i++) values[i] = view.getInt16(2 * i, true);
  return values;
}

function readData(script) {
  const data = JSON.parse(script.textContent);
  const names = data.coordinates.map((coordinate) => coordinate.name);
  data.coordinateIndex = new Map(names.map((name, i) => [name, i]));
  data.muscleIndex = new Map(data.muscles.map((name, i) => [name, i]));
  for (const motion of data.motions) {
    motion.points = motion.points && decodeInt16(motion.points);
    motion.coordinates = decodeInt16(motion.coordinates);
    motion.activations = motion.activations && decodeBytes(motion.activations);
    motion.simulated = motion.simulated && decodeBytes(motion.simulated);
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

// A muscle's activation over the frames, 0 to 1: `predicted` or `simulated`; null where it is not known.
function activationCurve(data, motion, name, kind) {
  const values = kind === "simulated" ? motion.simulated : motion.activations;
  if (!values) return null;
  const column = data.muscleIndex.get(name);
  const count = data.muscles.length;
  return Array.from({ length: motion.frames }, (_, t) => values[t * count + column] / data.activationSteps);
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
