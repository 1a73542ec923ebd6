/** Where the view goes. */

import { around, type Box } from "../../graph/boxes";
import { canvas, glide } from "../instance";

const MOST = 1.2;

/** Shows boxes as large as they fit. */
export function showBoxes(boxes: readonly Box[]): void {
  const frame = around(boxes);
  const flow = canvas();
  if (!frame || !flow) return;
  const [x, y, width, height] = frame;
  // Few cards are not blown up beyond the size that they are made for.
  const area = document.querySelector(".canvas")?.getBoundingClientRect();
  const fits = area ? Math.min(area.width / width, area.height / height) * 0.85 : 1;
  if (fits > MOST) {
    void flow.setCenter(x + width / 2, y + height / 2, { zoom: MOST, duration: glide() });
  } else {
    void flow.fitBounds({ x, y, width, height }, { padding: 0.12, duration: glide() });
  }
}

/** Moves the view as little as needed for boxes to be in it. */
export function bringIntoView(boxes: readonly Box[]): void {
  const frame = around(boxes);
  const flow = canvas();
  const area = document.querySelector(".canvas")?.getBoundingClientRect();
  if (!frame || !flow || !area) return;
  const view = flow.getViewport();
  const { zoom } = view;
  const shift = (at: number, length: number, room: number) => {
    if (at < MARGIN) return MARGIN - at;
    return Math.max(MARGIN - at, Math.min(0, room - MARGIN - at - length));
  };
  const dx = shift(frame[0] * zoom + view.x, frame[2] * zoom, area.width);
  const dy = shift(frame[1] * zoom + view.y, frame[3] * zoom, area.height);
  if (dx === 0 && dy === 0) return;
  void flow.setViewport({ ...view, x: view.x + dx, y: view.y + dy }, { duration: glide() });
}

const MARGIN = 40;
