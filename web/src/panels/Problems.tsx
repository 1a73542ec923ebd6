/** What the server said to be wrong; a press goes to the node. */

import { canvas } from "../canvas/instance";
import type { Problem } from "../graph/catalogue";
import { serverProblems } from "../store/selectors";
import { useEditor } from "../store/store";

export function Problems() {
  const problems = useEditor(serverProblems);
  if (problems.length === 0) return null;
  return (
    <ul className="problems popover">
      {problems.map((problem, index) => (
        <li key={index}>
          <button type="button" onClick={() => show(problem)} disabled={problem.node === null}>
            <b>{[problem.node, problem.port].filter(Boolean).join(" · ")}</b>
            <span>{problem.message}</span>
            {problem.hint && <small>{problem.hint}</small>}
          </button>
        </li>
      ))}
    </ul>
  );
}

function show(problem: Problem): void {
  const id = problem.node?.split("/", 1)[0];
  if (!id) return;
  useEditor.getState().select([id]);
  void canvas()?.fitView({ nodes: [{ id }], maxZoom: 1, duration: 200 });
}
