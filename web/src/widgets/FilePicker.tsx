/**
 * A file of the workspace: picked among those that are there, uploaded, or dropped. Inputs of
 * text hold its name; inputs of a port type that is read from files hold `{"file": name}`.
 */

import { type DragEvent, useRef, useState } from "react";
import { inputUrl, isPictureName, uploadFolder, uploadInput } from "../api/files";
import { isObject, type Json } from "../graph/json";
import { useText } from "../i18n";
import { Icon } from "../panels/Icon";
import { hasFiles } from "./drop";
import { FileBrowser } from "./FileBrowser";
import { droppedFolder, type PickedFolder } from "./folders";
import { suffixesOf } from "./suffixes";
import type { Widget, WidgetProps } from "./widget";

const ROW = 32;
const PICTURE = 112;
/** Longest edge of the picture on a card, in pixels of the file. */
const THUMBNAIL = 512;

/** The name of the file that a value stands for. */
export function fileName(value: Json | undefined): string | null {
  const name = isObject(value) ? value.file : value;
  return typeof name === "string" && name !== "" ? name : null;
}

/** The value for a file, as an input with this schema takes it. */
export function fileValue(name: string, schemaType: Json | undefined): Json {
  return schemaType === "string" ? name : { file: name };
}

/** What is to be uploaded; dropped folders are read first. */
export type Upload = File | PickedFolder | Promise<PickedFolder | null>;

/** Puts it among the inputs; answers with its name there. */
export function send(given: File | PickedFolder): Promise<{ name: string }> {
  return given instanceof File ? uploadInput(given) : uploadFolder(given);
}

function FilePicker({ id, label, value, schema, onChange }: WidgetProps) {
  const t = useText();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const field = useRef<HTMLDivElement>(null);
  const name = fileName(value ?? schema.default);
  const picture = name !== null && isPictureName(name);

  const pick = (picked: string) => onChange(fileValue(picked, schema.type));
  const folders = schema.folders === true;
  const take = async (given: Upload | null | undefined) => {
    setBusy(true);
    setProblem(null);
    try {
      const found = await given;
      if (found) pick((await send(found)).name);
      setOpen(false);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const onDragOver = (event: DragEvent) => {
    if (!hasFiles(event.nativeEvent)) return;
    event.preventDefault();
    event.stopPropagation();
    setOver(true);
  };
  const onDrop = (event: DragEvent) => {
    setOver(false);
    if (!hasFiles(event.nativeEvent)) return;
    event.preventDefault();
    event.stopPropagation();
    const folder = folders ? droppedFolder(event.dataTransfer) : null;
    void take(folder ?? event.dataTransfer.files[0]);
  };
  const anchor = field.current?.getBoundingClientRect();
  const shown = busy ? t("file.uploading") : (problem ?? name ?? t("file.choose"));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is a group of several
    <div
      ref={field}
      role="group"
      aria-label={label}
      className={over ? "file-field nodrag over" : "file-field nodrag"}
      data-file-drop={id}
      onDragOver={onDragOver}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <button
        type="button"
        className="field pick"
        data-widget={id}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-label={`${label}: ${shown}`}
        aria-invalid={problem !== null}
        onClick={() => setOpen(true)}
      >
        <span className="field-label">{label}</span>
        <span className={name && !problem ? "field-value" : "field-value open"}>{shown}</span>
        <Icon name="folder" />
      </button>
      {picture && (
        <button
          type="button"
          className="file-picture"
          tabIndex={-1}
          aria-hidden="true"
          onClick={() => setOpen(true)}
        >
          <img key={name} src={inputUrl(name, THUMBNAIL)} alt="" draggable={false} />
        </button>
      )}
      {open && anchor && (
        <FileBrowser
          anchor={anchor}
          label={label}
          chosen={name}
          busy={busy}
          problem={problem}
          onPick={(picked) => {
            pick(picked);
            setOpen(false);
          }}
          folders={folders}
          suffixes={suffixesOf(schema)}
          onUpload={take}
          onClear={name === null ? null : () => onChange(undefined)}
          onClose={() => setOpen(false)}
        />
      )}
    </div>
  );
}

export const filePicker: Widget = {
  name: "file",
  suits: (input, { widget }) => widget === "file" && input.type.depth === 0,
  height: (value) => (isPictureName(fileName(value) ?? "") ? ROW + PICTURE : ROW),
  Component: FilePicker,
};
