/** Every save of the workflow that is shown: what it changes, to look at and to take back. */

import { useEffect, useState } from "react";
import { api } from "../../api/client";
import type { Revision } from "../../api/types";
import { type Comparison, compareGraphs } from "../../graph/compare";
import type { Graph } from "../../graph/document";
import { readDocument } from "../../graph/read";
import { useText } from "../../i18n";
import { activeDocument, type OpenDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { PanelHeader } from "../PanelHeader";
import { useAgo } from "../queue/time";

export default function Versions() {
  const t = useText();
  const document = useEditor(activeDocument);
  return (
    <>
      <PanelHeader title={t("doc.versions")} place="right" />
      {document?.savedAs ? (
        <List
          key={`${document.id} ${document.savedAs}`}
          document={document}
          name={document.savedAs}
        />
      ) : (
        <p className="empty">{t("versions.never_saved")}</p>
      )}
    </>
  );
}

function List({ document, name }: { document: OpenDocument; name: string }) {
  const [revisions, setRevisions] = useState<readonly Revision[]>([]);
  const [open, setOpen] = useState<number | null>(null);
  const { revision } = document;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a save makes another revision
  useEffect(() => {
    api.revisions(name).then((answer) => setRevisions(answer.revisions), tell);
  }, [name, revision]);
  return (
    <ul className="rows">
      {revisions.map((entry) => (
        <Version
          key={entry.revision}
          entry={entry}
          document={document}
          name={name}
          open={open === entry.revision}
          onOpen={() => setOpen(open === entry.revision ? null : entry.revision)}
        />
      ))}
    </ul>
  );
}

interface VersionProps {
  readonly entry: Revision;
  readonly document: OpenDocument;
  readonly name: string;
  readonly open: boolean;
  readonly onOpen: () => void;
}

function Version({ entry, document, name, open, onOpen }: VersionProps) {
  const t = useText();
  const ago = useAgo();
  const locale = useEditor((state) => state.locale);
  const [graph, setGraph] = useState<Graph | null>(null);
  useEffect(() => {
    if (!open || graph) return;
    api
      .revision(name, entry.revision)
      .then(({ workflow }) => setGraph(readDocument(workflow)), tell);
  }, [open, graph, name, entry.revision]);
  const current = entry.revision === document.revision;
  const time = new Date(entry.time * 1000).toLocaleString(locale);
  const { open: openTab, replace, notify } = useEditor.getState();
  const look = () => {
    if (!graph) return;
    const version = t("versions.number", { number: entry.revision });
    openTab({ ...graph, name: `${graph.name || name} · ${version}` });
  };
  const restore = () => {
    if (!graph) return;
    replace(document.id, graph);
    notify({
      kind: "good",
      text: t("versions.restored", { number: entry.revision }),
      action: { label: t("edit.undo"), run: () => useEditor.getState().undo() },
    });
  };
  return (
    <li className="version" data-revision={entry.revision}>
      <button type="button" className="row-main" aria-expanded={open} onClick={onOpen}>
        <b>
          {t("versions.number", { number: entry.revision })}
          {current && <span className="badge">{t("versions.current")}</span>}
        </b>
        <span className="muted" title={time}>
          {ago(entry.time)}
        </span>
      </button>
      {open && graph && (
        <div className="version-body">
          <Changes comparison={compareGraphs(graph, document.history.document)} />
          <div className="dialog-buttons">
            <button type="button" className="button" onClick={look}>
              {t("versions.look")}
            </button>
            <button type="button" className="button" onClick={restore}>
              {t("versions.restore")}
            </button>
          </div>
        </div>
      )}
    </li>
  );
}

/** What the shown document has that the version had not, and the other way round. */
function Changes({ comparison }: { comparison: Comparison }) {
  const t = useText();
  const kinds = (["added", "removed", "changed"] as const).filter(
    (kind) => comparison[kind].length > 0,
  );
  if (kinds.length === 0) return <p className="muted">{t("versions.same")}</p>;
  return (
    <dl className="changes">
      {kinds.map((kind) => (
        <div key={kind} className={kind}>
          <dt>{t(`versions.${kind}`)}</dt>
          <dd>{comparison[kind].join(", ")}</dd>
        </div>
      ))}
    </dl>
  );
}
