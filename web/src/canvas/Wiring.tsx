/** The bar of the keyboard's link tool: where it is, in words, and what its keys do. */

import { getBezierPath, Position, ViewportPortal } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { useText } from "../i18n";
import { activeLevel, picturedNodes } from "../store/selectors";
import { useEditor } from "../store/store";
import type { Wiring as Place } from "../store/view";
import { portPlace } from "./ports";
import { describeEnd, fitting, onWiringKey, stopWiring } from "./tools/wiring";

export function Wiring() {
  const wiring = useEditor((state) => state.wiring);
  return wiring && <Bar wiring={wiring} />;
}

function Bar({ wiring }: { wiring: Place }) {
  const t = useText();
  const linking = useEditor((state) => state.linking);
  const level = useEditor(activeLevel);
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => bar.current?.focus(), []);
  const gone = !level?.graph.nodes[wiring.at.node];
  useEffect(() => {
    if (gone) stopWiring(); // undone meanwhile
  }, [gone]);
  const ends = linking ? fitting() : [];
  const at = ends.findIndex(({ node, port }) => node === wiring.at.node && port === wiring.at.port);
  const place = describeEnd(wiring.at);
  const told = linking
    ? ends.length > 0
      ? [t("wiring.to", { place }), t("wiring.count", { at: at + 1, count: ends.length })]
      : [place, t("wiring.none")]
    : [wiring.told, place];
  return (
    <>
      <div
        ref={bar}
        className="wiring"
        role="application"
        aria-label={t("link.draw")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes the keys while it is there
        tabIndex={0}
        onKeyDown={onWiringKey}
        onBlur={stopWiring}
      >
        <p aria-live="assertive">{told.filter(Boolean).join(" · ")}</p>
        <p className="muted">{t(linking ? "wiring.keys_drawing" : "wiring.keys")}</p>
      </div>
      {linking && <Preview wiring={wiring} />}
    </>
  );
}

/** The link as it would be. */
function Preview({ wiring }: { wiring: Place }) {
  const path = useEditor((state) => {
    const level = activeLevel(state);
    const pictured = picturedNodes(state);
    const from = level && state.linking && portPlace(level, state.linking, pictured);
    const to = level && portPlace(level, wiring.at, pictured);
    if (!from || !to) return "";
    const [start, end] = state.linking?.side === "output" ? [from, to] : [to, from];
    const [sourceX, sourceY] = start;
    const [targetX, targetY] = end;
    const sides = { sourcePosition: Position.Right, targetPosition: Position.Left };
    return getBezierPath({ sourceX, sourceY, targetX, targetY, ...sides })[0];
  });
  return (
    <ViewportPortal>
      <svg className="wiring-link" aria-hidden="true">
        <path className="link new" d={path} />
      </svg>
    </ViewportPortal>
  );
}
