/** What tests read: the shipped workflows, and the catalogue of the shipped packs. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CatalogueAnswer, makeCatalogue } from "../graph/catalogue";
import { readText } from "../graph/read";
import type { Level } from "../graph/subgraphs";
import answer from "./catalogue.json";

const WORKFLOWS = fileURLToPath(new URL("../../../workflows/", import.meta.url));

export const catalogue = makeCatalogue(answer as unknown as CatalogueAnswer);

export const shipped = readdirSync(WORKFLOWS).filter((name) => name.endsWith(".json"));

export function shippedText(name: string): string {
  return readFileSync(WORKFLOWS + name, "utf-8");
}

/** The top level of a shipped workflow. */
export function shippedLevel(name: string): Level {
  return { graph: readText(shippedText(name)), path: [], outer: null, catalogue };
}
