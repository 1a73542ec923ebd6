/** Commands on what a level has besides nodes and links. */

import type { Graph, GroupRecord, NoteRecord, Point } from "../graph/document";
import { without } from "../graph/document";
import { define } from "./command";

export const setAbout = define<{ name?: string; description?: string }>(
  "graph.set_about",
  (graph, about) => ({ ...graph, ...about }),
);

/** Puts a group there, or in the place of the one with its id. */
export const putGroup = define<{ group: GroupRecord }>("groups.put", (graph, { group }) => ({
  ...graph,
  groups: { ...graph.groups, [group.id]: group },
}));

/** Takes groups out; the nodes on them stay. */
export const removeGroups = define<{ ids: readonly string[] }>("groups.remove", (graph, { ids }) =>
  replaced(graph, "groups", without(graph.groups, ids)),
);

export const putNote = define<{ note: NoteRecord }>("notes.put", (graph, { note }) => ({
  ...graph,
  notes: { ...graph.notes, [note.id]: note },
}));

export const removeNotes = define<{ ids: readonly string[] }>("notes.remove", (graph, { ids }) =>
  replaced(graph, "notes", without(graph.notes, ids)),
);

/** Sets the bends of the link that ends at `end` (`node.port`); none makes it straight. */
export const setReroute = define<{ end: string; points: readonly Point[] }>(
  "links.set_reroute",
  (graph, { end, points }) =>
    points.length > 0
      ? { ...graph, reroutes: { ...graph.reroutes, [end]: points } }
      : replaced(graph, "reroutes", without(graph.reroutes, [end])),
);

/** Names an input of the workflow; without targets the name is taken out. */
export const setNamedInput = define<{ name: string; targets?: string | readonly string[] }>(
  "graph.set_named_input",
  (graph, { name, targets }) =>
    targets === undefined
      ? replaced(graph, "inputs", without(graph.inputs, [name]))
      : { ...graph, inputs: { ...graph.inputs, [name]: targets } },
);

/** Names an output of the workflow; without a source the name is taken out. */
export const setNamedOutput = define<{ name: string; source?: string }>(
  "graph.set_named_output",
  (graph, { name, source }) =>
    source === undefined
      ? replaced(graph, "outputs", without(graph.outputs, [name]))
      : { ...graph, outputs: { ...graph.outputs, [name]: source } },
);

/** Locks or frees a seed (`node.port`): a batch of runs leaves locked ones as they are. */
export const lockSeed = define<{ seed: string; locked: boolean }>(
  "graph.lock_seed",
  (graph, { seed, locked }) => {
    if (graph.lockedSeeds.includes(seed) === locked) return graph;
    const others = graph.lockedSeeds.filter((name) => name !== seed);
    return { ...graph, lockedSeeds: locked ? [...others, seed] : others };
  },
);

/** Puts a subgraph into this level under a name; without a graph it is taken out. */
export const putWorkflow = define<{ name: string; graph?: Graph }>(
  "graph.put_workflow",
  (graph, { name, graph: inner }) =>
    inner === undefined
      ? replaced(graph, "workflows", without(graph.workflows, [name]))
      : { ...graph, workflows: { ...graph.workflows, [name]: inner } },
);

function replaced<K extends keyof Graph>(graph: Graph, field: K, value: Graph[K]): Graph {
  return graph[field] === value ? graph : { ...graph, [field]: value };
}
