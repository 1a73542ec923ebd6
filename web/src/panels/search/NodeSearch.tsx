/** The box that finds a node to add: by double-click, Space, or a link drawn into the open. */

import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { typeColour } from "../../graph/catalogue";
import { useText } from "../../i18n";
import { activeLevel } from "../../store/selectors";
import { useEditor } from "../../store/store";
import type { Search } from "../../store/view";
import { addOffered } from "./add";
import { makeFinder, type Offer, offersAt } from "./find";

const BOX = { width: 380, height: 420 };
const MOST = 60;

export function NodeSearch() {
  const search = useEditor((state) => state.search);
  return search && <SearchBox key={search.screen.join()} search={search} />;
}

function SearchBox({ search }: { search: Search }) {
  const t = useText();
  const level = useEditor(activeLevel);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const find = useMemo(
    () => makeFinder(level ? offersAt(level, search.linking) : []),
    [level, search.linking],
  );
  const found = useMemo(() => find(query).slice(0, MOST), [find, query]);
  const chosen = Math.min(at, found.length - 1);

  useEffect(() => {
    const onPointerDown = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Element)) close();
    };
    window.addEventListener("pointerdown", onPointerDown, true);
    return () => window.removeEventListener("pointerdown", onPointerDown, true);
  }, []);
  useEffect(() => {
    box.current?.querySelector(`[data-index="${chosen}"]`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const pick = (offer: Offer | undefined) => {
    if (!offer) return;
    close();
    addOffered(offer, search.at, search.linking);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(chosen + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(chosen - 1, 0));
    else if (event.key === "Enter" && !event.ctrlKey) pick(found[chosen]);
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const [x, y] = search.screen;
  const left = Math.max(8, Math.min(x - 24, window.innerWidth - BOX.width - 8));
  const top = Math.max(8, Math.min(y - 24, window.innerHeight - BOX.height - 8));
  return (
    <div ref={box} className="search popover" style={{ left, top, width: BOX.width }}>
      <input
        // biome-ignore lint/a11y/noAutofocus: the box is opened in order to type
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls="search-results"
        aria-activedescendant={`search-${chosen}`}
        aria-label={t("edit.add_node")}
        placeholder={
          search.linking
            ? t("search.fitting", { type: search.linking.port })
            : t("search.placeholder")
        }
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className="search-results" id="search-results" role="listbox" tabIndex={-1}>
        {found.map((offer, index) => (
          <Result
            key={offer.spec.id}
            offer={offer}
            index={index}
            chosen={index === chosen}
            onPick={() => pick(offer)}
            onEnter={() => setAt(index)}
          />
        ))}
        {found.length === 0 && <p className="muted">{t("search.none")}</p>}
      </div>
    </div>
  );
}

interface ResultProps {
  readonly offer: Offer;
  readonly index: number;
  readonly chosen: boolean;
  readonly onPick: () => void;
  readonly onEnter: () => void;
}

function Result({ offer: { spec }, index, chosen, onPick, onEnter }: ResultProps) {
  const catalogue = useEditor((state) => state.catalogue);
  const outputs = Object.entries(spec.outputs);
  return (
    <button
      type="button"
      role="option"
      id={`search-${index}`}
      data-index={index}
      aria-selected={chosen}
      tabIndex={-1}
      className="search-result"
      onClick={onPick}
      onPointerMove={onEnter}
    >
      <span className="search-title">{spec.title}</span>
      <span className="search-dots">
        {outputs.map(([name, output]) => (
          <i key={name} style={{ background: typeColour(catalogue, output.type) }} />
        ))}
      </span>
      <span className="search-category">{spec.category}</span>
      <span className="search-about">
        {spec.description.split("\n", 1)[0]?.replaceAll("``", "")}
      </span>
    </button>
  );
}

function close(): void {
  useEditor.getState().setView({ search: null });
}
