/** What a run made at an output, drawn by the viewer of its port type. */

import { useMemo } from "react";
import { outputUrl } from "../api/client";
import type { OutputItem } from "../api/types";
import { plainJson } from "../graph/json";
import { Mounted } from "./Mounted";
import { viewerOf } from "./viewers";

interface ViewerProps {
  readonly type: string;
  readonly run: string;
  readonly name: string;
  readonly items: readonly OutputItem[];
}

export function Viewer({ type, run, name, items }: ViewerProps) {
  const props = useMemo(() => {
    const viewed = items.map((item, index) =>
      "value" in item
        ? { value: plainJson(item.value) }
        : {
            url: outputUrl(run, name, index),
            name: item.file.split("/").at(-1) ?? item.file,
            media_type: item.media_type,
            bytes: item.bytes,
          },
    );
    return { type, items: viewed };
  }, [type, run, name, items]);
  const viewer = viewerOf(type);
  if (!viewer) return null;
  return (
    <div className="viewer nodrag nowheel" data-viewer={type}>
      <Mounted mount={viewer.mount} props={props} className="mounted" />
    </div>
  );
}
