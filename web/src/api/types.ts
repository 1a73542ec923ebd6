/** What the server sends; see `/api/openapi.json`. */

import type { Problem } from "../graph/catalogue";
import type { Json, JsonObject } from "../graph/json";

export type RunStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface FileItem {
  readonly file: string;
  readonly media_type: string;
  readonly bytes: number;
  readonly url: string;
}
export interface ValueItem {
  readonly value: Json;
}
export type OutputItem = FileItem | ValueItem;
export type Outputs = Readonly<Record<string, readonly OutputItem[]>>;

export interface Run {
  readonly run_id: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly priority: number;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly started: number | null;
  readonly finished: number | null;
  readonly seconds: number | null;
  readonly nodes: Readonly<Record<string, RunNode>>;
  readonly outputs: Outputs;
  readonly problems: readonly Problem[];
  readonly workflow_name: string;
  readonly targets?: readonly string[] | null;
}

export interface RunNode {
  readonly status: string;
  readonly seconds?: number | null;
  /** How it was run again, last, after it ran out of memory. */
  readonly retried?: { readonly means: Means; readonly divisor: number };
}

/** A page of the history, newest first; `next` is where the one after it begins. */
export interface RunPage {
  readonly runs: readonly Run[];
  readonly next: string | null;
}

export interface SavedEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly revision: number;
  /** Seconds since the epoch. */
  readonly modified: number;
  readonly problem: Problem | null;
}

export interface SavedWorkflow {
  readonly name: string;
  readonly revision: number;
  readonly workflow: JsonObject;
}

export interface Revision {
  readonly revision: number;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly bytes: number;
}

/** What became of a saved workflow that was given another name. */
export interface Renamed {
  readonly revision: number;
  /** By how much the numbers of its earlier revisions rose. */
  readonly offset: number;
  /** The title of the document, if the revision was made by giving it another one. */
  readonly title: string | null;
}

export interface Queue {
  readonly paused: boolean;
  readonly queued: readonly string[];
  readonly running: readonly string[];
}

export interface Accepted {
  readonly run_id: string;
  readonly status: RunStatus;
  readonly position: number | null;
}

export interface RunRequest {
  readonly workflow: JsonObject;
  readonly inputs?: JsonObject;
  readonly targets?: readonly string[];
  readonly priority?: number;
  readonly name?: string;
}

export interface Template {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly picture_url?: string | null;
}

interface Base {
  readonly seq: number;
  readonly time: number;
  readonly run_id: string;
}
interface OfNode extends Base {
  readonly node: string;
  readonly node_type: string;
}

/** How a node that ran out of memory is run again. */
export type Means = "evict" | "wait" | "offload" | "tile" | "split" | "unjoin";

/** Events of the websocket. */
export type ServerEvent =
  | (Base & { type: "run_queued"; name: string; position: number; priority: number })
  | (Base & { type: "run_started"; nodes: number })
  | (OfNode & { type: "node_cached" | "node_started" | "node_skipped" })
  | (OfNode & { type: "node_progress"; step: number; total: number })
  | (OfNode & { type: "node_retried"; means: Means; divisor: number; message: string })
  | (OfNode & { type: "node_finished"; seconds: number })
  | (OfNode & { type: "node_failed"; problem: Problem })
  | (Base & {
      type: "run_finished";
      status: RunStatus;
      seconds: number | null;
      outputs: Outputs;
      problems: readonly Problem[];
    })
  | ({ type: "queue_changed"; seq: number; time: number } & Queue)
  | {
      type: "workflows_changed";
      seq: number;
      time: number;
      name: string;
      renamed?: Renamed & { readonly was: string };
    }
  | { type: "catalogue_changed"; seq: number; time: number };

export interface Hello {
  readonly type: "hello";
  readonly epoch: string;
  readonly seq: number;
  /** Events were missed: `runs` and `queue` are the state as it is. */
  readonly reset: boolean;
  readonly runs?: readonly Run[];
  readonly queue?: Queue;
}

export interface PreviewHeader {
  readonly type: "preview";
  readonly seq: number;
  readonly run_id: string;
  readonly node: string;
  readonly step: number;
  readonly total: number;
  readonly media_type: string;
}

/** A tier of the cache: a device such as `cpu`, or `disk`. Sizes are in bytes. */
export interface MemoryTier {
  readonly name: string;
  readonly bytes: number;
  readonly budget: number;
  readonly entries: number;
  readonly hits: number;
  readonly evictions: number;
}

export interface MemoryDevice {
  readonly name: string;
  readonly free: number;
  /** 0 if the device can't tell. */
  readonly total: number;
  readonly weights: number;
  /** Null for no limit. */
  readonly weights_budget: number | null;
}

export interface LoadedModel {
  readonly name: string;
  readonly device: string;
  readonly dtype: string;
  readonly bytes: number;
  /** Nodes that compute with it now. */
  readonly users: number;
  readonly offloaded: boolean;
}

export interface MemoryUse {
  readonly tiers: readonly MemoryTier[];
  readonly devices: readonly MemoryDevice[];
  readonly models: readonly LoadedModel[];
}
