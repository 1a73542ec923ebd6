/** The pictures that runs made, in one row. */

import { outputUrl } from "../../api/client";
import type { FileItem, OutputItem, Run } from "../../api/types";

export interface Picture {
  /** `run/output/index` */
  readonly id: string;
  readonly run: string;
  /** What the run is called. */
  readonly title: string;
  readonly output: string;
  readonly index: number;
  readonly item: FileItem;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly seconds: number | null;
}

export interface PictureItem extends FileItem {
  readonly media_type: `image/${string}`;
}

export function isPicture(item: OutputItem): item is PictureItem {
  return "file" in item && item.media_type.startsWith("image/");
}

export function pictureId(run: string, output: string, index: number): string {
  return `${run}/${output}/${index}`;
}

type Shown = Pick<Run, "run_id" | "name" | "workflow_name" | "outputs" | "created" | "seconds">;

/** The pictures of runs, in the order of the runs, whose name has all words of `query`. */
export function picturesOf(runs: readonly Shown[], query = ""): Picture[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.flatMap((run) => {
    const title = run.name || run.workflow_name;
    if (!words.every((word) => title.toLowerCase().includes(word))) return [];
    return Object.entries(run.outputs).flatMap(([output, items]) =>
      items.flatMap((item, index): Picture[] =>
        isPicture(item)
          ? [
              {
                id: pictureId(run.run_id, output, index),
                run: run.run_id,
                title,
                output,
                index,
                item,
                time: run.created,
                seconds: run.seconds,
              },
            ]
          : [],
      ),
    );
  });
}

export function urlOf({ run, output, index }: Picture, thumbnail?: number): string {
  return outputUrl(run, output, index, thumbnail);
}

/** Name of a file that a picture is downloaded as. */
export function fileName({ item }: Picture): string {
  return item.file.split("/").at(-1) ?? "picture.png";
}
