/**
 * Every change of a document is a command: plain data with a pure function that applies it.
 * Equal documents and equal commands give equal documents, so redo is replay.
 */

import { type Graph, type Path, updateAt } from "../graph/document";

/** A command with its arguments; what `define` makes. */
export interface Change<A = unknown> {
  readonly kind: string;
  readonly args: A;
}

/** Changes that are made, undone and made again together, at one level of the document. */
export interface Step {
  readonly path: Path;
  readonly changes: readonly Change[];
  /** Steps with the same key that follow each other quickly become one, as in typing. */
  readonly merge?: string;
}

type Apply<A> = (graph: Graph, args: A) => Graph;

const known = new Map<string, Apply<never>>();

/**
 * Declare a command. `apply` must be pure, must return the same graph if nothing changes,
 * and must bear names that are gone (a redo after a conflict): it skips them.
 */
export function define<A>(kind: string, apply: Apply<A>): (args: A) => Change<A> {
  if (known.has(kind)) throw new Error(`two commands are called ${kind}`);
  known.set(kind, apply as Apply<never>);
  return (args) => ({ kind, args });
}

export function applyStep(document: Graph, step: Step): Graph {
  return step.changes.reduce(
    (before, change) =>
      updateAt(before, step.path, (graph) => {
        const apply = known.get(change.kind) as Apply<unknown> | undefined;
        if (!apply) throw new Error(`no command is called ${change.kind}`);
        return apply(graph, change.args);
      }),
    document,
  );
}
