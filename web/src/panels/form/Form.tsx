/** The workflow as a plain form: its named inputs, a button to run it, and what it made. */

import { useEffect, useMemo } from "react";
import { perform, useEnabled } from "../../actions";
import { neededNodes } from "../../graph/problems";
import { levelAt } from "../../graph/subgraphs";
import { useText } from "../../i18n";
import { activeDocument } from "../../store/documents";
import { shownRun } from "../../store/selectors";
import { useEditor } from "../../store/store";
import { allProblems, usePortProblem } from "../../store/validation";
import { describeInput } from "../../widgets/describe";
import { widgetOf } from "../../widgets/registry";
import { unwrapSchema, valueFor } from "../../widgets/widget";
import { Icon } from "../Icon";
import { Words } from "../inspector/Docs";
import { type FormField, fieldsOf } from "./fields";
import { Progress } from "./Progress";
import { Results } from "./Results";

export function Form() {
  const t = useText();
  const document = useEditor(activeDocument);
  const catalogue = useEditor((state) => state.catalogue);
  const graph = document?.history.document;
  const id = document?.id;
  const level = useMemo(() => graph && levelAt(graph, [], catalogue), [graph, catalogue]);
  const fields = useMemo(() => (level ? fieldsOf(level) : []), [level]);
  useEffect(() => {
    // The form is of the whole workflow, wherever in it one was.
    if (id) useEditor.getState().patchDocument(id, { path: [], through: [] });
  }, [id]);
  if (!graph) return <Waiting />;
  return (
    <main className="form">
      <header className="form-head">
        <div>
          <h1>{graph.name || t("app.untitled")}</h1>
          {graph.description && (
            <p>
              <Words text={graph.description} />
            </p>
          )}
        </div>
        <button type="button" className="button" onClick={showGraph} data-action="form.graph">
          <Icon name="nodes" />
          {t("form.graph")}
        </button>
      </header>
      <div className="form-body">
        <form
          className="form-fields"
          onSubmit={(event) => {
            event.preventDefault();
            perform("run.run");
          }}
        >
          {fields.map((field) => (
            <Field key={field.name} field={field} />
          ))}
          {fields.length === 0 && <p className="panel-note">{t("inspector.no_form")}</p>}
          <Problems />
          <RunBar />
        </form>
        <section className="form-results" aria-label={t("inspector.results")}>
          <Progress />
          <Results />
        </section>
      </div>
    </main>
  );
}

function Waiting() {
  const t = useText();
  const missing = useEditor((state) => state.formMissing);
  return (
    <main className="loading" aria-live="polite">
      {missing === null ? t("app.loading") : t("form.missing", { name: missing })}
    </main>
  );
}

function showGraph(): void {
  useEditor.getState().showForm(false);
  // The address of the form would open it again.
  if (location.search) history.replaceState(null, "", "/");
}

function Field({ field: { name, label, id, input, value, set } }: { field: FormField }) {
  const t = useText();
  const problem = usePortProblem(
    id.slice(0, id.lastIndexOf(".")),
    id.slice(id.lastIndexOf(".") + 1),
  );
  const widget = widgetOf(input);
  if (!widget) return null;
  const { schema, nullable } = unwrapSchema(input.schema);
  return (
    <div
      className={problem ? "form-field widget wrong" : "form-field widget"}
      title={describeInput(input, t)}
      data-form={name}
    >
      <widget.Component
        id={id}
        label={label}
        value={valueFor(widget, value)}
        schema={schema}
        nullable={nullable}
        onChange={(next) => useEditor.getState().execute(set(next), `form ${name}`)}
      />
      {problem && <p className="form-problem">{problem}</p>}
    </div>
  );
}

/** Problems of what the form has no field for. */
function Problems() {
  const document = useEditor((state) => activeDocument(state)?.history.document);
  const problems = useEditor(allProblems);
  const onForm = new Set(Object.values(document?.inputs ?? {}).flat());
  const needed = document && neededNodes(document);
  const others = problems.filter(
    ({ node, port }) =>
      !onForm.has(`${node}.${port}`) &&
      (node === null || needed?.has(node.split(/[/.]/, 1)[0] ?? "") === true),
  );
  return others.slice(0, 3).map((problem, index) => (
    <p key={index} className="form-problem" role="alert">
      {problem.message}
      {problem.hint && <small> {problem.hint}</small>}
    </p>
  ));
}

function RunBar() {
  const t = useText();
  const runnable = useEnabled("run.run");
  const cancellable = useEnabled("run.cancel");
  const status = useEditor((state) => shownRun(state)?.status);
  const connected = useEditor((state) => state.connected);
  return (
    <div className="form-run">
      <button type="submit" className="button primary" disabled={!runnable} data-action="form.run">
        <Icon name="play" />
        {t("run.run")}
      </button>
      {cancellable && (
        <button type="button" className="button" onClick={() => perform("run.cancel")}>
          <Icon name="stop" />
          {t("run.cancel")}
        </button>
      )}
      <span className={`status ${connected ? (status ?? "") : "offline"}`} role="status">
        {connected ? status && t(`run.${status}`) : t("run.offline")}
      </span>
    </div>
  );
}
