/** The open documents, and the way into the subgraph that is shown. */

import { useText } from "../../i18n";
import { activeDocument, isUnsaved } from "../../store/documents";
import { useEditor } from "../../store/store";
import { Icon } from "../Icon";

export function Tabs() {
  const t = useText();
  const order = useEditor((state) => state.order);
  return (
    <nav className="tabs" aria-label={t("app.tabs")}>
      {order.map((id) => (
        <Tab key={id} id={id} />
      ))}
    </nav>
  );
}

function Tab({ id }: { id: string }) {
  const t = useText();
  const active = useEditor((state) => state.active === id);
  const name = useEditor((state) => state.documents[id]?.history.document.name);
  const unsaved = useEditor((state) => {
    const document = state.documents[id];
    return document !== undefined && isUnsaved(document);
  });
  const { activate, close } = useEditor.getState();
  const title = name || t("app.untitled");
  return (
    <div className={active ? "tab active" : "tab"}>
      <button type="button" aria-current={active} onClick={() => activate(id)}>
        {title}
        {unsaved && <i className="unsaved" title={t("app.unsaved")} />}
      </button>
      <button
        type="button"
        className="icon-button small"
        aria-label={t("app.close", { name: title })}
        onClick={() => close(id)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** Which subgraph is shown, and the levels around it to go out to. */
export function Breadcrumbs() {
  const t = useText();
  const document = useEditor(activeDocument);
  if (!document || document.through.length === 0) return null;
  const names = [document.history.document.name || t("app.untitled"), ...document.through];
  const { leave } = useEditor.getState();
  return (
    <nav className="breadcrumbs" aria-label={t("app.levels")}>
      {names.map((name, index) => (
        <button
          key={index}
          type="button"
          disabled={index === names.length - 1}
          onClick={() => leave(names.length - 1 - index)}
        >
          {index > 0 && <Icon name="chevron" />}
          {name}
        </button>
      ))}
    </nav>
  );
}
