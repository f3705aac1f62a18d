"use strict";

const MOST_FIELDS = 40;
const MOST_BUTTONS = 30;
const MOST_BARS = 10;

const model = JSON.parse(document.getElementById("model").textContent);
const find = (id) => document.getElementById(id);

function add(parent, kind, text, properties) {
  const element = Object.assign(document.createElement(kind), properties);
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
}

function show(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/* One input a column where that is handy, else the row as JSON. */
const asFields = model.columns !== null && model.columns.length <= MOST_FIELDS;
const inputs = [];

function makeFields() {
  const fields = find("fields");
  if (!asFields) {
    fields.className = "one";
    const label = add(fields, "label", "a row, as a list of values");
    inputs.push(add(label, "textarea", JSON.stringify(model.row), { spellcheck: false }));
    return;
  }
  model.columns.forEach((column, place) => {
    const label = add(fields, "label", column.name);
    const value = model.row[place];
    const input = add(label, "input", undefined, { value: value === null ? "" : String(value), required: !column.missing });
    if (column.kind === "number") {
      input.inputMode = "decimal";
    }
    if (column.missing) input.placeholder = "missing";
    if (column.categories) {
      const list = add(label, "datalist", undefined, { id: `known-${place}` });
      column.categories.forEach((known) => add(list, "option", undefined, { value: String(known) }));
      input.setAttribute("list", list.id);
    }
    inputs.push(input);
  });
}

function readField(input, column) {
  const text = input.value;
  if (column.missing && text.trim() === "") return null;
  const number = Number(text);
  const isNumber = text.trim() !== "" && Number.isFinite(number);
  if (column.kind === "number" && !isNumber) throw new Error(`${column.name}: ${show(text)} is no number`);
  return column.kind !== "text" && isNumber ? number : text;
}

function readRow() {
  if (asFields) return model.columns.map((column, place) => readField(inputs[place], column));
  try {
    return JSON.parse(inputs[0].value);
  } catch (error) {
    throw new Error(`the row is not JSON: ${error.message}`);
  }
}

async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    throw new Error("the server does not answer");
  }
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.detail || document.error);
  return [document, answer.headers.get("server-timing")];
}

function fail(error) {
  find("error").textContent = error.message;
  find("error").hidden = false;
}

function showProbabilities(classes, row) {
  const area = find("probabilities");
  area.replaceChildren();
  if (!row) return;
  const order = classes.map((name, place) => [row[place], name]).sort((one, other) => other[0] - one[0]);
  for (const [probability, name] of order.slice(0, MOST_BARS)) {
    const bar = add(area, "div", undefined, { className: "bar" });
    add(bar, "span", show(name));
    add(bar, "progress", undefined, { max: 1, value: probability }).setAttribute("aria-label", show(name));
    add(bar, "span", `${(100 * probability).toFixed(1)} %`);
  }
}

function showLabels(id) {
  const area = find("labels");
  area.replaceChildren();
  find("told").textContent = "";
  const tell = async (label) => {
    try {
      const [answer] = await post("feedback", { ids: [id], y_true: [label] });
      find("told").textContent = `${show(label)}: ${answer.results[0]}`;
      if (answer.results[0] === "joined") for (const part of area.querySelectorAll("button, input")) part.disabled = true;
    } catch (error) {
      find("told").textContent = error.message;
    }
  };
  if (model.task === "classification" && model.classes && model.classes.length <= MOST_BUTTONS) {
    for (const name of model.classes) add(area, "button", show(name), { type: "button", onclick: () => tell(name) });
    return;
  }
  const input = add(area, "input", undefined, { value: show(model.label) });
  input.setAttribute("aria-label", "true label");
  const read = () => {
    try {
      return JSON.parse(input.value);
    } catch {
      return input.value;
    }
  };
  add(area, "button", "Tell", { type: "button", onclick: () => tell(read()) });
}

async function predict(event) {
  event.preventDefault();
  const button = event.submitter || find("form").querySelector("button");
  find("error").hidden = find("result").hidden = true;
  button.disabled = true;
  try {
    const request = { instances: [readRow()] };
    if (model.probabilities) request.probabilities = true;
    const [answer, timing] = await post("predict", request);
    find("prediction").textContent = show(answer.predictions[0]);
    find("id").textContent = answer.ids[0];
    const found = /dur=([0-9.]+)/.exec(timing || "");
    find("time").textContent = found ? `${Number(found[1]).toFixed(2)} ms in the server` : "";
    showProbabilities(answer.classes || [], answer.probabilities && answer.probabilities[0]);
    showLabels(answer.ids[0]);
    find("result").hidden = false;
  } catch (error) {
    fail(error);
  } finally {
    button.disabled = false;
  }
}

makeFields();
find("form").addEventListener("submit", predict);
