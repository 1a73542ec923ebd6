/** Commands on what a level has besides nodes and links. */

import { renamedUses } from "../graph/clipboard";
import type { Graph, GroupRecord, NoteRecord, Point } from "../graph/document";
import { freshId, without } from "../graph/document";
import { type Extraction, extract, extractionProblem } from "../graph/extract";
import { type PortRenaming, renamePort } from "../graph/renamePort";
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

/** Sets the bends of a link, by its id; none makes it straight. */
export const setReroute = define<{ link: string; points: readonly Point[] }>(
  "links.set_reroute",
  (graph, { link, points }) =>
    points.length > 0
      ? { ...graph, reroutes: { ...graph.reroutes, [link]: points } }
      : replaced(graph, "reroutes", without(graph.reroutes, [link])),
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

/** Puts copied records in, with ids that are free here. */
export const addPart = define<{ part: Graph }>("graph.add_part", (graph, { part }) => ({
  ...graph,
  inputs: { ...graph.inputs, ...part.inputs },
  outputs: { ...graph.outputs, ...part.outputs },
  nodes: { ...graph.nodes, ...part.nodes },
  groups: { ...graph.groups, ...part.groups },
  notes: { ...graph.notes, ...part.notes },
  reroutes: { ...graph.reroutes, ...part.reroutes },
  lockedSeeds: [...graph.lockedSeeds, ...part.lockedSeeds],
  workflows: { ...graph.workflows, ...part.workflows },
}));

/** Puts nodes into a subgraph and a node for it in their place. */
export const makeSubgraph = define<Extraction>("subgraphs.make", (graph, wish) =>
  extractionProblem(graph, wish.ids) === null ? extract(graph, wish) : graph,
);

/** Takes the level as a larger change left it, such as the unpacking of a subgraph. */
export const replaceLevel = define<{ graph: Graph }>("graph.replace", (_, { graph }) => graph);

/** Names a subgraph of this level anew, for people and in every node that uses it. */
export const renameSubgraph = define<{ name: string; title: string }>(
  "subgraphs.rename",
  (graph, { name, title }) => {
    const inner = graph.workflows[name];
    if (!inner || !title.trim()) return graph;
    const others = without(graph.workflows, [name]);
    const wish = title.trim().toLowerCase().replace(/\s+/g, "_");
    const as = freshId(wish, (id) => Object.values(others).some(definer(id)) || id in others);
    const workflows = Object.entries(graph.workflows).map(([key, value]) =>
      key === name ? [as, { ...inner, name: title.trim() }] : [key, value],
    );
    const renamed = { ...graph, workflows: Object.fromEntries(workflows) };
    return renamedUses(renamed, new Map([[name, as]]));
  },
);

/** Names an input or output of a level of this document anew, and follows where it is used. */
export const renameNamed = define<PortRenaming>("graph.rename_named", renamePort);

/** Whether a graph, or one in it, has a subgraph of a name. */
function definer(name: string): (graph: Graph) => boolean {
  return ({ workflows }) => name in workflows || Object.values(workflows).some(definer(name));
}

function replaced<K extends keyof Graph>(graph: Graph, field: K, value: Graph[K]): Graph {
  return graph[field] === value ? graph : { ...graph, [field]: value };
}
