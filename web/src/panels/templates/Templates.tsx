/** Workflows to start from, with a picture of what each makes. */

import { useEffect, useState } from "react";
import { perform } from "../../actions";
import { api } from "../../api/client";
import type { Template } from "../../api/types";
import { readDocument } from "../../graph/read";
import { useText } from "../../i18n";
import { useEditor } from "../../store/store";
import { tell } from "../../store/tell";
import { closeDialog, Dialog } from "../Dialog";
import { Pixels } from "../gallery/Picture";
import { Icon } from "../Icon";

export default function Templates() {
  const t = useText();
  const [templates, setTemplates] = useState<readonly Template[]>([]);
  useEffect(() => {
    api.templates().then((answer) => setTemplates(answer.templates), tell);
  }, []);
  return (
    <Dialog title={t("doc.templates")} size="large">
      <ul className="templates">
        <li>
          <button
            type="button"
            className="template"
            onClick={() => {
              closeDialog();
              perform("doc.new");
            }}
          >
            <span className="template-picture">
              <Icon name="plus" />
            </span>
            <b>{t("doc.new")}</b>
            <span>{t("doc.new_about")}</span>
          </button>
        </li>
        {templates.map((template) => (
          <li key={template.name}>
            <button
              type="button"
              className="template"
              data-template={template.name}
              onClick={() => openTemplate(template.name)}
            >
              <span className="template-picture">
                {template.picture_url && <Pixels src={template.picture_url} alt="" lazy />}
              </span>
              <b>{template.title}</b>
              <span>{template.description}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function openTemplate(name: string): void {
  api.template(name).then(({ workflow }) => {
    useEditor.getState().open(readDocument(workflow));
    closeDialog();
  }, tell);
}
