/** A row of colours for what is selected, and none. */

import type { Change } from "../../commands/command";
import { putGroup, putNote } from "../../commands/graph";
import { setLook } from "../../commands/nodes";
import { type ColourName, PALETTE } from "../../graph/palette";
import { useText } from "../../i18n";
import { activeDocument, activeGraph } from "../../store/documents";
import { useEditor } from "../../store/store";
import { Icon } from "../Icon";

export function Colours({ onDone }: { onDone: () => void }) {
  const t = useText();
  const pick = (colour: string | undefined) => {
    onDone();
    paint(colour);
  };
  return (
    <div className="menu-colours">
      <button
        type="button"
        role="menuitem"
        aria-label={t("colour.none")}
        title={t("colour.none")}
        onClick={() => pick(undefined)}
      >
        <Icon name="close" />
      </button>
      {(Object.keys(PALETTE) as ColourName[]).map((name) => (
        <button
          key={name}
          type="button"
          role="menuitem"
          aria-label={t(`colour.${name}`)}
          title={t(`colour.${name}`)}
          data-colour={name}
          style={{ background: PALETTE[name] }}
          onClick={() => pick(PALETTE[name])}
        />
      ))}
    </div>
  );
}

/** Gives all that is selected a colour, or its own again. */
function paint(colour: string | undefined): void {
  const { execute } = useEditor.getState();
  const graph = activeGraph(useEditor.getState());
  const ids = [...(activeDocument(useEditor.getState())?.selection ?? [])];
  if (!graph) return;
  const coloured = <T extends { readonly colour?: string }>({ colour: _, ...frame }: T) => {
    return colour === undefined ? frame : { ...frame, colour };
  };
  execute([
    setLook({ ids, look: { colour } }),
    ...ids.flatMap((id): Change[] => {
      const group = id.startsWith("group/") && graph.groups[id.slice(6)];
      const note = id.startsWith("note/") && graph.notes[id.slice(5)];
      if (group) return [putGroup({ group: coloured(group) as typeof group })];
      return note ? [putNote({ note: coloured(note) as typeof note })] : [];
    }),
  ]);
}
