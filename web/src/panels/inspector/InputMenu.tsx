/** The menu of an input, where it was asked for. */

import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { Popover } from "../Popover";
import { inputActions } from "./inputMenu";

export function InputMenu() {
  const t = useText();
  const menu = useEditor((state) => state.inputMenu);
  const { openInputMenu } = useEditor.getState();
  if (!menu) return null;
  const { x, y, node, input } = menu;
  const anchor = { left: x, right: x, top: y, bottom: y };
  return (
    <Popover
      key={`${node}.${input} ${x} ${y}`}
      anchor={anchor}
      label={input}
      className="menu"
      onClose={() => openInputMenu(null)}
    >
      <p className="menu-title">{input.replaceAll("_", " ")}</p>
      {inputActions(node, input).map((action) => (
        <button
          key={action.name}
          type="button"
          data-input-action={action.name}
          onClick={() => {
            openInputMenu(null);
            action.run();
          }}
        >
          {t(action.label)}
        </button>
      ))}
    </Popover>
  );
}
