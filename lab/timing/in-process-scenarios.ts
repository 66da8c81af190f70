import { type Arrival, inProcess, PLANTED } from "./in-process.ts";
import { control, nextFigure, ownFigure, plantedControls, type Row, remark } from "./rows.ts";
import { all, KNOWN, PAIRS, type Scenario, two } from "./scenario.ts";

const ownAnswer: Scenario = {
  name: "in-process-own",
  title: "In one process: the call alone",
  role: "server",
  async run(mode) {
    const count = mode === "long" ? 40_000 : 4_000;
    const streams = [await inProcess({ counts: all(count), arrival: "call", warmUp: 10_000 })];
    const [own] = plantedControls(streams, PLANTED);
    return [
      ...PAIRS.map((pair) => ownFigure(streams, pair)),
      own as Row,
      remark(streams, ["unknown_throttled", "unknown"]),
    ];
  },
};

const nextInProcess = (arrival: Exclude<Arrival, "call">): Scenario => ({
  name: `in-process-${arrival}`,
  title:
    arrival === "io"
      ? "In one process: the handler awaits I/O, then calls"
      : "In one process: one turn of the event loop a request",
  role: "server",
  async run(mode) {
    const counts = two(mode === "long" ? 20_000 : 4_000);
    const streams = [await inProcess({ counts, arrival, warmUp: 5_000 })];
    const flawed = [
      await inProcess({
        counts: { unknown: 2_000, known: 2_000 },
        arrival,
        dispatcher: "immediate",
        warmUp: 1_000,
      }),
    ];
    return [
      ownFigure(streams, KNOWN),
      nextFigure(streams, KNOWN),
      ...plantedControls(streams, PLANTED),
      control(flawed, KNOWN, "job started with setImmediate"),
    ];
  },
});

export const IN_PROCESS: readonly Scenario[] = [ownAnswer, nextInProcess("turn"), nextInProcess("io")];
