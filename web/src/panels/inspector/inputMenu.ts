/** What one can do with an input besides setting it: port or widget, name, default. */

import type { MouseEvent } from "react";
import { setNamedInput } from "../../commands/graph";
import { disconnect } from "../../commands/links";
import { setInput, showAsPort } from "../../commands/nodes";
import type { Graph } from "../../graph/document";
import { joinPort } from "../../graph/document";
import { drawnSpec } from "../../graph/ghost";
import { isLinked, linksInto } from "../../graph/links";
import type { Level } from "../../graph/subgraphs";
import type { TextKey } from "../../i18n";
import { activeLevel } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { startsAsPort, widgetOf } from "../../widgets/registry";

export function openInputMenu(event: MouseEvent, node: string, input: string): void {
  // Texts keep the browser's own menu, for spelling and pasting.
  const text = event.target instanceof Element && event.target.closest("textarea, input:focus");
  event.stopPropagation();
  if (text) return;
  event.preventDefault();
  useEditor.getState().openInputMenu({ node, input, x: event.clientX, y: event.clientY });
}

export interface InputAction {
  readonly name: string;
  readonly label: TextKey;
  readonly run: () => void;
}

/** What can be done with an input of the shown level, as it is now. */
export function inputActions(id: string, name: string): InputAction[] {
  const level = activeLevel(useEditor.getState());
  const node = level?.graph.nodes[id];
  const input = level && node ? drawnSpec(level, node).inputs[name] : undefined;
  if (!level || !node || !input) return [];
  const { execute } = useEditor.getState();
  const value = node.inputs[name];
  const linked = isLinked(value);
  const actions: InputAction[] = [];
  const add = (key: string, label: TextKey, run: () => void) =>
    actions.push({ name: key, label, run });

  if (linked) {
    const links = linksInto(node).filter((link) => link.input === name);
    add("unlink", "input.unlink", () => execute(disconnect({ links })));
  } else if (widgetOf(input)) {
    if (isShownAsPort(level, id, name)) {
      if (!startsAsPort(input) || value !== undefined) {
        add("widget", "input.as_widget", () =>
          execute(showAsPort({ node: id, input: name, shown: false })),
        );
      }
    } else {
      add("port", "input.as_port", () =>
        execute(
          startsAsPort(input)
            ? setInput({ node: id, input: name })
            : showAsPort({ node: id, input: name, shown: true }),
        ),
      );
    }
    if (value !== undefined && !input.required) {
      add("reset", "input.reset", () => execute(setInput({ node: id, input: name })));
    }
  }
  const named = inputName(level.graph, id, name);
  if (named !== null) {
    const targets = [level.graph.inputs[named] ?? []].flat();
    const left = targets.filter((target) => target !== joinPort(id, name));
    add("unname", "input.unname", () =>
      execute(setNamedInput({ name: named, ...(left.length > 0 && { targets: left }) })),
    );
  } else if (!linked) {
    const wish = freshName(level.graph, name, id);
    const target = joinPort(id, name);
    add("name", "input.name", () => execute(setNamedInput({ name: wish, targets: target })));
  }
  return actions;
}

export function isShownAsPort(level: Level, id: string, name: string): boolean {
  const node = level.graph.nodes[id];
  const input = node && drawnSpec(level, node).inputs[name];
  if (!node || !input) return false;
  const waits = startsAsPort(input) && node.inputs[name] === undefined;
  return waits || (node.ports ?? []).includes(name);
}

/** The name that an input has in the workflow's own inputs, or null. */
export function inputName(graph: Graph, node: string, input: string): string | null {
  const target = joinPort(node, input);
  const found = Object.entries(graph.inputs).find(([, targets]) =>
    typeof targets === "string" ? targets === target : targets.includes(target),
  );
  return found ? found[0] : null;
}

/** `text`, or `negative text` where that is taken. */
function freshName(graph: Graph, input: string, node: string): string {
  let name = input in graph.inputs ? `${node}_${input}` : input;
  for (let number = 2; name in graph.inputs; number += 1) name = `${node}_${input}_${number}`;
  return name;
}
