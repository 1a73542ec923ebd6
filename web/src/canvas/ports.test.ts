import { expect, test } from "vitest";
import { canLink } from "../graph/connect";
import { drawnSpec } from "../graph/ghost";
import { shippedLevel } from "../testing/files";
import { bestOf, firstPort, fittingPorts, linksAt, portPlace, portsOf } from "./ports";

const level = shippedLevel("text_to_image.json");
const none = new Map();
const latent = { node: "sample", port: "latent", side: "output" } as const;

test("the ports that a link fits are those that it may be drawn to, both ways", () => {
  const nodes = Object.values(level.graph.nodes);
  for (const node of nodes) {
    const spec = drawnSpec(level, node);
    for (const side of ["output", "input"] as const) {
      const [here, there] = side === "output" ? ["outputs", "inputs"] : ["inputs", "outputs"];
      for (const port of Object.keys(spec[here as "inputs"])) {
        const found = fittingPorts(level, { node: node.id, port, side }, none);
        const wanted = nodes.flatMap((other) =>
          Object.keys(drawnSpec(level, other)[there as "inputs"])
            .filter((name) =>
              side === "output"
                ? canLink(level, { node: node.id, output: port }, { node: other.id, input: name })
                    .ok
                : canLink(level, { node: other.id, output: name }, { node: node.id, input: port })
                    .ok,
            )
            .map((name) => `${other.id}.${name}`),
        );
        expect(found.map((end) => `${end.node}.${end.port}`).sort()).toEqual(wanted.sort());
      }
    }
  }
});

test("one begins where a link is missing, and goes to what suits best", () => {
  const decode = level.graph.nodes.decode;
  const { latent: _, ...inputs } = decode?.inputs ?? {};
  const graph = { ...level.graph, nodes: { ...level.graph.nodes, decode: { ...decode, inputs } } };
  const open = { ...level, graph } as typeof level;
  const end = { node: "decode", port: "latent", side: "input" } as const;
  expect(firstPort(open, "decode", none)).toEqual(end);
  expect(firstPort(level, "decode", none)).toMatchObject({ port: "image", side: "output" });
  const fitting = fittingPorts(open, end, none);
  expect(bestOf(open, end, fitting, none)).toMatchObject({ ...latent });
});

test("links are known at both of their ports, whose places follow the card", () => {
  expect(linksAt(level, latent).map(({ id }) => id)).toEqual(["decode.latent"]);
  expect(linksAt(level, { node: "decode", port: "latent", side: "input" })).toHaveLength(1);
  const [x, y] = level.graph.nodes.sample?.position ?? [0, 0];
  const place = portPlace(level, latent, none);
  expect(place?.[0]).toBeGreaterThan(x);
  expect(place?.[1]).toBeGreaterThan(y);
  const heights = portsOf(level, "sample", "input", none).map(
    (end) => portPlace(level, end, none)?.[1] ?? 0,
  );
  expect(heights).toEqual([...heights].sort((a, b) => a - b));
});
