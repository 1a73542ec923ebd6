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
  down: "M4 6l4 4 4-4",
  warning: "M8 2.5l6 11H2zM8 7v3M8 12h.01",
  back: "M10 3L5 8l5 5",
  dice: "M2.5 2.5h11v11h-11zM5.5 5.5h.01M8 8h.01M10.5 10.5h.01",
  lock: "M4 7h8v6H4zM5.5 7V5a2.5 2.5 0 015 0v2",
  unlock: "M4 7h8v6H4zM5.5 7V4.5A2.5 2.5 0 0110 3.4",
  folder: "M2 4h4l1.5 2H14v7H2z",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  upload: "M8 11V3M5 6l3-3 3 3M3 13h10",
  port: "M1 8h5M10 8a2 2 0 11-4 0 2 2 0 014 0zM10 8h5",
  widget: "M2 5h12v6H2zM10 8h2",
  unlink: "M6 5H4a3 3 0 000 6h2M10 5h2a3 3 0 010 6h-2M3 2l10 12",
  form: "M3 2h10v12H3zM5.5 5h5M5.5 8h5M5.5 11h3",
  result: "M3 8h7M7 5l3 3-3 3M13 3v10",
  nodes: "M2 3h5v4H2zM9 9h5v4H9zM7 5h3v4",
  info: "M8 2a6 6 0 100 12A6 6 0 008 2zM8 7.5V11M8 5h.01",
  help: "M8 2a6 6 0 100 12A6 6 0 008 2zM6.3 6.3a1.8 1.8 0 113 1.3c-.8.6-1.3.9-1.3 1.7M8 11.4h.01",
  pack: "M8 2l5 3v6l-5 3-5-3V5zM3 5l5 3 5-3M8 8v6",
  check: "M3 8.5l3.5 3.5L13 4.5",
  align_left: "M2 2v12M5 4h8v3H5zM5 9h5v3H5z",
  align_center: "M8 2v12M3 4h10v3H3zM5 9h6v3H5z",
  align_right: "M14 2v12M3 4h8v3H3zM6 9h5v3H6z",
  align_top: "M2 2h12M4 5v8h3V5zM9 5v5h3V5z",
  align_middle: "M2 8h12M4 3v10h3V3zM9 5v6h3V5z",
  align_bottom: "M2 14h12M4 3v8h3V3zM9 6v5h3V6z",
  distribute_across: "M2 2v12M14 2v12M6 5h4v6H6z",
  distribute_down: "M2 2h12M2 14h12M5 6h6v4H5z",
  save: "M3 3h8l2 2v8H3zM5.5 3v3h4V3M5.5 13V9.5h5V13",
  pictures: "M2 4h9v9H2zM4 2h10v9M2.5 11.5l2.5-3 2 2 1.5-1.5 2.5 3",
  queue: "M2 4h8M2 8h6M2 12h4M10.5 8.5v5l4-2.5z",
  memory: "M4 4h8v8H4zM6 1.5V4M10 1.5V4M6 12v2.5M10 12v2.5M1.5 6H4M1.5 10H4M12 6h2.5M12 10h2.5",
  pause: "M5.5 4v8M10.5 4v8",
  pencil: "M3 13l.7-3L11 2.7 13.3 5 6 12.3zM9.5 4.2l2.3 2.3",
  trash: "M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.6 9h5.8l.6-9M7 7v4M9 7v4",
  download: "M8 3v8M5 8l3 3 3-3M3 13h10",
  grip: "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
