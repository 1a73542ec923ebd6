/** Commands on a document as a whole. */

import type { Graph } from "../graph/document";
import { define } from "./command";

/** Puts another document in its place, such as an older version; undo brings it back. */
export const replaceDocument = define<{ graph: Graph }>(
  "document.replace",
  (_, { graph }) => graph,
);
