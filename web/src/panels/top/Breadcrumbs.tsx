/** The way into the subgraph that is shown. */

import { EditableName } from "../../canvas/EditableName";
import { setAbout } from "../../commands/graph";
import { readable } from "../../graph/catalogue";
import { graphAt } from "../../graph/document";
import { pathThrough } from "../../graph/subgraphs";
import { useText } from "../../i18n";
import { activeDocument, type OpenDocument } from "../../store/documents";
import { useEditor } from "../../store/store";
import { Icon } from "../Icon";

/** Which subgraph is shown, and the levels around it to go out to. */
export function Breadcrumbs() {
  const t = useText();
  const document = useEditor(activeDocument);
  if (!document || document.through.length === 0) return null;
  const names = levelNames(document, t("app.untitled"));
  const { leave, execute } = useEditor.getState();
  return (
    <nav className="breadcrumbs" aria-label={t("app.levels")}>
      {names.slice(0, -1).map((name, index) => (
        <button key={index} type="button" onClick={() => leave(names.length - 1 - index)}>
          {index > 0 && <Icon name="chevron" />}
          {name}
        </button>
      ))}
      <span className="shown-level" aria-current="page">
        <Icon name="chevron" />
        <EditableName
          id="level"
          className="shown-level-name"
          name={names.at(-1) ?? ""}
          label={t("edit.rename")}
          onRename={(name) => execute(setAbout({ name }))}
        />
      </span>
    </nav>
  );
}

/** What the document, and each subgraph on the way in, is called. */
function levelNames({ history, through }: OpenDocument, untitled: string): string[] {
  const inner = through.map((node, index) => {
    const path = pathThrough(history.document, through.slice(0, index + 1));
    return graphAt(history.document, path)?.name || readable(path.at(-1) ?? node);
  });
  return [history.document.name || untitled, ...inner];
}
