/** A node: its title, what it is for, its inputs with their widgets, and its outputs. */

import { CardWidget } from "../../canvas/CardWidget";
import { setNamedOutput } from "../../commands/graph";
import { setLook } from "../../commands/nodes";
import { type InputSpec, type OutputSpec, readable, typeColour } from "../../graph/catalogue";
import { joinPort, type NodeRecord } from "../../graph/document";
import { isLinked, linksIn } from "../../graph/links";
import { type TypeExpr, typeText } from "../../graph/types";
import { useText } from "../../i18n";
import { activeGraph } from "../../store/documents";
import { useNode, useSpec } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { useNodeProblems } from "../../store/validation";
import { limitsOf } from "../../widgets/describe";
import { widgetOf } from "../../widgets/registry";
import { Icon, type IconName } from "../Icon";
import { Docs, Words } from "./Docs";
import { inputActions, inputName } from "./inputMenu";

export function AboutNode({ id }: { id: string }) {
  const t = useText();
  const node = useNode(id);
  const spec = useSpec(id);
  const problems = useNodeProblems(id);
  if (!node || !spec) return null;
  const inputs = Object.entries(spec.inputs);
  const outputs = Object.entries(spec.outputs);
  return (
    <>
      <input
        className="inspector-title"
        aria-label={t("inspector.name")}
        placeholder={spec.title}
        value={node.title ?? ""}
        onChange={({ currentTarget }) => rename(id, currentTarget.value)}
      />
      <p className="inspector-type mono">{spec.id}</p>
      <Docs text={spec.description} />
      {problems.length > 0 && (
        <ul className="inspector-problems">
          {problems.map((problem, index) => (
            <li key={index}>
              {problem.place.port && <b>{problem.place.port}: </b>}
              {problem.message}
              {problem.hint && <small>{problem.hint}</small>}
            </li>
          ))}
        </ul>
      )}
      {inputs.length > 0 && <h3>{t("inspector.inputs")}</h3>}
      {inputs.map(([name, input]) => (
        <Input key={name} node={node} name={name} input={input} />
      ))}
      {outputs.length > 0 && <h3>{t("inspector.outputs")}</h3>}
      {outputs.map(([name, output]) => (
        <Output key={name} node={id} name={name} output={output} />
      ))}
      {spec.volatile && <p className="panel-note">{t("inspector.volatile")}</p>}
      {spec.pack && <p className="panel-note">{t("inspector.pack", { pack: spec.pack })}</p>}
    </>
  );
}

function rename(id: string, title: string): void {
  const look = { title: title === "" ? undefined : title };
  useEditor.getState().execute(setLook({ ids: [id], look }), `title ${id}`);
}

const ICONS: Readonly<Record<string, IconName>> = {
  port: "port",
  widget: "widget",
  unlink: "unlink",
  reset: "undo",
  name: "form",
  unname: "form",
};

interface InputProps {
  readonly node: NodeRecord;
  readonly name: string;
  readonly input: InputSpec;
}

function Input({ node, name, input }: InputProps) {
  const t = useText();
  const named = useEditor((state) => {
    const graph = activeGraph(state);
    return graph ? inputName(graph, node.id, name) : null;
  });
  const value = node.inputs[name];
  const sources = linksIn(value).map(([, link]) => link);
  const facts = limitsOf(input, t);
  return (
    <div className="inspector-input" data-inspector={joinPort(node.id, name)}>
      <div className="inspector-head">
        <PortLabel name={name} type={input.type} />
        {inputActions(node.id, name).map((action) => (
          <button
            key={action.name}
            type="button"
            className={action.name === "unname" ? "icon-button small on" : "icon-button small"}
            title={t(action.label)}
            aria-label={`${t(action.label)}: ${name}`}
            data-input-action={action.name}
            onClick={action.run}
          >
            <Icon name={ICONS[action.name] ?? "widget"} />
          </button>
        ))}
      </div>
      {input.description && (
        <p>
          <Words text={input.description} />
        </p>
      )}
      {facts.length > 0 && <p className="muted">{facts.join(" · ")}</p>}
      {sources.length > 0 && (
        <p className="muted">{t("inspector.linked", { sources: sources.join(", ") })}</p>
      )}
      {named !== null && <p className="muted">{t("inspector.on_form", { name: named })}</p>}
      {!isLinked(value) && widgetOf(input) && (
        <CardWidget node={node.id} name={name} input={input} value={value} />
      )}
    </div>
  );
}

function Output({ node, name, output }: { node: string; name: string; output: OutputSpec }) {
  const t = useText();
  const reference = joinPort(node, name);
  const named = useEditor((state) => {
    const outputs = Object.entries(activeGraph(state)?.outputs ?? {});
    return outputs.find(([, source]) => source === reference)?.[0];
  });
  const label = t(named === undefined ? "inspector.make_result" : "inspector.no_result");
  return (
    <div className="inspector-input">
      <div className="inspector-head">
        <PortLabel name={name} type={output.type} />
        <button
          type="button"
          className={named === undefined ? "icon-button small" : "icon-button small on"}
          title={label}
          aria-label={`${label}: ${name}`}
          aria-pressed={named !== undefined}
          data-output-action={reference}
          onClick={() => toggleResult(name, reference, named)}
        >
          <Icon name="result" />
        </button>
      </div>
      {output.description && (
        <p>
          <Words text={output.description} />
        </p>
      )}
      {named !== undefined && <p className="muted">{t("inspector.result", { name: named })}</p>}
    </div>
  );
}

/** Makes an output a result of the workflow, under a name that is free, or none any more. */
function toggleResult(wish: string, source: string, named: string | undefined): void {
  const { execute } = useEditor.getState();
  if (named !== undefined) {
    execute(setNamedOutput({ name: named }));
    return;
  }
  const taken = activeGraph(useEditor.getState())?.outputs ?? {};
  let name = wish;
  for (let number = 2; name in taken; number += 1) name = `${wish}_${number}`;
  execute(setNamedOutput({ name, source }));
}

function PortLabel({ name, type }: { name: string; type: TypeExpr }) {
  const colour = useEditor((state) => typeColour(state.catalogue, type));
  return (
    <>
      <i className={type.depth > 0 ? "port-dot list" : "port-dot"} style={{ background: colour }} />
      <b>{readable(name)}</b>
      <span className="mono muted">{typeText(type)}</span>
    </>
  );
}
