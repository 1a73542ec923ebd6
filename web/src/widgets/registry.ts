/** All widgets. Packs add theirs in front, so that they can replace one for their inputs. */

import type { InputSpec } from "../graph/catalogue";
import type { Json } from "../graph/json";
import { isPlain } from "../graph/types";
import { choice } from "./Choice";
import { colour } from "./Colour";
import { filePicker } from "./FilePicker";
import { jsonField } from "./JsonField";
import { list } from "./ListField";
import { modelPicker } from "./ModelPicker";
import { number } from "./NumberField";
import { seed } from "./Seed";
import { subgraphPicker } from "./SubgraphPicker";
import { textArea } from "./TextArea";
import { textField } from "./TextField";
import { toggle } from "./Toggle";
import { isWritable, unwrapSchema, type Widget } from "./widget";

const widgets: Widget[] = [
  filePicker,
  modelPicker,
  subgraphPicker,
  choice,
  list,
  toggle,
  seed,
  number,
  colour,
  textArea,
  textField,
  jsonField,
];
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

/** Pixels that the widget of an input takes on a card. */
export function heightOf(input: InputSpec, value: Json | undefined): number {
  const height = widgetOf(input)?.height ?? 0;
  return typeof height === "number" ? height : height(value ?? input.schema.default);
}

/** Whether an input is a port until a value is set, as pictures are: links feed most of them. */
export function startsAsPort(input: InputSpec): boolean {
  return !isPlain(input.type) && input.schema.widget === "file";
}

/** Adds a widget before all others. */
export function registerWidget(widget: Widget): void {
  widgets.unshift(widget);
  chosen = new WeakMap();
}
