/** A group: a coloured ground under cards, with a title to take it by. */

import type { NodeProps } from "@xyflow/react";
import { type CSSProperties, type MouseEvent, memo } from "react";
import { putGroup } from "../commands/graph";
import type { GroupRecord, Size } from "../graph/document";
import { PALETTE } from "../graph/palette";
import { useText } from "../i18n";
import { activeDocument, activeGraph } from "../store/documents";
import { useSelected } from "../store/selectors";
import { useEditor } from "../store/store";
import { GROUP_PREFIX } from "./boxes";
import { EditableName } from "./EditableName";
import type { FrameNode } from "./flow";
import { ResizeCorner } from "./ResizeCorner";

const LEAST: Size = [120, 80];

export const GroupFrame = memo(
  function GroupFrame({ id }: NodeProps<FrameNode>) {
    const t = useText();
    const group = useEditor((state) => activeGraph(state)?.groups[id.slice(GROUP_PREFIX.length)]);
    const selected = useSelected(id);
    const far = useEditor((state) => state.distance !== "near");
    if (!group) return null;
    const colour = { "--frame-colour": group.colour ?? PALETTE.grey } as CSSProperties;
    return (
      <section
        className={["group", selected && "selected", far && "far"].filter(Boolean).join(" ")}
        aria-label={group.title}
        data-group={group.id}
        style={colour}
      >
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the keyboard has Tab and menus */}
        <header
          className="group-title"
          onClick={(event) => choose(event, id)}
          onDoubleClick={() => useEditor.getState().setCanvas({ editing: id })}
        >
          <EditableName
            id={id}
            className="group-name"
            name={group.title || t("canvas.group")}
            label={t("edit.rename")}
            onRename={(title) => put({ ...group, title })}
          />
        </header>
        <ResizeCorner
          id={id}
          size={[group.rect[2], group.rect[3]]}
          least={LEAST}
          onResize={(size) => put({ ...group, rect: [group.rect[0], group.rect[1], ...size] })}
        />
      </section>
    );
  },
  (before, after) => before.id === after.id,
);

function put(group: GroupRecord): void {
  useEditor.getState().execute(putGroup({ group }));
}

/** Selects a group alone, or adds it to the selection and takes it out again. */
function choose(event: MouseEvent, id: string): void {
  const state = useEditor.getState();
  const adds = event.ctrlKey || event.metaKey || event.shiftKey;
  const selection = new Set(adds ? activeDocument(state)?.selection : []);
  if (!selection.delete(id)) selection.add(id);
  state.select(selection);
}
