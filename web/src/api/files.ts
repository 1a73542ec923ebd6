/** Files of the workspace, and the models that workflows can name. */

import type { PickedFolder } from "../widgets/folders";
import { request, sendForm, upload } from "./http";

export interface FileEntry {
  readonly name: string;
  /** What an input takes: relative to the folder of inputs. */
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
  readonly media_type: string;
}

export interface ModelEntry {
  readonly name: string;
  readonly kind: "file" | "folder";
  readonly bytes: number;
  readonly source: "pack" | "folder";
}

const FOLDER = "inode/directory";

export const isFolder = (entry: FileEntry) => entry.media_type === FOLDER;

/** The inputs of the workspace, newest first. */
export async function listInputs(path = ""): Promise<readonly FileEntry[]> {
  const query = path ? `&path=${encodeURIComponent(path)}` : "";
  return (await request<{ files: FileEntry[] }>("GET", `/api/files?folder=inputs${query}`)).files;
}

/** Puts a file among the inputs; its `name` is what an input takes. */
export function uploadInput(file: File): Promise<{ name: string }> {
  return upload(`/api/files?name=${encodeURIComponent(file.name)}`, file);
}

/** Puts the files of a folder into one of the inputs, all of them or none. */
export function uploadFolder({ name, files }: PickedFolder): Promise<{ name: string }> {
  const form = new FormData();
  for (const { path, file } of files) form.append("file", file, path);
  return sendForm(`/api/files?into=${encodeURIComponent(name)}`, form);
}

/** Where a file of the inputs is; `thumbnail` is the longest edge in pixels. */
export function inputUrl(path: string, thumbnail?: number): string {
  const url = `/api/files/inputs/${path.split("/").map(encodeURIComponent).join("/")}`;
  return thumbnail ? `${url}?thumbnail=${thumbnail}` : url;
}

export async function listModels(): Promise<readonly ModelEntry[]> {
  return (await request<{ models: ModelEntry[] }>("GET", "/api/models")).models;
}

/** Names of saved workflows. */
export async function savedNames(): Promise<readonly string[]> {
  const { workflows } = await request<{ workflows: { name: string }[] }>("GET", "/api/workflows");
  return workflows.map((entry) => entry.name);
}

const PICTURE = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif|jp2|ppm|tga|ico|qoi)$/i;

/** Whether a file can be shown small, as far as its name tells. */
export const isPictureName = (name: string) => PICTURE.test(name);

/** `870 B`, `12 kB`, `3.4 MB`. */
export function showBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
