// Shows /api/openapi.json, and lets saved workflows be tried.

const place = document.querySelector("#operations");

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function resolve(schema, root) {
  let at = schema;
  for (let depth = 0; at?.$ref && depth < 20; depth += 1) {
    at = at.$ref.slice(2).split("/").reduce((part, key) => part?.[key], root);
  }
  return at ?? {};
}

function kindOf(schema, root) {
  const at = resolve(schema, root);
  if (at.enum) return at.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (at.anyOf) return at.anyOf.map((member) => kindOf(member, root)).join(" | ");
  if (at.type === "array") return `list of ${kindOf(at.items ?? {}, root)}`;
  return [at.type ?? "any"].flat().join(" | ");
}

function limitsOf(schema) {
  const names = ["minimum", "maximum", "multipleOf", "maxLength", "default"];
  return names.filter((name) => name in schema).map((name) => `${name} ${JSON.stringify(schema[name])}`);
}

function table(rows) {
  const body = rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell))));
  return make("table", {}, ...body);
}

function fields(schema, root) {
  const at = resolve(schema, root);
  const required = new Set(at.required ?? []);
  return Object.entries(at.properties ?? {}).map(([name, entry]) => {
    const field = resolve(entry, root);
    const about = [entry.description ?? field.description, ...limitsOf({ ...field, ...entry })];
    return [
      make("code", {}, name),
      kindOf(entry, root) + (required.has(name) ? ", required" : ""),
      about.filter(Boolean).join("; "),
    ];
  });
}

function example(schema, root) {
  const at = resolve(schema, root);
  const entries = Object.entries(at.properties ?? {});
  return Object.fromEntries(entries.map(([name, entry]) => [name, resolve(entry, root).default ?? entry.default ?? null]));
}

function trial(path, schema, root) {
  const input = make("textarea", { "aria-label": "Body", spellcheck: "false" });
  input.value = JSON.stringify(example(schema, root), null, 2);
  const result = make("pre", { hidden: "" });
  const button = make("button", { type: "button" }, "Run");
  button.addEventListener("click", async () => {
    button.disabled = true;
    result.hidden = false;
    result.textContent = "running";
    try {
      const headers = { "Content-Type": "application/json", Prefer: "wait=600" };
      const answer = await fetch(path, { method: "POST", headers, body: input.value });
      result.textContent = `${answer.status}\n${JSON.stringify(await answer.json(), null, 2)}`;
    } catch (error) {
      result.textContent = String(error);
    }
    button.disabled = false;
  });
  return [input, make("p", {}, button), result];
}

function show(path, method, operation, root) {
  const body = make("div", { class: "body" });
  if (operation.description) body.append(make("p", {}, operation.description));
  if (operation.parameters.length) {
    const rows = operation.parameters.map((parameter) => [
      make("code", {}, parameter.name),
      `${parameter.in}, ${kindOf(parameter.schema, root)}`,
      parameter.description ?? "",
    ]);
    body.append(make("h3", {}, "Parameters"), table(rows));
  }
  for (const [kind, media] of Object.entries(operation.requestBody?.content ?? {})) {
    body.append(make("h3", {}, `Body: ${kind}`), table(fields(media.schema, root)));
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    const schema = answer.content?.["application/json"]?.schema;
    body.append(make("h3", {}, `${status}: ${answer.description}`));
    if (schema && status !== "default") body.append(table(fields(schema, root)));
  }
  if (operation.tags.includes("saved workflows")) {
    body.append(make("h3", {}, "Try it"));
    body.append(...trial(path, operation.requestBody.content["application/json"].schema, root));
  }
  const summary = make(
    "summary",
    {},
    make("span", { class: "method" }, method),
    make("code", { class: "path" }, path),
    operation.summary,
  );
  return make("details", {}, summary, body);
}

try {
  const root = await (await fetch("/api/openapi.json")).json();
  const groups = new Map([["saved workflows", []]]);
  for (const [path, methods] of Object.entries(root.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(show(path, method, operation, root));
    }
  }
  place.replaceChildren();
  for (const [tag, shown] of groups) {
    if (shown.length) place.append(make("h2", {}, tag), ...shown);
  }
} catch (error) {
  place.textContent = `The document can't be read: ${error}`;
}
