/** The widget of one input, joined to the store. */

import { memo, useCallback } from "react";
import { setInput } from "../commands/nodes";
import type { InputSpec } from "../graph/catalogue";
import { readable } from "../graph/catalogue";
import type { Json } from "../graph/json";
import { literalOf } from "../graph/links";
import { useEditor } from "../store/store";
import { widgetOf } from "../widgets/registry";
import { unwrapSchema } from "../widgets/widget";

interface CardWidgetProps {
  readonly node: string;
  readonly name: string;
  readonly input: InputSpec;
  readonly value: Json | undefined;
}

export const CardWidget = memo(function CardWidget({ node, name, input, value }: CardWidgetProps) {
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
    <widget.Component
      id={`${node}.${name}`}
      label={readable(name)}
      value={literalOf(value)}
      schema={schema}
      nullable={nullable}
      onChange={onChange}
    />
  );
});
