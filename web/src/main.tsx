import { createRoot } from "react-dom/client";
import { App } from "./App";
import { listenForShortcuts } from "./shortcuts";
import { start } from "./start";
import "@xyflow/react/dist/base.css";
import "./theme/colours.css";
import "./theme/base.css";
import "./theme/card.css";
import "./theme/canvas.css";
import "./theme/panels.css";
import "./theme/dialog.css";
import { followTheme } from "./theme/theme";

const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");
followTheme();
listenForShortcuts();
createRoot(root).render(<App />);
void start();
