/**
 * Viewer of volumes and segmentations in the editor: three planes with a crosshair, by NiiVue.
 *
 * Left drag moves the crosshair, right drag (or left with Ctrl) sets window and level: right is
 * wider, down is brighter. The wheel scrolls through slices. A segmentation is laid over the
 * volume of the same run, if it saved one.
 */

const ROUTES = "/api/packs/medical";
const WINDOWS = {
  Lung: [-600, 1500],
  Mediastinum: [50, 350],
  Abdomen: [50, 400],
  Brain: [40, 80],
  Bone: [500, 2000],
};

/** Of labels, as in the montage of tiles.py; more labels begin again. */
const COLOURS = [
  [230, 80, 60],
  [70, 150, 240],
  [90, 200, 110],
  [240, 190, 60],
  [180, 110, 220],
];

/** Left and right, posterior and anterior, head and feet. */
const SIDES = [
  ["L", "R"],
  ["P", "A"],
  ["H", "F"],
];

const HEIGHT = 460; // pixels on a card; three planes above each other

export default function register(editor) {
  editor.viewer("volume", { height: HEIGHT, mount });
  editor.viewer("segmentation", { height: HEIGHT, mount });
}

function mount(element, props) {
  const viewer = new ScanViewer(element);
  viewer.show(props);
  return { update: (news) => viewer.show(news), destroy: () => viewer.destroy() };
}

class ScanViewer {
  constructor(element) {
    this.bar = make("div", "display:flex;flex-wrap:wrap;gap:4px;padding:4px 0");
    // As high as the element, which grows with its card; 420 pixels where it has no height.
    this.stage = make("div", "position:relative;flex:1 1 420px;min-height:0;background:#000");
    this.canvas = make("canvas", "position:absolute;width:100%;height:100%;outline:none");
    this.said = make("p", "margin:4px 0;min-height:1.2em;font:12px system-ui;opacity:.8");
    this.said.dataset.scan = "said";
    this.canvas.dataset.scan = "canvas";
    this.stage.append(this.canvas);
    const column = make("div", "display:flex;flex-direction:column;height:100%");
    column.append(this.bar, this.stage, this.said);
    element.append(column);
    this.turn = 0;
    this.dragging = null;
    this.canvas.addEventListener("pointerdown", (event) => this.drag(event));
    this.canvas.addEventListener("pointermove", (event) => this.dragTo(event));
    this.canvas.addEventListener("pointerup", () => {
      this.dragging = null;
    });
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    // Before NiiVue, whose crosshair would follow.
    for (const kind of ["mousedown", "mousemove"]) {
      this.stage.addEventListener(kind, (event) => this.dragging && event.stopPropagation(), true);
    }
  }

  drag(event) {
    const volume = this.niivue?.volumes[0];
    if (!volume || !(event.button === 2 || (event.button === 0 && event.ctrlKey))) return;
    const width = volume.cal_max - volume.cal_min;
    const level = (volume.cal_max + volume.cal_min) / 2;
    this.dragging = { x: event.clientX, y: event.clientY, width, level };
    this.canvas.setPointerCapture(event.pointerId);
  }

  dragTo({ clientX, clientY }) {
    if (!this.dragging) return;
    const { x, y, width, level } = this.dragging;
    const wider = width * Math.exp((clientX - x) / 200);
    const moved = level - ((clientY - y) * width) / 300;
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.window(moved, wider));
  }

  async show({ type, items }) {
    const turn = ++this.turn; // what arrives for earlier props is dropped
    const place = placeOf(items);
    if (!place) return this.say("nothing was saved to look at");
    this.say("loading…");
    try {
      const [{ Niivue, DRAG_MODE }, layers] = await Promise.all([
        import("./niivue.js"),
        layersOf(type, place),
      ]);
      if (turn !== this.turn) return;
      await this.start(Niivue, DRAG_MODE);
      this.layers = layers;
      await this.niivue.loadVolumes(layers);
      if (turn !== this.turn) return;
      layers.forEach((layer, index) => {
        if (!layer.windowed) this.niivue.volumes[index].setColormapLabel(colormapOfLabels());
      });
      this.niivue.updateGLVolume();
      this.buttons(layers[0].windowed);
      this.tell();
      this.canvas.dataset.ready = String(layers.length);
    } catch (error) {
      if (turn === this.turn) this.say(error instanceof Error ? error.message : String(error));
    }
  }

  async start(Niivue, DRAG_MODE) {
    if (this.niivue) return;
    const niivue = new Niivue({
      isRadiologicalConvention: true,
      crosshairWidth: 0.5,
      crosshairWidthUnit: "percent",
      crosshairColor: [0.3, 0.8, 1, 0.8],
      backColor: [0, 0, 0, 1],
      isColorbar: false,
      show3Dcrosshair: false,
      multiplanarShowRender: 0,
      loadingText: "",
      logLevel: "error",
    });
    niivue.onLocationChange = (place) => this.tell(place);
    await niivue.attachToCanvas(this.canvas);
    niivue.setSliceType(niivue.sliceTypeMultiplanar);
    niivue.setMouseEventConfig({
      leftButton: { primary: DRAG_MODE.crosshair, withShift: DRAG_MODE.pan },
      rightButton: DRAG_MODE.none,
      centerButton: DRAG_MODE.pan,
    });
    this.niivue = niivue;
  }

  buttons(windowed) {
    this.bar.replaceChildren();
    const planes = [
      ["Three planes", this.niivue.sliceTypeMultiplanar],
      ["Axial", this.niivue.sliceTypeAxial],
      ["Coronal", this.niivue.sliceTypeCoronal],
      ["Sagittal", this.niivue.sliceTypeSagittal],
    ];
    for (const [label, kind] of planes) this.button(label, () => this.niivue.setSliceType(kind));
    if (!windowed) return;
    for (const [label, [center, width]] of Object.entries(WINDOWS)) {
      this.button(label, () => this.window(center, width));
    }
  }

  button(label, act) {
    const button = make("button", "padding:2px 8px;font:12px system-ui");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", act);
    this.bar.append(button);
  }

  window(center, width) {
    const volume = this.niivue?.volumes[0];
    if (!volume) return;
    volume.cal_min = center - width / 2;
    volume.cal_max = center + width / 2;
    this.niivue.updateGLVolume();
    this.tell();
  }

  /** Says the window, and what lies under the crosshair. */
  tell(place) {
    if (place !== undefined) this.place = this.words(place);
    const volume = this.niivue?.volumes[0];
    if (!volume) return;
    const width = volume.cal_max - volume.cal_min;
    const level = (volume.cal_max + volume.cal_min) / 2;
    this.say(`window ${round(width)}, level ${round(level)}${this.place ? ` · ${this.place}` : ""}`);
  }

  /** Where the crosshair is, in DICOM's patient coordinates, and what is there. */
  words({ mm, values }) {
    const place = SIDES.map(([positive, negative], axis) => {
      const value = axis < 2 ? -mm[axis] : mm[axis]; // NiiVue's are those of NIfTI
      return `${value < 0 ? negative : positive} ${Math.abs(value).toFixed(1)}`;
    });
    const said = [`${place.join(", ")} mm`];
    this.layers.forEach((layer, index) => {
      const value = values[index]?.value ?? 0;
      if (layer.windowed) said.push(`${round(value)} ${layer.unit}`.trim());
      else if (value) said.push(layer.labels[value - 1] ?? `label ${value}`);
    });
    return said.join(" · ");
  }

  say(text) {
    this.said.textContent = text;
  }

  destroy() {
    this.turn += 1;
    // Browsers keep a dozen contexts; a card that is gone gives its own back.
    this.niivue?.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    this.niivue = null;
  }
}

/** Run and output of the items, from the address of the first. */
function placeOf(items) {
  const url = items.find((item) => "url" in item)?.url ?? "";
  const found = /\/api\/runs\/([^/]+)\/outputs\/([^/?]+)/.exec(url);
  return found ? { run: found[1], output: found[2] } : null;
}

/** What to load: the output itself, and for a segmentation the volume below it. */
async function layersOf(type, { run, output }) {
  const answer = await fetch(`${ROUTES}/scans/${run}`);
  const scans = await answer.json();
  if (!answer.ok) throw new Error(scans.problems?.[0]?.message ?? "the run can't be read");
  const url = (name) => `${ROUTES}/scans/${run}/${encodeURIComponent(name)}.nii`;
  const volume = (name) => {
    const { window, unit } = scans.volumes[name] ?? { window: [-160, 240], unit: "" };
    const grey = { colormap: "gray", cal_min: window[0], cal_max: window[1] };
    return { url: url(name), name: `${name}.nii`, ...grey, windowed: true, unit };
  };
  if (type === "volume") return [volume(decodeURIComponent(output))];
  const below = Object.keys(scans.volumes)[0];
  const segmentation = decodeURIComponent(output);
  const labels = {
    url: url(segmentation),
    name: "labels.nii",
    labels: scans.segmentations[segmentation] ?? [],
    opacity: below ? 0.45 : 1,
  };
  return below ? [volume(below), labels] : [labels];
}

/** NiiVue's table of colours for the labels 0 (nothing) to 255. */
function colormapOfLabels() {
  const I = [...Array(256).keys()];
  const part = (channel) => I.map((label) => COLOURS[(label + 4) % COLOURS.length][channel]);
  return { R: part(0), G: part(1), B: part(2), A: I.map((label) => (label ? 255 : 0)), I };
}

function round(value) {
  return Math.abs(value) >= 10 ? Math.round(value) : Number(value.toPrecision(3));
}

function make(tag, style) {
  const element = document.createElement(tag);
  element.style.cssText = style;
  return element;
}
