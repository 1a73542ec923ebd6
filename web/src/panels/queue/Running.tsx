/** A run that is going on: how far it is, which node works, and a button that ends it. */

import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { CancelRun } from "./CancelRun";

export function Running({ id }: { id: string }) {
  const t = useText();
  const run = useEditor((state) => state.runs[id]);
  if (!run) return null;
  const nodes = Object.entries(run.nodes);
  const over = nodes.filter(([, node]) => node.status !== "running").length;
  const working = nodes.find(([, node]) => node.status === "running");
  const part = working?.[1].total ? (working[1].step ?? 0) / working[1].total : 0;
  const share = run.total > 0 ? Math.min(1, (over + part) / run.total) : 0;
  return (
    <li className="row run-row" data-run={id}>
      <div className="row-main">
        <b>{run.name || t("app.untitled")}</b>
        <span className="muted">{working?.[0] ?? t("run.running")}</span>
        <progress value={share} aria-label={run.name} />
      </div>
      <CancelRun id={id} />
    </li>
  );
}
