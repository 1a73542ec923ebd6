const SVG = "http://www.w3.org/2000/svg";

/** A curve as a picture that fills its place. */
export function path(heights) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 -1.1 ${heights.length - 1} 2.2`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.style.cssText = "width: 100%; height: 100%; min-height: 120px";
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", heights.map((height, x) => `${x},${-height}`).join(" "));
  line.setAttribute("fill", "none");
  line.setAttribute("stroke", "var(--accent)");
  line.setAttribute("stroke-width", "2");
  line.setAttribute("vector-effect", "non-scaling-stroke");
  svg.append(line);
  return svg;
}
