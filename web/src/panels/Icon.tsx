/** Icons, drawn here: 16 x 16, strokes in the colour of the text. */

const PATHS = {
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  undo: "M6 3L3 6l3 3M3 6h6a4 4 0 010 8H6",
  redo: "M10 3l3 3-3 3M13 6H7a4 4 0 000 8h3",
  play: "M5 3.2v9.6L13 8z",
  stop: "M4.5 4.5h7v7h-7z",
  enter: "M6 3H3v10h10v-3M9 3h4v4M13 3L7 9",
  search: "M7 12A5 5 0 107 2a5 5 0 000 10zM11 11l3 3",
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  sun: "M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1M8 14v1M1 8h1M14 8h1M3 3l.8.8M12.2 12.2l.8.8M3 13l.8-.8M12.2 3.8L13 3",
  moon: "M13 9.5A5.5 5.5 0 116.5 3 4.5 4.5 0 0013 9.5z",
  chevron: "M6 3l5 5-5 5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
