import { inspect } from "node:util";
import {
  type Dispatcher,
  type Job,
  memoryRateLimiter,
  type PasswordResetOptions,
  TimeSpan,
  type TokenRecord,
} from "relatch";
import { standardMessages } from "relatch/messages";
import { onTestFinished, vi } from "vitest";
import { type Harness, type HarnessOptions, MIKE } from "../helpers/harness.ts";
import { randomKey } from "../helpers/reference.ts";
import type { Client } from "../system/http/client.ts";
import { both, COMPLETE, FORM, handleIn, RESET, tokenIn, VERIFY } from "../system/http/contract/helpers.ts";
import type { Front } from "./helpers/front.ts";
import { findLeaks, print } from "./helpers/watch.ts";

// The whole flow over an application of which every call can be broken, and everything that is said on the way.

export const SHORT = "Kürze7!";
export const GOOD = "Sesam-öffne-dich-7 & more";
const PERSONAL = "mike-mike-9";
const OTHER = `${GOOD} again`;
const LAST = `${GOOD} once more`;
export const PASSWORDS = [GOOD, SHORT, PERSONAL, OTHER, LAST];
const OLD_TOKEN = "old-token-of-mike-0123456789";
const STRANGER = "nobody@example.org";
/** Seals the records and signs the jobs of every stage. */
export const KEY = randomKey();

/** Notes everything that is said, kept or thrown, and looks for secrets in it. */
export interface Recorder {
  /** Notes every form in which things can be print, at once, because they may change later. */
  note(where: string, ...things: unknown[]): void;
  readonly secrets: Set<string>;
  /** Addresses, password hashes and digests, which belong in the application's databases and in no log. */
  readonly confidential: Set<string>;
  /** The places where something was noted. */
  readonly places: ReadonlySet<string>;
  /** Returns the words behind this key in the notes of a place: `wordsAt("own.onEvent", "type")`. */
  wordsAt(where: string, key: string): Set<string>;
  /** Returns the places where this text was noted. */
  placesOf(text: string): string[];
  /** Returns where a secret was found, and how it is written there. */
  leaks(): string[];
}

/** The places that loggers and error trackers read. */
const LOGGED = /, error$|^onError$|^own\.on|^console$|^stdout|^emitWarning$|^unhandled/;

export function recorder(...known: string[]): Recorder {
  const notes = new Map<string, Set<string>>();
  const secrets = new Set(known);
  const confidential = new Set<string>();
  const textAt = (where: string) => [...(notes.get(where) ?? [])].join("\n");
  return {
    secrets,
    confidential,
    get places() {
      return new Set(notes.keys());
    },
    wordsAt: (where, key) => new Set(textAt(where).match(new RegExp(`(?<="${key}":")[\\w-]+`, "g"))),
    placesOf: (text) => [...notes.keys()].filter((where) => textAt(where).includes(text)),
    note(where, ...things) {
      notes.set(where, (notes.get(where) ?? new Set()).add(print(...things)));
    },
    leaks: () =>
      [...notes.keys()].flatMap((where) => {
        const words = LOGGED.test(where) ? [...secrets, ...confidential] : secrets;
        return findLeaks(textAt(where), ...words).map((form) => `${where}: ${form}`);
      }),
  };
}

/**
 * Returns a recorder of everything that this process says until the test is over. Takes every 32 random bytes for a
 * token, whether or not it was emailed.
 */
export function record(): Recorder {
  const its = recorder(...PASSWORDS, OLD_TOKEN, Buffer.from(KEY).toString("base64url"));
  for (const each of [MIKE.email, STRANGER, MIKE.passwordHash ?? ""]) its.confidential.add(each);
  const methods = Object.entries(console).filter(([, method]) => typeof method === "function");
  for (const [name] of methods) {
    vi.spyOn(console, name as "log").mockImplementation((...args) => its.note("console", args));
  }
  vi.spyOn(process, "emitWarning").mockImplementation((...args) => its.note("emitWarning", args));
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((...args: unknown[]) => {
      its.note("stdout or stderr", args);
      return true;
    });
  }
  const noteUnhandled = (reason: unknown) => its.note("unhandledRejection", reason);
  process.on("unhandledRejection", noteUnhandled);
  const draw = crypto.getRandomValues.bind(crypto);
  vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    draw(array as Uint8Array);
    if (array?.byteLength === 32) its.secrets.add(Buffer.from(array as Uint8Array).toString("base64url"));
    return array;
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
    process.off("unhandledRejection", noteUnhandled);
  });
  return its;
}

// ── The application ───────────────────────────────────────────────────────────────────────────────────────

/** The calls of the application's ports, and its own functions. */
export const CALLS = (
  "users.findByEmail users.findById users.replacePasswordHash hasher.hash tokens.save tokens.find tokens.deleteByUser " +
  "mailer.send limiter.consume limiter.refund queue.dispatch own.revokeSessions own.appName own.resetUrl own.rule " +
  "own.resetLink own.passwordChanged own.onEvent own.onError legacy.find legacy.spend legacy.revoke"
).split(" ");

/** The calls of codes and of a second factor. */
export const FEATURE_CALLS =
  "tokens.save tokens.find mailer.send limiter.consume queue.dispatch own.resetCode factor.methods factor.verify".split(
    " ",
  );

/** Calls that get a secret, as they have to: their arguments are not noted. */
const ENTRUSTED = [
  ...["hasher.hash", "mailer.send", "own.rule", "own.resetLink", "own.resetCode", "legacy.find", "legacy.spend"],
  "factor.verify",
];

export type Fault = (...args: unknown[]) => unknown;
const refuses = (more: object) => async () => Promise.reject(Object.assign(new Error("refused"), more));
const ECONNRESET = { code: "ECONNRESET" };

/** An error that quotes the call in everything that an error has, as those of drivers and object mappers do. */
export const quotes: Fault = async (...args) => {
  // As in SQL, and as in the URL of a database over HTTP.
  const words = `${inspect(args, { depth: 4 })} ${encodeURIComponent(JSON.stringify(args))}`;
  const driver = Object.assign(new Error(`duplicate key: Key (email)=(${words}) exists`), {
    ...{ name: "DatabaseError", code: "23505", detail: words, where: { params: args } },
  });
  const query = { query: words, params: args, code: words, responseCode: words, name: words };
  throw Object.assign(new Error(`Failed query: ${words}\nparams: ${words}`, { cause: driver }), query);
};

/** The ways in which a call goes wrong. */
const FAULTS: Fault[] = [
  quotes,
  (...args) => {
    throw Object.assign(new Error("down"), ECONNRESET, { args });
  },
  async (...args) => {
    throw Object.assign(new Error("down"), ECONNRESET, { cause: new AggregateError(args, "deep") });
  },
  () => ({ garbage: [7] }),
  () => "garbage",
  () => new Promise(() => {}),
];
const MAIL_FAULTS: Fault[] = [
  refuses({ permanent: true, responseCode: 550 }),
  refuses({ responseCode: 451 }),
  refuses({ code: "ETIMEDOUT" }),
];
export const faultsOf = (call: string): Fault[] => [...FAULTS, ...(call === "mailer.send" ? MAIL_FAULTS : [])];

export interface Stage {
  options: Partial<PasswordResetOptions>;
  /** More options, for codes and a second factor. */
  features: HarnessOptions;
  /** Notes what the ports of the application are told and return. */
  attach(app: Harness, recorder: Recorder): void;
  /** Breaks a call from now on; without arguments all calls work. */
  break(call?: string, fault?: Fault): void;
  jobs: Job[];
}

/** Sets a stage, where jobs are kept in `jobs` if there is no dispatcher. */
export function stage(dispatcher?: Dispatcher): Stage {
  let recorder: Recorder | undefined;
  let broken: { call?: string | undefined; fault?: Fault | undefined } = {};
  const jobs: Job[] = [];
  let clock = { now: 0 };
  const standard = standardMessages();

  const around = (call: string, run: Fault): Fault => {
    const isEntrusted = ENTRUSTED.includes(call);
    const isLetter = call === "own.resetLink" || call === "own.resetCode";
    return (...args) => {
      // The cause, which is the second argument of `onError`, may contain anything.
      if (!isEntrusted) recorder?.note(call, call === "own.onError" ? args[0] : args);
      if (isLetter) {
        const { url, code } = args[0] as { url: string; code?: string };
        for (const each of [tokenIn(url), code ?? ""].filter(Boolean)) recorder?.secrets.add(each);
      }
      if (call === "tokens.save") {
        const { tokenHash, fingerprint } = args[0] as TokenRecord;
        for (const each of [tokenHash, fingerprint]) recorder?.confidential.add(each);
      }
      if (broken.call === call && broken.fault) return broken.fault(...args);
      const result = run(...args);
      // The result of a message is the email.
      if (!isLetter) {
        void Promise.resolve(result).then(
          (value) => {
            if (call === "hasher.hash" && typeof value === "string") recorder?.confidential.add(value);
            recorder?.note(call, value);
          },
          () => {},
        );
      }
      return result;
    };
  };
  const watch = (name: string, port: object): never => {
    for (const [method, run] of Object.entries(port) as [string, Fault][]) {
      if (typeof run === "function") Object.assign(port, { [method]: around(`${name}.${method}`, run.bind(port)) });
    }
    return port as never;
  };

  const own: Record<string, never> = watch("own", {
    revokeSessions: async () => undefined,
    appName: () => "Acme",
    resetUrl: () => "https://app.example.com/password_reset/:token",
    rule: (password: string) => (password.length < 8 ? { code: "too_short", params: { min: 8 } } : undefined),
    ...{ resetLink: standard.resetLink, resetCode: standard.resetCode, passwordChanged: standard.passwordChanged },
    ...{ onEvent: () => undefined, onError: () => undefined },
  });
  const legacyTokens = watch("legacy", {
    find: async (token: string) =>
      token === OLD_TOKEN ? { userId: MIKE.id, expiresAt: new Date(clock.now + 60_000) } : null,
    spend: async (token: string) => token === OLD_TOKEN,
    revoke: async () => undefined,
  });
  const secondFactor = watch("factor", {
    methods: async () => ["totp", "recovery_code"],
    verify: async (_: string, { response }: { response: string }) => response === RIGHT_RESPONSE,
  });
  return {
    jobs,
    features: { codes: true, secondFactor, messages: { resetCode: own["resetCode"] } },
    options: {
      ...{ revokeSessions: own["revokeSessions"], appName: own["appName"], resetUrl: own["resetUrl"] },
      ...{ keys: [KEY], passwordRules: [own["rule"]], onEvent: own["onEvent"], onError: own["onError"] },
      legacyTokens: { until: new Date(8.64e15), ...(legacyTokens as object) },
      messages: { resetLink: own["resetLink"], passwordChanged: own["passwordChanged"] },
      dispatcher: watch("queue", dispatcher ?? { dispatch: async (job: Job) => void jobs.push(job) }),
      limits: {
        rateLimiter: watch("limiter", memoryRateLimiter()),
        client: { max: 1000, window: new TimeSpan(60, "s") },
        address: [{ max: 100, window: new TimeSpan(60, "s") }],
      },
      callTimeout: new TimeSpan(30, "ms"),
      deliveryTimeout: new TimeSpan(90, "ms"),
    } as unknown as Partial<PasswordResetOptions>,
    attach(app, its) {
      recorder = its;
      broken = {};
      clock = app.clock;
      jobs.length = 0;
      for (const name of ["users", "tokens", "mailer", "hasher"] as const) watch(name, app[name]);
    },
    break(call, fault) {
      broken = { call, fault };
    },
  };
}

// ── The flow ──────────────────────────────────────────────────────────────────────────────────────────────

const JUNK_EMAILS = ["mike", "", undefined, [MIKE.email], { $gt: "" }, `${MIKE.email}\r\nBcc: x@y.z`];
const JUNK_TOKENS = ["x", "", undefined, ["x"], { $ne: null }, "A".repeat(43), "A".repeat(100_000), 7];
const JUNK_PASSWORDS = [undefined, "", 7, ["x"], "x".repeat(10_000), "\0".repeat(9)];
const [WRONG_RESPONSE, RIGHT_RESPONSE] = ["Kürbis-7-recovery-code", "Zitrone-9-recovery-code"];
const JUNK_JOBS = [undefined, "x", {}, { v: 2 }, { v: 2, type: "reset_requested" }];

/** Returns the newest token, whether or not its email arrived. */
const newest = ({ secrets }: Recorder): string =>
  [...secrets].findLast((secret) => /^[\w-]{43,246}$/.test(secret)) ?? "";

/** Takes every step, with everything that can be wrong with its input, and notes what it returns or throws. */
export async function everyStep(app: Harness, { jobs }: Stage, its: Recorder): Promise<void> {
  const { passwordReset, clock } = app;
  const step = (where: string, run: Promise<unknown>): Promise<void> =>
    run.then(
      (result) => its.note(where, result),
      (error) => its.note(`${where}, error`, error),
    );
  const complete = (token: unknown, newPassword: unknown) =>
    step("completeReset", passwordReset.completeReset({ token, newPassword }));
  /** Works off the jobs as they come from a queue, and each of them once more. */
  const work = async () => {
    await passwordReset.drain();
    for (const job of jobs.splice(0).flatMap((each) => [each, each])) {
      its.note("job", job);
      await step("deliver", passwordReset.deliver(structuredClone(job)));
    }
  };

  its.note("passwordReset", passwordReset);
  for (const email of [MIKE.email, STRANGER, ...JUNK_EMAILS]) {
    await step("requestReset", passwordReset.requestReset({ email, ip: "192.0.2.1" }));
  }
  await work();
  clock.now += 60_000;
  const token = newest(its);
  for (const each of [token, ...JUNK_TOKENS]) {
    await step("verifyToken", passwordReset.verifyToken({ token: each }));
    await complete(each, SHORT);
  }
  for (const newPassword of [...JUNK_PASSWORDS, PERSONAL]) await complete(token, newPassword);
  const tenant = { token, newPassword: GOOD, tenant: 7 as never };
  await step("tenant", passwordReset.completeReset(tenant));
  await Promise.all([GOOD, GOOD, OTHER].map((newPassword) => complete(token, newPassword)));
  await work();
  await step("verifyToken", passwordReset.verifyToken({ token }));
  for (const userId of [MIKE.id, "43", { token } as never]) await step("sendLink", passwordReset.sendLink({ userId }));
  await work();
  await step("verifyToken", passwordReset.verifyToken({ token: OLD_TOKEN }));
  await complete(OLD_TOKEN, LAST);
  await work();
  for (const job of JUNK_JOBS) await step("deliver", passwordReset.deliver(job));
  for (const userId of [MIKE.id, { token } as never]) await step("revokeTokens", passwordReset.revokeTokens(userId));
  await work();
  its.note("the account", app.users.get(MIKE.id));
  its.note("passwordReset", passwordReset);
}

/** Takes every step of a reset with a code and a second factor. Notes what comes back, without ticket and token. */
export async function everyFeatureStep(app: Harness, { jobs }: Stage, its: Recorder): Promise<void> {
  const { passwordReset, mailer } = app;
  type Result = { ticket?: string; token?: string } | undefined;
  async function step(where: string, run: () => Promise<unknown>): Promise<Result> {
    try {
      const { ticket, token, ...result } = Object(await run()) as Record<string, string>;
      for (const each of [ticket, token]) if (each) its.secrets.add(each);
      its.note(where, result);
      return { ...(ticket && { ticket }), ...(token && { token }) };
    } catch (error) {
      its.note(`${where}, error`, error);
      return undefined;
    }
  }
  const work = async () => {
    for (const job of jobs.splice(0)) {
      its.note("job", job);
      await step("deliver", () => passwordReset.deliver(structuredClone(job)));
    }
    await passwordReset.drain();
  };

  for (const response of [WRONG_RESPONSE, RIGHT_RESPONSE]) its.secrets.add(response ?? "");
  const requested = await step("requestReset", () =>
    passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1", method: "code" }),
  );
  await work();
  const { code = "01234567", url = "" } = Object(mailer.sent.at(-1)?.variables) as { code?: string; url?: string };
  const typed = code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
  its.secrets.add(typed);
  const ticket = requested?.ticket;
  for (const each of [typed, [code], `${code}\0`]) {
    await step("redeemCode", () => passwordReset.redeemCode({ ticket, code: each }));
  }
  await step("redeemCode", () => passwordReset.redeemCode({ ticket: `${ticket}x`, code }));
  const redeemed = await step("redeemCode", () => passwordReset.redeemCode({ ticket, code }));
  const token = redeemed?.token ?? tokenIn(url);
  await step("verifyToken", () => passwordReset.verifyToken({ token }));
  const proofs = [
    undefined,
    { method: WRONG_RESPONSE, response: WRONG_RESPONSE },
    { method: "totp", response: WRONG_RESPONSE },
    { method: "recovery_code", response: RIGHT_RESPONSE },
  ];
  for (const secondFactor of proofs) {
    await step("completeReset", () => passwordReset.completeReset({ token, newPassword: GOOD, secondFactor }));
  }
  await work();
}

const GRANT = /^(__Host-password_reset=)[\w-]{43}(?=;)/;

/** Takes the same steps over HTTP. Notes what comes back, except the cookie that is to contain the token. */
export async function everyRoute(app: Front, its: Recorder, hasJunk: boolean, breakIt = () => {}): Promise<void> {
  const { clock, visitor, passwordReset } = app;
  const browser = visitor();
  const go = async (client: Client, ...[method, path, sent]: Parameters<Client["send"]>) => {
    const site = method === "POST" && sent?.form && { "Sec-Fetch-Site": "same-origin" };
    const answer = await client.send(method, path, { ...sent, headers: { ...site, ...sent?.headers } });
    const cookies = answer.cookies.map((cookie) => cookie.replace(GRANT, "$1"));
    const where = path.split("/")[2]?.length === 43 ? "the link" : path;
    its.note(`${method} ${where}`, {
      ...answer,
      headers: { ...answer.headers, "set-cookie": cookies },
      cookies,
    });
    return answer;
  };
  const form = (path: string, fields: Record<string, string>) => go(browser, "POST", path, { form: fields });
  const json = (path: string, fields: object) => go(visitor(), "POST", path, { json: fields });
  const drain = () => passwordReset.drain().catch((error) => its.note("drain", error));
  const request = async (email: unknown) => {
    clock.now += 60_000;
    await (typeof email === "string" ? form(RESET, { email }) : json(RESET, { email }));
    await drain();
  };

  await request(MIKE.email);
  const token = newest(its);
  const link = `${RESET}/${token}`;
  await go(browser, "GET", link);
  const handle = handleIn(await go(browser, "GET", FORM));
  breakIt();

  if (hasJunk) {
    for (const email of [STRANGER, ...JUNK_EMAILS]) await request(email);
    for (const method of ["HEAD", "PUT", "DELETE"]) await go(browser, method, link);
    for (const password of ["", "x".repeat(10_000), GOOD.repeat(900)]) {
      await form(FORM, { handle, ...both(password) });
      await form(link, both(password));
      await json(COMPLETE, { token, newPassword: password });
    }
    for (const junk of JUNK_TOKENS) {
      const text = String(junk);
      if (text.length < 1000) await go(browser, "GET", `${RESET}/${encodeURIComponent(text)}`);
      for (const path of [VERIFY, COMPLETE]) await json(path, { token: junk, newPassword: GOOD });
    }
    const headers = { "Sec-Fetch-Site": "cross-site" };
    await go(browser, "POST", FORM, { headers, form: { handle, ...both(GOOD) } });
    for (const type of ["text/plain", "application/json", "application/json;charset=utf-16"]) {
      const body = `{"token":"${token}","newPassword":"${GOOD}"`;
      await go(browser, "POST", COMPLETE, { headers: { "Content-Type": type }, body });
    }
  }
  await json(VERIFY, { token });
  await go(browser, "GET", link);
  await go(browser, "GET", FORM);
  for (const password of [SHORT, PERSONAL]) {
    await form(FORM, { handle, ...both(password) });
    await json(COMPLETE, { token, newPassword: password });
  }
  await form(link, { ...both(GOOD), password_confirmation: `${GOOD}!` });
  await form(FORM, { handle, ...both(GOOD) });
  await json(COMPLETE, { token, newPassword: GOOD });
  await drain();
  await go(browser, "GET", link);
  await request(MIKE.email);
  its.note("onError", ...app.faults);
}
