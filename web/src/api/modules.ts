/** The editor modules that packs bring: which there are, and their code. */

import { request } from "./http";

export interface ModuleEntry {
  readonly pack: string;
  /** Name of its file. */
  readonly name: string;
  readonly url: string;
  /** Port types that it shows, and widgets that it brings. */
  readonly types: readonly string[];
  readonly widgets: readonly string[];
}

export async function listModules(): Promise<readonly ModuleEntry[]> {
  return (await request<{ modules: ModuleEntry[] }>("GET", "/api/editor/modules")).modules;
}

/** The exports of a module; fails if its file is gone or its code is wrong. */
export function importModule({ url }: ModuleEntry): Promise<Readonly<Record<string, unknown>>> {
  return import(/* @vite-ignore */ url);
}
