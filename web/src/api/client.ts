/** The server's routes, by name. */

import type { CatalogueAnswer, Problem } from "../graph/catalogue";
import type { JsonObject } from "../graph/json";
import { request, requestOnce, upload } from "./http";
import { exactOutputs } from "./outputs";
import type {
  Accepted,
  MemoryUse,
  Queue,
  Renamed,
  Revision,
  Run,
  RunPage,
  RunRequest,
  RunStatus,
  SavedEntry,
  SavedWorkflow,
  Template,
} from "./types";

const name = encodeURIComponent;

export const api = {
  nodes: () => request<CatalogueAnswer>("GET", "/api/nodes"),
  templates: () => request<{ templates: Template[] }>("GET", "/api/templates"),
  template: (id: string) => exact<{ workflow: JsonObject }>(`/api/templates/${name(id)}`),
  validate: (body: { workflow: JsonObject; targets?: readonly string[] }, signal?: AbortSignal) =>
    request<{ problems: Problem[] }>("POST", "/api/validate", {
      body,
      ...(signal && { signal }),
    }),

  submit: (body: RunRequest) => requestOnce<Accepted>("/api/runs", body),
  run: async (id: string) => exactOutputs(await exact<Run>(`/api/runs/${name(id)}`)),
  runs: async (query: { limit: number; before?: string; status?: RunStatus }) => {
    const path = `/api/runs?${new URLSearchParams(entriesOf(query))}`;
    const { runs, next } = await exact<RunPage>(path);
    return { runs: runs.map(exactOutputs), next };
  },
  workflowOf: (run: string) => exact<JsonObject>(`/api/runs/${name(run)}/workflow`),
  prioritise: (run: string, priority: number) =>
    request<Run>("PATCH", `/api/runs/${name(run)}`, { body: { priority } }),
  cancel: (id: string) => request<Run>("DELETE", `/api/runs/${name(id)}`),
  queue: () => request<Queue>("GET", "/api/queue"),
  pause: (paused: boolean) => request<Queue>("PATCH", "/api/queue", { body: { paused } }),
  memory: () => request<MemoryUse>("GET", "/api/memory"),
  freeMemory: () => request<{ freed: number }>("POST", "/api/memory/free"),
  reorder: (run_ids: readonly string[]) =>
    request<Queue>("PUT", "/api/queue/order", { body: { run_ids } }),

  savedWorkflows: () => request<{ workflows: SavedEntry[] }>("GET", "/api/workflows"),
  /** The last saves of workflows that were deleted. */
  deletedWorkflows: () => request<{ workflows: SavedEntry[] }>("GET", "/api/workflows?deleted=1"),
  saved: (id: string) => exact<SavedWorkflow>(`/api/workflows/${name(id)}`),
  /** `revision` is the one that the change was made on, 0 for a new workflow. */
  save: (id: string, workflow: JsonObject, revision: number) =>
    request<{ name: string; revision: number }>("PUT", `/api/workflows/${name(id)}`, {
      body: { workflow, revision },
    }),
  renameSaved: (id: string, body: { name: string; title: string }) =>
    request<Renamed & { name: string }>("POST", `/api/workflows/${name(id)}/rename`, { body }),
  deleteSaved: (id: string) => request<null>("DELETE", `/api/workflows/${name(id)}`),
  restoreSaved: (id: string) =>
    request<{ name: string; revision: number }>("POST", `/api/workflows/${name(id)}/restore`),
  /** Removes what is kept of a deleted workflow for good. */
  purgeSaved: (id: string) => request<null>("DELETE", `/api/workflows/${name(id)}/history`),
  revisions: (id: string) =>
    request<{ revisions: Revision[] }>("GET", `/api/workflows/${name(id)}/history`),
  revision: (id: string, number: number) =>
    exact<SavedWorkflow>(`/api/workflows/${name(id)}/history/${number}`),

  /** The workflow in a PNG that graphgen made, or in a JSON file. */
  importFile: (file: Blob) => upload<{ workflow: JsonObject }>("/api/import", file, true),
};

/** What has a workflow or values in it: its numbers stay what they are. */
function exact<T>(path: string): Promise<T> {
  return request<T>("GET", path, { reals: true });
}

function entriesOf(query: Readonly<Record<string, string | number | undefined>>): string[][] {
  return Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  );
}

/** Where the bytes of a run's output are; `thumbnail` is the longest edge in pixels. */
export function outputUrl(run: string, output: string, index: number, thumbnail?: number): string {
  const path = `/api/runs/${name(run)}/outputs/${name(output)}/${index}`;
  return thumbnail ? `${path}?thumbnail=${thumbnail}` : path;
}
