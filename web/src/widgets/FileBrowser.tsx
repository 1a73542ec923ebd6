/** The files of the workspace to pick from, pictures small, with upload and search. */

import { useRef, useState } from "react";
import {
  type FileEntry,
  inputUrl,
  isFolder,
  isPictureName,
  listInputs,
  showBytes,
} from "../api/files";
import { useText } from "../i18n";
import { Icon } from "../panels/Icon";
import { type Anchor, Popover } from "../panels/Popover";
import { type PickedFolder, pickedFolder } from "./folders";
import { acceptOf, hasSuffix } from "./suffixes";
import { useLoaded } from "./useLoaded";

interface FileBrowserProps {
  readonly anchor: Anchor;
  readonly label: string;
  readonly chosen: string | null;
  readonly busy: boolean;
  readonly problem: string | null;
  readonly onPick: (path: string) => void;
  /** Whether a folder can be taken as a whole. */
  readonly folders: boolean;
  /** Of the files that are offered; all are if there are none. */
  readonly suffixes: readonly string[];
  readonly onUpload: (given: File | PickedFolder | null | undefined) => void;
  readonly onClear: (() => void) | null;
  readonly onClose: () => void;
}

/** More are found by typing. */
const MOST = 200;
const THUMBNAIL = 160;

export function FileBrowser(props: FileBrowserProps) {
  const t = useText();
  const [folder, setFolder] = useState("");
  const [query, setQuery] = useState("");
  const [all, setAll] = useState(false);
  const files = useLoaded(listInputs, folder);
  const upload = useRef<HTMLInputElement>(null);
  const wanted = query.trim().toLowerCase();
  const suffixes = all ? [] : props.suffixes;
  const offered = files?.filter(
    (entry) => isFolder(entry) || entry.path === props.chosen || hasSuffix(entry.name, suffixes),
  );
  const found = offered?.filter((entry) => entry.name.toLowerCase().includes(wanted));
  return (
    <Popover anchor={props.anchor} label={props.label} className="browser" onClose={props.onClose}>
      <div className="browser-bar">
        <input
          type="search"
          placeholder={t("file.search")}
          aria-label={t("file.search")}
          value={query}
          onChange={({ currentTarget }) => setQuery(currentTarget.value)}
        />
        <button
          type="button"
          className="button"
          disabled={props.busy}
          onClick={() => upload.current?.click()}
        >
          <Icon name="upload" />
          {props.busy ? t("file.uploading") : t("file.upload")}
        </button>
        <input
          ref={upload}
          type="file"
          hidden
          accept={acceptOf(suffixes)}
          aria-label={t("file.upload")}
          onChange={({ currentTarget }) => props.onUpload(currentTarget.files?.[0])}
        />
        {props.folders && (
          <FolderButton busy={props.busy} onUpload={(folder) => props.onUpload(folder)} />
        )}
      </div>
      {props.problem && <p className="browser-note bad">{props.problem}</p>}
      <div className="browser-files">
        {folder && (
          <button type="button" className="browser-file" onClick={() => setFolder(parent(folder))}>
            <span className="browser-icon">
              <Icon name="back" />
            </span>
            <span className="browser-name">{folder}</span>
          </button>
        )}
        {folder && props.folders && (
          <button
            type="button"
            className="browser-file"
            aria-pressed={folder === props.chosen}
            data-folder={folder}
            onClick={() => props.onPick(folder)}
          >
            <span className="browser-icon">
              <Icon name="check" />
            </span>
            <span className="browser-name">{t("file.take_folder")}</span>
          </button>
        )}
        {found?.slice(0, MOST).map((entry) => (
          <File
            key={entry.path}
            entry={entry}
            chosen={entry.path === props.chosen}
            onPick={() => (isFolder(entry) ? setFolder(entry.path) : props.onPick(entry.path))}
          />
        ))}
      </div>
      {found?.length === 0 && (
        <p className="browser-note">{t(files?.length ? "file.none_fits" : "file.none")}</p>
      )}
      <div className="browser-foot">
        {props.onClear && (
          <button type="button" className="browser-clear" onClick={props.onClear}>
            {t("file.clear")}
          </button>
        )}
        {props.suffixes.length > 0 && (
          <label className="browser-all" title={props.suffixes.join(" ")}>
            <input
              type="checkbox"
              checked={all}
              onChange={({ currentTarget }) => setAll(currentTarget.checked)}
            />
            {t("file.all")}
          </label>
        )}
      </div>
    </Popover>
  );
}

interface FolderButtonProps {
  readonly busy: boolean;
  readonly onUpload: (folder: PickedFolder | null) => void;
}

/** What makes a file input one of folders, which React's types do not know. */
const DIRECTORY = { webkitdirectory: "" };

function FolderButton({ busy, onUpload }: FolderButtonProps) {
  const t = useText();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={busy}
        onClick={() => input.current?.click()}
      >
        <Icon name="folder" />
        {t("file.upload_folder")}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        {...DIRECTORY}
        aria-label={t("file.upload_folder")}
        onChange={({ currentTarget }) => onUpload(pickedFolder(currentTarget.files ?? []))}
      />
    </>
  );
}

function File({
  entry,
  chosen,
  onPick,
}: {
  entry: FileEntry;
  chosen: boolean;
  onPick: () => void;
}) {
  return (
    <button
      type="button"
      className="browser-file"
      aria-pressed={chosen}
      title={`${entry.name}  ${showBytes(entry.bytes)}`}
      data-file={entry.path}
      onClick={onPick}
    >
      <span className="browser-icon">
        {isPictureName(entry.name) ? (
          <img src={inputUrl(entry.path, THUMBNAIL)} alt="" loading="lazy" />
        ) : (
          <Icon name={isFolder(entry) ? "folder" : "file"} />
        )}
      </span>
      <span className="browser-name">{entry.name}</span>
    </button>
  );
}

function parent(folder: string): string {
  return folder.split("/").slice(0, -1).join("/");
}
