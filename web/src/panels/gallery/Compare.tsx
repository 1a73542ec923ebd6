/** Pictures against each other: two under a slider, or several side by side. */

import { type CSSProperties, useState } from "react";
import { useText } from "../../i18n";
import { Pixels } from "./Picture";
import { type Picture, urlOf } from "./pictures";

export function Compare({ pictures }: { pictures: readonly Picture[] }) {
  const t = useText();
  const [first, second] = pictures;
  const two = pictures.length === 2 && first && second;
  const [beside, setBeside] = useState(!two);
  return (
    <div className="compare">
      <div className="choices">
        {two && (
          <>
            <button
              type="button"
              className="choice"
              aria-pressed={!beside}
              onClick={() => setBeside(false)}
            >
              {t("gallery.slider")}
            </button>
            <button
              type="button"
              className="choice"
              aria-pressed={beside}
              onClick={() => setBeside(true)}
            >
              {t("gallery.beside")}
            </button>
          </>
        )}
      </div>
      {two && !beside ? (
        <Slider first={first} second={second} />
      ) : (
        <div className="beside">
          {pictures.map((picture) => (
            <figure key={picture.id}>
              <Pixels src={urlOf(picture)} alt={picture.title} />
              <figcaption>{picture.title}</figcaption>
            </figure>
          ))}
        </div>
      )}
    </div>
  );
}

function Slider({ first, second }: { first: Picture; second: Picture }) {
  const t = useText();
  const [at, setAt] = useState(50);
  return (
    <div className="compare-slider" style={{ "--at": `${at}%` } as CSSProperties}>
      <Pixels src={urlOf(second)} alt={second.title} />
      <Pixels src={urlOf(first)} alt={first.title} className="over" />
      <i className="compare-line" />
      <input
        type="range"
        min={0}
        max={100}
        step={0.1}
        value={at}
        aria-label={t("gallery.slider")}
        onChange={(event) => setAt(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}
