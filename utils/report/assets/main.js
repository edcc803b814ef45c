// Connects the parts of the page: gallery, player and controls, curves, tables, printing.

const PHASES = ["start", "half way down", "deepest", "half way up", "end"];
const GALLERY_VIEW = { yaw: 65, pitch: 5 };

function startPage() {
  document.querySelectorAll("table.sortable").forEach(makeSortable);
  const data = readData(document.getElementById("data"));
  const find = (id) => document.getElementById(id);
  const player = new Player(data, find("player"));
  const gallery = data.samples.map((sample) => galleryButton(data, player, sample));
  find("gallery").append(...gallery);

  buildComparison(data, player, find("compare"));
  connectControls(player, find);
  buildCurvePanels(data, player, find);
  const strip = buildStrip(data, player, find("strip"));
  const gauges = buildGauges(data, player, find("gauges"));

  const drawStills = () => {
    if (!data.figure) return;
    const palette = readPalette();
    gallery.forEach((button, i) => {
      const sample = data.samples[i];
      drawStill(button.querySelector("canvas"), data, sample, sample.deepest, GALLERY_VIEW, palette);
    });
    strip.draw(palette);
  };
  const redraw = () => {
    player.draw();
    drawStills();
  };
  const show = (changed) => {
    if (changed.has("sample")) {
      gallery.forEach((button, i) => button.setAttribute("aria-pressed", String(data.samples[i] === player.sample)));
      find("sample-name").textContent = `${capital(player.sample.label)}. ${player.sample.note}`;
      document.querySelectorAll("tr[data-sample]").forEach((row) => {
        row.classList.toggle("chosen", Number(row.dataset.sample) === player.sample.number);
      });
      find("scrub").max = player.sample.frames - 1;
      strip.choose();
    }
    if (changed.has("sample") || changed.has("frame")) gauges();
    if (changed.has("frame") || changed.has("sample")) showTime(data, player, find);
    if (changed.has("playing")) find("play").textContent = player.playing ? "Pause" : "Play";
  };
  player.listeners.push(show);
  show(new Set(["sample", "frame", "playing"]));
  document.querySelectorAll("button[data-show]").forEach((button) => {
    button.addEventListener("click", () => {
      player.set({ sample: data.samples[Number(button.dataset.show)] });
      find("watch").scrollIntoView({ block: "start" });
    });
  });

  redraw();
  if (player.canvas) new ResizeObserver(redraw).observe(player.canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  const printing = (on) => {
    document.documentElement.toggleAttribute("data-print", on);
    redraw();
  };
  matchMedia("print").addEventListener("change", (event) => printing(event.matches));
  addEventListener("beforeprint", () => printing(true));
  addEventListener("afterprint", () => printing(false));
  window.report = { data, player }; // for the browser's console and for tests
}

function galleryButton(data, player, sample) {
  const button = htmlElement("button", { type: "button", class: "pick", "aria-pressed": "false" });
  const head = htmlElement("span", { class: "pick-number" }, `${sample.number}`);
  const mark = (state, title, words) =>
    htmlElement(
      "span",
      { class: `mark-${state}`, title: words },
      title,
      htmlElement("span", { class: "unseen" }, `: ${words}`),
    );
  const words = { met: "met", near: `missed by an activation of ${data.near} at most`, missed: "missed" };
  const state = sample.verdict || (sample.met ? "met" : "missed");
  const marks = [mark(state, sample.verdict ? "simulated" : "required", words[state])];
  button.append(head);
  if (data.figure) button.append(htmlElement("canvas", { "aria-hidden": "true" }));
  button.append(...marks);
  button.addEventListener("click", () => player.set({ sample }));
  return button;
}

function buildComparison(data, player, select) {
  if (!select) return;
  const own = data.motions.filter((motion) => motion.kind === "own");
  const groups = [["The subject's own squats", own], ["Other samples", data.samples]];
  select.append(htmlElement("option", { value: "" }, "nothing"));
  for (const [label, motions] of groups) {
    if (!motions.length) continue;
    const options = motions.map((motion) =>
      htmlElement("option", { value: data.motions.indexOf(motion) }, capital(motion.label)),
    );
    select.append(htmlElement("optgroup", { label }, ...options));
  }
  const choose = () => player.set({ other: select.value === "" ? null : data.motions[Number(select.value)] });
  // Until another one is chosen, each sample is beside the own squat that "What changes" compares it with.
  const follow = () => {
    const nearest = own.find((motion) => motion.name === player.sample.nearest) || own[0];
    if (nearest) select.value = String(data.motions.indexOf(nearest));
    choose();
  };
  let isFollowing = true;
  select.addEventListener("change", () => {
    isFollowing = false;
    choose();
  });
  player.listeners.push((changed) => {
    if (isFollowing && changed.has("sample")) follow();
  });
  follow();
}

function connectControls(player, find) {
  find("play").addEventListener("click", () => player.play(!player.playing));
  find("scrub").addEventListener("input", (event) => {
    player.play(false);
    player.seek(Number(event.target.value));
  });
  find("speed").addEventListener("change", (event) => player.set({ speed: Number(event.target.value) }));
  for (const name of ["loop", "match", "beside"]) {
    find(name)?.addEventListener("change", (event) => player.set({ [name]: event.target.checked }));
  }
  document.querySelectorAll("button[data-view]").forEach((button) => {
    button.addEventListener("click", () => player.set({ ...VIEWS[button.dataset.view], zoom: 1 }));
  });
  document.querySelectorAll("button[data-zoom]").forEach((button) => {
    button.addEventListener("click", () => player.magnify(Number(button.dataset.zoom)));
  });
}

function showTime(data, player, find) {
  const seconds = (player.frame / data.rate).toFixed(2);
  const whole = ((player.sample.frames - 1) / data.rate).toFixed(2);
  find("scrub").value = Math.round(player.frame);
  find("scrub").setAttribute("aria-valuetext", `${seconds} of ${whole} seconds`);
  find("time").textContent = `${seconds} / ${whole} s`;
  if (player.playing) return; // a label that changes sixty times a second would be read out
  const { label, note } = player.sample;
  player.canvas?.setAttribute("aria-label", `3-D view of ${label} at ${seconds} seconds. ${note}`);
}

function buildCurvePanels(data, player, find) {
  const group = (panels) => {
    const groups = {};
    for (const panel of panels) (groups[panel.group] ??= []).push(panel);
    return groups;
  };
  const rangesOf = (columns) => data.ranges.filter((range) => columns.includes(range.panel));
  const coordinates = group(
    data.coordinatePanels.map((panel) => ({
      ...panel,
      band: bandOf(data.reference.coordinates, panel.columns.map((name) => data.coordinateIndex.get(name))),
      ranges: rangesOf(panel.columns),
    })),
  );
  coordinates["All 33 coordinates"] = Object.values(coordinates).flat();
  const coordinateOf = (motion, name, kind) => (kind === "predicted" ? coordinateCurve(data, motion, name) : null);
  new CurvePanels(data, player, find("coordinate-curves"), find("coordinate-group"), coordinates, coordinateOf);
  const muscles = group(
    data.musclePanels.map((panel) => ({
      ...panel,
      unit: "0–1",
      fraction: true,
      band: bandOf(data.reference.activations, panel.columns.map((name) => data.muscleIndex.get(name)), 0),
      ranges: rangesOf(panel.columns),
    })),
  );
  const activationOf = (motion, name, kind) => activationCurve(data, motion, name, kind);
  new CurvePanels(data, player, find("muscle-curves"), find("muscle-group"), muscles, activationOf);
}

// Pictures of five phases of the sample's squat; a click on one moves the player there.
function buildStrip(data, player, box) {
  if (!box || !data.figure) return { choose() {}, draw() {} };
  const phases = PHASES.map((name) => {
    const caption = htmlElement("span");
    const canvas = htmlElement("canvas", { "aria-hidden": "true" });
    const button = htmlElement("button", { type: "button", class: "phase" }, canvas, caption);
    box.append(button);
    return { name, caption, canvas, button };
  });
  const frames = () => {
    const { start, deepest, end } = player.sample;
    return [start, (start + deepest) / 2, deepest, (deepest + end) / 2, end].map(Math.round);
  };
  phases.forEach(({ button }, i) => button.addEventListener("click", () => player.seek(frames()[i])));
  const draw = (palette) =>
    phases.forEach(({ canvas }, i) => drawStill(canvas, data, player.sample, frames()[i], VIEWS.right, palette));
  const choose = () => {
    phases.forEach(({ name, caption }, i) => {
      caption.textContent = `${name}, ${(frames()[i] / data.rate).toFixed(2)} s`;
    });
    draw(readPalette());
  };
  return { choose, draw };
}

// Gauges of the first muscle with a required range: its activation in the current frame, on a scale from 0 to 1.
function buildGauges(data, player, box) {
  const range = data.ranges.find((candidate) => data.muscleIndex.has(candidate.panel) && candidate.required);
  if (!box || !range) return () => {};
  const stem = range.panel.slice(0, -2);
  const rows = (range.side ? [range.side] : SIDES).map((side) => {
    const bar = htmlElement("span", { class: `fill side-${side}` });
    const number = htmlElement("span", { class: "number" });
    const band = htmlElement("span", { class: "target" });
    band.style.left = `${100 * (range.low ?? 0)}%`;
    band.style.width = `${100 * ((range.high ?? 1) - (range.low ?? 0))}%`;
    const track = htmlElement("span", { class: "track" }, band, bar);
    const letter = htmlElement("span", { class: "side" }, side.toUpperCase());
    box.append(htmlElement("span", { class: "gauge" }, letter, track, number));
    return { side, bar, number };
  });
  const curves = new Map();
  return () => {
    for (const { side, bar, number } of rows) {
      const key = `${player.sample.number}${side}`;
      if (!curves.has(key)) curves.set(key, activationCurve(data, player.sample, `${stem}_${side}`, "predicted"));
      const value = interpolate(curves.get(key), player.frame);
      bar.style.width = `${100 * clamp(value, 0, 1)}%`;
      number.textContent = value.toFixed(2);
    }
  };
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

startPage();
