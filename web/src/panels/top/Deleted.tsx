/** Saved workflows that were deleted, which the server still has. */

import { useEffect, useState } from "react";
import { api } from "../../api/client";
import type { SavedEntry } from "../../api/types";
import { text, useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { Icon } from "../Icon";
import { useAgo } from "../queue/time";

interface DeletedProps {
  /** Which of them to show. */
  readonly filter: (entries: readonly SavedEntry[]) => readonly SavedEntry[];
}

export function Deleted({ filter }: DeletedProps) {
  const t = useText();
  const library = useEditor((state) => state.library);
  const [deleted, setDeleted] = useState<readonly SavedEntry[]>([]);
  useEffect(() => {
    let gone = false;
    if (library === null) return;
    api.deletedWorkflows().then(({ workflows }) => gone || setDeleted(workflows), tell);
    return () => {
      gone = true;
    };
  }, [library]);
  const found = filter(deleted);
  if (found.length === 0) return null;
  return (
    <details className="deleted">
      <summary>
        {t("doc.deleted_ones")} <span className="muted">{found.length}</span>
      </summary>
      <ul className="rows">
        {found.map((entry) => (
          <Row key={entry.name} entry={entry} />
        ))}
      </ul>
    </details>
  );
}

function Row({ entry }: { entry: SavedEntry }) {
  const t = useText();
  const ago = useAgo();
  const [asking, setAsking] = useState(false);
  const { name, title, modified, revision, problem } = entry;
  return (
    <li className="row" data-deleted={name}>
      <div className="row-main">
        <b>{title}</b>
        <span className="muted">
          {title !== name && `${name} · `}
          {ago(modified)}
          {revision > 0 && ` · ${t("versions.number", { number: revision })}`}
        </span>
        {problem && <span className="form-problem">{problem.message}</span>}
      </div>
      <button
        type="button"
        className="button"
        aria-label={t("doc.restore", { name })}
        onClick={() => void change(api.restoreSaved(name))}
      >
        {t("versions.restore")}
      </button>
      {asking && (
        <button
          type="button"
          className="button danger"
          onClick={() => void change(api.purgeSaved(name))}
        >
          {t("doc.purge_sure")}
        </button>
      )}
      {asking ? ( // where the bin was, as a second click of a double one confirms nothing
        <button type="button" className="button" onClick={() => setAsking(false)}>
          {t("app.cancel")}
        </button>
      ) : (
        <button
          type="button"
          className="icon-button"
          aria-label={t("doc.purge", { name })}
          title={t("doc.purge", { name })}
          onClick={() => setAsking(true)}
        >
          <Icon name="trash" />
        </button>
      )}
    </li>
  );
}

/** Deletes a saved workflow; a toast brings it back. */
export async function remove(name: string): Promise<void> {
  const { loadLibrary, notify } = useEditor.getState();
  await api.deleteSaved(name);
  await loadLibrary();
  notify({
    kind: "info",
    text: text("doc.deleted", { name }),
    action: { label: text("edit.undo"), run: () => void change(api.restoreSaved(name)) },
  });
}

/** Shows what is saved, and what was deleted, after a change. */
async function change(done: Promise<unknown>): Promise<void> {
  try {
    await done;
    await useEditor.getState().loadLibrary();
  } catch (error) {
    tell(error);
  }
}
