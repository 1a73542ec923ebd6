/** Everything that is wrong, as a list; a press goes to the node and its port. */

import { type KeyboardEvent, useState } from "react";
import { canvas } from "../../canvas/instance";
import type { Problem } from "../../graph/catalogue";
import { graphAt } from "../../graph/document";
import { placeOf } from "../../graph/problems";
import { pathThrough } from "../../graph/subgraphs";
import { useText } from "../../i18n";
import { activeDocument } from "../../store/documents";
import { shownRun } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { allProblems } from "../../store/validation";
import { Icon } from "../Icon";

/** A list of thousands helps nobody. */
const MOST = 100;

export function Problems() {
  const t = useText();
  const problems = useEditor(allProblems);
  const failure = useEditor(failed);
  const [opened, setOpened] = useState(false);
  const [hidden, setHidden] = useState("");
  if (problems.length === 0) return null;
  // What a run ended with is shown at once, until it is put away.
  const open = opened || (failure !== "" && hidden !== failure);
  const toggle = () => {
    setOpened(!open);
    setHidden(open ? failure : "");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    toggle();
  };
  const count = t(problems.length === 1 ? "problems.one" : "problems.count", {
    count: problems.length,
  });
  return (
    <section className="problems" aria-label={t("problems.title")} onKeyDown={onKeyDown}>
      {open && (
        <ul className="popover">
          {problems.slice(0, MOST).map((problem, index) => (
            <li key={index}>
              <button
                type="button"
                data-problem={[problem.node, problem.port].filter(Boolean).join(".")}
                onClick={() => show(problem)}
                disabled={problem.node === null}
              >
                <b>{[problem.node, problem.port].filter(Boolean).join(" · ")}</b>
                <span>{problem.message}</span>
                {problem.hint && <small>{problem.hint}</small>}
              </button>
            </li>
          ))}
          {problems.length > MOST && (
            <li className="muted">{t("problems.more", { count: problems.length - MOST })}</li>
          )}
        </ul>
      )}
      <button
        type="button"
        className="problems-count"
        aria-expanded={open}
        data-action="problems"
        onClick={toggle}
      >
        <Icon name="warning" />
        {count}
      </button>
    </section>
  );
}

/** Names the failure that is to be shown: of the shown run, or of a refused one. */
function failed(state: Parameters<typeof shownRun>[0]): string {
  const run = shownRun(state);
  if (state.refused.length > 0) return "refused";
  return run?.status === "failed" ? run.id : "";
}

/** Goes to the level of a problem's node, and to the widget of its port if there is one. */
function show(problem: Problem): void {
  const state = useEditor.getState();
  const document = activeDocument(state);
  if (!document || problem.node === null) return;
  const names = problem.node.split("/");
  const through = names.slice(0, -1);
  const path = pathThrough(document.history.document, through);
  const graph = graphAt(document.history.document, path);
  const last = { ...problem, node: names.at(-1) ?? "" };
  const place = graph && placeOf(last, (id) => id in graph.nodes);
  if (!place) return;
  const selection = new Set([place.node]);
  if (through.join("/") === document.through.join("/")) state.select(selection);
  else state.patchDocument(document.id, { path, through, selection });
  requestAnimationFrame(() => {
    void canvas()
      ?.fitView({ nodes: [{ id: place.node }], maxZoom: 1, duration: 200 })
      .then(() => focusWidget(`${place.node}.${place.port}`));
  });
}

function focusWidget(id: string): void {
  const found = document.querySelector<HTMLElement>(`.canvas [data-widget="${CSS.escape(id)}"]`);
  found?.focus({ preventScroll: true });
}
