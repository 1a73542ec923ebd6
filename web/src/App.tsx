import { lazy, Suspense } from "react";
import { Canvas } from "./canvas/Canvas";
import { useText } from "./i18n";
import { InputMenu } from "./panels/inspector/InputMenu";
import { ContextMenu } from "./panels/menus/ContextMenu";
import { Problems } from "./panels/problems/Problems";
import { NodeSearch } from "./panels/search/NodeSearch";
import { Side } from "./panels/sides";
import { Breadcrumbs } from "./panels/top/Breadcrumbs";
import { DropTarget } from "./panels/top/DropTarget";
import { Toasts } from "./panels/top/Toasts";
import { TopBar } from "./panels/top/TopBar";
import { Welcome } from "./panels/top/Welcome";
import { useEditor } from "./store/store";

const Form = lazy(async () => ({ default: (await import("./panels/form/Form")).Form }));

export function App() {
  const t = useText();
  const ready = useEditor((state) => state.catalogue.nodes.size > 0);
  const form = useEditor((state) => state.form);
  if (form) {
    return (
      <div className="app">
        <Suspense>
          <Form />
        </Suspense>
        <Side place="dialog" />
        <Toasts />
      </div>
    );
  }
  return (
    <div className="app">
      <TopBar />
      <div className="middle">
        <Side place="left" />
        <main className="workspace">
          {ready ? <Canvas /> : <p className="loading">{t("app.loading")}</p>}
          <Breadcrumbs />
          <Welcome />
          <Problems />
        </main>
        <Side place="right" />
      </div>
      <NodeSearch />
      <InputMenu />
      <ContextMenu />
      <Side place="dialog" />
      <Toasts />
      <DropTarget />
    </div>
  );
}
