import { PLANTED } from "./in-process.ts";
import { ownFigure, plantedControls, type Row } from "./rows.ts";
import { KNOWN, type Scenario } from "./scenario.ts";
import { type Account, classOf } from "./schedule.ts";
import type { Stream } from "./stream.ts";
import { spin, subject } from "./subject.ts";

// Whether the time of a refused code tells if the address that it was requested for has an account.

export const wrongCodes: Scenario = {
  name: "codes",
  title: "In one process: a wrong code",
  role: "server",
  async run(mode) {
    const streams = [await redeemWrongCodes(mode === "long" ? 15_000 : 4_000)];
    const [planted] = plantedControls(streams, PLANTED);
    return [ownFigure(streams, KNOWN), planted as Row];
  },
};

const STATES = ["known", "unknown", "planted"] as const;

/** Requests a code for every address, and then redeems a wrong one for each, in random order. */
async function redeemWrongCodes(count: number): Promise<Stream> {
  const warmUp = Math.max(2000, count >> 3);
  const people = Array.from({ length: warmUp + count * STATES.length }, (_, index) => ({
    email: `${crypto.randomUUID()}@example.org`,
    state: STATES[crypto.getRandomValues(new Uint8Array(1)).at(0)! % STATES.length] ?? "unknown",
    index,
  }));
  const accounts = people
    .filter(({ state }) => state === "known")
    .map(({ email }): Account => ({ email, state: "known" }));
  const { requestReset, redeemCode, drain } = subject({ accounts, codes: true });
  const tickets: string[] = [];
  for (const { email } of people) {
    const result = await requestReset({ email, ip: false, method: "code" });
    if (!result.ok) throw new Error(result.reason);
    tickets.push(result.ticket);
  }
  await drain();

  const times = new Float64Array(people.length);
  for (const { state, index } of people) {
    const input = { ticket: tickets[index], code: "1234 5678" };
    const began = performance.now();
    const result = await redeemCode(input);
    if (state === "planted") spin(PLANTED);
    times[index] = Math.round(1e6 * (performance.now() - began));
    // One in a hundred million is right.
    if (result.ok) times[index] = times[index - 1] ?? 0;
  }
  return {
    classes: Uint8Array.from(people, ({ state }) => classOf(state)),
    times,
    planted: Uint8Array.from(people, ({ state }) => Number(state === "planted")),
    warmUp,
  };
}
