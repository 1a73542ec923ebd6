/** Under which names a level takes values in and gives them out. */

import { type Graph, joinPort } from "./document";

const inputs = new WeakMap<object, ReadonlyMap<string, string>>();
const outputs = new WeakMap<object, ReadonlyMap<string, string>>();

/** The name of each named input, by the `node.port` that it feeds. */
export function inputNames(graph: Graph): ReadonlyMap<string, string> {
  const known = inputs.get(graph.inputs);
  if (known) return known;
  const names = new Map(
    Object.entries(graph.inputs).flatMap(([name, targets]) =>
      [targets].flat().map((target): [string, string] => [target, name]),
    ),
  );
  inputs.set(graph.inputs, names);
  return names;
}

/** The name of each named output, by its `node.output`. */
export function outputNames(graph: Graph): ReadonlyMap<string, string> {
  const known = outputs.get(graph.outputs);
  if (known) return known;
  const names = new Map(Object.entries(graph.outputs).map(([name, source]) => [source, name]));
  outputs.set(graph.outputs, names);
  return names;
}

export interface PortNames {
  /** Names of the level, by the ports of a node. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The names of a node's ports as one text, so that it compares by value. */
export function namesOfNode(graph: Graph, id: string, ports: PortKeys): string {
  const [ins, outs] = [inputNames(graph), outputNames(graph)];
  const found: PortNames = {
    inputs: picked(ins, id, ports.inputs),
    outputs: picked(outs, id, ports.outputs),
  };
  return JSON.stringify(found);
}

interface PortKeys {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

function picked(names: ReadonlyMap<string, string>, id: string, ports: readonly string[]) {
  return Object.fromEntries(
    ports.flatMap((port) => {
      const name = names.get(joinPort(id, port));
      return name === undefined ? [] : [[port, name]];
    }),
  );
}
