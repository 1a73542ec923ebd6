/** The server's routes, by name. */

import type { CatalogueAnswer, Problem } from "../graph/catalogue";
import type { JsonObject } from "../graph/json";
import { request, upload } from "./http";
import type { Accepted, Queue, Run, RunRequest, Template } from "./types";

const name = encodeURIComponent;

export const api = {
  nodes: () => request<CatalogueAnswer>("GET", "/api/nodes"),
  templates: () => request<{ templates: Template[] }>("GET", "/api/templates"),
  template: (id: string) => request<{ workflow: JsonObject }>("GET", `/api/templates/${name(id)}`),
  validate: (body: { workflow: JsonObject }, signal?: AbortSignal) =>
    request<{ problems: Problem[] }>("POST", "/api/validate", {
      body,
      ...(signal && { signal }),
    }),

  submit: (body: RunRequest) => request<Accepted>("POST", "/api/runs", { body }),
  run: (id: string) => request<Run>("GET", `/api/runs/${name(id)}`),
  cancel: (id: string) => request<Run>("DELETE", `/api/runs/${name(id)}`),
  queue: () => request<Queue>("GET", "/api/queue"),
  pause: (paused: boolean) => request<Queue>("PATCH", "/api/queue", { body: { paused } }),

  /** The workflow in a PNG that graphgen made, or in a JSON file. */
  importFile: (file: Blob) => upload<{ workflow: JsonObject }>("/api/import", file),
};

/** Where the bytes of a run's output are; `thumbnail` is the longest edge in pixels. */
export function outputUrl(run: string, output: string, index: number, thumbnail?: number): string {
  const path = `/api/runs/${name(run)}/outputs/${name(output)}/${index}`;
  return thumbnail ? `${path}?thumbnail=${thumbnail}` : path;
}
