/** The fields of a workflow's form: its named inputs, each with the ports that it sets. */

import { setInput } from "../../commands/nodes";
import { type InputSpec, readable } from "../../graph/catalogue";
import { joinPort, splitPort } from "../../graph/document";
import { drawnSpec } from "../../graph/ghost";
import type { Json } from "../../graph/json";
import { isLinked, literalOf } from "../../graph/links";
import type { Level } from "../../graph/subgraphs";
import { widgetOf } from "../../widgets/registry";

export interface FormField {
  readonly name: string;
  readonly label: string;
  /** `node.port` of the first port that it sets. */
  readonly id: string;
  readonly input: InputSpec;
  readonly value: Json | undefined;
  /** Changes that set every port of the name. */
  readonly set: (value: Json | undefined) => ReturnType<typeof setInput>[];
}

/** The named inputs that can be written; those that only take links have no field. */
export function fieldsOf(level: Level): FormField[] {
  return Object.entries(level.graph.inputs).flatMap(([name, targets]): FormField[] => {
    const ports = [targets].flat().map(splitPort);
    const [first] = ports;
    const node = first && level.graph.nodes[first[0]];
    const input = node && drawnSpec(level, node).inputs[first[1]];
    if (!first || !node || !input || !widgetOf(input)) return [];
    const value = node.inputs[first[1]];
    if (isLinked(value)) return [];
    const set = (next: Json | undefined) =>
      ports.map(([id, port]) =>
        setInput({ node: id, input: port, ...(next !== undefined && { value: next }) }),
      );
    const label = readable(name);
    return [{ name, label, id: joinPort(...first), input, value: literalOf(value), set }];
  });
}
