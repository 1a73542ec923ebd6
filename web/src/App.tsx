import { Canvas } from "./canvas/Canvas";
import { useText } from "./i18n";
import { InputMenu } from "./panels/inspector/InputMenu";
import { Problems } from "./panels/problems/Problems";
import { NodeSearch } from "./panels/search/NodeSearch";
import { Side } from "./panels/sides";
import { Breadcrumbs } from "./panels/top/Tabs";
import { TopBar } from "./panels/top/TopBar";
import { useEditor } from "./store/store";

export function App() {
  const t = useText();
  const ready = useEditor((state) => state.catalogue.nodes.size > 0);
  return (
    <div className="app">
      <TopBar />
      <div className="middle">
        <Side place="left" />
        <main className="workspace">
          {ready ? <Canvas /> : <p className="loading">{t("app.loading")}</p>}
          <Breadcrumbs />
          <Problems />
        </main>
        <Side place="right" />
      </div>
      <NodeSearch />
      <InputMenu />
      <Side place="dialog" />
    </div>
  );
}
