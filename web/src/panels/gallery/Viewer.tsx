/** One picture, large. The arrow keys go to its neighbours. */

import { useEffect } from "react";
import { openRun } from "../../actions/file";
import { duration } from "../../canvas/CardHeader";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { closeDialog } from "../Dialog";
import { Icon } from "../Icon";
import { bytesText, useAgo } from "../queue/time";
import { Pixels } from "./Picture";
import { fileName, type Picture, urlOf } from "./pictures";

interface ViewerProps {
  readonly picture: Picture;
  readonly pictures: readonly Picture[];
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

export function Viewer({ picture, pictures, chosen, onChoose }: ViewerProps) {
  const t = useText();
  const ago = useAgo();
  const at = pictures.indexOf(picture);
  const [before, after] = [pictures[at - 1], pictures[at + 1]];
  const { setViewed } = useEditor.getState();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const to = event.key === "ArrowLeft" ? before : event.key === "ArrowRight" ? after : null;
      if (to) setViewed(to.id);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [before, after, setViewed]);
  const go = (to: Picture | undefined, icon: "back" | "chevron", label: string) => (
    <button
      type="button"
      className={`viewer-step ${icon}`}
      aria-label={label}
      disabled={!to}
      onClick={() => to && setViewed(to.id)}
    >
      <Icon name={icon} />
    </button>
  );
  const file = fileName(picture);
  return (
    <div className="viewer">
      <div className="viewer-stage">
        {go(before, "back", t("gallery.previous"))}
        <Pixels key={picture.id} src={urlOf(picture)} alt={picture.title} />
        {go(after, "chevron", t("gallery.next"))}
      </div>
      <footer className="viewer-about">
        <span className="muted">
          {picture.output} · {ago(picture.time)} · {bytesText(picture.item.bytes)}
          {picture.seconds !== null && ` · ${duration(picture.seconds)}`}
        </span>
        <label className="button">
          <input type="checkbox" checked={chosen} onChange={onChoose} />
          {t("gallery.to_compare")}
        </label>
        <a className="button" href={`${urlOf(picture)}?download=1`} download={file}>
          <Icon name="download" />
          {t("gallery.download")}
        </a>
        <button
          type="button"
          className="button primary"
          onClick={() => {
            closeDialog();
            void openRun(picture.run);
          }}
        >
          {t("gallery.open_workflow")}
        </button>
      </footer>
    </div>
  );
}
