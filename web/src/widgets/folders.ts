/** Folders and several files that a person picks or drops, such as a DICOM series. */

/** A file and its path in the folder, `/` between its parts. */
export interface FolderFile {
  readonly path: string;
  readonly file: File;
}

export interface PickedFolder {
  readonly name: string;
  readonly files: readonly FolderFile[];
}

/** What an `<input webkitdirectory>` has; null if there is no file in it. */
export function pickedFolder(files: Iterable<File>): PickedFolder | null {
  const found = [...files].map((file) => {
    const [name = "", ...path] = file.webkitRelativePath.split("/");
    return { name, path: path.join("/"), file };
  });
  return folderOf(found[0]?.name ?? "", found);
}

/**
 * What was dropped, if it is a folder, or several files, which are taken for the content of
 * one. It has to be called while the event is handled: later the browser tells nothing.
 */
export function droppedFolder(data: DataTransfer | null): Promise<PickedFolder | null> | null {
  const entries = [...(data?.items ?? [])].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const folder = entries.find((entry) => entry.isDirectory);
  if (folder) return filesBelow(folder, "").then((files) => folderOf(folder.name, files));
  const files = [...(data?.files ?? [])];
  if (files.length < 2) return null;
  const name = files[0]?.name.replace(/\.\w+$/, "") ?? "";
  return Promise.resolve(
    folderOf(
      name,
      files.map((file) => ({ path: file.name, file })),
    ),
  );
}

/** Without what systems put into folders unasked: hidden files, and `Thumbs.db`. */
function folderOf(name: string, files: readonly FolderFile[]): PickedFolder | null {
  const shown = files.filter(
    ({ path }) => !path.split("/").some((part) => part.startsWith(".") || part === "Thumbs.db"),
  );
  const sent = shown.map(({ path, file }) => ({ path, file }));
  return sent.length > 0 ? { name: name.replace(/^\.+/, "") || "folder", files: sent } : null;
}

async function filesBelow(entry: FileSystemEntry, path: string): Promise<FolderFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) =>
      (entry as FileSystemFileEntry).file(done, failed),
    );
    return [{ path, file }];
  }
  const found: FolderFile[] = [];
  for (const child of await childrenOf(entry as FileSystemDirectoryEntry)) {
    found.push(...(await filesBelow(child, path ? `${path}/${child.name}` : child.name)));
  }
  return found;
}

/** The browser gives them by and by, a hundred at a time. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, failed) =>
      reader.readEntries(done, failed),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}
