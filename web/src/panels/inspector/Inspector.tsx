/** What is selected, in full: a node with its help and all that can be set, or the workflow. */

import { useText } from "../../i18n";
import { activeGraph } from "../../store/documents";
import { selectedNodes } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { PanelHeader } from "../PanelHeader";
import { AboutNode } from "./AboutNode";
import { AboutWorkflow } from "./AboutWorkflow";

export function Inspector() {
  const t = useText();
  const nodes = useEditor(selectedNodes);
  const open = useEditor((state) => activeGraph(state) !== null);
  const [only] = nodes;
  const several = nodes.length > 1;
  return (
    <section className="panel inspector" aria-label={t("inspector.title")}>
      <PanelHeader title={t("inspector.title")} place="right" />
      <div className="panel-body">
        {several && <p className="panel-note">{t("inspector.several", { count: nodes.length })}</p>}
        {!several && only && <AboutNode key={only.id} id={only.id} />}
        {!only && open && <AboutWorkflow />}
      </div>
    </section>
  );
}
