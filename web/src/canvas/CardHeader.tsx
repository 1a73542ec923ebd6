/** The head of a card: its title, what it runs, and how far it is. */

import { memo } from "react";
import { renameSubgraph } from "../commands/graph";
import { setLook } from "../commands/nodes";
import type { NodeSpec } from "../graph/catalogue";
import type { NodeRecord } from "../graph/document";
import { SUBGRAPH_PREFIX } from "../graph/document";
import { definedAt, subgraphName } from "../graph/subgraphs";
import { useText } from "../i18n";
import { Icon } from "../panels/Icon";
import { activeDocument, activeGraph } from "../store/documents";
import type { NodeRun } from "../store/runEvents";
import { useNodeRun } from "../store/selectors";
import { type EditorState, useEditor } from "../store/store";
import { type ShownProblem, useNodeProblems, useStale } from "../store/validation";
import { EditableName } from "./EditableName";

interface CardHeaderProps {
  readonly node: NodeRecord;
  readonly spec: NodeSpec;
}

export const CardHeader = memo(function CardHeader({ node, spec }: CardHeaderProps) {
  const t = useText();
  const run = useNodeRun(node.id);
  const stale = useStale(node.id);
  const problems = useNodeProblems(node.id);
  const inner = useEditor((state) => innerPath(state, node));
  const title = node.title ?? spec.title;
  return (
    <header className="card-header" title={spec.description.split("\n\n", 1)[0]}>
      <EditableName
        id={node.id}
        className="card-title"
        name={title}
        label={t("edit.rename")}
        onRename={(name) => rename(node, name)}
      />
      {tellsMore(node) && <span className="card-id">{node.id}</span>}
      {node.mode && <span className={`badge ${node.mode}`}>{t(`node.${node.mode}`)}</span>}
      {problems.length > 0 && <ProblemMark problems={problems} />}
      {run && <RunBadge run={run} stale={stale} />}
      {inner && (
        <button
          type="button"
          className="icon-button small nodrag"
          title={t("node.enter")}
          aria-label={t("node.enter")}
          onClick={() => useEditor.getState().enter(node.id, inner.split("\n"))}
        >
          <Icon name="enter" />
        </button>
      )}
      {run?.status === "running" && <Progress run={run} />}
    </header>
  );
});

/** A subgraph is named for all nodes that use it; without a name a node has that of its type. */
function rename(node: NodeRecord, name: string): void {
  const { execute } = useEditor.getState();
  const inner = node.type.startsWith(SUBGRAPH_PREFIX) ? subgraphName(node) : null;
  const here = activeGraph(useEditor.getState())?.workflows;
  if (inner !== null && here && inner in here && node.title === undefined) {
    execute(renameSubgraph({ name: inner, title: name }));
  } else {
    execute(setLook({ ids: [node.id], look: { title: name || undefined } }));
  }
}

/** Whether the id was chosen by a person, so that it says what the node is for. */
function tellsMore(node: NodeRecord): boolean {
  // The name of a subgraph is chosen already.
  if (node.type.startsWith(SUBGRAPH_PREFIX)) return false;
  const made = node.type.split("/").at(-1) ?? "";
  return node.title === undefined && node.id.replace(/_\d+$/, "") !== made.replace(/_\d+$/, "");
}

/** Where the subgraph of a node is defined, as one text so that it compares by value. */
function innerPath(state: EditorState, node: NodeRecord): string | null {
  const name = subgraphName(node);
  const document = name === null ? null : activeDocument(state);
  if (!document || name === null) return null;
  return definedAt(document.history.document, document.path, name)?.join("\n") ?? null;
}

/** What is wrong with the node; the colour says that it is, the tooltip what. */
function ProblemMark({ problems }: { problems: readonly ShownProblem[] }) {
  const t = useText();
  const say = ({ place, message, hint }: ShownProblem) =>
    [place.port ? `${place.port}: ${message}` : message, hint].filter(Boolean).join("\n");
  // A new node lacks its links; that is no fault yet.
  const open = problems.every(({ code }) => code === "missing_input");
  const label = t(problems.length === 1 ? "problems.one" : "problems.count", {
    count: problems.length,
  });
  return (
    <span
      className={open ? "problem-mark open" : "problem-mark"}
      role="img"
      aria-label={label}
      title={problems.map(say).join("\n\n")}
    >
      <Icon name="warning" />
    </span>
  );
}

interface RunBadgeProps {
  readonly run: NodeRun;
  /** The node, or what feeds it, was changed since. */
  readonly stale: boolean;
}

function RunBadge({ run, stale }: RunBadgeProps) {
  const t = useText();
  const kind = (name: string) => `badge ${name} ${stale ? "stale" : ""}`;
  const { retried } = run;
  const again = retried && t(`node.retried.${retried.means}`, { n: retried.divisor });
  const about = stale ? t("node.stale") : again;
  switch (run.status) {
    case "cached":
      return (
        <span className={kind("cached")} title={about}>
          {t("node.cached")}
        </span>
      );
    case "skipped":
      return (
        <span className={kind("")} title={about}>
          {t("node.skipped")}
        </span>
      );
    case "failed":
      return (
        <span className={kind("failed")} title={about ?? run.problem?.message}>
          {t("node.failed")}
        </span>
      );
    case "done":
      return (
        <span className={kind(again ? "retried" : "")} title={about}>
          {duration(run.seconds ?? 0)}
        </span>
      );
    case "running":
      return run.total || again ? (
        <span className={again ? "badge busy retried" : "badge busy"} title={again}>
          {run.total ? `${run.step}/${run.total}` : "\u2026"}
        </span>
      ) : null;
  }
}

function Progress({ run }: { run: NodeRun }) {
  const known = run.total !== undefined && run.total > 0;
  const share = known ? (run.step ?? 0) / (run.total ?? 1) : 0;
  return (
    <div className={known ? "progress" : "progress unknown"}>
      <div style={{ transform: `scaleX(${known ? share : 1})` }} />
    </div>
  );
}

/** `0.42 s`, `12 s`, `3:05`. */
export function duration(seconds: number): string {
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
