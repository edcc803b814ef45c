// The page's data: base64 of little-endian integers, as utils/report/encoding.py writes them, to typed arrays.

const SIDES = ["l", "r"];
const SIDE_WORDS = { l: "left", r: "right" };

function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function integers(text) {
  const view = new DataView(bytesOf(text).buffer);
  const values = new Int16Array(view.byteLength / 2);
  for (let i = 0; i < values.length; i++) values[i] = view.getInt16(2 * i, true);
  return values;
}

function readData(element) {
  const data = JSON.parse(element.textContent);
  const names = data.coordinates.map((coordinate) => coordinate.name);
  data.coordinateAt = new Map(names.map((name, i) => [name, i]));
  data.muscleAt = new Map(data.muscles.map((name, i) => [name, i]));
  for (const motion of data.motions) {
    motion.points = motion.points && integers(motion.points);
    motion.coordinates = integers(motion.coordinates);
    motion.activations = motion.activations && bytesOf(motion.activations);
    motion.simulated = motion.simulated && bytesOf(motion.simulated);
  }
  data.samples = data.motions.filter((motion) => motion.kind === "sample");
  return data;
}

// A coordinate of a motion over its frames, in degrees or metres.
function coordinateCurve(data, motion, name) {
  const column = data.coordinateAt.get(name);
  const step = data.coordinates[column].step;
  const count = data.coordinates.length;
  return Array.from({ length: motion.frames }, (_, t) => motion.coordinates[t * count + column] * step);
}

// A muscle's activation over the frames, 0 to 1: as promised or, of `simulated`, as the simulation found it.
function activationCurve(data, motion, name, kind = "activations") {
  if (!motion[kind]) return null;
  const column = data.muscleAt.get(name);
  const count = data.muscles.length;
  return Array.from({ length: motion.frames }, (_, t) => motion[kind][t * count + column] / data.activationSteps);
}

// The frame of a phase, which is 0 where the way down starts, 1 at the deepest, 2 where the way up ends.
function frameOf(phase, { start, deepest, end }) {
  return phase < 1 ? start + phase * (deepest - start) : deepest + (phase - 1) * (end - deepest);
}

// Where frame f of a motion is in another: at the same phase.
function matchedFrame(f, motion, other) {
  const { start, deepest, end } = motion;
  const phase = f < deepest ? (f - start) / (deepest - start) : 1 + (f - deepest) / (end - deepest);
  return clamp(frameOf(phase, other), 0, other.frames - 1);
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

function between(curve, f) {
  const i = Math.min(Math.floor(f), curve.length - 2);
  return curve[i] + (f - i) * (curve[i + 1] - curve[i]);
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  return filled(made, attributes, children);
}

function vector(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
