/** All widgets. Packs add theirs in front, so that they can replace one for their inputs. */

import type { InputSpec } from "../graph/catalogue";
import { choice } from "./Choice";
import { jsonField } from "./JsonField";
import { number } from "./NumberField";
import { textArea } from "./TextArea";
import { textField } from "./TextField";
import { toggle } from "./Toggle";
import { isWritable, unwrapSchema, type Widget } from "./widget";

const widgets: Widget[] = [choice, toggle, number, textArea, textField, jsonField];
let chosen = new WeakMap<InputSpec, Widget | null>();

/** The widget of an input, or null for one that only a link can feed. */
export function widgetOf(input: InputSpec): Widget | null {
  const known = chosen.get(input);
  if (known !== undefined) return known;
  const { schema } = unwrapSchema(input.schema);
  const found = isWritable(input)
    ? (widgets.find((widget) => widget.suits(input, schema)) ?? null)
    : null;
  chosen.set(input, found);
  return found;
}

/** Adds a widget before all others. */
export function registerWidget(widget: Widget): void {
  widgets.unshift(widget);
  chosen = new WeakMap();
}
