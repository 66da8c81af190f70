import type { MailMessage } from "relatch";
import { expect, onTestFinished, vi } from "vitest";
import { GOOD_PASSWORD, type Harness, harness, KEYS, MIKE } from "../helpers/harness.ts";
import { tokenIn } from "../system/http/contract/helpers.ts";
import { everyFlawOf, flaw, flawIn, keepCause, LONG, override, signedJob } from "./helpers/flaw.ts";
import { findLeaks, print } from "./helpers/watch.ts";

// A token is 256 bits of the platform's CSPRNG, fresh each time, and nothing else. The mistakes are other generators
// in the place of the CSPRNG.

const AT = Date.UTC(2026, 0, 1);
const UNLIMITED = { limits: { client: false, address: false } } as const;
const bytesOf = (token: string) => Buffer.from(token, "base64url");

/** Has so many links emailed, and returns their tokens. */
async function issue(count: number, start = harness): Promise<string[]> {
  const tokens: string[] = [];
  const app = start({
    ...UNLIMITED,
    dispatcher: { dispatch: (job, deliver) => deliver(job) },
    messages: {
      resetLink({ url }) {
        tokens.push(tokenIn(url));
        return { subject: "Reset", text: url };
      },
    },
  });
  for (let nth = 0; nth < count; nth++) await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
  return tokens;
}
type Issue = typeof issue;

const real = crypto.getRandomValues.bind(crypto);

/** Every draw of 32 bytes is made by this instead of the CSPRNG. */
function generate(draw: (bytes: Uint8Array) => Uint8Array): void {
  vi.spyOn(crypto, "getRandomValues").mockImplementation(((array: Uint8Array) =>
    array.byteLength === 32 ? draw(real(array)) : real(array)) as typeof crypto.getRandomValues);
}

const sources = (draw: (bytes: Uint8Array) => Uint8Array): [() => Issue, () => Issue] => [
  () => async (count, start) => (count === SAMPLE ? sample : issue(count, start)),
  () => (count, start) => {
    generate(draw);
    return issue(count, start);
  },
];

// ── Statistics in which a good sample stands out once in 10^8 runs ────────────────────────────────────────

/** How many standard deviations are too many. */
const TOO_MANY = 6;
const SAMPLE = LONG ? 1_000_000 : 4000;
const sample = await issue(SAMPLE);

/** Returns by how many standard deviations the share of ones among the bits is not one half (NIST SP 800-22 §2.1). */
function monobit(bytes: Uint8Array): number {
  let ones = 0;
  for (let byte of bytes) for (; byte > 0; byte >>= 1) ones += byte & 1;
  const bits = 8 * bytes.length;
  return Math.abs(2 * ones - bits) / Math.sqrt(bits);
}

/** Returns by how many standard deviations values below `size` are not equally frequent (Wilson and Hilferty). */
function chiSquare(values: Iterable<number>, size: number): number {
  const counts = new Array<number>(size).fill(0);
  for (const value of values) counts[value]! += 1;
  const expected = counts.reduce((sum, count) => sum + count, 0) / size;
  const sum = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
  const variance = 2 / (9 * (size - 1));
  return Math.abs((Math.cbrt(sum / (size - 1)) - (1 - variance)) / Math.sqrt(variance));
}

/** Returns by how many standard deviations the order of strings tells in which order they came (Spearman's rho). */
function orderliness(texts: readonly string[]): number {
  const n = texts.length;
  const ranked = texts.map((text, index) => ({ text, index })).sort((a, b) => (a.text < b.text ? -1 : 1));
  const squares = ranked.reduce((sum, { index }, rank) => sum + (index - rank) ** 2, 0);
  return Math.abs(1 - (6 * squares) / (n * (n * n - 1))) * Math.sqrt(n - 1);
}

/** A 31-bit linear congruential generator, low bits first, as rand() was. */
function linear(seed: number) {
  let state = seed;
  return (bytes: Uint8Array) =>
    bytes.map(() => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return state & 255;
    });
}

// ── The flaws ─────────────────────────────────────────────────────────────────────────────────────────────

const takesOtherBytes = (app: Harness) => {
  app.requestToken = async () => Buffer.alloc(32, 256 * Math.random()).toString("base64url");
};

flaw("CVE-2019-16303", "A token is 32 bytes of the CSPRNG", takesOtherBytes, async (app) => {
  const draws: Uint8Array[] = [];
  generate((bytes) => {
    draws.push(Uint8Array.from(bytes));
    return bytes;
  });
  const token = await app.requestToken();
  expect(draws.map((draw) => Buffer.from(draw).toString("base64url"))).toEqual([token]);
});

const rolls = (app: Harness) => {
  const { save } = app.tokens;
  app.tokens.save = (record) => save({ ...record, fingerprint: record.fingerprint.slice(Math.random()) });
};

flaw("GHSA-p4cc-w597-6cpm", "Math.random is never called during a reset", rolls, async (app) => {
  const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
  const token = await app.requestToken();
  await app.passwordReset.verifyToken({ token });
  await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
  await app.passwordReset.drain();
  expect(random).not.toHaveBeenCalled();
});

flawIn("CVE-2016-5100", "A token has 256 bits that look random", sources(linear(1)), async (mint) => {
  const tokens = await mint(SAMPLE);
  expect(new Set(tokens).size).toBe(SAMPLE);
  const bytes = Buffer.concat(tokens.map(bytesOf));
  expect(bytes).toHaveLength(32 * SAMPLE);
  expect(monobit(bytes)).toBeLessThan(TOO_MANY);
  expect(chiSquare(bytes, 256)).toBeLessThan(TOO_MANY);
  const pairs = bytes.subarray(1).map((byte, index) => ((bytes[index]! & 15) << 4) | (byte & 15));
  expect(chiSquare(pairs, 256)).toBeLessThan(TOO_MANY);
  for (let place = 0; place < 32; place++) {
    const there = bytes.filter((_, index) => index % 32 === place);
    expect(chiSquare(there, 256)).toBeLessThan(TOO_MANY);
  }
});

const emailsAnyway = override((_, app) => ({
  requestReset: ({ email }) => app.mailer.send({ to: email, subject: "", text: "" } as MailMessage, {} as never),
}));

flaw("GHSA-382v-gxj9-ffhc", "Without the CSPRNG there is no token", emailsAnyway, async (app) => {
  const save = vi.spyOn(app.tokens, "save");
  generate(() => {
    throw new DOMException("no entropy", "QuotaExceededError");
  });
  await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
  await app.passwordReset.drain();
  expect(app.mailer.sent).toEqual([]);
  expect(save).not.toHaveBeenCalled();
  expect(app.happened()).toContain("delivery_failed:ERR_DISPATCHER");
});

// 256 values to 62 characters: the first eight come five times, and the others four times.
const remainders = sources((bytes) => bytes.map((byte) => 4 * (byte % 62)));

flawIn("CVE-2011-4321", "A token is 43 characters of base64url without a bias", remainders, async (mint) => {
  const tokens = await mint(SAMPLE);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{42}[AEIMQUYcgkosw048]$/);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const symbols = tokens.flatMap((token) => [...token.slice(0, 42)].map((symbol) => alphabet.indexOf(symbol)));
  expect(chiSquare(symbols, 64)).toBeLessThan(TOO_MANY);
});

const clocks = sources((bytes) => new Uint8Array(new Float64Array(4).fill(Date.now()).buffer, 0, bytes.length));

flawIn("CVE-2026-93868", "Tokens of one instant have nothing in common", clocks, async (mint) => {
  vi.useFakeTimers({ now: AT, toFake: ["Date", "performance"] });
  const tokens = await mint(1300);
  // Eight characters are 48 bits: two of 1300 tokens share them once in 3·10^8 runs.
  expect(new Set(tokens.map((token) => token.slice(0, 8))).size).toBe(1300);
  expect(new Set(tokens.map((token) => token.slice(-8))).size).toBe(1300);
});

const quotes = { send: async ({ text }: MailMessage) => Promise.reject(new Error(text)) };
const quoting = { options: { keys: KEYS, mailer: quotes }, mistake: { onError: keepCause } };

flaw("CVE-2012-5508", "No error or event contains random bytes", quoting, async (app) => {
  const draws: string[] = [];
  generate((bytes) => {
    draws.push(Buffer.from(bytes).toString("base64url"));
    return bytes;
  });
  const told: unknown[] = [app.events];
  const note = (work: Promise<unknown>) => work.then(...[1, 2].map(() => (what: unknown) => told.push(what)));
  app.users.findById = async () => Promise.reject(new Error("down"));
  for (const port of [{}, { save: async () => Promise.reject(new Error("down")) }]) {
    Object.assign(app.tokens, port);
    app.clock.now += 60_000;
    const job = { id: `${draws.length}`, type: "reset_requested", email: MIKE.email };
    await note(app.passwordReset.deliver(signedJob(app, job)));
    await note(app.passwordReset.verifyToken({ token: draws[0] ?? "" }));
    await note(app.passwordReset.completeReset({ token: draws[0], newPassword: GOOD_PASSWORD }));
  }
  expect(draws).toHaveLength(2);
  expect(findLeaks(print(...told), ...draws)).toEqual([]);
});

const constants = sources((bytes) => bytes.fill(7));

flawIn("CVE-2025-63314", "The same account gets another token each time", constants, async (mint) => {
  vi.useFakeTimers({ now: AT, toFake: ["Date"] });
  const [first, second] = await mint(2);
  expect(bytesOf(first ?? "")).toHaveLength(32);
  expect(first).not.toBe(second);
});

/** Starts another process, with a generator that is seeded by the clock in the control. */
const starts = [undefined, linear].map((seeded) => () => async () => {
  vi.resetModules();
  // Modules that were loaded under fake timers keep them.
  onTestFinished(() => void vi.resetModules());
  const fresh = await import("../helpers/harness.ts");
  expect(fresh.harness).not.toBe(harness);
  if (seeded) generate(seeded(Date.now()));
  return issue(100, fresh.harness);
});

const processes = [starts[0]!, starts[1]!] as const;

flawIn("CVE-2020-7378", "Processes of the same instant share no token", processes, async (start) => {
  vi.useFakeTimers({ now: AT, toFake: ["Date", "performance"] });
  const tokens = [...(await start()), ...(await start())];
  expect(new Set(tokens).size).toBe(200);
});

// Even if only every fourth token tells when it was made.
let count = 0;
const counters = sources((bytes) => {
  count += 1;
  if (count % 4 === 0) bytes[0] = (256 * count) / SAMPLE;
  return bytes;
});

flawIn("X2", "The order of tokens does not tell in which order they were made", counters, async (mint) => {
  count = 0;
  const numbers = (await mint(SAMPLE)).map((token) => bytesOf(token).toString("hex"));
  expect(orderliness(numbers)).toBeLessThan(TOO_MANY);
  expect(orderliness(numbers.map((number) => [...number].reverse().join("")))).toBeLessThan(TOO_MANY);
});

everyFlawOf("c-generation");
