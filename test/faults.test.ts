import {
  createPasswordReset,
  type Job,
  memoryRateLimiter,
  type PasswordChange,
  type PasswordResetOptions,
  RelatchError,
  type RelatchErrorCode,
  type ResetEvent,
  type ResetUser,
  TimeSpan,
  type TokenRecord,
} from "relatch";
import { memoryPorts } from "relatch/memory";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { GOOD_PASSWORD, gate, MIKE } from "./harness.ts";

// Every call that the application serves throws, answers garbage, or never answers: nothing fails open.

const SECOND = 1000;
const REFUSED = { ok: false, reason: "invalid_or_expired_token" };

// ── The application, whose every call can be replaced ───────────────────────────────────────────────────

async function application(overrides: object = {}, account: ResetUser = MIKE) {
  const jobs: Job[] = [];
  const events: ResetEvent[] = [];
  const { users, tokens, mailer, hasher } = memoryPorts([account]);
  const ports = {
    users,
    tokens,
    mailer,
    hasher,
    rateLimiter: memoryRateLimiter(),
    dispatcher: { dispatch: async (job: Job) => void jobs.push(job) },
    /** The application's own functions. */
    own: {
      appName: (): string => "Acme",
      resetUrl: (): string => "https://app.example.com/password_reset/:token",
      passwordRule: (): undefined => undefined,
      revokeSessions: async (): Promise<unknown> => undefined,
      resetLink: ({ url }: { url: string }) => ({ subject: "Reset", text: url }),
      passwordChanged: () => ({ subject: "Changed", text: "Changed." }),
    },
  };
  const { own } = ports;
  const options: PasswordResetOptions = {
    users,
    tokens,
    mailer,
    hasher,
    dispatcher: ports.dispatcher,
    appName: () => own.appName(),
    resetUrl: () => own.resetUrl(),
    passwordRules: [() => own.passwordRule()],
    revokeSessions: () => own.revokeSessions(),
    messages: {
      resetLink: (input) => own.resetLink(input),
      passwordChanged: () => own.passwordChanged(),
    },
    limits: { rateLimiter: ports.rateLimiter, address: [{ max: 100, windowSeconds: 60 }] },
    onEvent: (event) => events.push(event),
    ...overrides,
  };
  const passwordReset = createPasswordReset(options);
  await passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.7" });
  await passwordReset.deliver(jobs.at(-1));
  return {
    ...ports,
    jobs,
    events,
    passwordReset,
    /** Another process over the same ports, which remembers nothing. */
    worker: createPasswordReset(options),
    token: mailer.sent[0]?.text.split("/").at(-1) ?? "",
    /** Before the fault. */
    passwordHash: account.passwordHash,
  };
}

type Application = Awaited<ReturnType<typeof application>>;

/** What the application does with relatch, and what comes of it when all is well. */
const operations = {
  requestReset: {
    run: ({ passwordReset }) => passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.7" }),
    success: { ok: true },
  },
  "the delivery of a link": {
    prepare: ({ passwordReset }) => passwordReset.requestReset({ email: MIKE.email, ip: null }),
    run: ({ worker, jobs }) => worker.deliver(jobs.at(-1)),
    success: undefined,
  },
  verifyToken: {
    run: ({ passwordReset, token }) => passwordReset.verifyToken(token),
    success: { ok: true, userId: "42", expiresAt: expect.any(Date) },
  },
  completeReset: {
    run: ({ passwordReset, token }) => passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
    success: { ok: true, userId: "42", sessionsRevoked: true },
  },
  "completeReset of a first password": {
    account: { ...MIKE, passwordHash: null },
    run: ({ passwordReset, token }) => passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
    success: { ok: true, userId: "42", sessionsRevoked: true },
  },
  "the follow-up": {
    prepare: async (app) => {
      await app.passwordReset.completeReset({ token: app.token, newPassword: GOOD_PASSWORD });
      app.passwordHash = app.users.get("42")?.passwordHash ?? null;
    },
    run: ({ worker, jobs }) => worker.deliver(jobs.at(-1)),
    success: undefined,
  },
  revokeTokens: {
    run: ({ passwordReset }) => passwordReset.revokeTokens("42"),
    success: undefined,
  },
} satisfies Record<string, Operation>;

interface Operation {
  account?: ResetUser;
  prepare?: (app: Application) => Promise<unknown>;
  run: (app: Application) => Promise<unknown>;
  success: unknown;
}

/** Makes ready for an operation; nothing is recorded yet. */
async function readyFor(name: keyof typeof operations, overrides: object = {}): Promise<Application> {
  const { account, prepare } = operations[name] as Operation;
  const app = await application(overrides, account);
  await prepare?.(app);
  app.mailer.sent.length = 0;
  app.events.length = 0;
  return app;
}

/** Puts something else in the place of a call; answers what puts it back. */
function replace(app: Application, call: string, run: (...args: never[]) => unknown): () => void {
  const [port, method = ""] = call.split(".");
  const methods = app[port as "users"] as unknown as Record<string, unknown>;
  const original = methods[method];
  methods[method] = run;
  return () => {
    methods[method] = original;
  };
}

// ── The calls ───────────────────────────────────────────────────────────────────────────────────────────

/** A call that is made during an operation, before its outcome is settled. */
interface Site {
  operation: keyof typeof operations;
  call: string;
  code: RelatchErrorCode;
  /** What of the garbage below is a proper answer here, and what comes of it. */
  proper?: (answer: unknown) => { outcome: unknown } | undefined;
}

const isNothing = (answer: unknown) => answer === null || answer === undefined;
const nothingIs = (outcome: unknown) => (answer: unknown) => (isNothing(answer) ? { outcome } : undefined);
const anythingIs = (outcome: unknown) => () => ({ outcome });
const done = anythingIs(undefined);
const completed = operations.completeReset.success;
const textIs = (outcome: unknown) => (answer: unknown) =>
  typeof answer === "string" && answer.trim() !== "" ? { outcome } : undefined;
const hashIs = (answer: unknown) =>
  typeof answer === "string" && answer !== "" ? { outcome: completed } : undefined;
const verdictIs = (answer: unknown) =>
  typeof answer === "boolean" ? { outcome: answer ? completed : REFUSED } : undefined;

const SITES: Site[] = [
  { operation: "requestReset", call: "rateLimiter.consume", code: "ERR_RATE_LIMITER" },
  {
    operation: "requestReset",
    call: "dispatcher.dispatch",
    code: "ERR_DISPATCHER",
    proper: anythingIs({ ok: true }),
  },
  ...(
    [
      ["users.findByEmail", "ERR_USER_STORE", nothingIs(undefined)],
      ["tokens.save", "ERR_TOKEN_STORE", done],
      ["mailer.send", "ERR_MAILER", done],
      ["own.appName", "ERR_OPTIONS", textIs(undefined)],
      ["own.resetUrl", "ERR_OPTIONS", undefined],
      ["own.resetLink", "ERR_OPTIONS", undefined],
    ] as const
  ).map(([call, code, proper]) => site("the delivery of a link", call, code, proper)),
  ...(
    [
      ["tokens.find", "ERR_TOKEN_STORE", nothingIs(REFUSED)],
      ["users.findById", "ERR_USER_STORE", nothingIs(REFUSED)],
    ] as const
  ).flatMap(([call, code, proper]) => [
    site("verifyToken", call, code, proper),
    site("completeReset", call, code, proper),
  ]),
  ...(
    [
      ["own.appName", "ERR_OPTIONS", textIs(completed)],
      ["own.passwordRule", "ERR_OPTIONS", nothingIs(completed)],
      ["hasher.hash", "ERR_HASHER", hashIs],
      ["dispatcher.dispatch", "ERR_DISPATCHER", anythingIs(completed)],
      ["own.revokeSessions", "ERR_SESSIONS", anythingIs(completed)],
      ["users.replacePasswordHash", "ERR_USER_STORE", verdictIs],
    ] as const
  ).map(([call, code, proper]) => site("completeReset", call, code, proper)),
  site("completeReset of a first password", "users.setFirstPasswordHash", "ERR_USER_STORE", verdictIs),
  ...(
    [
      ["users.findById", "ERR_USER_STORE", nothingIs(undefined)],
      ["own.revokeSessions", "ERR_SESSIONS", done],
      ["own.appName", "ERR_OPTIONS", textIs(undefined)],
      ["own.passwordChanged", "ERR_OPTIONS", undefined],
      ["mailer.send", "ERR_MAILER", done],
    ] as const
  ).map(([call, code, proper]) => site("the follow-up", call, code, proper)),
  site("revokeTokens", "tokens.deleteByUser", "ERR_TOKEN_STORE", done),
];

function site(
  operation: Site["operation"],
  call: string,
  code: RelatchErrorCode,
  proper: Site["proper"],
): Site {
  return proper ? { operation, call, code, proper } : { operation, call, code };
}

/** What an error calls it. */
const labelOf = (call: string): string =>
  ({
    "own.passwordRule": "A password rule",
    "own.resetLink": "messages for reset_link",
    "own.passwordChanged": "messages for password_changed",
  })[call] ?? call.replace("own.", "");

/** For titles. */
const named = (sites: Site[]) => sites.map((each) => [each.operation, each.call, each] as const);

// ── What must hold whatever happens ─────────────────────────────────────────────────────────────────────

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));

let prototype: PropertyKey[];
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

function outcomeOf(work: Promise<unknown>): Promise<Outcome> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

/** How it stands after so much time, of which none really passes. */
async function stateAfter(milliseconds: number, outcome: Promise<Outcome>): Promise<Outcome> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  return Promise.race([outcome, Promise.resolve("pending" as const)]);
}

async function outcomeAfter(milliseconds: number, start: () => Promise<unknown>): Promise<Outcome> {
  vi.useFakeTimers();
  return stateAfter(milliseconds, outcomeOf(start()));
}

function expectFault(outcome: Outcome, code: RelatchErrorCode): RelatchError {
  // Compared piece by piece: to print some of these errors is to throw others.
  const { error } = outcome as { error?: unknown };
  expect(outcome === "pending" ? outcome : Object.keys(outcome)).toEqual(["error"]);
  expect(error instanceof RelatchError).toBe(true);
  expect((error as RelatchError).code).toBe(code);
  return error as RelatchError;
}

/** No password set that the store did not set, no mail to a stranger, no secret in an event or a message. */
function expectNothingOpen(app: Application, outcome: Outcome): void {
  expect(app.users.get("42")?.passwordHash).toBe(app.passwordHash);
  expect(app.mailer.sent.filter(({ to }) => to !== MIKE.email)).toEqual([]);
  const message = outcome !== "pending" && "error" in outcome ? String(outcome.error) : "";
  const told = JSON.stringify(app.events) + message;
  for (const secret of [app.token, GOOD_PASSWORD, MIKE.email, app.passwordHash ?? app.token]) {
    expect(told).not.toContain(secret);
  }
}

async function expectLinkAlive({ passwordReset, token }: Application): Promise<void> {
  expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
    ok: true,
  });
}

// ── A call throws ───────────────────────────────────────────────────────────────────────────────────────

const SECRETIVE = Object.assign(new Error(`INSERT failed: ${MIKE.email}, ${GOOD_PASSWORD}`), {
  code: MIKE.email,
  detail: `Key (email)=(${MIKE.email})`,
});

const THROWN: [string, unknown][] = [
  ["an error", new Error("down")],
  ["an error full of secrets", SECRETIVE],
  ["an error of relatch with another code", new RelatchError("ERR_OPTIONS", "of a nested call")],
  ["text", "down"],
  ["nothing", undefined],
  ["null", null],
  ["a frozen object", Object.freeze({ code: "ECONNREFUSED" })],
  ["an object that throws when it is looked at", hostile()],
];

describe.each(named(SITES))("%s: %s fails", (_operation, _call, { operation, call, code }) => {
  test.each(
    THROWN.flatMap(([what, thrown]) => [
      ["throws", what, thrown] as const,
      ["rejects with", what, thrown] as const,
    ]),
  )("and %s %s", async (how, _, thrown) => {
    const app = await readyFor(operation);
    const mend = replace(app, call, () => {
      if (how === "throws") throw thrown;
      return Promise.reject(thrown);
    });
    const outcome = await outcomeOf(operations[operation].run(app));
    const error = expectFault(outcome, code);
    expect(Object.hasOwn(error, "cause")).toBe(true);
    expect(error.cause === thrown).toBe(true);
    const message = `${labelOf(call)} failed.`;
    expect(JSON.parse(JSON.stringify(error))).toEqual({ name: "RelatchError", code, message });
    expectNothingOpen(app, outcome);
    mend();
    if (operation.startsWith("completeReset")) await expectLinkAlive(app);
    // A job that failed can be tried again, and its mail goes out then.
    else if (operation.startsWith("the ")) {
      await operations[operation].run(app);
      expect(app.mailer.sent).toHaveLength(1);
    }
  });
});

describe("after the commit a call that fails is an event, and success stays success", () => {
  test.each([
    ["own.revokeSessions", "session_revocation_failed", false],
    ["tokens.deleteByUser", "token_cleanup_failed", true],
  ] as const)("%s: %s", async (call, event, sessionsRevoked) => {
    for (const [, thrown] of THROWN) {
      const app = await readyFor("completeReset");
      const commit = app.users.replacePasswordHash;
      app.users.replacePasswordHash = async (change) => {
        const committed = await commit(change);
        replace(app, call, () => Promise.reject(thrown));
        return committed;
      };
      const outcome = await outcomeAfter(SECOND, () => operations.completeReset.run(app));
      expect(outcome).toEqual({ value: { ...completed, sessionsRevoked } });
      expect(app.events.map(({ type }) => type)).toContain(event);
      expect(await app.hasher.verify(app.users.get("42")?.passwordHash ?? "", GOOD_PASSWORD)).toBe(true);
      expect(await app.passwordReset.verifyToken(app.token)).toEqual(REFUSED);
    }
  });
});

describe("a commit that happened", () => {
  const commits = [
    ["completeReset", "users.replacePasswordHash"],
    ["completeReset of a first password", "users.setFirstPasswordHash"],
  ] as const;

  async function committedAndThen(
    [operation, call]: (typeof commits)[number],
    then: () => unknown,
  ): Promise<[Application, Outcome]> {
    const app = await readyFor(operation);
    const commit =
      operation === "completeReset" ? app.users.replacePasswordHash : app.users.setFirstPasswordHash;
    replace(app, call, async (change: PasswordChange) => {
      await commit(change);
      return then();
    });
    const outcome = await outcomeOf(operations[operation].run(app));
    expect(await app.hasher.verify(app.users.get("42")?.passwordHash ?? "", GOOD_PASSWORD)).toBe(true);
    return [app, outcome];
  }

  test.each(THROWN)("and failed then counts: %s", async (_, thrown) => {
    for (const commit of commits) {
      const [, outcome] = await committedAndThen(commit, () => Promise.reject(thrown));
      expect(outcome).toEqual({ value: completed });
    }
  });

  test.each(GARBAGE.filter(([, answer]) => typeof answer !== "boolean"))(
    "and was answered with %s is ERR_USER_STORE, the link is dead, and the follow-up does the rest",
    async (_, answer) => {
      for (const commit of commits) {
        const [app, outcome] = await committedAndThen(commit, () => answer);
        expectFault(outcome, "ERR_USER_STORE");
        expect(await app.passwordReset.verifyToken(app.token)).toEqual(REFUSED);
        app.mailer.sent.length = 0;
        await app.passwordReset.deliver(app.jobs.at(-1));
        await app.worker.deliver(app.jobs.at(-1));
        expect(app.mailer.sent.map(({ kind }) => kind)).toEqual(["password_changed", "password_changed"]);
      }
    },
  );
});

describe("a limiter that fails", () => {
  test.each(THROWN)("lets requests pass where that was asked for, with an event: %s", async (_, thrown) => {
    const limiter = { consume: () => Promise.reject(thrown) };
    const app = await application({ limits: { rateLimiter: limiter, onUnavailable: "allow" } });
    expect(await operations.requestReset.run(app)).toEqual({ ok: true });
    expect(app.events).toContainEqual(
      expect.objectContaining({ type: "rate_limiter_unavailable", reason: "allowed" }),
    );
  });

  test("in its refund changes nothing", async () => {
    for (const refund of [() => Promise.reject(new Error("down")), () => 7, () => new Promise(() => {})]) {
      const app = await readyFor("the delivery of a link");
      replace(app, "rateLimiter.refund", refund);
      replace(app, "mailer.send", () => Promise.reject(Object.assign(new Error(), { permanent: true })));
      expect(await outcomeOf(operations["the delivery of a link"].run(app))).toEqual({ value: undefined });
    }
  });
});

test.each([
  ["throws", () => raise(new Error("listener"))],
  ["rejects", () => Promise.reject(new Error("listener"))],
  ["never answers", () => new Promise(() => {})],
])("a listener that %s changes no outcome", async (_, onEvent) => {
  for (const name of Object.keys(operations) as (keyof typeof operations)[]) {
    const app = await readyFor(name, { onEvent });
    expect(await operations[name].run(app)).toEqual(operations[name].success);
  }
});

// ── A call answers garbage ──────────────────────────────────────────────────────────────────────────────

const GARBAGE: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["true", true],
  ["false", false],
  ["0", 0],
  ["1", 1],
  ["NaN", Number.NaN],
  ["a bigint", 1n],
  ["a symbol", Symbol("garbage")],
  ["empty text", ""],
  ["blank text", " "],
  ["text", "garbage"],
  ["an empty list", []],
  ["a list of one", [MIKE]],
  ["an empty object", {}],
  ["an object without a prototype", Object.create(null)],
  ["a result of a driver", { rows: [MIKE], rowCount: 1, affectedRows: 1 }],
  ["a function", () => MIKE],
  ["a date", new Date(0)],
  ["no date", new Date(Number.NaN)],
  ["a map", new Map([["id", "42"]])],
  ["a buffer", new Uint8Array(64)],
  ["an error", new Error("answered, not thrown")],
  [
    "an attempt at the prototype",
    JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{}}}'),
  ],
  ["an object that throws when it is looked at", hostile()],
];

const NO_RECORD = "tokens.find must answer the TokenRecord or nothing.";
const noMail = (kind: string) => `The message for ${kind} must be { subject, text, html? }, all strings.`;
/** test/ports.test.ts has each of them to the letter. */
const noUser = (method: string) =>
  expect.stringMatching(new RegExp(`^users\\.${method} answered .+; it must be exact: .+\\.$`));
const noVerdict = (method: string, answer: unknown) =>
  `users.${method} answered ${typeof answer}; it must be exact: whether the row changed, e.g. result.rowCount === 1.`;

/** What the error says of a wrong answer. */
const WRONG_ANSWERS: Record<string, (answer: unknown) => unknown> = {
  "rateLimiter.consume": () => "rateLimiter.consume must answer { allowed, retryAfterSeconds }.",
  "tokens.find": () => NO_RECORD,
  "users.findByEmail": () => noUser("findByEmail"),
  "users.findById": () => noUser("findById"),
  "users.replacePasswordHash": (answer) => noVerdict("replacePasswordHash", answer),
  "users.setFirstPasswordHash": (answer) => noVerdict("setFirstPasswordHash", answer),
  "hasher.hash": () => "hasher.hash must answer a hash, as a string.",
  "own.appName": () => 'appName is a name like "Acme", or a function.',
  "own.resetUrl": () =>
    'resetUrl is no absolute URL. Write it like "https://app.example.com/password_reset/:token".',
  "own.passwordRule": () => "A password rule answers { code: string, … } or nothing.",
  "own.resetLink": () => noMail("reset_link"),
  "own.passwordChanged": () => noMail("password_changed"),
};

/** What is looked into, and not only at. */
const READ = [
  ...["rateLimiter.consume", "tokens.find", "users.findByEmail", "users.findById"],
  ...["own.passwordRule", "own.resetLink", "own.passwordChanged"],
];

describe.each(named(SITES))("%s: %s answers", (_operation, _call, { operation, call, code, proper }) => {
  test.each(GARBAGE)("%s", async (what, answer) => {
    const app = await readyFor(operation);
    const mend = replace(app, call, async () => answer);
    const outcome = await outcomeOf(operations[operation].run(app));
    const expected = proper?.(answer);
    if (expected) expect(outcome).toEqual({ value: expected.outcome });
    else {
      const isUnreadable = what.includes("throws") && READ.includes(call);
      const complaint = isUnreadable ? `${labelOf(call)} failed.` : WRONG_ANSWERS[call]?.(answer);
      const { message, cause } = expectFault(outcome, code);
      expect(message).toEqual(complaint);
      if (isUnreadable) expect(cause).toEqual(new Error("looked at"));
    }
    if (expected?.outcome === completed) return;
    expectNothingOpen(app, outcome);
    mend();
    if (operation.startsWith("completeReset")) await expectLinkAlive(app);
  });
});

describe("what comes close to a proper answer opens nothing either", () => {
  const MARY: ResetUser = { ...MIKE, id: "43", email: "mary@example.org" };
  const another = "0".repeat(64);

  test.each<[string, (record: TokenRecord) => object, RelatchErrorCode?]>([
    ["with the hash of another token", (record) => ({ ...record, tokenHash: another })],
    [
      "with the hash in capitals",
      ({ tokenHash, ...record }) => ({ ...record, tokenHash: tokenHash.toUpperCase() }),
    ],
    [
      "with a part of the hash",
      ({ tokenHash, ...record }) => ({ ...record, tokenHash: tokenHash.slice(0, 63) }),
    ],
    ["of another user", (record) => ({ ...record, userId: "43" })],
    ["of nobody", (record) => ({ ...record, userId: "44" })],
    ["with another fingerprint", (record) => ({ ...record, fingerprint: another })],
    ["with an empty fingerprint", (record) => ({ ...record, fingerprint: "" })],
    ["that has expired", (record) => ({ ...record, expiresAt: new Date(0) })],
    ["that never expires", (record) => ({ ...record, expiresAt: new Date(8.64e15) })],
    ["with a number for a user", (record) => ({ ...record, userId: 42 }), "ERR_TOKEN_STORE"],
    ["with no user", ({ userId: _, ...record }) => record, "ERR_TOKEN_STORE"],
    ["with no hash", ({ tokenHash: _, ...record }) => record, "ERR_TOKEN_STORE"],
    ["with no fingerprint", ({ fingerprint: _, ...record }) => record, "ERR_TOKEN_STORE"],
    ["with no expiry", ({ expiresAt: _, ...record }) => record, "ERR_TOKEN_STORE"],
    [
      "with a text for an expiry",
      (record) => ({ ...record, expiresAt: record.expiresAt.toJSON() }),
      "ERR_TOKEN_STORE",
    ],
    [
      "with a number for an expiry",
      (record) => ({ ...record, expiresAt: +record.expiresAt }),
      "ERR_TOKEN_STORE",
    ],
    ["with no date for an expiry", (record) => ({ ...record, expiresAt: new Date("") }), "ERR_TOKEN_STORE"],
    ["in a list", (record) => [record], "ERR_TOKEN_STORE"],
    ["in a promise's clothes", (record) => ({ record, get: () => record }), "ERR_TOKEN_STORE"],
  ])("a token record %s", async (_, change, code) => {
    for (const operation of ["verifyToken", "completeReset"] as const) {
      const app = await readyFor(operation);
      app.users.set(MARY);
      const { find } = app.tokens;
      app.tokens.find = async (hash) => change((await find(hash))!) as TokenRecord;
      const outcome = await outcomeOf(operations[operation].run(app));
      if (code) expect(expectFault(outcome, code).message).toBe(NO_RECORD);
      else expect(outcome).toEqual({ value: REFUSED });
      expectNothingOpen(app, outcome);
      expect(app.users.get("43")).toEqual(MARY);
    }
  });

  test.each<[string, object, RelatchErrorCode?]>([
    ["somebody else", MARY],
    ["the right person with another address", { ...MIKE, email: "attacker@example.net" }],
    ["an address with a second one", { ...MIKE, email: "mike@example.org,attacker@example.net" }],
    ["an address with a header", { ...MIKE, email: "mike@example.org\r\nBcc: attacker@example.net" }],
    ["another tenant's user", { ...MIKE, tenant: "other" }],
    ["a suspended user", { ...MIKE, resetAllowed: false }],
    ["several addresses", { ...MIKE, email: [MIKE.email, "attacker@example.net"] }, "ERR_USER_STORE"],
    ["the number 0 for suspended", { ...MIKE, resetAllowed: 0 }, "ERR_USER_STORE"],
    ["no hash", { ...MIKE, passwordHash: undefined }, "ERR_USER_STORE"],
    ["two users", [MIKE, MARY], "ERR_USER_STORE"],
  ])("users.findByEmail with %s sends no mail", async (_, answer, code) => {
    const app = await readyFor("the delivery of a link");
    app.users.findByEmail = async () => answer as ResetUser;
    const outcome = await outcomeOf(operations["the delivery of a link"].run(app));
    if (code) expectFault(outcome, code);
    else expect(outcome).toEqual({ value: undefined });
    expect(app.mailer.sent).toEqual([]);
    expectNothingOpen(app, outcome);
  });

  test.each<[string, object, RelatchErrorCode?]>([
    ["a new address", { ...MIKE, email: "new@example.org" }],
    ["a new password", { ...MIKE, passwordHash: "changed elsewhere" }],
    ["no password any more", { ...MIKE, passwordHash: null }],
    ["a tenant", { ...MIKE, tenant: "other" }],
    ["resetAllowed: false", { ...MIKE, resetAllowed: false }],
    ["another id", MARY, "ERR_USER_STORE"],
    ["an id in capitals", { ...MIKE, id: "42 " }, "ERR_USER_STORE"],
  ])("users.findById with %s completes nothing", async (_, answer, code) => {
    for (const operation of ["verifyToken", "completeReset"] as const) {
      const app = await readyFor(operation);
      app.users.findById = async () => answer as ResetUser;
      const outcome = await outcomeOf(operations[operation].run(app));
      const complaint =
        "users.findById answered an account with another id; it must be exact: match the id exactly.";
      if (code) expect(expectFault(outcome, code).message).toBe(complaint);
      else expect(outcome).toEqual({ value: REFUSED });
      expectNothingOpen(app, outcome);
    }
  });

  test.each<[string, object, object?]>([
    ["no wait", { allowed: false }],
    ["a word", { allowed: "yes", retryAfterSeconds: 0 }],
    ["a number", { allowed: 1, retryAfterSeconds: 0 }],
    ["a wait in words", { allowed: true, retryAfterSeconds: "0" }],
    ["a list", [true, 0]],
    ["a wait of NaN", { allowed: false, retryAfterSeconds: Number.NaN }, { retryAfterSeconds: 1 }],
    ["a wait below 0", { allowed: false, retryAfterSeconds: -5 }, { retryAfterSeconds: 1 }],
    ["a broken wait", { allowed: false, retryAfterSeconds: 1.2 }, { retryAfterSeconds: 2 }],
    [
      "an endless wait",
      { allowed: false, retryAfterSeconds: Number.POSITIVE_INFINITY },
      { retryAfterSeconds: expect.toSatisfy(Number.isSafeInteger) },
    ],
  ])("a limiter's verdict with %s", async (_, verdict, throttled) => {
    const app = await readyFor("requestReset");
    const taken = app.jobs.length;
    app.rateLimiter.consume = async () => verdict as never;
    const outcome = await outcomeOf(operations.requestReset.run(app));
    if (throttled) expect(outcome).toEqual({ value: { ok: false, reason: "throttled", ...throttled } });
    else expectFault(outcome, "ERR_RATE_LIMITER");
    expect(app.jobs).toHaveLength(taken);
  });

  test.each([
    ["the password", GOOD_PASSWORD, "hasher.hash must answer a hash, as a string."],
    ["the old hash", MIKE.passwordHash!, "hasher.hash answered the old hash: it must salt."],
  ])("a hasher that answers %s", async (_, hash, complaint) => {
    const app = await readyFor("completeReset");
    const mend = replace(app, "hasher.hash", async () => hash);
    const outcome = await outcomeOf(operations.completeReset.run(app));
    expect(expectFault(outcome, "ERR_HASHER").message).toBe(complaint);
    expectNothingOpen(app, outcome);
    mend();
    await expectLinkAlive(app);
  });
});

// ── A call never answers ────────────────────────────────────────────────────────────────────────────────

const never = () => new Promise(() => {});

/** The calls that somebody waits for. */
const AWAITED = SITES.filter(({ operation }) => !operation.startsWith("the "));

describe.each(named(AWAITED))("%s: %s never answers", (_operation, _call, { operation, call, code }) => {
  test.each([
    ["callTimeout", 2 * SECOND, { callTimeout: new TimeSpan(2, "s") }],
    ["10 seconds without one", 10 * SECOND, {}],
  ])("and fails after %s", async (_, limit, options) => {
    const app = await readyFor(operation, options);
    const mend = replace(app, call, never);
    vi.useFakeTimers();
    const outcome = outcomeOf(operations[operation].run(app));
    expect(await stateAfter(limit - 1, outcome)).toBe("pending");
    const late = await stateAfter(2, outcome);
    const name = call === "own.passwordRule" ? "passwordRules" : labelOf(call);
    expect(expectFault(late, code)).toMatchObject({
      message: `${name} failed.`,
      cause: new Error(`no answer within ${limit} ms`),
    });
    expectNothingOpen(app, late);
    vi.useRealTimers();
    mend();
    if (operation.startsWith("completeReset")) await expectLinkAlive(app);
  });
});

describe("with calls that never answer", () => {
  const options = { callTimeout: new TimeSpan(2, "s") };

  test("drain comes to its end", async () => {
    const app = await readyFor("requestReset", options);
    replace(app, "dispatcher.dispatch", never);
    const outcome = await outcomeAfter(2 * SECOND + 1, () => {
      operations.requestReset.run(app).catch(() => {});
      return app.passwordReset.drain();
    });
    expect(outcome).toEqual({ value: { undelivered: [] } });
  });

  test("a second completion of the same link gets its turn", async () => {
    const app = await readyFor("completeReset", options);
    const mend = replace(app, "hasher.hash", () => {
      mend();
      return never();
    });
    const outcome = await outcomeAfter(2 * SECOND + 1, () => {
      operations.completeReset.run(app).catch(() => {});
      return app.passwordReset.completeReset({ token: app.token, newPassword: "another good password" });
    });
    expect(outcome).toEqual({ value: completed });
  });

  test("a limiter that may be passed over is, after its limit", async () => {
    const rateLimiter = memoryRateLimiter();
    const app = await readyFor("requestReset", {
      ...options,
      limits: { rateLimiter, onUnavailable: "allow" },
    });
    rateLimiter.consume = () => new Promise(() => {});
    // The client's limit and the address's.
    const outcome = await outcomeAfter(2 * 2 * SECOND + 1, () => operations.requestReset.run(app));
    expect(outcome).toEqual({ value: { ok: true } });
  });

  test("a commit that happened, and was not answered, counts", async () => {
    const app = await readyFor("completeReset", options);
    const { replacePasswordHash } = app.users;
    replace(app, "users.replacePasswordHash", async (change: PasswordChange) => {
      await replacePasswordHash(change);
      return never();
    });
    const outcome = await outcomeAfter(2 * SECOND + 1, () => operations.completeReset.run(app));
    expect(outcome).toEqual({ value: completed });
  });

  test("a commit of which nobody can tell is ERR_USER_STORE", async () => {
    const app = await readyFor("completeReset", options);
    replace(app, "users.replacePasswordHash", () => {
      replace(app, "users.findById", never);
      return never();
    });
    const outcome = await outcomeAfter(4 * SECOND + 1, () => operations.completeReset.run(app));
    expectFault(outcome, "ERR_USER_STORE");
    expectNothingOpen(app, outcome);
  });

  test("a commit that happens after its limit is followed up, and the link is dead", async () => {
    const app = await readyFor("completeReset", options);
    const { replacePasswordHash } = app.users;
    let commit = async () => false;
    replace(app, "users.replacePasswordHash", (change: PasswordChange) => {
      commit = () => replacePasswordHash(change);
      return never();
    });
    expectFault(
      await outcomeAfter(2 * SECOND + 1, () => operations.completeReset.run(app)),
      "ERR_USER_STORE",
    );
    vi.useRealTimers();
    // In the process of the reset, and in another one.
    const followUp = app.jobs.at(-1);
    for (const { deliver } of [app.passwordReset, app.worker]) {
      expectFault(await outcomeOf(deliver(followUp)), "ERR_DISPATCHER");
    }
    expect(await commit()).toBe(true);
    expect(await app.passwordReset.verifyToken(app.token)).toEqual(REFUSED);
    let revocations = 0;
    replace(app, "own.revokeSessions", async () => {
      revocations += 1;
    });
    for (const { deliver } of [app.passwordReset, app.worker]) await deliver(followUp);
    expect(revocations).toBe(2);
    expect(app.mailer.sent.map(({ kind }) => kind)).toEqual(["password_changed", "password_changed"]);
  });

  test.each([
    ["own.revokeSessions", false, "session_revocation_failed"],
    ["tokens.deleteByUser", true, "token_cleanup_failed"],
  ] as const)("%s after the commit costs 5 seconds and no success", async (call, sessionsRevoked, event) => {
    const app = await readyFor("completeReset");
    const { replacePasswordHash } = app.users;
    app.users.replacePasswordHash = async (change) => {
      replace(app, call, never);
      return replacePasswordHash(change);
    };
    const outcome = await outcomeAfter(5 * SECOND + 1, () => operations.completeReset.run(app));
    expect(outcome).toEqual({ value: { ...completed, sessionsRevoked } });
    expect(app.events.map(({ type }) => type)).toContain(event);
  });
});

const DELIVERED = SITES.filter(({ operation }) => operation.startsWith("the "));

describe.each(named(DELIVERED))("%s: %s never answers", (_operation, _call, { operation, call, code }) => {
  test("and fails after deliveryTimeout at the latest; the next try delivers", async () => {
    const app = await readyFor(operation, { deliveryTimeout: new TimeSpan(5, "s") });
    const mend = replace(app, call, never);
    const outcome = await outcomeAfter(5 * SECOND + 1, () => operations[operation].run(app));
    const { error } = outcome as { error?: RelatchError };
    expect(error).toBeInstanceOf(RelatchError);
    expect(["ERR_DISPATCHER", code]).toContain(error?.code);
    expectNothingOpen(app, outcome);
    vi.useRealTimers();
    mend();
    expect(await outcomeOf(operations[operation].run(app))).toEqual({ value: undefined });
    expect(app.mailer.sent).toHaveLength(1);
  });
});

test("sessions that cannot be ended do not keep the notice from going out", async () => {
  const app = await readyFor("the follow-up");
  replace(app, "own.revokeSessions", never);
  expectFault(
    await outcomeAfter(30 * SECOND + 1, () => operations["the follow-up"].run(app)),
    "ERR_SESSIONS",
  );
  expect(app.mailer.sent.map(({ kind }) => kind)).toEqual(["password_changed"]);
});

test.each(["users.findByEmail", "tokens.save", "own.appName", "own.resetUrl", "own.resetLink"])(
  "a link whose %s answers after its time is not mailed any more: the next try has its own",
  async (call) => {
    const app = await readyFor("the delivery of a link", { deliveryTimeout: new TimeSpan(5, "s") });
    const [port, method = ""] = call.split(".");
    const original = (app[port as "users"] as unknown as Record<string, (...args: unknown[]) => unknown>)[
      method
    ]!;
    const late = gate();
    const mend = replace(app, call, async (...args: unknown[]) => {
      await late.opened;
      return original(...args);
    });
    const outcome = await outcomeAfter(5 * SECOND + 1, () => operations["the delivery of a link"].run(app));
    expect(outcome).toHaveProperty("error");
    vi.useRealTimers();
    mend();
    await operations["the delivery of a link"].run(app);
    late.open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(app.mailer.sent).toHaveLength(1);
  },
);

function raise(error: unknown): never {
  throw error;
}

/** May be awaited, and throws at everything else. */
function hostile(): object {
  const refuse = () => raise(new Error("looked at"));
  return new Proxy(
    {},
    {
      get: (_, name) => (name === "then" ? undefined : refuse()),
      has: refuse,
      ownKeys: refuse,
      getPrototypeOf: refuse,
      getOwnPropertyDescriptor: refuse,
    },
  );
}
