/** What the workflow made: pictures, texts and numbers, and files to download. */

import { useRef } from "react";
import { outputUrl } from "../../api/client";
import { showBytes } from "../../api/files";
import type { OutputItem } from "../../api/types";
import { readable } from "../../graph/catalogue";
import { useText } from "../../i18n";
import { activeDocument } from "../../store/documents";
import type { RunView } from "../../store/runEvents";
import { shownRun } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { Viewer } from "../../widgets/Viewer";
import { outputType, viewerOf } from "../../widgets/viewers";
import { Output } from "../gallery/Output";
import { Pixels } from "../gallery/Picture";
import { isPicture } from "../gallery/pictures";
import { Icon } from "../Icon";

export function Results() {
  const t = useText();
  const run = useEditor(shownRun);
  const kept = useRef<RunView | null>(null);
  // What was made stays until something newer is there.
  if (run && Object.keys(run.outputs).length > 0) kept.current = run;
  const shown = kept.current;
  if (!shown) return <p className="form-empty">{t("form.empty")}</p>;
  const names = Object.keys(shown.outputs);
  return (
    <div className={shown === run ? "form-made" : "form-made old"}>
      {names.map((name) => (
        <section key={name}>
          {names.length > 1 && <h2>{readable(name)}</h2>}
          <Made run={shown.id} name={name} items={shown.outputs[name] ?? []} />
        </section>
      ))}
    </div>
  );
}

interface MadeProps {
  readonly run: string;
  readonly name: string;
  readonly items: readonly OutputItem[];
}

function Made({ run, name, items }: MadeProps) {
  const type = useEditor((state) => {
    const graph = activeDocument(state)?.history.document;
    return graph ? outputType(state.catalogue, graph, graph.outputs[name] ?? name) : null;
  });
  if (type !== null && viewerOf(type)) {
    return <Viewer type={type} run={run} name={name} items={items} />;
  }
  return items.map((item, index) => (
    <Item key={index} run={run} name={name} index={index} item={item} />
  ));
}

interface ItemProps {
  readonly run: string;
  readonly name: string;
  readonly index: number;
  readonly item: OutputItem;
}

function Item({ run, name, index, item }: ItemProps) {
  const t = useText();
  if (!isPicture(item)) return <Output run={run} name={name} index={index} item={item} edge={0} />;
  const url = outputUrl(run, name, index);
  const file = item.file.split("/").at(-1) ?? item.file;
  return (
    <figure>
      <a href={url} target="_blank" rel="noreferrer">
        <Pixels src={url} alt={readable(name)} />
      </a>
      <figcaption>
        <a href={`${url}?download=1`} download={file} className="form-download" title={file}>
          <Icon name="download" />
          {t("gallery.download")} <small className="muted">{showBytes(item.bytes)}</small>
        </a>
      </figcaption>
    </figure>
  );
}
