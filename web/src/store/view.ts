/** What is on the screen besides documents: gestures under way, panels, theme, language. */

import type { StateCreator } from "zustand";
import type { SeedMode } from "../graph/batch";
import type { OpenEnd } from "../graph/bestPort";
import type { Point } from "../graph/document";
import type { Link } from "../graph/links";
import type { Locale } from "../i18n";
import type { EditorState } from "./store";

/** A link that is being drawn, from the end that it started at. */
export interface Linking {
  readonly node: string;
  readonly port: string;
  readonly side: "output" | "input";
  /** The link that is taken out of an input by its end, to go to another input. */
  readonly taken?: Link;
}

/** The port that the keyboard is at; while it draws a link, that starts at `linking`. */
export interface Wiring {
  readonly at: OpenEnd;
  /** What was done last, to be said. */
  readonly told?: string;
}

/** The search for a node to add. */
export interface Search {
  /** Where the node goes, in the coordinates of the graph. */
  readonly at: Point;
  /** Where the box is shown, in pixels of the window. */
  readonly screen: Point;
  /** Only nodes that fit this end of a link are offered, and the link is made. */
  readonly linking: Linking | null;
}

/** How much is shown: cards, cards without their insides, or (large graphs) a drawing. */
export type Distance = "near" | "far" | "overview";

export function distanceAt(zoom: number): Distance {
  if (zoom >= 0.4) return "near";
  return zoom >= 0.25 ? "far" : "overview";
}

export type Theme = "system" | "light" | "dark";

export interface ViewSlice {
  /** Positions of nodes while they are dragged; a command follows when they are let go. */
  readonly gesture: Readonly<Record<string, Point>> | null;
  readonly linking: Linking | null;
  readonly wiring: Wiring | null;
  readonly search: Search | null;
  readonly distance: Distance;
  readonly theme: Theme;
  readonly locale: Locale;
  /** How often a press on run runs a workflow, and what becomes of its seeds. */
  readonly batch: number;
  readonly seedMode: SeedMode;
  /** Name of the open side panel or dialog on each side of the window. */
  readonly panels: Readonly<Partial<Record<PanelPlace, string>>>;

  setView(fields: Partial<ViewFields>): void;
  /** Opens a panel at its place, or closes it if it is open there. */
  togglePanel(place: PanelPlace, name: string): void;
}

export type PanelPlace = "left" | "right" | "dialog";
type ViewFields = Pick<
  ViewSlice,
  | "gesture"
  | "linking"
  | "wiring"
  | "search"
  | "distance"
  | "theme"
  | "locale"
  | "batch"
  | "seedMode"
  | "panels"
>;

const REMEMBERED = "graphgen.view";

interface Remembered {
  theme: Theme;
  locale: Locale;
  seedMode: SeedMode;
  panels: ViewSlice["panels"];
}

export const viewSlice: StateCreator<EditorState, [], [], ViewSlice> = (set, get) => {
  const update = (fields: Partial<ViewFields>) => {
    set(fields);
    if (fields.theme || fields.locale || fields.seedMode || fields.panels) remember(get());
  };
  return {
    gesture: null,
    linking: null,
    wiring: null,
    search: null,
    distance: "near",
    batch: 1,
    ...recalled(),
    setView: update,
    togglePanel(place, name) {
      const { panels } = get();
      const { [place]: open, ...others } = panels;
      update({ panels: open === name ? others : { ...others, [place]: name } });
    },
  };
};

function remember({ theme, locale, seedMode, panels }: ViewSlice): void {
  const { dialog: _, ...sides } = panels;
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify({ theme, locale, seedMode, panels: sides }));
  } catch {
    // Without storage (a private window) the choice holds for this visit.
  }
}

function recalled(): Remembered {
  const language = typeof navigator === "undefined" ? "en" : navigator.language;
  const fresh: Remembered = {
    theme: "system",
    locale: language.startsWith("zh") ? "zh" : "en",
    seedMode: "count",
    panels: {},
  };
  try {
    const found = JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}") as Partial<Remembered>;
    return { ...fresh, ...found };
  } catch {
    return fresh;
  }
}
