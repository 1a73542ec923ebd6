/** A seed: a number with a dice, and a lock that keeps it from one run to the next. */

import { lockSeed } from "../commands/graph";
import { isSeed, randomSeed } from "../graph/seeds";
import { useText } from "../i18n";
import { Icon } from "../panels/Icon";
import { activeGraph } from "../store/documents";
import { useEditor } from "../store/store";
import { NumberField } from "./NumberField";
import type { Widget, WidgetProps } from "./widget";

function Seed(props: WidgetProps) {
  const t = useText();
  const { id, onChange } = props;
  const locked = useEditor((state) => activeGraph(state)?.lockedSeeds.includes(id) ?? false);
  const lock = t(locked ? "seed.unlock" : "seed.lock");
  return (
    <div className="field-group">
      <NumberField {...props} />
      <button
        type="button"
        className="field-button nodrag"
        title={t("seed.roll")}
        aria-label={t("seed.roll")}
        data-widget-roll={id}
        onClick={() => onChange(randomSeed())}
      >
        <Icon name="dice" />
      </button>
      <button
        type="button"
        className={locked ? "field-button nodrag on" : "field-button nodrag"}
        title={lock}
        aria-label={lock}
        aria-pressed={locked}
        data-widget-lock={id}
        onClick={() => useEditor.getState().execute(lockSeed({ seed: id, locked: !locked }))}
      >
        <Icon name={locked ? "lock" : "unlock"} />
      </button>
    </div>
  );
}

export const seed: Widget = {
  name: "seed",
  suits: isSeed,
  height: 32,
  Component: Seed,
};
