import { COMPARISONS, type Comparison, DIGESTS, digests } from "./digests.ts";
import { inWords, type Row } from "./rows.ts";
import type { Scenario } from "./scenario.ts";
import { compare, median, smallestShift } from "./statistics.ts";
import { type Stream, timesAfter } from "./stream.ts";

export const comparisons: Scenario = {
  name: "digests",
  title: "Comparing digests, 64 times in a row",
  role: "server",
  async run(mode) {
    const count = mode === "long" ? 25_000 : 10_000;
    return (Object.keys(COMPARISONS) as Comparison[]).flatMap((name) => digestRows(name, digests(name, count)));
  },
};

const [RANDOM, FIRST, LAST, PLANTED] = DIGESTS.map((_, index) => index) as [number, number, number, number];

function digestRows(name: Comparison, stream: Stream): Row[] {
  const isFlawed = name === "a comparison that ends early";
  const between = (a: number, b: number, role: Row["role"]): Row => {
    const [first, second] = [timesAfter(stream, a, 0), timesAfter(stream, b, 0)];
    return {
      role,
      what: `${name}: ${inWords(DIGESTS[a] as string)} / ${inWords(DIGESTS[b] as string)}`,
      where: "64 comparisons",
      samples: Math.min(first.length, second.length),
      t: compare(first, second).t,
      nanoseconds: role === "figure" ? smallestShift(first, second) : Math.abs(median(first) - median(second)),
    };
  };
  if (isFlawed) return [between(FIRST, LAST, "control")];
  const planted = between(PLANTED, RANDOM, "control");
  return [
    between(FIRST, LAST, "figure"),
    between(FIRST, RANDOM, "figure"),
    { ...planted, what: `${name}: 2 µs planted` },
  ];
}
