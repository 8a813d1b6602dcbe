// A field to draw on, and beside it a grid of cells for the keyboard.
// `value` is a list of marks: a stroke is a list of points [x, y] in the unit square, a cell is
// [row, column, dots]. It is changed here by the reader, and by Python.
const SIDE = 224; // pixels of the screen, for 32 dots of the bitmap
const CELLS = 8;
const FULL = 16; // dots in a cell
const WAIT = 60; // milliseconds between two messages while a stroke grows
const NEAR = 0.01; // a point nearer to the last one is left out

const isCell = (mark) => typeof mark[0] === "number";
const copy = (marks) => JSON.parse(JSON.stringify(marks));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function make(tag, parent, className, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

function render({ model, el }) {
  let marks = copy(model.get("value"));
  let example = marks.length > 0; // set by Python: the first stroke clears it
  let stroke = null; // the one that grows
  let timer = null;
  const past = []; // what undo goes back to

  // The page's keyboard shortcuts rest in here: arrows belong to the grid.
  const root = make("div", el, "nnlib-canvas", { "data-lm-suppress-shortcuts": "true" });
  const left = make("div", root, "nnlib-canvas-part");
  make("div", left, "nnlib-canvas-text").textContent = "draw here: mouse, pen or finger";
  const field = make("canvas", left, "nnlib-canvas-field", { role: "img" });
  const buttons = make("div", left, "nnlib-canvas-buttons");
  const right = make("div", root, "nnlib-canvas-part");
  make("div", right, "nnlib-canvas-text").textContent = "or ink cells: arrow keys and Space";
  const grid = make("div", right, "nnlib-canvas-grid", {
    role: "grid",
    "aria-label": "8 x 8 cells: arrow keys move, Space inks a cell or wipes it",
  });
  const note = make("div", right, "nnlib-canvas-text");

  // Marks

  const dotsIn = (row, column) =>
    marks.find((m) => isCell(m) && m[0] === row && m[1] === column)?.[2] ?? 0;

  function tell() {
    clearTimeout(timer);
    timer = null;
    model.set("value", copy(marks));
    model.save_changes();
  }

  function tellSoon() {
    timer ??= setTimeout(tell, WAIT);
  }

  function remember() {
    past.push(copy(marks));
    example = false;
  }

  function change(next) {
    remember();
    marks = next;
    draw();
    tell();
  }

  function undo() {
    if (past.length === 0) return;
    marks = past.pop();
    example = false;
    draw();
    tell();
  }

  function toggle(row, column) {
    const rest = marks.filter((m) => !(isCell(m) && m[0] === row && m[1] === column));
    change(rest.length < marks.length ? rest : [...marks, [row, column, FULL]]);
  }

  // Drawing

  const pen = field.getContext("2d");

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    field.width = field.height = Math.round(SIDE * ratio);
    pen.setTransform(ratio * SIDE, 0, 0, ratio * SIDE, 0, 0);
    pen.fillStyle = "white";
    pen.fillRect(0, 0, 1, 1);
    for (const [row, column, dots] of marks.filter(isCell)) {
      pen.fillStyle = `rgba(0, 0, 0, ${dots / FULL})`;
      pen.fillRect(column / CELLS, row / CELLS, 1 / CELLS, 1 / CELLS);
    }
    const strokes = marks.filter((mark) => !isCell(mark));
    pen.lineCap = pen.lineJoin = "round";
    // As wide as the pen in grey; the way of the hand in black, for a wide pen fills small loops.
    for (const [width, color] of [[model.get("pen") / 32, "#b0b0b0"], [2 / SIDE, "black"]]) {
      pen.lineWidth = width;
      pen.strokeStyle = color;
      for (const line of strokes) {
        pen.beginPath();
        pen.moveTo(...line[0]);
        for (const point of line) pen.lineTo(...point);
        pen.stroke();
      }
    }
    const cells = marks.length - strokes.length;
    field.setAttribute("aria-label", `strokes: ${strokes.length}, inked cells: ${cells}`);
    for (const { node, row, column } of nodes) {
      const dots = dotsIn(row, column);
      const ink = dots === FULL ? "ink" : dots === 0 ? "empty" : `${dots} of ${FULL} dots`;
      node.setAttribute("aria-label", `row ${row + 1}, column ${column + 1}, ${ink}`);
      node.style.background = `rgb(${Array(3).fill(255 * (1 - dots / FULL))})`;
    }
    note.textContent = example ? "an example: the first stroke clears it" : "";
  }

  function pointAt(event) {
    const box = field.getBoundingClientRect();
    const part = (at, from, size) =>
      Math.round(1e4 * Math.min(1, Math.max(0, (at - from) / size))) / 1e4;
    return [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
  }

  field.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || stroke) return;
    event.preventDefault();
    field.setPointerCapture(event.pointerId);
    const kept = example ? [] : marks;
    remember();
    stroke = [pointAt(event)];
    marks = [...kept, stroke];
    draw();
    tellSoon();
  });

  field.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const [point, last] = [pointAt(each), stroke.at(-1)];
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAR) stroke.push(point);
    }
    draw();
    tellSoon();
  });

  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    field.addEventListener(end, () => {
      if (!stroke) return;
      stroke = null;
      tell();
    });
  }

  // The grid: one tab stop, then arrow keys

  const nodes = [];
  for (let row = 0; row < CELLS; row++) {
    const line = make("div", grid, "nnlib-canvas-row", { role: "row" });
    for (let column = 0; column < CELLS; column++) {
      const first = row + column === 0;
      const node = make("div", line, "nnlib-canvas-cell", {
        role: "gridcell",
        tabindex: first ? "0" : "-1",
      });
      node.addEventListener("click", () => {
        focusOn(row, column);
        toggle(row, column);
      });
      nodes.push({ node, row, column });
    }
  }

  function focusOn(row, column) {
    for (const { node } of nodes) node.tabIndex = -1;
    const { node } = nodes[row * CELLS + column];
    node.tabIndex = 0;
    node.focus();
  }

  const last = CELLS - 1;
  const moves = {
    ArrowUp: (row, column) => [Math.max(row - 1, 0), column],
    ArrowDown: (row, column) => [Math.min(row + 1, last), column],
    ArrowLeft: (row, column) => [row, Math.max(column - 1, 0)],
    ArrowRight: (row, column) => [row, Math.min(column + 1, last)],
    Home: (row) => [row, 0],
    End: (row) => [row, last],
  };

  grid.addEventListener("keydown", (event) => {
    const at = nodes.find(({ node }) => node === event.target);
    if (!at || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in moves) focusOn(...moves[event.key](at.row, at.column));
    else if (event.key === " " || event.key === "Enter") toggle(at.row, at.column);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  const press = { clear: () => marks.length && change([]), undo };
  for (const [text, action] of Object.entries(press)) {
    const look = `jupyter-button widget-button nnlib-canvas-${text}`;
    const button = make("button", buttons, look, { type: "button" });
    button.textContent = text;
    button.addEventListener("click", action);
  }

  // Python

  function heard() {
    const value = model.get("value");
    if (stroke || same(value, marks)) return;
    past.push(marks);
    marks = copy(value);
    example = marks.length > 0;
    draw();
  }

  model.on("change:value", heard);
  model.on("change:pen", draw);
  draw();
  return () => {
    clearTimeout(timer);
    model.off("change:value", heard);
    model.off("change:pen", draw);
  };
}

export default { render };
