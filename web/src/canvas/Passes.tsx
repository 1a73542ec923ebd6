/** Lines through a bypassed card, from what comes in to what it stands for. */

import { memo } from "react";
import { passedOn } from "../graph/bypass";
import type { NodeSpec } from "../graph/catalogue";
import { typeColour } from "../graph/catalogue";
import type { NodeRecord } from "../graph/document";
import { useText } from "../i18n";
import { useEditor } from "../store/store";
import type { CardLayout } from "./geometry";

interface PassesProps {
  readonly node: NodeRecord;
  readonly spec: NodeSpec;
  readonly layout: CardLayout;
}

export const Passes = memo(function Passes({ node, spec, layout }: PassesProps) {
  const t = useText();
  const catalogue = useEditor((state) => state.catalogue);
  const passed = [...passedOn(node, spec, catalogue.converts)];
  return (
    <svg className="passes" aria-hidden="true">
      {passed.map(([output, input]) => {
        const y = layout.outputs[output] ?? 0;
        const from = layout.inputs[input ?? ""];
        const type = spec.outputs[output]?.type;
        if (input === null || from === undefined || !type) {
          return (
            <g key={output} className="nothing-passes">
              <title>{t("node.passes_nothing", { output })}</title>
              <path d={`M ${layout.width + 10} ${y - 4} l 8 8 m 0 -8 l -8 8`} />
            </g>
          );
        }
        const half = layout.width / 2;
        return (
          <path
            key={output}
            className="passes-line"
            data-passes={`${input} ${output}`}
            d={`M 0 ${from} C ${half} ${from}, ${half} ${y}, ${layout.width} ${y}`}
            style={{ stroke: typeColour(catalogue, type) }}
          />
        );
      })}
    </svg>
  );
});
