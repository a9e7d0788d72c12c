import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { components } from "../../src/order/components.ts";

type Graph = Readonly<Record<string, readonly string[]>>;

function grouped(graph: Graph): string {
  return components(Object.keys(graph), (node) => graph[node] ?? [])
    .map((group) => group.join(""))
    .join(" ");
}

describe("components", () => {
  const cases: [string, Graph, string][] = [
    ["nothing gives nothing", {}, ""],
    ["without needs the order stays", { b: [], a: [], c: [] }, "b a c"],
    ["what is needed comes first", { a: ["b"], b: ["c"], c: [] }, "c b a"],
    ["two that need each other are one group", { a: ["b"], b: ["a"] }, "ab"],
    ["a node that needs itself is alone", { a: ["a"], b: [] }, "a b"],
    ["a detour closes a circle too", { a: ["b"], b: ["c"], c: ["a"], d: ["a"] }, "abc d"],
    ["a circle comes after what it needs", { a: ["b"], b: ["a", "x"], x: [] }, "x ab"],
    [
      "two circles with a bridge are two groups",
      { a: ["b"], b: ["a"], c: ["d", "a"], d: ["c"] },
      "ab cd",
    ],
    ["a need met by two ways counts once", { a: ["b", "c"], b: ["d"], c: ["d"], d: [] }, "d b c a"],
  ];
  test.each(cases)("%s", (_name, graph, expected) => {
    expect(grouped(graph)).toBe(expected);
  });

  test("a chain as long as a table does not overflow the stack", () => {
    const nodes = Array.from({ length: 50_000 }, (_, n) => n);
    const groups = components(nodes, (n) => (n + 1 < nodes.length ? [n + 1] : []));
    expect(groups.length).toBe(nodes.length);
    expect(groups[0]).toEqual([49_999]);
  });

  const graphs = fc
    .integer({ min: 1, max: 8 })
    .chain((size) =>
      fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }),
    );

  test("groups hold exactly the nodes that reach each other, and follow what they need", () => {
    fc.assert(
      fc.property(graphs, (edges) => {
        const nodes = [...edges.keys()];
        const groups = components(nodes, (node) => edges[node] ?? []);
        expect(groups.flat().sort((a, b) => a - b)).toEqual(nodes);
        const place = new Map(groups.flatMap((group, n) => group.map((node) => [node, n])));
        const reach = nodes.map((node) => reachable(edges, node));
        for (const a of nodes) {
          for (const b of nodes) {
            const together = a === b || (reach[a]?.has(b) && reach[b]?.has(a));
            expect(place.get(a) === place.get(b)).toBe(together);
            if (!together && reach[a]?.has(b))
              expect(place.get(b)).toBeLessThan(place.get(a) ?? -1);
          }
        }
      }),
    );
  });
});

function reachable(edges: readonly (readonly number[])[], from: number): ReadonlySet<number> {
  const found = new Set<number>();
  const open = [from];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const next of edges[node] ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}
