/** Every text of the editor in English. `zh.ts` has the same keys. */

export const en = {
  "app.loading": "Starting…",
  "app.unreachable": "The server does not answer. Trying again…",
  "app.untitled": "Untitled",
  "app.tabs": "Open workflows",
  "app.levels": "Subgraphs",
  "app.unsaved": "Unsaved changes",
  "app.close": "Close {name}",
  "app.close_dialog": "Close",
  "app.close_panel": "Close the panel",

  "edit.undo": "Undo",
  "edit.redo": "Redo",
  "edit.delete": "Delete",
  "edit.select_all": "Select all",
  "edit.add_node": "Add a node",
  "edit.mute": "Mute",
  "edit.bypass": "Bypass",
  "edit.collapse": "Collapse",
  "view.fit": "Show everything",
  "view.map": "Map of the workflow",
  "view.theme": "Light or dark",
  "view.language": "中文",
  "run.run": "Run",
  "run.to_selected": "Run to the selected node",
  "run.cancel": "Cancel",
  "run.queued": "Queued",
  "run.running": "Running",
  "run.succeeded": "Done",
  "run.failed": "Failed",
  "run.cancelled": "Cancelled",
  "run.offline": "Offline",

  "node.cached": "cached",
  "node.skipped": "skipped",
  "node.failed": "failed",
  "node.unknown": "unknown node type",
  "node.enter": "Open subgraph",
  "node.muted": "muted",
  "node.bypassed": "bypassed",

  "refusal.unknown": "This port is not there any more",
  "refusal.self": "A node can't feed itself",
  "refusal.cycle": "That would go round in a circle",
  "refusal.lazy_list": "This input takes one value, not a list",
  "refusal.type": "Takes {wanted}, not {given}",

  "search.placeholder": "Search nodes",
  "search.fitting": "Nodes that fit {type}",
  "search.none": "No node is called that",

  "widget.default": "default",
  "widget.invalid_json": "This is no JSON",

  "shortcuts.edit": "Edit",
  "shortcuts.view": "View",
  "shortcuts.run": "Run",
} as const;

export type TextKey = keyof typeof en;
