import { inspect } from "node:util";
import { background, signedTokens } from "relatch";
import { describe, expect, test, vi } from "vitest";
import { harness, MIKE } from "../helpers/harness.ts";
import { COMPLETE } from "../system/http/contract/helpers.ts";
import { keepCause, LONG, override } from "./helpers/flaw.ts";
import { adapters, overRoutes, startFront } from "./helpers/front.ts";
import { findLeaks, PRINTERS } from "./helpers/watch.ts";
import {
  CALLS,
  everyFeatureStep,
  everyRoute,
  everyStep,
  type Fault,
  FEATURE_CALLS,
  faultsOf,
  GOOD,
  KEY,
  PASSWORDS,
  quotes,
  type Recorder,
  record,
  recorder,
  type Stage,
  stage,
} from "./leak-scan.flow.ts";

// The whole flow, with everything in it broken in every way. The token and the password are in the email, in the form
// that sends them, in the cookie between the two, and nowhere else.

vi.setConfig({ testTimeout: LONG ? 3_600_000 : 60_000 });

type Options = NonNullable<Parameters<typeof harness>[0]>;

/** Walks the flow while everything works, and once more for each fault of a call. Returns what was noted. */
async function walkAll(set: Stage, call?: string, options: Options = {}, faults?: Fault[]): Promise<Recorder> {
  const its = record();
  const app = harness({ ...set.options, ...options });
  set.attach(app, its);
  await everyStep(app, set, its);
  for (const fault of faults ?? (call ? faultsOf(call) : [])) {
    app.users.set(MIKE);
    app.clock.now += 60 * 60_000;
    set.break(call, fault);
    await everyStep(app, set, its);
    set.break();
  }
  return its;
}

const DISPATCHERS = [() => stage(), () => stage(background())];

test.each(["a queue", "this process"])("Nothing leaks while everything works, with jobs in %s", async (where) => {
  const its = await walkAll(DISPATCHERS[where === "a queue" ? 0 : 1]!());
  expect(its.leaks()).toEqual([]);
  // The flow had all of this to show.
  expect(its.secrets.size).toBeGreaterThan(PASSWORDS.length + 1);
  // Jobs are signed. A MAC is in its job, and neither in an event nor in an error.
  const macs = [...its.wordsAt("queue.dispatch", "mac")];
  expect(macs.length).toBeGreaterThan(1);
  expect(new Set(macs.flatMap(its.placesOf))).toEqual(
    new Set(["queue.dispatch", ...(where === "a queue" ? ["job"] : [])]),
  );
  const places = ["tokens.save", "queue.dispatch", "limiter.consume", "completeReset", "users.findById"];
  expect([...its.places]).toEqual(expect.arrayContaining(places));
  const types = ["password_reset", "mail_sent", "token_refused", "password_rejected", "job_dropped"];
  expect([...its.wordsAt("own.onEvent", "type")]).toEqual(expect.arrayContaining(types));
});

// In the short run each call is broken in half of the ways, with one of the dispatchers, and over one of the adapters.
describe.each(CALLS.map((call, nth) => [call, nth] as const))("While %s fails", (call, nth) => {
  for (const [which, create] of DISPATCHERS.entries()) {
    if (LONG || nth % 2 === which)
      test(`nothing leaks from the core, dispatcher ${which}`, async () => {
        const faults = faultsOf(call).filter((_, index) => LONG || index % 2 === nth % 2);
        const its = await walkAll(create(), call, {}, faults);
        expect(its.leaks()).toEqual([]);
        expect(its.wordsAt("own.onEvent", "type")).toContain("password_reset");
      });
  }
  test("nothing leaks on stderr, where failures go that nobody listens to", async () => {
    const its = await walkAll(stage(), call, { onEvent: undefined, onError: undefined }, [quotes]);
    expect(its.leaks()).toEqual([]);
    if (!call.startsWith("own.on")) expect(its.places).toContain("console");
  });
  for (const [which, { name, listener }] of adapters.entries()) {
    if (LONG || nth % 2 === which)
      test(`nothing leaks over HTTP, ${name}`, async () => {
        const set = stage(background({ maxAttempts: 1 }));
        const app = await startFront(listener, set.options);
        const its = record();
        set.attach(app, its);
        const faults = faultsOf(call);
        for (const fault of LONG ? faults : [faults[nth % faults.length]!]) {
          app.users.set(MIKE);
          await everyRoute(app, its, LONG, () => set.break(call, fault));
          set.break();
        }
        expect(its.leaks()).toEqual([]);
      });
  }
});

test("Nothing leaks with signed tokens", async () => {
  const signed = { tokens: signedTokens(), keys: [KEY] };
  for (const call of ["users.findById", "mailer.send", "users.replacePasswordHash"]) {
    const its = await walkAll(stage(), call, signed);
    expect(its.leaks()).toEqual([]);
    expect([...its.secrets].filter((secret) => /^[\w-]{78}$/.test(secret))).not.toEqual([]);
    vi.restoreAllMocks();
  }
});

describe.each([undefined, ...FEATURE_CALLS])("With codes and a second factor, while this call fails: %s", (call) => {
  test("nothing leaks of tickets, codes and responses", async () => {
    const set = stage();
    const { options, features } = set;
    const app = harness({ ...options, ...features, messages: { ...options.messages, ...features.messages } });
    const its = record();
    set.attach(app, its);
    for (const fault of [undefined, ...(call ? faultsOf(call) : [])]) {
      app.users.set(MIKE);
      app.clock.now += 60 * 60_000;
      set.break(call, fault);
      await everyFeatureStep(app, set, its);
      set.break();
    }
    expect(its.leaks()).toEqual([]);
    // The flow had all of this to show.
    const types = ["code_redeemed", "second_factor_refused", "password_reset", "token_refused", "mail_sent"];
    expect([...its.wordsAt("own.onEvent", "type")]).toEqual(expect.arrayContaining(types));
    expect([...its.secrets].filter((secret) => /^\d{8}$/.test(secret)).length).toBeGreaterThan(1);
    expect([...its.secrets].some((secret) => secret.length === 95)).toBe(true);
  });
});

test.each<[string, string, RegExp]>([
  ["a code that a message logs", "own.resetCode", /^console: \d{8}$/],
  ["a response that the second factor logs", "factor.verify", /^console: .*recovery-code/],
])("The scan finds %s", async (_, call, leak) => {
  const set = stage();
  const { options, features } = set;
  const app = harness({ ...options, ...features, messages: { ...options.messages, ...features.messages } });
  const its = record();
  set.attach(app, its);
  await everyFeatureStep(app, set, its);
  expect(its.leaks()).toEqual([]);
  app.clock.now += 60 * 60_000;
  app.users.set(MIKE);
  set.break(call, async (...input) => console.debug(input));
  await everyFeatureStep(app, set, its);
  expect(its.leaks()).toContainEqual(expect.stringMatching(leak));
});

const http = stage(background({ maxAttempts: 1 }));

overRoutes(
  "Nothing leaks over HTTP, with all kinds of junk",
  async (app) => {
    const its = record();
    http.attach(app, its);
    await everyRoute(app, its, true);
    expect(its.leaks()).toEqual([]);
    for (const place of ["GET the link", "POST the link", `POST ${COMPLETE}`]) expect(its.places).toContain(place);
    expect(its.wordsAt("own.onEvent", "type")).toContain("password_reset");
  },
  http.options,
);

// ── Controls ──────────────────────────────────────────────────────────────────────────────────────────────

const secret = "a5-Quiet_harbour-at-dawn-0123456789ABCDEFGH";
const raw = Buffer.from(secret, "base64url");
const hide = (value: unknown) => Object.defineProperty({}, "hidden", { value, enumerable: false });
const nest = (value: unknown, depth: number): unknown => (depth === 0 ? value : { inner: nest(value, depth - 1) });
const chain = (value: unknown, length: number): Error =>
  new Error("outer", { cause: length === 0 ? value : chain(value, length - 1) });
const silent = { toJSON: () => ({}), [inspect.custom]: () => "" };

test.each<[string, unknown]>([
  ["as it is", `x${secret}x`],
  ["by its end", `…${secret.slice(-20)}`],
  ["in base64", raw.toString("base64")],
  ...[0, 1, 2].map((n): [string, unknown] => [
    `within base64, ${n}`,
    Buffer.from(`token${":".repeat(n)}=${secret};`).toString("base64"),
  ]),
  ["with every byte escaped", secret.replace(/./g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)],
  ["as bytes", raw],
  ["in a property that is not enumerable", hide(secret)],
  ["in a prototype", Object.create({ token: secret })],
  ["in a Map of Sets", new Map([[new Set([secret]), 1]])],
  ["fifty levels down", nest(secret, 50)],
  ["in the cause of a cause", chain(hide(secret), 9)],
  ["in an error that prints itself without it", Object.assign(chain(secret, 1), silent)],
  ["in an aggregate", new AggregateError([new Error(secret)])],
])("The scanner finds a secret %s, and nothing elsewhere", (_, thing) => {
  const its = recorder(secret, ...PASSWORDS);
  const harmless = [secret.slice(0, 8), hide(secret.toLowerCase()), Uint8Array.from(raw.subarray(0, 6))];
  its.note("here", ...harmless, new Error("x"), null, undefined);
  expect(its.leaks()).toEqual([]);
  its.note("here", thing);
  expect(its.leaks()).not.toEqual([]);
});

test.each<[string, unknown]>([
  ["console.error", new Error("x", { cause: new Error(secret) })],
  ["util.inspect", hide(secret)],
  ["String", { toString: () => secret }],
  ["JSON.stringify", { toJSON: () => secret }],
  ["pino", Object.assign(new Error("x"), { inner: new Error("y", { cause: new Error(secret) }) })],
  [
    "Sentry",
    Object.create(
      {
        get token() {
          return secret;
        },
      },
      { [Symbol("x")]: { value: 1 } },
    ),
  ],
])("The scanner finds a secret that %s prints", (name, thing) => {
  expect(findLeaks(String(PRINTERS[name]?.(thing)), secret)).not.toEqual([]);
});

const showsTheToken = override((core) => ({
  verifyToken: async (input) => ({ ...(await core.verifyToken(input)), email: `${input.token}@example.org` }),
}));

const last = ({ secrets }: Recorder) => [...secrets].at(-1);
const { email } = MIKE;
/** Ports that give away what they were entrusted with, and the place where that is found. */
const CARELESS: [title: string, call: string, place: RegExp, fault: (its: Recorder) => () => unknown][] = [
  ["a mailer that logs", "mailer.send", /^console: /, (its) => async () => console.debug(last(its))],
  ["a mailer that prints", "mailer.send", /^stdout/, (its) => async () => process.stderr.write(`sent ${last(its)}\n`)],
  ["a store that logs an address", "users.findById", /^console: /, () => async () => console.error(email)],
  [
    ...(["a hasher that warns", "hasher.hash", /^emitWarning: /] as const),
    () => async () => {
      process.emitWarning(`weak: ${encodeURIComponent(GOOD)}`);
      return "a hash";
    },
  ],
  [
    ...(["a hasher that returns the password with salt", "hasher.hash", /^users\.replacePasswordHash: /] as const),
    () => async () => `$plain$${Buffer.from(`salt:${GOOD}`).toString("base64")}`,
  ],
];

/** Walks the flow in order, then once more with this call broken. Returns where a secret was found. */
async function walkBroken(call: string, fault: (its: Recorder) => Fault, options: Options = {}): Promise<string[]> {
  const its = record();
  const set = stage();
  const app = harness({ ...set.options, ...options });
  set.attach(app, its);
  await everyStep(app, set, its);
  expect(its.leaks()).toEqual([]);
  app.users.set(MIKE);
  app.clock.now += 60 * 60_000;
  set.break(call, fault(its));
  await everyStep(app, set, its);
  return its.leaks();
}

test.each(CARELESS)("The scan finds %s", async (_, call, place, fault) => {
  const leaks = await walkBroken(call, fault);
  expect(leaks.filter((leak) => place.test(leak))).not.toEqual([]);
});

// Errors of drivers that quote what they were given: an address and hashes, the link, the password.
describe.each([
  ["users.replacePasswordHash", "completeReset"],
  ["tokens.save", "deliver"],
  ["mailer.send", "deliver"],
  ["own.rule", "completeReset"],
  ["hasher.hash", "completeReset"],
  ["legacy.find", "verifyToken"],
])("The scan finds what %s quotes", (call, step) => {
  test("in an error that keeps its cause", async () => {
    const leaks = await walkBroken(call, () => quotes, { onError: keepCause });
    expect(leaks.filter((leak) => leak.startsWith(`${step}, error: `))).not.toEqual([]);
  });

  test("in the log of an application that logs the cause", async () => {
    const leaks = await walkBroken(call, () => quotes, { onError: (_, cause) => console.error(cause) });
    expect(leaks.filter((leak) => leak.startsWith("console: "))).not.toEqual([]);
  });
});

test.each(adapters)("The scan finds a page with the token in it ($name)", async ({ listener }) => {
  const app = await startFront(listener, http.options, showsTheToken);
  const its = record();
  http.attach(app, its);
  await everyRoute(app, its, false);
  expect(its.leaks()).toContainEqual(expect.stringMatching(/^GET \/password_reset\/new_password: /));
});
