/** How far the shown run is: the share of its nodes and steps, and the latest preview. */

import { useText } from "../../i18n";
import type { RunView } from "../../store/runEvents";
import { shownRun } from "../../store/selectors";
import { useEditor } from "../../store/store";

export function Progress() {
  const t = useText();
  const run = useEditor(shownRun);
  const preview = useEditor((state) => (run ? latestPreview(state.previews, run.id) : null));
  if (run?.status !== "running" && run?.status !== "queued") return null;
  const share = shareOf(run);
  return (
    <div className="form-progress">
      {preview && <img src={preview} alt="" />}
      <div
        className="form-bar"
        role="progressbar"
        aria-label={t(`run.${run.status}`)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
      >
        <div style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}

/** Finished nodes of all, the one at work by its steps. */
export function shareOf({ nodes, total }: Pick<RunView, "nodes" | "total">): number {
  const parts = Object.values(nodes).map((node) => {
    if (node.status !== "running") return 1;
    return node.total ? (node.step ?? 0) / node.total : 0;
  });
  const done = parts.reduce((sum, part) => sum + part, 0);
  return total > 0 ? Math.min(1, done / total) : 0;
}

function latestPreview(previews: Readonly<Record<string, string>>, run: string): string | null {
  const own = Object.entries(previews).filter(([key]) => key.startsWith(`${run}/`));
  return own.at(-1)?.[1] ?? null;
}
