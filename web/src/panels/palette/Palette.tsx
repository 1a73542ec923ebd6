/** All node types by category, to drag onto the canvas, and the packs that they come from. */

import { useMemo, useState } from "react";
import { toGraph } from "../../canvas/instance";
import { typeColour } from "../../graph/catalogue";
import { useText } from "../../i18n";
import { activeLevel } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { Icon } from "../Icon";
import { PanelHeader } from "../PanelHeader";
import { addOffered } from "../search/add";
import { makeFinder, type Offer, offersAt } from "../search/find";
import { byCategory } from "./categories";
import { dragOffer } from "./dragging";
import { Packs } from "./Packs";

export function Palette() {
  const t = useText();
  const level = useEditor(activeLevel);
  const [query, setQuery] = useState("");
  const offers = useMemo(() => (level ? offersAt(level, null) : []), [level]);
  const find = useMemo(() => makeFinder(offers), [offers]);
  const categories = useMemo(() => byCategory(offers), [offers]);
  const found = query.trim() ? find(query) : null;
  return (
    <section className="panel palette" aria-label={t("palette.title")}>
      <PanelHeader title={t("palette.title")} place="left" />
      <div className="panel-search">
        <Icon name="search" />
        <input
          type="search"
          placeholder={t("search.placeholder")}
          aria-label={t("search.placeholder")}
          value={query}
          onChange={({ currentTarget }) => setQuery(currentTarget.value)}
        />
      </div>
      <div className="panel-body">
        {found?.length === 0 && <p className="panel-note">{t("search.none")}</p>}
        {found?.map((offer) => <Entry key={offer.spec.id} offer={offer} />) ??
          categories.map((category) => (
            <details key={category.name} className="palette-category" open>
              <summary>
                <Icon name="chevron" />
                {category.title}
                <small>{category.offers.length}</small>
              </summary>
              {category.offers.map((offer) => (
                <Entry key={offer.spec.id} offer={offer} />
              ))}
            </details>
          ))}
        <Packs />
      </div>
    </section>
  );
}

function Entry({ offer }: { offer: Offer }) {
  const t = useText();
  const catalogue = useEditor((state) => state.catalogue);
  const { spec } = offer;
  const about = spec.description.split("\n\n", 1)[0]?.replaceAll("``", "");
  return (
    <button
      type="button"
      className="palette-entry"
      data-palette={spec.id}
      title={[about, t("palette.hint")].filter(Boolean).join("\n\n")}
      onPointerDown={(event) => dragOffer(event, offer)}
      onClick={() => addOffered(offer, middle(), null)}
    >
      <span>{spec.title}</span>
      <span className="search-dots">
        {Object.entries(spec.outputs).map(([name, output]) => (
          <i key={name} style={{ background: typeColour(catalogue, output.type) }} />
        ))}
      </span>
    </button>
  );
}

let added = 0;

/** The middle of what is seen of the graph, a little off for each, so that none is hidden. */
function middle() {
  const box = document.querySelector(".canvas")?.getBoundingClientRect();
  added = (added + 1) % 8;
  const x = box ? box.left + box.width / 2 - 120 : 0;
  const y = box ? box.top + box.height / 3 : 0;
  return toGraph([x + added * 18, y + added * 18]);
}
