/** What is shown when no workflow is open. */

import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { ActionButton } from "../ActionButton";

export function Welcome() {
  const t = useText();
  const empty = useEditor((state) => state.order.length === 0 && state.catalogue.nodes.size > 0);
  if (!empty) return null;
  return (
    <div className="welcome">
      <img src="/icon.svg" alt="" />
      <h1>{t("welcome.title")}</h1>
      <div className="welcome-ways">
        <ActionButton action="doc.templates" />
        <ActionButton action="doc.open" />
        <ActionButton action="doc.new" />
        <ActionButton action="doc.reopen" />
      </div>
    </div>
  );
}
