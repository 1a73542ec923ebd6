/** Every picture that runs made: look at one, compare several, open the workflow of any. */

import { useEffect, useMemo, useState } from "react";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { Dialog } from "../Dialog";
import { Icon } from "../Icon";
import { Compare } from "./Compare";
import { Pixels } from "./Picture";
import { type Picture, picturesOf, urlOf } from "./pictures";
import { Viewer } from "./Viewer";

const EDGE = 256;
/** How many pictures can be compared at once. */
const MOST_CHOSEN = 6;

export default function Gallery() {
  const t = useText();
  const past = useEditor((state) => state.past);
  const next = useEditor((state) => state.pastNext);
  const viewed = useEditor((state) => state.viewed);
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [comparing, setComparing] = useState(false);
  const { loadPast, loadMorePast, setViewed } = useEditor.getState();
  useEffect(() => {
    loadPast().catch(tell);
    return () => useEditor.getState().setViewed(null);
  }, [loadPast]);
  const pictures = useMemo(() => picturesOf(past ?? [], query), [past, query]);
  const shown = pictures.find(({ id }) => id === viewed);
  const picked = chosen.flatMap((id) => pictures.find((picture) => picture.id === id) ?? []);
  const toggle = (id: string) =>
    setChosen(
      chosen.includes(id)
        ? chosen.filter((other) => other !== id)
        : [...chosen, id].slice(-MOST_CHOSEN),
    );

  if (comparing && picked.length > 1) {
    return (
      <Dialog
        title={t("gallery.compare")}
        size="large"
        tools={<Back to={() => setComparing(false)} />}
      >
        <Compare pictures={picked} />
      </Dialog>
    );
  }
  if (shown) {
    return (
      <Dialog
        title={shown.title || t("app.untitled")}
        size="large"
        tools={<Back to={() => setViewed(null)} />}
      >
        <Viewer
          picture={shown}
          pictures={pictures}
          chosen={chosen.includes(shown.id)}
          onChoose={() => toggle(shown.id)}
        />
      </Dialog>
    );
  }
  return (
    <Dialog title={t("panel.gallery")} size="large">
      <div className="dialog-search">
        <input
          className="text-input"
          type="search"
          aria-label={t("gallery.search")}
          placeholder={t("gallery.search")}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
        {picked.length > 0 && (
          <button type="button" className="button" onClick={() => setChosen([])}>
            {t("gallery.chosen_none")}
          </button>
        )}
        <button
          type="button"
          className="button primary"
          disabled={picked.length < 2}
          title={t("gallery.compare_hint")}
          onClick={() => setComparing(true)}
        >
          {t("gallery.compare")}
          {picked.length > 0 && <span className="times">{picked.length}</span>}
        </button>
      </div>
      <div className="gallery-scroll">
        <ul className="gallery">
          {pictures.map((picture) => (
            <Tile
              key={picture.id}
              picture={picture}
              chosen={chosen.includes(picture.id)}
              onChoose={() => toggle(picture.id)}
            />
          ))}
        </ul>
        {past !== null && pictures.length === 0 && <p className="empty">{t("gallery.none")}</p>}
        {next !== null && (
          <button
            type="button"
            className="button load-more"
            onClick={() => void loadMorePast().catch(tell)}
          >
            {t("queue.more")}
          </button>
        )}
      </div>
    </Dialog>
  );
}

function Back({ to }: { to: () => void }) {
  const t = useText();
  return (
    <button type="button" className="button" onClick={to}>
      <Icon name="back" />
      {t("gallery.back")}
    </button>
  );
}

interface TileProps {
  readonly picture: Picture;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

function Tile({ picture, chosen, onChoose }: TileProps) {
  const t = useText();
  return (
    <li className={chosen ? "tile chosen" : "tile"} data-picture={picture.id}>
      <button
        type="button"
        className="tile-picture"
        aria-label={t("gallery.view", { name: picture.title })}
        onClick={() => useEditor.getState().setViewed(picture.id)}
      >
        <Pixels src={urlOf(picture, EDGE)} alt="" lazy />
      </button>
      <label className="tile-name">
        <input
          type="checkbox"
          checked={chosen}
          aria-label={t("gallery.choose", { name: picture.title })}
          onChange={onChoose}
        />
        <span>{picture.title || t("app.untitled")}</span>
      </label>
    </li>
  );
}
