/** The packs that the server has, and why one of them could not be used. */

import { useState } from "react";
import { reloadPacks } from "../../api/modules";
import type { Problem } from "../../graph/catalogue";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { Icon } from "../Icon";

export function Packs() {
  const t = useText();
  const [busy, setBusy] = useState(false);
  const packs = useEditor((state) => state.catalogue.packs);
  const modules = useEditor((state) => state.moduleProblems);
  const problemOf = (name: string, problem: Problem | null) => problem ?? modules[name] ?? null;
  const broken = packs.filter((pack) => problemOf(pack.name, pack.problem)).length;
  return (
    <details className="palette-category packs" open={broken > 0}>
      <summary>
        <Icon name="chevron" />
        {t("palette.packs")}
        {broken > 0 ? (
          <span className="bad-count">
            <Icon name="warning" />
            {broken}
          </span>
        ) : (
          <small>{packs.length}</small>
        )}
      </summary>
      <button
        type="button"
        className="link-button"
        disabled={busy}
        data-action="packs.reload"
        onClick={() => {
          setBusy(true);
          reloadPacks()
            .catch(tell)
            .finally(() => setBusy(false));
        }}
      >
        {t(busy ? "palette.reloading" : "palette.reload")}
      </button>
      {packs.map(({ name, version, source, problem }) => {
        const wrong = problemOf(name, problem);
        return (
          <div key={`${name} ${source}`} className="pack" data-pack={name}>
            <b>{name}</b> <small className="muted">{version}</small>
            {wrong && (
              <p className="pack-problem">
                {wrong.message}
                {wrong.hint && <small>{wrong.hint}</small>}
              </p>
            )}
          </div>
        );
      })}
    </details>
  );
}
