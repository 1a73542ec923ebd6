/** A note: text on the canvas, for people. */

import type { NodeProps } from "@xyflow/react";
import { type CSSProperties, type KeyboardEvent, memo, useEffect, useRef } from "react";
import { putNote } from "../commands/graph";
import type { NoteRecord, Size } from "../graph/document";
import { PALETTE } from "../graph/palette";
import { useText } from "../i18n";
import { activeGraph } from "../store/documents";
import { useSelected } from "../store/selectors";
import { useEditor } from "../store/store";
import { NOTE_PREFIX } from "./boxes";
import type { FrameNode } from "./flow";
import { ResizeCorner } from "./ResizeCorner";

const LEAST: Size = [100, 60];

export const NoteCard = memo(
  function NoteCard({ id }: NodeProps<FrameNode>) {
    const t = useText();
    const note = useEditor((state) => activeGraph(state)?.notes[id.slice(NOTE_PREFIX.length)]);
    const selected = useSelected(id);
    const editing = useEditor((state) => state.editing === id);
    if (!note) return null;
    const colour = { "--frame-colour": note.colour ?? PALETTE.yellow } as CSSProperties;
    return (
      <article
        className={selected ? "note selected" : "note"}
        aria-label={t("canvas.note")}
        data-note={note.id}
        style={colour}
        onDoubleClick={(event) => {
          event.stopPropagation();
          useEditor.getState().setCanvas({ editing: id });
        }}
      >
        {editing ? (
          <NoteField note={note} />
        ) : (
          <p className={note.text ? "note-text" : "note-text empty"}>
            {note.text || t("canvas.note_empty")}
          </p>
        )}
        <ResizeCorner
          id={id}
          size={[note.rect[2], note.rect[3]]}
          least={LEAST}
          onResize={(size) => put({ ...note, rect: [note.rect[0], note.rect[1], ...size] })}
        />
      </article>
    );
  },
  (before, after) => before.id === after.id,
);

function NoteField({ note }: { note: NoteRecord }) {
  const t = useText();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const stop = () => useEditor.getState().setCanvas({ editing: null });
  const keep = () => {
    const text = field.current?.value ?? note.text;
    if (text !== note.text) put({ ...note, text });
    stop();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) {
      event.currentTarget instanceof HTMLTextAreaElement && event.currentTarget.blur();
    }
  };
  return (
    <textarea
      ref={field}
      className="note-field nodrag nowheel"
      aria-label={t("canvas.note")}
      defaultValue={note.text}
      onKeyDown={onKeyDown}
      onBlur={keep}
    />
  );
}

function put(note: NoteRecord): void {
  useEditor.getState().execute(putNote({ note }));
}
