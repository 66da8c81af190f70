import { type OverHttpOptions, overHttp, PLANTED } from "./over-http.ts";
import { control, nextFigure, ownFigure, plantedControls, type Row, remark, together } from "./rows.ts";
import { all, KNOWN, type Mode, PAIRS, type Scenario, two } from "./scenario.ts";
import type { ServerOptions } from "./server.ts";
import type { Stream } from "./stream.ts";

type Framework = ServerOptions["framework"];
interface Handler {
  framework: Framework;
  io: boolean;
}
const HANDLERS: readonly Handler[] = (["express", "hono"] as const).flatMap((framework) =>
  [false, true].map((io) => ({ framework, io })),
);

const backToBack = (handler: Handler): Scenario => ({
  name: `${handler.framework}-back-to-back${handler.io ? "-io" : ""}`,
  title: `${titleOf(handler)}, back to back`,
  role: "client",
  async run(mode) {
    const count = mode === "long" ? 10_500 : 1_200;
    const counts = handler.io ? two(count) : all(count);
    const streams = [await overHttp({ ...handler, counts, pace: 0, warmUp: 1_000 })];
    const flawed = await overHttp({
      ...handler,
      counts: { unknown: 2_000, known: 2_000 },
      pace: 0,
      warmUp: 500,
      dispatcher: "immediate",
    });
    const pairs = handler.io ? [KNOWN] : PAIRS;
    return [
      ...pairs.map((pair) => ownFigure(streams, pair)),
      ...pairs.map((pair) => nextFigure(streams, pair)),
      ...plantedControls(streams, PLANTED),
      control([flawed], KNOWN, "job started with setImmediate"),
      ...(handler.io ? [] : [remark(streams, ["unknown_throttled", "unknown"])]),
    ];
  },
});

const titleOf = ({ framework, io }: Handler): string =>
  `${framework === "express" ? "Express, pages" : "Hono, JSON"}${io ? ", the handler awaits I/O" : ""}`;

/** The same over several servers at once: each of them has little to do. */
const parallel = (servers: number, options: OverHttpOptions): Promise<Stream[]> =>
  Promise.all(Array.from({ length: servers }, () => overHttp(options)));

/** One of either kind, at the same time, since both wait most of it. */
const PACED: readonly Handler[] = [
  { framework: "express", io: false },
  { framework: "hono", io: true },
];

const fiveMillisecondsLater: Scenario = {
  name: "http-5-ms",
  title: "Over HTTP, one request every 5 ms",
  role: "client",
  async run(mode) {
    const counts = two(mode === "long" ? 5_250 : 750);
    const runs = await Promise.all(PACED.map((each) => parallel(2, { ...each, counts, pace: 5, warmUp: 100 })));
    return runs.flatMap((streams, index) => label(PACED[index] as Handler, standardRows(streams)));
  },
};

const TRAIN_PACE = 25;

const train: Scenario = {
  name: "http-train",
  title: "Over HTTP, one request every 25 ms: lags 1 to 40 are a second",
  role: "client",
  async run(mode) {
    const counts = two(mode === "long" ? 2_100 : 900);
    const runs = await Promise.all(PACED.map((each) => parallel(5, { ...each, counts, pace: TRAIN_PACE, warmUp: 50 })));
    const rows = runs.flatMap((streams, index) =>
      label(PACED[index] as Handler, [
        ...standardRows(streams),
        together("remark", streams, KNOWN, TRAIN_PACE, "known / unknown"),
      ]),
    );
    return [...rows, await computingMailer(mode)];
  },
};

/** Measures a mailer that computes for 100 ms in the serving process. A train of probes must see it. */
async function computingMailer(mode: Mode): Promise<Row> {
  const express: Handler = { framework: "express", io: false };
  const known = mode === "long" ? 150 : 80;
  // The mailer blocks the whole process and its core, so more requests would leave time for nothing else.
  const counts = { known, unknown: 30 * known };
  const streams = await parallel(3, { ...express, counts, pace: TRAIN_PACE, warmUp: 50, computing: 100 });
  const what = `${titleOf(express)}: mailer that computes for 100 ms`;
  return together("control", streams, KNOWN, TRAIN_PACE, what);
}

const standardRows = (streams: readonly Stream[]): Row[] => [
  ownFigure(streams, KNOWN),
  nextFigure(streams, KNOWN),
  ...plantedControls(streams, PLANTED),
];

const label = (handler: Handler, rows: readonly Row[]): Row[] =>
  rows.map((row) => ({ ...row, what: `${titleOf(handler)}: ${row.what}` }));

export const OVER_HTTP: readonly Scenario[] = [...HANDLERS.map(backToBack), fiveMillisecondsLater, train];
