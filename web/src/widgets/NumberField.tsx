/** A number with limits: typed, stepped with the arrow keys, or dragged left and right. */

import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  useRef,
  useState,
} from "react";
import { useText } from "../i18n";
import { type Bounds, boundsOf, clamp, parseNumber, shareOf, showNumber } from "./numbers";
import type { Widget, WidgetProps } from "./widget";

/** Pixels of a drag per step. */
const PER_STEP = 4;

export function NumberField({ id, label, value, schema, nullable, onChange }: WidgetProps) {
  const t = useText();
  const bounds = boundsOf(schema);
  const present = value ?? schema.default ?? null;
  const shown = typeof present === "number" || typeof present === "bigint" ? present : null;
  const [draft, setDraft] = useState<string | null>(null);
  const share = shareOf(shown, bounds);
  const input = useRef<HTMLInputElement>(null);

  const commit = () => {
    if (draft === null) return;
    setDraft(null);
    if (draft.trim() === "") return onChange(nullable ? null : undefined);
    const typed = parseNumber(draft, bounds.integer);
    if (typed !== null) onChange(clamp(typed, bounds));
  };
  const step = (steps: number) => {
    const typed = draft === null ? null : parseNumber(draft, bounds.integer);
    setDraft(null);
    onChange(stepped(typed ?? shown, steps, bounds));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const times = event.shiftKey ? 10 : 1;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) input.current?.blur();
    else if (event.key === "Escape" && draft !== null) setDraft(null);
    else if (event.key === "ArrowUp") step(times);
    else if (event.key === "ArrowDown") step(-times);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is a group of several
    <div
      role="group"
      aria-label={label}
      className="field number nodrag"
      style={share === null ? undefined : ({ "--share": share } as CSSProperties)}
      onPointerDown={dragBy(shown, bounds, onChange)}
      onMouseDown={holdFocus}
    >
      <span className="field-label">{label}</span>
      <input
        ref={input}
        data-widget={id}
        aria-label={label}
        inputMode={bounds.integer ? "numeric" : "decimal"}
        spellCheck={false}
        value={draft ?? (shown === null ? "" : showNumber(shown))}
        placeholder={t("widget.default")}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}

function stepped(from: number | bigint | null, steps: number, bounds: Bounds): number | bigint {
  const start = from ?? clamp(0, bounds);
  if (typeof start === "bigint") return clamp(start + BigInt(steps), bounds);
  // Ten digits, so that 0.1 + 0.2 is 0.3.
  return clamp(Number((start + steps * bounds.step).toPrecision(10)), bounds);
}

/** Dragging changes the number; a press without moving edits it. */
function dragBy(
  from: number | bigint | null,
  bounds: Bounds,
  onChange: (value: number | bigint) => void,
) {
  return (start: PointerEvent<HTMLElement>) => {
    const element = start.currentTarget;
    const input = element.querySelector("input");
    if (start.button !== 0 || input === document.activeElement) return;
    let moved = false;
    const move = (event: globalThis.PointerEvent) => {
      const steps = Math.round((event.clientX - start.clientX) / PER_STEP);
      if (!moved && steps === 0) return;
      if (!moved) element.setPointerCapture(start.pointerId);
      moved = true;
      onChange(stepped(from, steps * (event.shiftKey ? 10 : 1), bounds));
    };
    const end = () => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", end);
      element.removeEventListener("pointercancel", end);
      if (!moved) input?.focus();
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  };
}

/** A press must not focus the input before it is known to be no drag. */
function holdFocus(event: MouseEvent<HTMLElement>): void {
  const input = event.currentTarget.querySelector("input");
  if (input !== document.activeElement) event.preventDefault();
}

export const number: Widget = {
  name: "number",
  suits: (_, schema) => schema.type === "integer" || schema.type === "number",
  height: 32,
  Component: NumberField,
};
