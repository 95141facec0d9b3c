// The response curve: inhabitants in quarters at every shift of the line, with a cursor.

const CURVE = { width: 360, height: 150, left: 46, right: 8, top: 8, bottom: 22 };
const SVG = "http://www.w3.org/2000/svg";
const curve = document.getElementById("curve");

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function curveX(step) {
  const wide = CURVE.width - CURVE.left - CURVE.right;
  return CURVE.left + wide * (shifts[step] - shifts[0]) / (shifts[STEPS - 1] - shifts[0]);
}

let drawnCurve = null;

function drawCurve(view, minimum, step) {
  const key = `${view.index} ${minimum} ${state.language}`;
  if (drawnCurve?.key !== key) drawnCurve = { key, ...axesAndCurve(view, minimum) };
  const { people, y } = drawnCurve;
  const x = curveX(step);
  const line = svg("line", { x1: x, x2: x, y1: CURVE.top, y2: CURVE.height - CURVE.bottom, class: "cursor" });
  const point = svg("circle", { cx: x, cy: y(people[step]), r: 4.5, class: "cursor" });
  curve.querySelectorAll(".cursor").forEach((old) => old.remove());
  curve.append(line, point);
  curve.setAttribute("aria-label",
    `${word("curve")}: ${number(people[step] / FIXED_POINT)} ${word("inhabitants")}`);
}

function axesAndCurve(view, minimum) {
  const people = responseCurve(view, minimum);
  const most = Math.max(...people) || 1;
  const high = CURVE.height - CURVE.top - CURVE.bottom;
  const y = (value) => CURVE.top + high * (1 - value / most);
  const power = 10 ** Math.floor(Math.log10(most / FIXED_POINT));
  const tick = [5, 2, 1, 0.5].map((part) => part * power).find((one) => 2 * one <= most / FIXED_POINT);
  const parts = [];
  for (let value = 0; value * FIXED_POINT <= most; value += tick) {
    const at = y(value * FIXED_POINT);
    parts.push(svg("line", { x1: CURVE.left, x2: CURVE.width - CURVE.right, y1: at, y2: at, class: "grid" }));
    parts.push(svg("text", { x: CURVE.left - 5, y: at + 4, "text-anchor": "end" }, number(value)));
  }
  for (const shift of [shifts[0], shifts[0] / 2, 0, -shifts[0] / 2, -shifts[0]]) {
    const x = CURVE.left + (CURVE.width - CURVE.left - CURVE.right) * (shift / -shifts[0] + 1) / 2;
    const anchor = shift === shifts[0] ? "start" : shift === -shifts[0] ? "end" : "middle";
    parts.push(svg("text", { x, y: CURVE.height - 5, "text-anchor": anchor }, signed(shift)));
  }
  const points = Array.from(people, (value, index) => `${curveX(index).toFixed(1)},${y(value).toFixed(1)}`);
  const law = curveX(LAW_STEP);
  parts.push(svg("line", { x1: law, x2: law, y1: CURVE.top, y2: CURVE.top + high, class: "law" }));
  parts.push(svg("polyline", { points: points.join(" "), class: "response" }));
  curve.replaceChildren(...parts);
  return { people, y };
}

function startCurve(choose) {
  curve.setAttribute("viewBox", `0 0 ${CURVE.width} ${CURVE.height}`);
  const follow = (event) => {
    const edge = curve.getBoundingClientRect();
    const x = (event.clientX - edge.left) / edge.width * CURVE.width;
    const place = (x - CURVE.left) / (CURVE.width - CURVE.left - CURVE.right);
    choose(Math.round(Math.min(1, Math.max(0, place)) * (STEPS - 1)));
  };
  curve.addEventListener("pointerdown", (event) => {
    curve.setPointerCapture(event.pointerId);
    follow(event);
  });
  curve.addEventListener("pointermove", (event) => { if (event.buttons) follow(event); });
}
