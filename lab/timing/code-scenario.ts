import { drawProbes, flat, timeProbes } from "./probes.ts";
import type { Scenario } from "./scenario.ts";
import { subject } from "./subject.ts";

// Whether the time of a refused code tells if the address that it was requested for has an account.

/** Microseconds. The limiter and the look-up take longer, and their times are wider, than a request. */
const PLANTED = 5;

export const wrongCodes: Scenario = {
  name: "codes",
  title: "In one process: a wrong code",
  role: "server",
  async run(mode) {
    const drawn = drawProbes(mode);
    const { requestReset, redeemCode, drain } = subject({ accounts: drawn.accounts, codes: true });
    const tickets: string[] = [];
    for (const { email } of drawn.probes) {
      const result = await requestReset({ email, ip: false, method: "code" });
      if (!result.ok) throw new Error(result.reason);
      tickets.push(flat(result.ticket));
    }
    await drain();
    // One in a hundred million is right.
    return timeProbes(drawn, ({ index }) => redeemCode({ ticket: tickets[index], code: "1234 5678" }), PLANTED);
  },
};
