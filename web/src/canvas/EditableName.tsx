/** A name on the canvas that a double-click, or F2, turns into a field. */

import { type KeyboardEvent, useEffect, useRef } from "react";
import { useEditor } from "../store/store";

interface EditableNameProps {
  /** Id on the canvas, as `state.editing` has it. */
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly className: string;
  readonly onRename: (name: string) => void;
}

export function EditableName({ id, name, label, className, onRename }: EditableNameProps) {
  const editing = useEditor((state) => state.editing === id);
  if (editing) return <NameField name={name} label={label} onRename={onRename} />;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: F2 does it for the keyboard
    <span
      className={className}
      onDoubleClick={(event) => {
        event.stopPropagation();
        useEditor.getState().setCanvas({ editing: id });
      }}
    >
      {name}
    </span>
  );
}

function NameField({ name, label, onRename }: Omit<EditableNameProps, "id" | "className">) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const stop = () => useEditor.getState().setCanvas({ editing: null });
  const keep = () => {
    const wish = field.current?.value.trim() ?? "";
    if (wish !== name) onRename(wish);
    stop();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Enter") keep();
    if (event.key === "Escape") stop();
  };
  return (
    <input
      ref={field}
      className="name-field nodrag"
      aria-label={label}
      defaultValue={name}
      onKeyDown={onKeyDown}
      onBlur={keep}
    />
  );
}
