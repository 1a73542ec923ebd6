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

/** Makes the server look for packs again; it tells all editors when it has. */
export async function reloadPacks(): Promise<void> {
  await request("POST", "/api/plugins/reload");
}

/** The exports of a module; fails if its file is gone or its code is wrong. */
export function importModule({ url }: ModuleEntry): Promise<Readonly<Record<string, unknown>>> {
  return import(/* @vite-ignore */ url);
}
