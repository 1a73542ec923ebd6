/** Saved workflows that were deleted, which the server still has. */

import { useEffect, useState } from "react";
import { api } from "../../api/client";
import type { SavedEntry } from "../../api/types";
import { text, useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { useAgo } from "../queue/time";

interface DeletedProps {
  /** Which of them to show. */
  readonly filter: (entries: readonly SavedEntry[]) => readonly SavedEntry[];
}

export function Deleted({ filter }: DeletedProps) {
  const t = useText();
  const ago = useAgo();
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
        {found.map(({ name, title, modified, revision }) => (
          <li key={name} className="row" data-deleted={name}>
            <div className="row-main">
              <b>{title}</b>
              <span className="muted">
                {title !== name && `${name} · `}
                {ago(modified)} · {t("versions.number", { number: revision })}
              </span>
            </div>
            <button
              type="button"
              className="button"
              aria-label={t("doc.restore", { name })}
              onClick={() => void restore(name)}
            >
              {t("versions.restore")}
            </button>
          </li>
        ))}
      </ul>
    </details>
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
    action: { label: text("edit.undo"), run: () => void restore(name) },
  });
}

async function restore(name: string): Promise<void> {
  try {
    await api.restoreSaved(name);
    await useEditor.getState().loadLibrary();
  } catch (error) {
    tell(error);
  }
}
