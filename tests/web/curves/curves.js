import { path } from "./draw.js";

export default function register(editor) {
  editor.widget("stars", { height: 40, mount: stars });
  editor.viewer("curve", { height: 300, mount: curve });
}

function stars(element, props) {
  const buttons = [1, 2, 3, 4, 5].map((rating) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `${props.label} ${rating}`);
    button.addEventListener("click", () => props.onChange(rating));
    return button;
  });
  const update = (next) => {
    props = next;
    const rating = props.value ?? props.schema.default;
    buttons.forEach((button, index) => {
      button.textContent = index < rating ? "★" : "☆";
    });
  };
  element.append(...buttons);
  update(props);
  return { update };
}

function curve(element, { items }) {
  const stop = new AbortController();
  fetch(items[0].url, { signal: stop.signal })
    .then((answer) => answer.json())
    .then((heights) => element.replaceChildren(path(heights)))
    .catch((error) => {
      if (!stop.signal.aborted) element.textContent = String(error);
    });
  return { destroy: () => stop.abort() };
}
