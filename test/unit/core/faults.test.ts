import {
  createPasswordReset,
  type Job,
  memoryRateLimiter,
  type PasswordResetOptions,
  RelatchError,
  type RelatchErrorCode,
  type ResetEvent,
  type ResetUser,
  TimeSpan,
} from "relatch";
import { memoryPorts } from "relatch/memory";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { GOOD_PASSWORD, gate, KEYS, MIKE } from "../../helpers/harness.ts";

// Every function of the application throws, returns junk, or never responds, and nothing is granted by that.

const SECOND = 1000;
const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const SUCCESS = { ok: true, userId: "42", sessionsRevoked: true };
const BARE: ResetUser = { ...MIKE, passwordHash: null };
type Run = (...input: never[]) => unknown;
type Options = PasswordResetOptions<undefined, true, string>;

/** An application whose every function can be replaced, and the token of a link that it has sent. */
async function createApplication(
  overrides: Partial<Options> = {},
  { account = MIKE, features }: Partial<Operation> = {},
) {
  const jobs: Job[] = [];
  const events: ResetEvent[] = [];
  /** The cause of each error that `onError` heard. */
  const causes = new Map<RelatchError, unknown>();
  const { users, tokens, mailer, hasher } = memoryPorts([account], { firstPasswords: true });
  const ports = {
    ...{ users, tokens, mailer, hasher, rateLimiter: memoryRateLimiter() },
    dispatcher: { dispatch: async (job: Job) => void jobs.push(job) },
    /** The functions that are not ports. */
    own: {
      appName: () => "Acme",
      resetUrl: () => "https://app.example.com/password_reset/:token",
      passwordRule: () => undefined,
      revokeSessions: async () => {},
      resetLink: ({ url }: { url: string }) => ({ subject: "Reset", text: url }),
      resetCode: ({ url, code }: { url: string; code: string }) => ({ subject: "Reset", text: `${code} ${url}` }),
      passwordChanged: () => ({ subject: "Changed", text: "Changed." }),
      methods: async () => ["totp"],
      verify: async () => true,
    },
  };
  const { own, rateLimiter, dispatcher } = ports;
  const secondFactor = { methods: () => own.methods(), verify: () => own.verify() };
  const options: PasswordResetOptions<undefined, true | undefined, string> = {
    ...{ users, tokens, mailer, hasher, dispatcher },
    appName: () => own.appName(),
    resetUrl: () => own.resetUrl(),
    passwordRules: [() => own.passwordRule()],
    revokeSessions: () => own.revokeSessions(),
    messages: {
      resetLink: (input) => own.resetLink(input),
      resetCode: (input) => own.resetCode(input),
      passwordChanged: () => own.passwordChanged(),
    },
    limits: { rateLimiter, address: [{ max: 100, window: new TimeSpan(60, "s") }] },
    keys: KEYS,
    codes: features === "codes" ? true : undefined,
    secondFactor: features === "secondFactor" ? secondFactor : undefined,
    onEvent: (event) => events.push(event),
    onError: (error, cause) => causes.set(error, cause),
    ...overrides,
  };
  const passwordReset = createPasswordReset(options as Options);
  await passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.7" });
  await passwordReset.deliver(jobs.at(-1));
  return {
    ...{ ...ports, jobs, events, causes, passwordReset },
    /** Another process over the same ports, which remembers nothing. */
    worker: createPasswordReset(options as Options),
    /** The arguments of redeemCode. */
    redeemable: { ticket: "", code: "" },
    token: mailer.sent[0]?.text.split("/").at(-1) ?? "",
    /** The hash that the account must still have. */
    passwordHash: account.passwordHash,
    kinds: () => mailer.sent.map(({ kind }) => kind),
    /** Replaces a function and returns what puts it back. */
    replace(call: string, create: (original: Run) => Run): () => void {
      const [port, method = ""] = call.split(".");
      const functions = ports[port as "users"] as unknown as Record<string, Run>;
      const original = functions[method]!;
      functions[method] = create(original);
      return () => {
        functions[method] = original;
      };
    },
  };
}

type Application = Awaited<ReturnType<typeof createApplication>>;

interface Operation {
  account?: ResetUser;
  features?: "codes" | "secondFactor";
  prepare?: (app: Application) => Promise<unknown>;
  run: (app: Application) => Promise<unknown>;
  success: unknown;
}

const complete = ({ passwordReset, token }: Application) =>
  passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, secondFactor: PROOF });
const PROOF = { method: "totp", response: "123456" };
const requestCode = ({ passwordReset }: Application) =>
  passwordReset.requestReset({ email: MIKE.email, ip: false, method: "code" });
const deliverNewest = ({ worker, jobs }: Application) => worker.deliver(jobs.at(-1));

/** The calls of an application, and what comes of them when all is well. */
const OPERATIONS = {
  requestReset: {
    run: ({ passwordReset }) => passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.7" }),
    success: { ok: true },
  },
  "delivery of a link": {
    prepare: ({ passwordReset }) => passwordReset.requestReset({ email: MIKE.email, ip: false }),
    run: deliverNewest,
    success: undefined,
  },
  "delivery of a code": { features: "codes", prepare: requestCode, run: deliverNewest, success: undefined },
  redeemCode: {
    features: "codes",
    async prepare(app) {
      const { ticket } = (await requestCode(app)) as { ticket: string };
      await deliverNewest(app);
      const { variables } = app.mailer.sent.at(-1) ?? {};
      app.redeemable = { ticket, code: variables && "code" in variables ? variables.code : "" };
    },
    run: ({ passwordReset, redeemable }) => passwordReset.redeemCode(redeemable),
    success: { ok: true, token: expect.any(String) },
  },
  verifyToken: {
    run: ({ passwordReset, token }) => passwordReset.verifyToken({ token }),
    success: {
      ...{ ok: true, userId: "42", email: MIKE.email, isInvitation: false, expiresAt: expect.any(Date) },
    },
  },
  completeReset: { run: complete, success: SUCCESS },
  "verifyToken with a second factor": {
    features: "secondFactor",
    run: ({ passwordReset, token }) => passwordReset.verifyToken({ token }),
    success: expect.objectContaining({ ok: true, secondFactors: ["totp"] }),
  },
  "completeReset with a second factor": { features: "secondFactor", run: complete, success: SUCCESS },
  "completeReset of a first password": { account: BARE, run: complete, success: SUCCESS },
  "delivery of a follow-up": {
    async prepare(app) {
      await complete(app);
      app.passwordHash = app.users.get("42")?.passwordHash ?? null;
    },
    run: deliverNewest,
    success: undefined,
  },
  revokeTokens: { run: ({ passwordReset }) => passwordReset.revokeTokens("42"), success: undefined },
} satisfies Record<string, Operation>;
type OperationName = keyof typeof OPERATIONS;

async function prepare(name: OperationName, overrides: Partial<Options> = {}) {
  const operation: Operation = OPERATIONS[name];
  const app = await createApplication(overrides, operation);
  await operation.prepare?.(app);
  app.mailer.sent.length = 0;
  app.events.length = 0;
  return app;
}

/** Returns what comes of the operation with this return value; `FAILURE` if it is not a proper one. */
type Expect = (returned: unknown) => unknown;
const FAILURE = Symbol("failure");
const never: Expect = () => FAILURE;
const anything = (result: unknown) => () => result;
const nothing = (result: unknown) => (it: unknown) => (it === null || it === undefined ? result : FAILURE);
const text = (result: unknown) => (it: unknown) => (typeof it === "string" && it.trim() !== "" ? result : FAILURE);
const hash: Expect = (it) => (typeof it === "string" && it !== "" ? SUCCESS : FAILURE);
const verdict: Expect = (it) => (it === true ? SUCCESS : it === false ? REFUSED : FAILURE);
const isEmpty = (it: unknown) => Array.isArray(it) && it.length === 0;
const methods =
  (result: unknown): Expect =>
  (it) =>
    isEmpty(it) ? result : FAILURE;
const REJECTED = { ok: false, reason: "second_factor_rejected", secondFactors: ["totp"] };
const response: Expect = (it) => (it === true ? SUCCESS : it === false ? REJECTED : FAILURE);

type Site = [operation: OperationName, call: string, code: RelatchErrorCode, expected: Expect];

/** Every call that is made during an operation before its outcome is settled. */
const SITES: Site[] = [
  ["requestReset", "rateLimiter.consume", "ERR_RATE_LIMITER", never],
  ["requestReset", "dispatcher.dispatch", "ERR_DISPATCHER", anything({ ok: true })],
  ["delivery of a link", "users.findByEmail", "ERR_USER_STORE", nothing(undefined)],
  ["delivery of a link", "tokens.save", "ERR_TOKEN_STORE", anything(undefined)],
  ["delivery of a link", "mailer.send", "ERR_MAILER", anything(undefined)],
  ["delivery of a link", "own.appName", "ERR_OPTIONS", text(undefined)],
  ["delivery of a link", "own.resetUrl", "ERR_OPTIONS", never],
  ["delivery of a link", "own.resetLink", "ERR_OPTIONS", never],
  ["delivery of a code", "tokens.save", "ERR_TOKEN_STORE", anything(undefined)],
  ["delivery of a code", "own.resetCode", "ERR_OPTIONS", never],
  ["redeemCode", "rateLimiter.consume", "ERR_RATE_LIMITER", never],
  ["redeemCode", "tokens.find", "ERR_TOKEN_STORE", nothing(REFUSED)],
  ["verifyToken", "tokens.find", "ERR_TOKEN_STORE", nothing(REFUSED)],
  ["verifyToken", "users.findById", "ERR_USER_STORE", nothing(REFUSED)],
  ["completeReset", "tokens.find", "ERR_TOKEN_STORE", nothing(REFUSED)],
  ["completeReset of a first password", "tokens.deleteByUser", "ERR_TOKEN_STORE", anything(SUCCESS)],
  ["completeReset", "users.findById", "ERR_USER_STORE", nothing(REFUSED)],
  ["completeReset", "own.appName", "ERR_OPTIONS", text(SUCCESS)],
  ["completeReset", "own.passwordRule", "ERR_OPTIONS", nothing(SUCCESS)],
  ["completeReset", "hasher.hash", "ERR_HASHER", hash],
  ["completeReset", "dispatcher.dispatch", "ERR_DISPATCHER", anything(SUCCESS)],
  ["completeReset", "own.revokeSessions", "ERR_SESSIONS", anything(SUCCESS)],
  ["completeReset", "users.replacePasswordHash", "ERR_USER_STORE", verdict],
  ["completeReset of a first password", "users.setFirstPasswordHash", "ERR_USER_STORE", verdict],
  [
    "verifyToken with a second factor",
    "own.methods",
    "ERR_SECOND_FACTOR",
    methods(expect.objectContaining({ ok: true, secondFactors: [] })),
  ],
  ["completeReset with a second factor", "own.methods", "ERR_SECOND_FACTOR", methods(SUCCESS)],
  ["completeReset with a second factor", "rateLimiter.consume", "ERR_RATE_LIMITER", never],
  ["completeReset with a second factor", "own.verify", "ERR_SECOND_FACTOR", response],
  ["delivery of a follow-up", "users.findById", "ERR_USER_STORE", nothing(undefined)],
  ["delivery of a follow-up", "own.revokeSessions", "ERR_SESSIONS", anything(undefined)],
  ["delivery of a follow-up", "own.appName", "ERR_OPTIONS", text(undefined)],
  ["delivery of a follow-up", "own.passwordChanged", "ERR_OPTIONS", never],
  ["delivery of a follow-up", "mailer.send", "ERR_MAILER", anything(undefined)],
  ["revokeTokens", "tokens.deleteByUser", "ERR_TOKEN_STORE", anything(undefined)],
];
/** These are called at once and not awaited. */
const isSynchronous = (call: string) => call === "own.appName" || call === "own.resetUrl";
const isDelivery = ([operation]: Site) => operation.startsWith("delivery");
/** Words by which the error of a call names it. */
const KEYWORDS: Record<string, string> = {
  "own.passwordRule": "passwordRules[0]",
};

// Whatever happens: nothing is left unhandled, and the prototype of all objects stays as it is.
const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
let prototype: PropertyKey[];
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));
beforeEach(() => {
  unhandled.length = 0;
  prototype = Reflect.ownKeys(Object.prototype);
});
afterEach(async () => {
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
  expect(Reflect.ownKeys(Object.prototype)).toEqual(prototype);
});

type Outcome = { value: unknown } | { error: unknown } | "pending";
const settle = (work: Promise<unknown>): Promise<Outcome> =>
  work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
/** Returns the outcome after this much fake time. */
async function settleWithin(milliseconds: number, outcome: Promise<Outcome>): Promise<Outcome> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  return Promise.race([outcome, Promise.resolve("pending" as const)]);
}
function runFor(milliseconds: number, start: () => Promise<unknown>): Promise<Outcome> {
  vi.useFakeTimers();
  return settleWithin(milliseconds, settle(start()));
}

function expectError(outcome: Outcome, code: RelatchErrorCode, call = ""): RelatchError {
  const keyword = KEYWORDS[call] ?? call.replace("own.", "");
  // Compared piece by piece, because printing some of these errors throws other ones.
  const { error } = outcome as { error?: unknown };
  expect(outcome === "pending" ? outcome : Object.keys(outcome)).toEqual(["error"]);
  expect(error instanceof RelatchError).toBe(true);
  expect((error as RelatchError).code).toBe(code);
  expect((error as RelatchError).message).toContain(keyword);
  return error as RelatchError;
}

/** No password was set that the store did not set, no email went to a stranger, and no event or message has a secret. */
function expectNothingGranted(app: Application, outcome: Outcome): void {
  expect(app.users.get("42")?.passwordHash).toBe(app.passwordHash);
  expect(app.mailer.sent.filter(({ to }) => to !== MIKE.email)).toEqual([]);
  const message = outcome !== "pending" && "error" in outcome ? String(outcome.error) : "";
  const reported = JSON.stringify(app.events) + message;
  for (const secret of [app.token, GOOD_PASSWORD, MIKE.email, app.passwordHash ?? app.token]) {
    expect(reported).not.toContain(secret);
  }
}

/** The link still works, and a job can be attempted again. */
async function expectRecovery(app: Application, operation: OperationName, call: string): Promise<void> {
  // The links of an account without a password are deleted before the commit, so this costs a new email.
  const isGone = call === "users.setFirstPasswordHash";
  if (operation.startsWith("completeReset")) expect(await complete(app)).toEqual(isGone ? REFUSED : SUCCESS);
  if (!operation.startsWith("delivery")) return;
  await OPERATIONS[operation].run(app);
  expect(app.mailer.sent).toHaveLength(1);
}

function raise(error: unknown): never {
  throw error;
}
/** An object that may be awaited and throws whatever else is done with it. */
function createTrap(): object {
  const trap = () => raise(new Error("looked at"));
  return new Proxy(
    {},
    {
      get: (_, name) => (name === "then" ? undefined : trap()),
      ...{ has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap },
    },
  );
}

const THROWN: [string, unknown][] = [
  ["an error", new Error("down")],
  ["an error full of secrets", Object.assign(new Error(`${MIKE.email}, ${GOOD_PASSWORD}`), { code: MIKE.email })],
  ["an error of relatch with another code", new RelatchError("ERR_OPTIONS", "of a nested call")],
  ["a string", "down"],
  ["nothing", undefined],
  ["null", null],
  ["a frozen object", Object.freeze({ code: "ECONNREFUSED" })],
  ["an object that throws when it is read", createTrap()],
];

const JUNK: [string, unknown][] = [
  ...[undefined, null, true, false, 0, 1, Number.NaN, 1n, "", " ", "junk"].map(
    (value) => [typeof value === "string" ? `"${value}"` : String(value), value] as [string, unknown],
  ),
  ["a symbol", Symbol("junk")],
  ["an empty array", []],
  ["an array of one", [MIKE]],
  ["an empty object", {}],
  ["an object without a prototype", Object.create(null)],
  ["a result of a driver", { rows: [MIKE], rowCount: 1, affectedRows: 1 }],
  ["a function", () => MIKE],
  ["a date", new Date(0)],
  ["an invalid date", new Date(Number.NaN)],
  ["a map", new Map([["id", "42"]])],
  ["a buffer", new Uint8Array(64)],
  ["an error", new Error("returned, not thrown")],
  ["an attack on the prototype", JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{}}}')],
  ["an object that throws when it is read", createTrap()],
];

describe.each(SITES)("In %s, %s", (operation, call, code, expectedOf) => {
  test.each(THROWN)("fails with its code if it throws or rejects with %s, and recovers", async (_, thrown) => {
    const rejects = isSynchronous(call) ? [] : [() => Promise.reject(thrown)];
    for (const fail of [() => raise(thrown), ...rejects]) {
      const app = await prepare(operation);
      const restore = app.replace(call, () => fail);
      const outcome = await settle(OPERATIONS[operation].run(app));
      const error = expectError(outcome, code, call);
      expect([Object.hasOwn(error, "cause"), app.causes.get(error) === thrown]).toEqual([false, true]);
      expectNothingGranted(app, outcome);
      restore();
      await expectRecovery(app, operation, call);
    }
  });

  test.each(JUNK)("may return %s or fails with its code, and grants nothing", async (_, returned) => {
    const app = await prepare(operation);
    const restore = app.replace(call, () => (isSynchronous(call) ? () => returned : async () => returned));
    const outcome = await settle(OPERATIONS[operation].run(app));
    const expected = expectedOf(returned);
    if (expected === FAILURE) expectError(outcome, code, call);
    else expect(outcome).toEqual({ value: expected });
    if (expected === SUCCESS) return;
    expectNothingGranted(app, outcome);
    restore();
    if (expected === FAILURE || expected === REFUSED) await expectRecovery(app, operation, call);
  });
});

describe.each(SITES.filter((site) => !isDelivery(site) && !isSynchronous(site[1])))(
  "In %s, %s that never responds",
  (operation, call, code) => {
    test("fails after callTimeout, which is 10 seconds by default", async () => {
      const limit = 10 * SECOND;
      const app = await prepare(operation);
      const restore = app.replace(call, () => () => new Promise(() => {}));
      vi.useFakeTimers();
      const outcome = settle(OPERATIONS[operation].run(app));
      expect(await settleWithin(limit - 1, outcome)).toBe("pending");
      const late = await settleWithin(2, outcome);
      expect(expectError(late, code, call)).toMatchObject({ detail: "ETIMEDOUT" });
      expectNothingGranted(app, late);
      vi.useRealTimers();
      restore();
      await expectRecovery(app, operation, call);
    });
  },
);

describe.each(SITES.filter((site) => isDelivery(site) && !isSynchronous(site[1])))(
  "In %s, %s that never responds",
  (operation, call, code) => {
    test("fails after deliveryTimeout at the latest, and the next attempt delivers", async () => {
      const app = await prepare(operation, { deliveryTimeout: new TimeSpan(5, "s") });
      const restore = app.replace(call, () => () => new Promise(() => {}));
      const outcome = await runFor(5 * SECOND + 1, () => OPERATIONS[operation].run(app));
      expect(["ERR_DISPATCHER", code]).toContain((outcome as { error?: RelatchError }).error?.code);
      expectNothingGranted(app, outcome);
      vi.useRealTimers();
      restore();
      await expectRecovery(app, operation, call);
    });
  },
);

describe("After the commit", () => {
  /** Completes a reset whose second call of revokeSessions, and every later one, does this. */
  async function completeWith(fail: () => Promise<unknown>, wait: (work: Promise<Outcome>) => Promise<Outcome>) {
    const app = await prepare("completeReset");
    app.replace("users.replacePasswordHash", (commit) => (change) => {
      app.replace("own.revokeSessions", () => fail);
      return commit(change);
    });
    expect(await wait(settle(complete(app)))).toEqual({ value: { ...SUCCESS, sessionsRevoked: false } });
    expect(app.events.map(({ type }) => type)).toContain("session_revocation_failed");
    expect(await app.hasher.verify(app.users.get("42")?.passwordHash ?? "", GOOD_PASSWORD)).toBe(true);
    expect(await app.passwordReset.verifyToken({ token: app.token })).toEqual(REFUSED);
  }

  test("revokeSessions fails in every way, and the reset succeeds with an event", async () => {
    const fails = THROWN.map(
      ([, thrown]) =>
        () =>
          Promise.reject(thrown),
    );
    await Promise.all(fails.map((fail) => completeWith(fail, (work) => work)));
  });

  test("revokeSessions never responds, and the reset succeeds with an event", async () => {
    vi.useFakeTimers();
    await completeWith(
      () => new Promise(() => {}),
      (work) => settleWithin(5 * SECOND + 1, work),
    );
  });
});

describe.each([
  ["completeReset", "users.replacePasswordHash"],
  ["completeReset of a first password", "users.setFirstPasswordHash"],
] as const)("In %s, a commit by %s", (operation, call) => {
  const options = { callTimeout: new TimeSpan(2, "s") };
  const commitAnd = async (then: () => unknown) => {
    const app = await prepare(operation, options);
    app.replace(call, (commit) => async (change) => {
      await commit(change);
      return then();
    });
    return app;
  };

  test.each(THROWN)("counts if it happened and then failed with %s", async (_, thrown) => {
    const app = await commitAnd(() => Promise.reject(thrown));
    expect(await settle(complete(app))).toEqual({ value: SUCCESS });
    expect(await app.hasher.verify(app.users.get("42")?.passwordHash ?? "", GOOD_PASSWORD)).toBe(true);
  });

  test("counts if it happened and never responded", async () => {
    const app = await commitAnd(() => new Promise(() => {}));
    expect(await runFor(2 * SECOND + 1, () => complete(app))).toEqual({ value: SUCCESS });
  });

  test.each(JUNK.filter(([, returned]) => typeof returned !== "boolean"))(
    "is ERR_USER_STORE if it happened and returned %s, its link is invalid, and the follow-up job does the rest",
    async (_, returned) => {
      const app = await commitAnd(() => returned);
      expectError(await settle(complete(app)), "ERR_USER_STORE", call);
      expect(await app.passwordReset.verifyToken({ token: app.token })).toEqual(REFUSED);
      for (const { deliver } of [app.passwordReset, app.worker]) await deliver(app.jobs.at(-1));
      expect(app.kinds()).toEqual(["password_changed", "password_changed"]);
    },
  );

  test("is ERR_USER_STORE if nobody knows its outcome", async () => {
    const app = await prepare(operation, options);
    app.replace(call, () => () => {
      app.replace("users.findById", () => () => new Promise(() => {}));
      return new Promise(() => {});
    });
    const outcome = await runFor(4 * SECOND + 1, () => complete(app));
    expectError(outcome, "ERR_USER_STORE", call);
    expectNothingGranted(app, outcome);
  });
});

describe("While a call never responds", () => {
  const options = { callTimeout: new TimeSpan(2, "s") };

  test("drain comes to its end", async () => {
    const app = await prepare("requestReset", options);
    app.replace("dispatcher.dispatch", () => () => new Promise(() => {}));
    const outcome = await runFor(2 * SECOND + 1, () => {
      OPERATIONS.requestReset.run(app).catch(() => {});
      return app.passwordReset.drain();
    });
    expect(outcome).toEqual({ value: { undelivered: [] } });
  });

  test("another completion of the same link gets its turn", async () => {
    const app = await prepare("completeReset", options);
    const restore = app.replace("hasher.hash", () => () => {
      restore();
      return new Promise(() => {});
    });
    const outcome = await runFor(2 * SECOND + 1, () => {
      complete(app).catch(() => {});
      return app.passwordReset.completeReset({ token: app.token, newPassword: "another good password" });
    });
    expect(outcome).toEqual({ value: SUCCESS });
  });

  test("requests pass without a limit, after its time, if onUnavailable says so", async () => {
    const limits = { rateLimiter: memoryRateLimiter(), onUnavailable: "allow" } as const;
    const app = await prepare("requestReset", { ...options, limits });
    limits.rateLimiter.consume = () => new Promise(() => {});
    // The limit of the client, and the limit of the address.
    const outcome = await runFor(2 * 2 * SECOND + 1, () => OPERATIONS.requestReset.run(app));
    expect(outcome).toEqual({ value: { ok: true } });
  });

  test("the notice of a change goes out although the sessions cannot be ended", async () => {
    const app = await prepare("delivery of a follow-up");
    app.replace("own.revokeSessions", () => () => new Promise(() => {}));
    expectError(await runFor(30 * SECOND + 1, () => deliverNewest(app)), "ERR_SESSIONS");
    expect(app.kinds()).toEqual(["password_changed"]);
  });
});

test.each(["users.findByEmail", "tokens.save", "own.resetLink"])(
  "A link whose %s responds after its time is not sent, because the next attempt has its own",
  async (call) => {
    const app = await prepare("delivery of a link", { deliveryTimeout: new TimeSpan(5, "s") });
    const late = gate();
    const restore = app.replace(call, (original) => async (...input) => {
      await late.opened;
      return original(...input);
    });
    expect(await runFor(5 * SECOND + 1, () => deliverNewest(app))).toHaveProperty("error");
    vi.useRealTimers();
    restore();
    await deliverNewest(app);
    late.open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(app.mailer.sent).toHaveLength(1);
  },
);
