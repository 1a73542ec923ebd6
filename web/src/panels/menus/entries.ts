/** What the context menu offers, for what it was opened on. */

import type { ActionName } from "../../actions";
import { GROUP_PREFIX } from "../../canvas/boxes";
import type { Menu } from "../../store/canvas";
import type { IconName } from "../Icon";

export type Section =
  | { readonly kind: "actions"; readonly names: readonly ActionName[] }
  | { readonly kind: "icons"; readonly names: readonly (readonly [ActionName, IconName])[] }
  | { readonly kind: "colours" };

const CANVAS: readonly Section[] = [
  { kind: "actions", names: ["edit.add_node", "arrange.note", "edit.paste", "edit.paste_linked"] },
  { kind: "actions", names: ["edit.select_all", "arrange.layout", "arrange.snap"] },
  { kind: "actions", names: ["view.fit", "view.full_size", "nest.leave"] },
];

const LINK: readonly Section[] = [
  { kind: "actions", names: ["link.bend", "link.straighten"] },
  { kind: "actions", names: ["edit.delete"] },
];

const OUTPUT: readonly Section[] = [
  { kind: "actions", names: ["output.name", "output.rename", "output.unname"] },
];

const ALIGN: Section = {
  kind: "icons",
  names: [
    ["arrange.left", "align_left"],
    ["arrange.center", "align_center"],
    ["arrange.right", "align_right"],
    ["arrange.top", "align_top"],
    ["arrange.middle", "align_middle"],
    ["arrange.bottom", "align_bottom"],
    ["arrange.across", "distribute_across"],
    ["arrange.down", "distribute_down"],
  ],
};

const CLIPBOARD: Section = {
  kind: "actions",
  names: ["edit.cut", "edit.copy", "edit.duplicate", "edit.delete"],
};

/** The sections of the menu; entries that can't be used now are left out, but for a few. */
export function sectionsOf(menu: Menu, selection: ReadonlySet<string>): readonly Section[] {
  if (menu.on === "canvas") return CANVAS;
  if (menu.on === "link") return LINK;
  if (menu.on === "output") return OUTPUT;
  const frames = [...selection].every((id) => id.includes("/"));
  if (frames) {
    const group = [...selection].some((id) => id.startsWith(GROUP_PREFIX));
    const own: ActionName[] = group
      ? ["edit.rename", "group.select", "group.fit", "arrange.ungroup"]
      : ["edit.open"];
    return [{ kind: "actions", names: own }, { kind: "colours" }, CLIPBOARD];
  }
  return [
    { kind: "actions", names: ["nest.enter", "edit.rename", "run.to_selected"] },
    ...(selection.size > 1 ? [ALIGN] : []),
    { kind: "colours" },
    { kind: "actions", names: ["edit.collapse", "edit.mute", "edit.bypass"] },
    { kind: "actions", names: ["arrange.group", "nest.make", "nest.unpack"] },
    CLIPBOARD,
  ];
}
