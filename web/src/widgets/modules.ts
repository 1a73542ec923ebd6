/**
 * Editor modules of packs: what they are given, and how they are loaded. The interface is
 * documented in docs/editor_modules.md; they draw into plain elements, with what they like.
 */

import { importModule, listModules, type ModuleEntry } from "../api/modules";
import type { Json, JsonObject } from "../graph/json";
import { useEditor } from "../store/store";
import { mountedWidget } from "./Mounted";
import { registerWidget } from "./registry";
import { registerViewer } from "./viewers";

/** What a module draws into an element lives until it is destroyed. */
export interface Drawing<Props> {
  /** The props have changed; without it, it is destroyed and mounted anew. */
  update?(props: Props): void;
  destroy?(): void;
}

export type Mount<Props> = (element: HTMLElement, props: Props) => Drawing<Props> | undefined;

export interface ModuleWidgetProps {
  /** `node.input`. */
  readonly id: string;
  readonly label: string;
  /** What is set; undefined when the default holds. */
  readonly value: Json | undefined;
  /** JSON Schema of the input, with `default`. */
  readonly schema: JsonObject;
  readonly nullable: boolean;
  readonly onChange: (value: Json | undefined) => void;
}

export interface ModuleWidget {
  /** Pixels that it takes on a card. */
  readonly height: number;
  readonly mount: Mount<ModuleWidgetProps>;
}

export interface ViewedFile {
  readonly url: string;
  readonly name: string;
  readonly media_type: string;
  readonly bytes: number;
}

export interface ModuleViewerProps {
  /** The port type. */
  readonly type: string;
  readonly items: readonly (ViewedFile | { readonly value: Json })[];
}

export interface ModuleViewer {
  /** Pixels that it takes on a card; as much as a picture unless given. */
  readonly height?: number;
  readonly mount: Mount<ModuleViewerProps>;
}

/** What the default export of a module is called with. */
export interface EditorForModules {
  readonly version: 1;
  /** Draws the inputs whose schema says `widget: name`. */
  widget(name: string, widget: ModuleWidget): void;
  /** Shows what runs make at outputs of a port type. */
  viewer(type: string, viewer: ModuleViewer): void;
}

const EDITOR: EditorForModules = {
  version: 1,
  widget: (name, widget) => {
    if (typeof widget?.mount !== "function") throw new Error(`the widget ${name} has no mount`);
    registerWidget(mountedWidget(name, widget));
  },
  viewer: (type, viewer) => {
    if (typeof viewer?.mount !== "function") throw new Error(`the viewer of ${type} has no mount`);
    registerViewer(type, viewer);
  },
};

/** The editor does not wait longer for code of others, in milliseconds. */
const PATIENCE = 5000;
/** By address: a browser has a module once, until the page is loaded again. */
const loaded = new Map<string, Promise<void>>();

/** Loads modules that are new. One that fails is noted with its pack and takes nothing down. */
export async function loadModules(): Promise<void> {
  let entries: readonly ModuleEntry[] = [];
  try {
    entries = await listModules();
  } catch {
    return; // A server that does not answer is told about elsewhere.
  }
  await Promise.all(
    entries.map((entry) => {
      const known = loaded.get(entry.url) ?? Promise.race([loadOne(entry), tooLong()]);
      loaded.set(entry.url, known);
      return known;
    }),
  );
}

async function loadOne(entry: ModuleEntry): Promise<void> {
  try {
    const { default: register } = await importModule(entry);
    if (typeof register !== "function") throw new Error("it has no function as default export");
    register(EDITOR);
  } catch (error) {
    note(entry, error instanceof Error ? error.message : String(error));
  }
}

/** Gives up waiting; a module that comes later still does what it does. */
async function tooLong(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, PATIENCE));
}

function note({ pack, name }: ModuleEntry, why: string): void {
  const message = `the editor module ${name} can't be used: ${why}`;
  const problem = { code: "bad_editor_module", message, node: null, port: null, hint: null };
  useEditor.getState().noteModuleProblem(pack, problem);
}
