/** The workflow that is shown: what it is called, what goes in and what comes out. */

import { setAbout, setNamedInput, setNamedOutput } from "../../commands/graph";
import type { Graph } from "../../graph/document";
import { useText } from "../../i18n";
import { activeGraph } from "../../store/documents";
import { useEditor } from "../../store/store";
import { Icon } from "../Icon";

export function AboutWorkflow() {
  const t = useText();
  const graph = useEditor(activeGraph);
  if (!graph) return null;
  const { execute } = useEditor.getState();
  return (
    <>
      <input
        className="inspector-title"
        aria-label={t("inspector.name")}
        placeholder={t("app.untitled")}
        value={graph.name}
        onChange={({ currentTarget }) =>
          execute(setAbout({ name: currentTarget.value }), "name of the workflow")
        }
      />
      <div className="field text-area">
        <textarea
          className="inspector-about"
          aria-label={t("inspector.description")}
          placeholder={t("inspector.description")}
          rows={4}
          value={graph.description}
          onChange={({ currentTarget }) =>
            execute(setAbout({ description: currentTarget.value }), "description")
          }
        />
      </div>
      <h3>{t("inspector.form")}</h3>
      {Object.keys(graph.inputs).length === 0 && (
        <p className="panel-note">{t("inspector.no_form")}</p>
      )}
      {Object.entries(graph.inputs).map(([name, targets]) => (
        <Named
          key={name}
          name={name}
          ends={[targets].flat()}
          onRename={(to) => execute(renamedInput(graph, name, to))}
          onRemove={() => execute(setNamedInput({ name }))}
        />
      ))}
      <h3>{t("inspector.results")}</h3>
      {Object.keys(graph.outputs).length === 0 && (
        <p className="panel-note">{t("inspector.no_results")}</p>
      )}
      {Object.entries(graph.outputs).map(([name, source]) => (
        <Named
          key={name}
          name={name}
          ends={[source]}
          onRename={(to) => execute(renamedOutput(graph, name, to))}
          onRemove={() => execute(setNamedOutput({ name }))}
        />
      ))}
      <p className="panel-note">{t("inspector.select")}</p>
    </>
  );
}

interface NamedProps {
  readonly name: string;
  readonly ends: readonly string[];
  readonly onRename: (to: string) => void;
  readonly onRemove: () => void;
}

function Named({ name, ends, onRename, onRemove }: NamedProps) {
  const t = useText();
  return (
    <div className="inspector-named">
      <input
        aria-label={t("inspector.rename", { name })}
        defaultValue={name}
        spellCheck={false}
        onBlur={({ currentTarget }) => onRename(currentTarget.value.trim())}
        onKeyDown={({ key, currentTarget }) => key === "Enter" && currentTarget.blur()}
      />
      <span className="mono muted">{ends.join(", ")}</span>
      <button
        type="button"
        className="icon-button small"
        title={t("inspector.remove", { name })}
        aria-label={t("inspector.remove", { name })}
        onClick={onRemove}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** All names are put anew, so that the renamed one keeps its place. */
function renamedInput({ inputs }: Graph, name: string, to: string) {
  if (to === "" || to in inputs) return [];
  return Object.entries(inputs).flatMap(([each, targets]) => [
    setNamedInput({ name: each }),
    setNamedInput({ name: each === name ? to : each, targets }),
  ]);
}

function renamedOutput({ outputs }: Graph, name: string, to: string) {
  if (to === "" || to in outputs) return [];
  return Object.entries(outputs).flatMap(([each, source]) => [
    setNamedOutput({ name: each }),
    setNamedOutput({ name: each === name ? to : each, source }),
  ]);
}
