/** What a node made, or is making, on its card. */

import { useText } from "../../i18n";
import { nodeResults } from "../../store/results";
import { picturedNodes, useSpec } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { Viewer } from "../../widgets/Viewer";
import { viewedAt } from "../../widgets/viewers";
import { openDialog } from "../Dialog";
import { Output } from "./Output";
import { isPicture, pictureId } from "./pictures";

/** Longest edges of pictures on nodes, in pixels: of one alone, and of several. */
const ONE = 512;
const SEVERAL = 256;
const MOST = 9;

export function NodeResults({ id }: { id: string }) {
  const t = useText();
  const preview = useEditor((state) => picturedNodes(state).get(id));
  const results = useEditor((state) => nodeResults(state).get(id));
  const spec = useSpec(id);
  if (typeof preview === "string")
    return <img className="node-preview" src={preview} alt="" draggable={false} />;
  const at = viewedAt(spec, results?.map(({ port }) => port) ?? []);
  const viewed = results?.find(({ port }) => port === at?.port);
  if (viewed && at) return <Viewer {...viewed} type={at.type} />;
  const items = (results ?? []).flatMap(({ run, name, port, items }) =>
    items.map((item, index) => ({ run, name, port, item, index })),
  );
  const several = items.length > 1;
  const more = items.length - MOST;
  const classes = ["node-results", "nowheel", several && "several"].filter(Boolean).join(" ");
  return (
    <div className={classes} data-count={items.length}>
      {items.slice(0, MOST).map(({ run, name, port, item, index }) => {
        const key = pictureId(run, name, index);
        const output = (
          <Output
            key={key}
            run={run}
            name={name}
            index={index}
            item={item}
            edge={several ? SEVERAL : ONE}
          />
        );
        return isPicture(item) ? (
          <button
            key={key}
            type="button"
            className="node-picture nodrag"
            title={t("gallery.view", { name: port })}
            aria-label={t("gallery.view", { name: port })}
            onClick={() => viewPicture(key)}
          >
            {output}
          </button>
        ) : (
          <div key={key} className="node-value nodrag" title={port}>
            {output}
          </div>
        );
      })}
      {more > 0 && <span className="badge more">+{more}</span>}
    </div>
  );
}

function viewPicture(id: string): void {
  useEditor.getState().setViewed(id);
  openDialog("gallery");
}
