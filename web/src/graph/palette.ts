/** The colours that nodes, groups and notes can be given, as the document holds them. */

export const PALETTE = {
  grey: "#8b8d98",
  red: "#e5484d",
  orange: "#f2811d",
  yellow: "#d9a514",
  green: "#30a46c",
  blue: "#3e7bfa",
  purple: "#8e4ec6",
  pink: "#d6409f",
} as const;

export type ColourName = keyof typeof PALETTE;
