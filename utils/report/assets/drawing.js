// Draws a subject on a 2-D canvas: the hull of each shape's projected spheres is filled, far shapes first.

const EYE_M = 5; // distance of the eye from its target
const CIRCLE = Array.from({ length: 14 }, (_, k) => [Math.cos((k * Math.PI) / 7), Math.sin((k * Math.PI) / 7)]);

// x forward, y up, z to the subject's right. Yaw 0 looks at the subject's front, 90 degrees at the right side.
class Camera {
  constructor(width, height, { yaw, pitch, zoom = 1, target, span = 2.15 }) {
    const [turn, tilt] = [(yaw * Math.PI) / 180, (pitch * Math.PI) / 180];
    this.backward = [Math.cos(tilt) * Math.cos(turn), Math.sin(tilt), Math.cos(tilt) * Math.sin(turn)];
    this.right = [Math.sin(turn), 0, -Math.cos(turn)];
    this.up = [-Math.sin(tilt) * Math.cos(turn), Math.cos(tilt), -Math.sin(tilt) * Math.sin(turn)];
    this.target = target;
    this.scale = zoom * Math.min(height / span, width / (0.72 * span)); // pixels per metre at the target
    this.centre = [width / 2, height / 2];
  }

  // A point in metres as [x, y] in pixels, pixels per metre there, and how near it is to the eye.
  project(x, y, z) {
    const offset = [x - this.target[0], y - this.target[1], z - this.target[2]];
    const along = (axis) => axis[0] * offset[0] + axis[1] * offset[1] + axis[2] * offset[2];
    const nearness = along(this.backward);
    const scale = (this.scale * EYE_M) / Math.max(0.5, EYE_M - nearness);
    return [this.centre[0] + scale * along(this.right), this.centre[1] - scale * along(this.up), scale, nearness];
  }
}

function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    l: [of("left-fill"), of("left")],
    r: [of("right-fill"), of("right")],
    "": [of("body-fill"), of("body")],
    other: [of("other-fill"), of("other")],
    grid: of("grid"), gridStrong: of("grid-strong"), ink: of("ink"), muted: of("muted"), card: of("card"),
    shadow: of("shadow"),
  };
}

// Points [x, y, z] of a motion at a frame that may lie between two, in metres, moved to the right by `aside` metres.
function pointsAt(data, motion, frame, aside = 0) {
  const count = data.figure.points;
  const first = Math.min(Math.floor(frame), motion.frames - 2);
  const fraction = frame - first;
  const at = (t, i) => motion.points[t * count * 3 + i];
  return Array.from({ length: count }, (_, p) => {
    const value = (axis) => {
      const now = at(first, 3 * p + axis);
      return (now + fraction * (at(first + 1, 3 * p + axis) - now)) / 1000;
    };
    return [value(0), value(1), value(2) + aside];
  });
}

// Convex hull of points [x, y] by Andrew's monotone chain algorithm.
function hull(points) {
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (ordered) => {
    const chain = [];
    for (const p of ordered) {
      while (chain.length > 1) {
        const [a, b] = chain.slice(-2);
        if ((b[0] - a[0]) * (p[1] - a[1]) > (b[1] - a[1]) * (p[0] - a[0])) break;
        chain.pop();
      }
      chain.push(p);
    }
    return chain.slice(0, -1);
  };
  return [...half(points), ...half(points.reverse())];
}

function tracePath(context, outline) {
  context.beginPath();
  outline.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}

// The shapes of the figure as outlines in pixels, far ones first.
function projectShapes(data, camera, points) {
  const shapes = data.figure.shapes.map(({ side, spheres }) => {
    const circles = spheres.map(([point, radius]) => {
      const [x, y, scale, nearness] = camera.project(...points[point]);
      return { x, y, r: (scale * radius) / 1000, nearness };
    });
    const rim = circles.flatMap(({ x, y, r }) => CIRCLE.map(([c, s]) => [x + r * c, y + r * s]));
    const nearness = circles.reduce((sum, circle) => sum + circle.nearness, 0) / circles.length;
    return { side, outline: hull(rim), nearness, circles };
  });
  return shapes.sort((a, b) => a.nearness - b.nearness);
}

function drawFloor(context, camera, palette, centre) {
  const step = 0.25;
  const line = (x1, z1, x2, z2, strong) => {
    const [a, b] = [camera.project(x1, 0, z1), camera.project(x2, 0, z2)];
    context.strokeStyle = strong ? palette.gridStrong : palette.grid;
    context.beginPath();
    context.moveTo(a[0], a[1]);
    context.lineTo(b[0], b[1]);
    context.stroke();
  };
  context.lineWidth = 1;
  const [x0, z0] = [Math.round(centre[0] / step) * step, Math.round(centre[2] / step) * step];
  for (let k = -4; k <= 4; k++) {
    line(x0 + k * step, z0 - 1, x0 + k * step, z0 + 1, k % 4 === 0);
    line(x0 - 1, z0 + k * step, x0 + 1, z0 + k * step, k % 4 === 0);
  }
  const tip = camera.project(x0 + 0.8, 0, z0);
  const wings = [camera.project(x0 + 0.68, 0, z0 - 0.06), camera.project(x0 + 0.68, 0, z0 + 0.06)];
  context.fillStyle = palette.gridStrong;
  tracePath(context, [tip, ...wings].map(([x, y]) => [x, y]));
  context.fill();
}

// Shadows on the floor: of the soles, and of the body around the pelvis.
function drawShadow(context, camera, data, points, palette) {
  context.fillStyle = palette.shadow;
  for (const side of SIDES) {
    const rim = data.figure.soles[side].flatMap((i) =>
      CIRCLE.map(([c, s]) => camera.project(points[i][0] + 0.045 * c, 0, points[i][2] + 0.045 * s).slice(0, 2)),
    );
    tracePath(context, hull(rim));
    context.fill();
  }
  const [x, , z] = points[0];
  tracePath(context, CIRCLE.map(([c, s]) => camera.project(x + 0.26 * c, 0, z + 0.26 * s).slice(0, 2)));
  context.globalAlpha = 0.5;
  context.fill();
  context.globalAlpha = 1;
}

// Outlines of the soles in the first frame, so that a drift of the feet can be seen.
function drawFootprints(context, camera, data, motion, palette) {
  const points = pointsAt(data, motion, 0);
  context.setLineDash([3, 3]);
  context.lineWidth = 1.2;
  for (const side of SIDES) {
    context.strokeStyle = palette[side][1];
    tracePath(context, data.figure.soles[side].map((i) => camera.project(points[i][0], 0, points[i][2])));
    context.stroke();
  }
  context.setLineDash([]);
}

// A subject: left and right differ in colour, in round or square joints, and in a letter at each foot.
function drawSubject(context, camera, data, points, palette, detailed) {
  context.lineJoin = "round";
  for (const { side, outline, circles } of projectShapes(data, camera, points)) {
    const [fill, edge] = palette[side];
    context.fillStyle = fill;
    context.strokeStyle = edge;
    context.lineWidth = detailed ? 1.6 : 1;
    tracePath(context, outline);
    context.fill();
    context.stroke();
    if (!detailed || !side || circles.length > 2) continue;
    context.fillStyle = palette.card;
    for (const { x, y, r } of circles) {
      const size = Math.max(3, 0.3 * r);
      context.beginPath();
      if (side === "l") context.arc(x, y, size, 0, 2 * Math.PI);
      else context.rect(x - size * 0.9, y - size * 0.9, 1.8 * size, 1.8 * size);
      context.fill();
      context.stroke();
    }
  }
}

function drawLetters(context, camera, data, points, palette) {
  context.font = "700 14px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const side of SIDES) {
    const sole = data.figure.soles[side].map((i) => points[i]);
    const mean = (axis) => sole.reduce((sum, point) => sum + point[axis], 0) / sole.length;
    const [x, y] = camera.project(mean(0) + 0.24, 0, mean(2));
    context.fillStyle = palette.card;
    context.strokeStyle = palette[side][1];
    context.lineWidth = 2;
    context.beginPath();
    if (side === "l") context.arc(x, y, 11, 0, 2 * Math.PI);
    else context.rect(x - 10, y - 10, 20, 20);
    context.fill();
    context.stroke();
    context.fillStyle = palette.ink;
    context.fillText(side.toUpperCase(), x, y + 1);
  }
}

// The compared squat over or beside the sample: grey, dashed and transparent.
function drawOther(context, camera, data, points, palette, onTop) {
  const shapes = projectShapes(data, camera, points);
  const [fill, edge] = palette.other;
  context.lineJoin = "round";
  context.lineWidth = 1.4;
  context.globalAlpha = onTop ? 0.75 : 0.6;
  if (onTop) context.setLineDash([5, 3]);
  for (const { outline } of shapes) {
    tracePath(context, outline);
    if (!onTop) {
      context.fillStyle = fill;
      context.fill();
    }
    context.strokeStyle = edge;
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

// Fits a canvas's pixels to its size on the page. Returns its context, and its size in CSS pixels.
function prepareCanvas(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = Math.max(2, window.devicePixelRatio || 1);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// The point that the camera looks at: near the pelvis of the first frame.
function viewCentre(data, motion) {
  const points = pointsAt(data, motion, 0);
  return [points[0][0] - 0.02, 0.86 * (points[0][1] / 0.95), points[0][2]];
}

function drawStill(canvas, data, motion, frame, view, palette) {
  const { context, width, height } = prepareCanvas(canvas);
  if (!width || !height) return;
  const camera = new Camera(width, height, { ...view, target: viewCentre(data, motion) });
  const points = pointsAt(data, motion, frame);
  drawShadow(context, camera, data, points, palette);
  drawSubject(context, camera, data, points, palette, false);
}
