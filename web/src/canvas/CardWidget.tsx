/** The widget of one input, joined to the store. */

import { memo, useCallback } from "react";
import { setInput } from "../commands/nodes";
import type { InputSpec } from "../graph/catalogue";
import { readable } from "../graph/catalogue";
import type { Json } from "../graph/json";
import { literalOf } from "../graph/links";
import { useText } from "../i18n";
import { openInputMenu } from "../panels/inspector/inputMenu";
import { useEditor } from "../store/store";
import { usePortProblem } from "../store/validation";
import { describeInput } from "../widgets/describe";
import { widgetOf } from "../widgets/registry";
import { unwrapSchema, valueFor } from "../widgets/widget";

interface CardWidgetProps {
  readonly node: string;
  readonly name: string;
  readonly input: InputSpec;
  readonly value: Json | undefined;
}

export const CardWidget = memo(function CardWidget({ node, name, input, value }: CardWidgetProps) {
  const t = useText();
  const problem = usePortProblem(node, name);
  const onChange = useCallback(
    (next: Json | undefined) => {
      const change = setInput({ node, input: name, ...(next !== undefined && { value: next }) });
      useEditor.getState().execute(change, `input ${node}.${name}`);
    },
    [node, name],
  );
  const widget = widgetOf(input);
  if (!widget) return null;
  const { schema, nullable } = unwrapSchema(input.schema);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the inspector has buttons for it
    <div
      className={problem ? "widget wrong" : "widget"}
      title={problem ?? describeInput(input, t)}
      onContextMenu={(event) => openInputMenu(event, node, name)}
    >
      <widget.Component
        id={`${node}.${name}`}
        label={readable(name)}
        value={valueFor(widget, literalOf(value))}
        schema={schema}
        nullable={nullable}
        onChange={onChange}
      />
    </div>
  );
});
