// The player: the motion, frame and view that are shown. It tells its listeners what changes.

const VIEWS = {
  oblique: { yaw: 55, pitch: 12 },
  front: { yaw: 0, pitch: 6 },
  right: { yaw: 90, pitch: 4 },
  left: { yaw: -90, pitch: 4 },
};
const ASIDE_M = 0.85; // distance between two squats side by side

class Player {
  constructor(data, canvas) {
    Object.assign(this, { data, canvas, listeners: [], playing: false, speed: 1, loop: true });
    Object.assign(this, VIEWS.oblique, { zoom: 1, beside: false, match: true, other: null });
    this.sample = data.samples[0];
    this.frame = this.sample.deepest;
    if (canvas) this.listen();
  }

  // Changes any property; listeners receive the set of names that changed.
  set(changes) {
    const changed = Object.keys(changes).filter((key) => this[key] !== changes[key]);
    if (!changed.length) return;
    Object.assign(this, changes);
    if (changed.includes("sample")) this.frame = Math.min(this.frame, this.sample.frames - 1);
    for (const listener of this.listeners) listener(new Set(changed));
    this.draw();
  }

  seek(frame) {
    this.set({ frame: clamp(frame, 0, this.sample.frames - 1) });
  }

  get otherFrame() {
    if (this.match) return matchedFrame(this.frame, this.sample, this.other);
    return Math.min(this.frame, this.other.frames - 1);
  }

  play(playing) {
    if (playing && !this.loop && this.frame >= this.sample.frames - 1) this.seek(0);
    this.set({ playing });
    if (!playing) return;
    let before = null;
    const step = (now) => {
      if (!this.playing) return;
      const last = this.sample.frames - 1;
      let frame = this.frame + (before === null ? 0 : ((now - before) / 1000) * this.data.rate * this.speed);
      before = now;
      if (frame >= last) {
        if (this.loop) frame %= last;
        else this.set({ playing: false });
      }
      this.seek(frame);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  draw() {
    if (!this.canvas) return;
    const palette = readPalette();
    const { context, width, height } = prepareCanvas(this.canvas);
    if (!width || !height) return;
    const target = viewCentre(this.data, this.sample);
    const aside = this.other && this.beside;
    const span = aside ? 2.9 : 2.15;
    if (aside) target[2] += ASIDE_M / 2;
    const camera = new Camera(width, height, { yaw: this.yaw, pitch: this.pitch, zoom: this.zoom, target, span });
    const points = pointsAt(this.data, this.sample, this.frame);
    drawFloor(context, camera, palette, target);
    drawFootprints(context, camera, this.data, this.sample, palette);
    drawShadow(context, camera, this.data, points, palette);
    const other = this.other && pointsAt(this.data, this.other, this.otherFrame, aside ? ASIDE_M : 0);
    if (other) drawOther(context, camera, this.data, other, palette, false);
    drawSubject(context, camera, this.data, points, palette, true);
    if (other && !aside) drawOther(context, camera, this.data, other, palette, true);
    drawLetters(context, camera, this.data, points, palette);
  }

  turn(yaw, pitch) {
    this.set({ yaw: ((this.yaw + yaw + 540) % 360) - 180, pitch: clamp(this.pitch + pitch, -5, 85) });
  }

  magnify(factor) {
    this.set({ zoom: clamp(this.zoom * factor, 0.5, 4) });
  }

  // Dragging turns the view; two fingers, or Ctrl and the wheel, zoom; keys do all of it.
  listen() {
    const pointers = new Map();
    const fingerDistance = () => {
      const [a, b] = [...pointers.values()];
      return Math.hypot(a.x - b.x, a.y - b.y);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const from = pointers.get(event.pointerId);
      if (!from) return;
      const before = pointers.size === 2 ? fingerDistance() : 0;
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (pointers.size === 2) this.magnify(fingerDistance() / before);
      else this.turn(0.5 * (event.clientX - from.x), 0.4 * (event.clientY - from.y));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
    }
    this.canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return; // a wheel alone scrolls the page
        event.preventDefault();
        this.magnify(Math.exp(-0.004 * event.deltaY));
      },
      { passive: false },
    );
    const keys = {
      ArrowLeft: () => this.turn(-6, 0),
      ArrowRight: () => this.turn(6, 0),
      ArrowUp: () => this.turn(0, 4),
      ArrowDown: () => this.turn(0, -4),
      "+": () => this.magnify(1.15),
      "=": () => this.magnify(1.15),
      "-": () => this.magnify(1 / 1.15),
      " ": () => this.play(!this.playing),
      ",": () => this.seek(Math.ceil(this.frame) - 1),
      ".": () => this.seek(Math.floor(this.frame) + 1),
      Home: () => this.seek(0),
      End: () => this.seek(this.sample.frames - 1),
      PageDown: () => this.step(1),
      PageUp: () => this.step(-1),
    };
    this.canvas.addEventListener("keydown", (event) => {
      const action = keys[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
  }

  step(by) {
    const { samples } = this.data;
    this.set({ sample: samples[(samples.indexOf(this.sample) + by + samples.length) % samples.length] });
  }
}
