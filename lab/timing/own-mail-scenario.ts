import { background, createPasswordReset } from "relatch";
import { memoryPorts } from "relatch/memory";
import { control, ownFigure, type Row } from "./rows.ts";
import { KNOWN, type Scenario } from "./scenario.ts";
import { classOf } from "./schedule.ts";
import { compare, median } from "./statistics.ts";
import { pooledAfter, type Stream } from "./stream.ts";

// Somebody's own email as a clock: in one process it waits while the job of another address has its place. The job is that
// of an account, which sends an email, or of an unknown address, which sends nothing and holds its place.

/** Milliseconds that an email takes: about as long as the random delay before a job, so that jobs often meet. */
const MAIL_TIME = [400, 600] as const;
/** Servers in this process, each of which is asked one thing after the other. */
const SERVERS = 240;
const OWN = "own@example.net";
const VICTIM = "victim@example.org";
const NOBODY = "nobody@example.org";

export const ownMail: Scenario = {
  name: "own-mail",
  title: "In one process: the delay of an own email, requested right after another address",
  role: "server",
  async run(mode) {
    const trials = mode === "long" ? 22_000 : 2_400;
    const streams = [await clockOwnMail({ trials, isFresh: false })];
    // The last emails of a process decide how long a place is held. Before its first one, nothing is held.
    const fresh = [await clockOwnMail({ trials: Math.min(trials, 4_800), isFresh: true })];
    const [known, unknown] = KNOWN.map((state) => pooledAfter(streams, classOf(state), 0)) as [
      Float64Array,
      Float64Array,
    ];
    const own: Row = { ...ownFigure(streams, KNOWN), where: "own email" };
    const difference: Row = {
      role: "remark",
      what: "known / unknown, difference of the medians",
      where: "own email",
      samples: own.samples,
      t: compare(known, unknown).t,
      nanoseconds: Math.abs(median(known) - median(unknown)),
    };
    const first = { ...control(fresh, KNOWN, "before the first email of a process", [0]), where: "own email" };
    return [own, difference, first];
  },
};

/** Requests another address and then an own one, and times the own email. */
async function clockOwnMail({ trials, isFresh }: { trials: number; isFresh: boolean }): Promise<Stream> {
  const states = Uint8Array.from(
    { length: trials },
    () => (crypto.getRandomValues(new Uint8Array(1))[0] as number) & 1,
  );
  const times = new Float64Array(trials);
  let next = 0;
  const runServer = async () => {
    let server = createServer();
    if (!isFresh) await server.clock();
    while (next < trials) {
      const trial = next++;
      if (isFresh) server = createServer();
      times[trial] = Math.round(1e6 * (await server.clock(states[trial] === 1 ? VICTIM : NOBODY)));
    }
  };
  await Promise.all(Array.from({ length: SERVERS }, runServer));
  const [known, unknown] = [classOf("known"), classOf("unknown")];
  return {
    classes: states.map((state) => (state === 1 ? known : unknown)),
    times,
    planted: new Uint8Array(trials),
    warmUp: SERVERS,
  };
}

/** A server with one place for jobs, where an own email waits as often as it can. */
function createServer() {
  const accounts = [VICTIM, OWN].map((email) => ({ id: email, email, passwordHash: "a hash" }));
  let onOwn = (_at: number) => {};
  const { requestReset, drain } = createPasswordReset({
    ...memoryPorts(accounts),
    mailer: {
      async send({ to }) {
        if (to === OWN) onOwn(performance.now());
        const [least, most] = MAIL_TIME;
        await new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));
      },
    },
    appName: "Acme",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: false,
    dispatcher: background({ concurrency: 1 }),
    // An attacker has as many own addresses as it takes.
    limits: false,
    onEvent: () => {},
  });
  return {
    /** Returns the milliseconds from the request of an own email to its sending. */
    async clock(other?: string): Promise<number> {
      if (other !== undefined) await requestReset({ email: other, ip: false });
      const sent = new Promise<number>((resolve) => {
        onOwn = resolve;
      });
      const began = performance.now();
      await requestReset({ email: OWN, ip: false });
      const delay = (await sent) - began;
      // Both jobs end before the next trial.
      await drain();
      return delay;
    },
  };
}
