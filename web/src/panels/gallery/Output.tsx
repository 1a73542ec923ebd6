/** One thing that a run made, whatever it is. */

import { outputUrl } from "../../api/client";
import type { OutputItem } from "../../api/types";
import { formatJson, isReal } from "../../graph/json";
import { useText } from "../../i18n";
import { Icon } from "../Icon";
import { bytesText } from "../queue/time";
import { Pixels } from "./Picture";
import { isPicture } from "./pictures";

interface OutputProps {
  readonly run: string;
  readonly name: string;
  readonly index: number;
  readonly item: OutputItem;
  /** Longest edge of a picture, in pixels. */
  readonly edge: number;
}

export function Output({ run, name, index, item, edge }: OutputProps) {
  const t = useText();
  if ("value" in item) return <Value value={item.value} />;
  if (isPicture(item)) {
    return <Pixels src={outputUrl(run, name, index, edge)} alt={`${name} ${index + 1}`} lazy />;
  }
  const file = item.file.split("/").at(-1) ?? item.file;
  const url = outputUrl(run, name, index);
  return (
    <div className="output-file">
      {item.media_type.startsWith("audio/") && (
        // biome-ignore lint/a11y/useMediaCaption: what a workflow makes has no captions
        <audio controls preload="none" src={url} />
      )}
      {item.media_type.startsWith("video/") && (
        // biome-ignore lint/a11y/useMediaCaption: what a workflow makes has no captions
        <video controls preload="metadata" src={url} />
      )}
      <a
        className="button"
        href={`${url}?download=1`}
        download={file}
        title={t("gallery.download")}
      >
        <Icon name="download" />
        <span>{file}</span>
      </a>
      <span className="muted">
        {item.media_type} · {bytesText(item.bytes)}
      </span>
    </div>
  );
}

/** Text as it is, numbers large, anything else as JSON. */
export function Value({ value }: { value: unknown }) {
  if (typeof value === "string") return <p className="output-text">{value}</p>;
  if (["number", "bigint", "boolean"].includes(typeof value) || isReal(value)) {
    return <p className="output-number">{formatJson(value)}</p>;
  }
  return <pre className="output-json mono">{formatJson(value, 1)}</pre>;
}
