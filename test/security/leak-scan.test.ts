import { inspect } from "node:util";
import { background, type Dispatcher, signedTokens } from "relatch";
import { afterEach, describe, expect, test, vi } from "vitest";
import { both, COMPLETE, FORM, RESET, submit } from "../e2e/contract/helpers.ts";
import { harness, MIKE } from "../harness.ts";
import { randomKey } from "../helpers/reference.ts";
import { overRoutes } from "./helpers/adapters.ts";
import { debugged } from "./helpers/debugged.ts";
import { everyRoute, everyStep } from "./helpers/leak-flow.ts";
import { listen, noteTokens, type Recorder, recorder } from "./helpers/leak-recorder.ts";
import {
  CALLS,
  type Call,
  FAULTS,
  GOOD,
  MAIL_FAULTS,
  PASSWORDS,
  SHORT,
  type Stage,
  stage,
} from "./helpers/leak-stage.ts";
import { LONG } from "./helpers/runs.ts";

// The whole flow, with everything in it broken in every way: the token and the password are in the mail, in the form
// that sends them, in the cookie between the two, and nowhere else.

vi.setConfig({ testTimeout: 60_000 });
afterEach(() => {
  vi.restoreAllMocks();
});

type Options = NonNullable<Parameters<typeof harness>[0]>;

/** A recorder of all that this process says, until the test is over. */
function record(): Recorder {
  const its = recorder(...PASSWORDS);
  listen(its);
  noteTokens(its);
  return its;
}

/** The flow with all well, and once more for each way in which a call can be broken; what was noted. */
async function walked(
  set: Stage,
  call?: Call,
  faults: readonly (() => unknown)[] = [],
  options: Options = {},
) {
  const its = record();
  const app = harness({ ...set.options, ...options });
  set.attach(app, its);
  await everyStep(app, set, its);
  for (const fault of faults) {
    app.users.set(MIKE);
    app.clock.now += 60 * 60_000;
    if (call) set.break(call, fault);
    await everyStep(app, set, its);
    set.mend();
  }
  return its;
}

const faultsOf = (call: Call) => Object.values({ ...FAULTS, ...(call === "mailer.send" && MAIL_FAULTS) });

const DISPATCHERS: Record<string, (() => Dispatcher) | undefined> = {
  "in this process": () => background(),
  "by a queue": undefined,
};

describe.each(Object.entries(DISPATCHERS))("jobs %s", (_, dispatcher) => {
  test("all is well", async () => {
    const its = await walked(stage(dispatcher?.()));
    expect(its.leaks()).toEqual([]);
    // What there was to be seen.
    expect(its.secrets.size).toBeGreaterThan(PASSWORDS.length);
    expect([...its.places]).toEqual(
      expect.arrayContaining([
        "tokens.save",
        "queue.dispatch",
        "limiter.consume",
        "completeReset",
        "users.findById",
      ]),
    );
    expect([...its.wordsAt("own.onEvent", "type")]).toEqual(
      expect.arrayContaining([
        "password_reset",
        "mail_sent",
        "token_refused",
        "password_rejected",
        "job_dropped",
      ]),
    );
  });

  test.each(CALLS)("%s is broken", async (call) => {
    const its = await walked(stage(dispatcher?.()), call, faultsOf(call));
    expect(its.leaks()).toEqual([]);
    expect(its.wordsAt("own.onEvent", "type")).toContain("password_reset");
  });
});

test("with signed tokens", async () => {
  const tokens = signedTokens({ keys: [randomKey()] });
  for (const call of ["users.findById", "mailer.send", "users.replacePasswordHash"] as const) {
    const its = await walked(stage(), call, faultsOf(call), { tokens });
    expect(its.leaks()).toEqual([]);
    expect([...its.secrets].filter((secret) => /^[\w-]{76}$/.test(secret)).length).toBeGreaterThan(0);
  }
});

test("with a queue of this process that is full", async () => {
  const its = await walked(stage(background({ maxWaiting: 1, maxAttempts: 1 })));
  expect(its.leaks()).toEqual([]);
  expect(its.wordsAt("own.onEvent", "reason")).toContain("queue_full");
});

test("with a limiter that is down, where requests pass all the same", async () => {
  const set = stage();
  const limits = { ...set.options.limits, onUnavailable: "allow" } as const;
  const its = await walked(set, "limiter.consume", faultsOf("limiter.consume"), { limits });
  expect(its.leaks()).toEqual([]);
  expect(its.wordsAt("own.onEvent", "type")).toContain("rate_limiter_unavailable");
});

describe("over HTTP", () => {
  const set = stage(background({ maxAttempts: 1 }));

  overRoutes(
    "all is well",
    async (app) => {
      const its = record();
      set.attach(app, its);
      await everyRoute(app, its, { junk: true });
      expect(its.leaks()).toEqual([]);
      for (const place of ["GET the link", "POST the link", "POST /password_reset/complete"]) {
        expect(its.places).toContain(place);
      }
      expect(its.wordsAt("own.onEvent", "type")).toContain("password_reset");
    },
    set.options,
  );

  const kinds = Object.values(FAULTS);
  describe.each(CALLS.map((call, nth) => ({ call, nth })))("$call", ({ call, nth }) => {
    overRoutes(
      "is broken",
      async (app) => {
        const its = record();
        set.attach(app, its);
        // One fault of each call, another one for the next call; in the long run all of them.
        for (const fault of LONG ? faultsOf(call) : [kinds[nth % kinds.length]!]) {
          set.mend();
          app.users.set(MIKE);
          await everyRoute(app, its, { junk: LONG, breakIt: () => set.break(call, fault) });
        }
        expect(its.leaks()).toEqual([]);
      },
      set.options,
    );
  });
});

describe("the scanner", () => {
  const secret = "a5-Quiet_harbour-at-dawn-0123456789ABCDEFGH";
  const raw = Buffer.from(secret, "base64url");
  const hide = (value: unknown) => Object.defineProperty({}, "hidden", { value, enumerable: false });
  const nest = (value: unknown, depth: number): unknown =>
    depth === 0 ? value : { inner: nest(value, depth - 1) };
  const chain = (value: unknown, length: number): Error =>
    new Error("outer", { cause: length === 0 ? value : chain(value, length - 1) });

  test.each<[string, unknown]>([
    ["as it is", `x${secret}x`],
    ["its beginning", `${secret.slice(0, 20)}…`],
    ["its end", `…${secret.slice(-20)}`],
    ["in hex", raw.toString("hex")],
    ["in capital hex", Buffer.from(secret).toString("hex").toUpperCase()],
    ["in base64", raw.toString("base64")],
    ["a text in base64", Buffer.from(`token=${secret};`).toString("base64")],
    ["a text in base64, one further", Buffer.from(`token:=${secret};`).toString("base64url")],
    ["a text in base64, two further", Buffer.from(`token::=${secret};`).toString("base64")],
    ["every byte escaped", secret.replace(/./g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)],
    ["its bytes", raw],
    ["its bytes in a list", [...raw]],
    ["an array of bytes", new Uint8Array(raw)],
    ["a property that is not enumerable", hide(secret)],
    ["a symbol's property", { [Symbol("hidden")]: secret }],
    ["a symbol's description", Symbol(secret)],
    ["a getter", Object.defineProperty({}, "token", { get: () => secret, enumerable: true })],
    ["the prototype", Object.create({ token: secret })],
    ["a key", { [secret]: 1 }],
    ["a Map, a Set", new Map([[new Set([secret]), 1]])],
    ["fifty levels down", nest(secret, 50)],
    ["at the end of a long list", [...new Array(500).fill(0), secret]],
    ["at the end of a long text", `${"x".repeat(50_000)}${secret}`],
    ["the cause of a cause", chain(hide(secret), 9)],
    [
      "an error that prints itself without it",
      Object.assign(chain(secret, 1), { toJSON: () => ({}), [inspect.custom]: () => "" }),
    ],
    ["the stack", Object.assign(new Error("x"), { stack: `at ${secret}` })],
    ["the reason of many", new AggregateError([new Error(secret)])],
    ["the name of a function", Object.defineProperty(() => {}, "name", { value: secret })],
  ])("finds it: %s", (_, thing) => {
    const its = recorder(secret);
    its.note("here", "nothing", thing);
    expect(its.leaks().length).toBeGreaterThan(0);
  });

  test("and finds nothing where nothing is", () => {
    const its = recorder(secret, ...PASSWORDS);
    its.note(
      "here",
      secret.slice(0, 8),
      hide(secret.toLowerCase()),
      Uint8Array.from(raw.subarray(0, 6)),
      new Error("x"),
      null,
      undefined,
    );
    expect(its.leaks()).toEqual([]);
  });

  /** Ports that give away what they were entrusted with. */
  const careless: Record<
    string,
    { call: Call; place: RegExp; fault: (its: Recorder) => (...args: unknown[]) => unknown }
  > = {
    "a mailer that logs": {
      call: "mailer.send",
      place: /^console: /,
      fault: (its) => async () => console.debug([...its.secrets].at(-1)),
    },
    "a mailer that writes to the terminal": {
      call: "mailer.send",
      place: /^stdout or stderr: /,
      fault: (its) => async () => process.stderr.write(`sent ${[...its.secrets].at(-1)}\n`),
    },
    "a mailer whose error quotes the mail": {
      call: "mailer.send",
      place: /^deliver, error: /,
      fault: (its) => async () =>
        Promise.reject(new Error("refused", { cause: hide([...its.secrets].at(-1)) })),
    },
    "a hasher that warns": {
      call: "hasher.hash",
      place: /^emitWarning: /,
      fault: () => async () => {
        process.emitWarning(`weak: ${encodeURIComponent(GOOD)}`);
        return "a hash";
      },
    },
    "a rule whose error has the password": {
      call: "own.rule",
      place: /^completeReset, error: /,
      fault: () => () => {
        throw Object.assign(new Error("down"), { request: { body: Buffer.from(GOOD) } });
      },
    },
    "a hasher that answers the password with salt": {
      call: "hasher.hash",
      place: /^users\.replacePasswordHash: /,
      fault: () => async () => `$plain$${Buffer.from(`salt:${GOOD}`).toString("base64")}`,
    },
  };
  test.each(Object.entries(careless))("finds %s", async (_, { call, place, fault }) => {
    const its = record();
    const set = stage();
    const app = harness(set.options);
    set.attach(app, its);
    await everyStep(app, set, its);
    expect(its.leaks()).toEqual([]);
    app.users.set(MIKE);
    app.clock.now += 60 * 60_000;
    // A mailer that does not send leaves the token of the job; the others come after it.
    set.break(call, fault(its));
    await everyStep(app, set, its);
    expect(its.leaks().filter((leak) => place.test(leak)).length).toBeGreaterThan(0);
  });

  const set = stage(background({ maxAttempts: 1 }));
  overRoutes(
    "finds a page with the token in it",
    async (app) => {
      const its = record();
      set.attach(app, its);
      const { get } = app.users;
      app.users.get = (id) => ({ ...MIKE, ...get(id), email: `${[...its.secrets].at(-1)}@example.org` });
      await everyRoute(app, its, {});
      expect(its.leaks()).toContainEqual(expect.stringMatching(/^GET \/password_reset\/new_password: /));
    },
    set.options,
  );
});

describe("in a process with NODE_DEBUG", () => {
  async function logOf(isCareless: boolean): Promise<Recorder> {
    const its = recorder(...PASSWORDS);
    const log = await debugged(isCareless, async ({ client, nextToken }) => {
      await client.post(RESET, { email: "sue@example.org" });
      const broken = await nextToken();
      await client.post(RESET, { email: MIKE.email });
      const token = await nextToken();
      for (const each of [broken, token]) {
        its.secret(each);
        await client.get(`${RESET}/${each}`);
        await client.json(COMPLETE, { token: each, password: SHORT });
        await client.post(`${RESET}/${each}`, both(SHORT));
      }
      const form = await client.get(FORM);
      const done = await submit(client, form, GOOD);
      expect(done.headers.location).toBe("/login?notice=password_set");
      await client.json(COMPLETE, { token, password: GOOD });
    });
    its.note("the log", log);
    expect(log).toContain("RelatchError: The log begins.");
    if (!isCareless) expect(log).toMatch(/^(?:HTTP|NET) \d+: /m);
    return its;
  }

  test("nothing that is logged holds a secret, faults included", async () => {
    const its = await logOf(false);
    expect(its.secrets.size).toBe(PASSWORDS.length + 4);
    expect(its.leaks()).toEqual([]);
  });

  test("the control: a mailer that logs what it sends is found", async () => {
    const its = await logOf(true);
    const tokens = [...its.secrets].slice(-4);
    expect(its.leaks()).toEqual(expect.arrayContaining(tokens.map((token) => `the log: ${token}`)));
  });
});
