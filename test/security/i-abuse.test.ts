import {
  clientKey,
  type Job,
  type MailMessage,
  type PasswordResetOptions,
  type RateLimiter,
  sessionStamp,
  signedTokens,
  TimeSpan,
} from "relatch";
import { standardNotices } from "relatch/messages";
import { expect, vi } from "vitest";
import { signJob } from "../../src/core/jobs.ts";
import { GOOD_PASSWORD, type Harness, KEYS, MIKE } from "../helpers/harness.ts";
import { RESET, SOME_TOKEN, tokenIn } from "../system/http/contract/helpers.ts";
import {
  everyFlawOf,
  flaw,
  flawOverHttp,
  inOrder,
  kinds,
  LONG,
  override,
  REFUSED,
  recipientsOf,
  signedJob,
  spyOnCommits,
  times,
} from "./helpers/flaw.ts";
import { clientOf, type FrontOptions } from "./helpers/front.ts";
import { generous, type WatchedLimiter, watchLimiter } from "./helpers/watch.ts";

// Nobody can flood a mailbox, guess a link, or keep its owner out.

const MINUTE = 60_000;
const KINDS: [string, Partial<PasswordResetOptions>][] = [
  ["stored", {}],
  ["signed", { tokens: signedTokens(), keys: KEYS }],
];
const UNLIMITED: FrontOptions = { limits: { client: false, address: false } };

/** The limiter of the application under test. */
let limiter: WatchedLimiter;
const watching = (inner?: RateLimiter) => (): FrontOptions => {
  limiter = watchLimiter(inner);
  return { limits: { rateLimiter: limiter } };
};

// ── Flooding ──────────────────────────────────────────────────────────────────────────────────────────────

const SPELLINGS = [MIKE.email, "MIKE@EXAMPLE.ORG", " Mike@Example.org\n", "mike@EXAMPLE.org"];
const ask = ({ passwordReset }: Harness, nth: number) =>
  passwordReset.requestReset({ email: SPELLINGS[nth % 4], ip: clientOf(nth) });
/** The mistake: the limit by address depends on who asks. */
const limitsClients = { limits: { address: false } } as const;

for (const [kind, options] of KINDS) {
  const plan = { options, mistake: limitsClients };
  flaw("CVE-2025-54879", `200 clients get one address one email at once (${kind})`, plan, async (app) => {
    const results = await Promise.all(times(200, (nth) => ask(app, nth)));
    expect(kinds(results)).toEqual(['{"ok":true}']);
    expect(await recipientsOf(app)).toEqual([MIKE.email]);
  });

  flaw("CVE-2025-54879", `200 clients get one address three emails an hour (${kind})`, plan, async (app) => {
    for (let nth = 0; nth < 200; nth++) {
      expect(await ask(app, nth)).toEqual({ ok: true });
      await app.passwordReset.drain();
      const newest = tokenIn(app.mailer.lastLink(MIKE.email) ?? "");
      // The owner has a valid link at any time.
      expect(await app.passwordReset.verifyToken({ token: newest })).toMatchObject({ ok: true });
      app.clock.now += 7 * MINUTE;
      if (nth === 7) expect(await recipientsOf(app)).toHaveLength(3);
    }
    expect(app.mailer.sent.length).toBeGreaterThan(24);
    expect(app.mailer.sent.length).toBeLessThanOrEqual(3 * 24);
    const token = tokenIn(app.mailer.lastLink(MIKE.email) ?? "");
    expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
  });
}

const accounts = [MIKE, { ...MIKE, id: "43", email: "sso@example.org", resetAllowed: false }];
const messages = standardNotices();
/** The mistake: a call emails something without asking the limiter. */
const emailsAnyway = override((core, { mailer }) => ({
  async requestReset(input) {
    await mailer.send({ to: input.email, subject: "", text: "" } as MailMessage, { kind: "reset_link" } as never);
    return core.requestReset(input);
  },
}));
const counting = { options: () => ({ ...watching(generous)(), accounts, messages }), mistake: emailsAnyway };

flaw("CVE-2025-27157", "Every email of a request is counted first, notices too", counting, async (app) => {
  const counts: number[] = [];
  const { send } = app.mailer;
  app.mailer.send = async (...email) => {
    counts.push(limiter.keys("address").length);
    return send(...email);
  };
  for (const email of [MIKE.email, "nobody@example.org", "sso@example.org", "nobody@example.org"]) {
    await app.passwordReset.requestReset({ email, ip: "192.0.2.1" });
    await app.passwordReset.drain();
  }
  expect(app.mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "no_account", "no_account"]);
  // Two rules by address, and one by client.
  expect(counts).toEqual([2, 4, 8]);
  expect(limiter.asked).toHaveLength(12);
});

/** The mistake: a worker signs what it is given. */
const signsAnything = override((core) => ({
  deliver: (job) => core.deliver(signJob(job as Job, KEYS)),
}));

flaw(
  "CVE-2025-27157",
  "A job that somebody wrote or changed does nothing",
  { options: { keys: KEYS }, mistake: signsAnything },
  async (app) => {
    const request = { type: "reset_requested", email: MIKE.email };
    const change = { previousStamp: "x", stamp: sessionStamp(MIKE), isCommitted: true };
    const followUp = { type: "follow_up", userId: MIKE.id, email: MIKE.email, ...change };
    for (const fields of [request, followUp]) {
      const { mac, ...unsigned } = signedJob(app, fields) as Job;
      for (const odd of [{}, { mac: "A".repeat(43) }, { mac, email: "eve@evil.example" }, { mac, id: "b" }]) {
        await app.passwordReset.deliver({ ...unsigned, ...odd });
      }
      await app.passwordReset.deliver(signJob(unsigned as Job, [new Uint8Array(32).fill(8)]));
    }
    expect(app.happened()).toEqual(new Array(10).fill("job_dropped:forged"));
    expect([app.mailer.sent, app.revoked]).toEqual([[], []]);
  },
);

const strangers = (count: number) => times(count, (nth) => `stranger${nth}@example.net`);

const unlimited = { mistake: UNLIMITED };

flaw("CVE-2022-31184", "1000 unknown addresses cost 30 look-ups", unlimited, async (app) => {
  const [save, find] = [vi.spyOn(app.tokens, "save"), vi.spyOn(app.users, "findByEmail")];
  const asking = strangers(1000).map((email) => () => app.passwordReset.requestReset({ email, ip: "192.0.2.1" }));
  const results = await inOrder(asking);
  expect(await recipientsOf(app)).toEqual([]);
  expect(results.filter(({ ok }) => ok)).toHaveLength(30);
  expect(find).toHaveBeenCalledTimes(30);
  expect(save).not.toHaveBeenCalled();
});

// ── Guessing ──────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Makes what a stranger may make of a link: random bytes, the link with one byte changed, with its first
 * half, its second half, or its middle replaced.
 */
function guess(nth: number, link: string): string {
  const bytes = Uint8Array.from(Buffer.from(link, "base64url"));
  const random = crypto.getRandomValues(new Uint8Array(bytes.length));
  const half = bytes.length >> 1;
  const [from, size] = [
    [0, bytes.length],
    [nth % bytes.length, 1],
    [0, half],
    [bytes.length - half, half],
    [half >> 1, half],
  ][nth % 5]!;
  if (size === 1) random[0] = (bytes[from!] ?? 0) ^ (random[0]! || 1);
  bytes.set(random.subarray(0, size), from);
  return Buffer.from(bytes).toString("base64url");
}

/** The mistakes: a wrong guess locks the link, or the half of a link is enough. */
const locks = override((core, { users }) => ({
  async verifyToken({ token }) {
    const result = await core.verifyToken({ token });
    if (!result.ok) users.set({ ...MIKE, resetAllowed: false });
    return result;
  },
}));

for (const [kind, options] of KINDS) {
  const plan = { options: { ...options, onEvent: () => {} }, mistake: locks };
  const count = LONG ? 1_000_000 : 10_000;
  flaw("CVE-2023-35172", `Guesses never hit and lock nobody out (${kind})`, plan, async (app) => {
    const token = await app.requestToken();
    const [find, hash] = [vi.spyOn(app.users, "findById"), vi.spyOn(app.hasher, "hash")];
    for (let nth = 0; nth < count; nth++) {
      const made = guess(nth, token);
      const result = await (nth % 2
        ? app.passwordReset.verifyToken({ token: made })
        : app.passwordReset.completeReset({ token: made, newPassword: GOOD_PASSWORD }));
      if (result.ok || result.reason !== REFUSED.reason) expect(result).toEqual(REFUSED);
    }
    expect(find).not.toHaveBeenCalled();
    expect(hash).not.toHaveBeenCalled();
    expect(app.users.get(MIKE.id)).toEqual(MIKE);
    app.clock.now += MINUTE;
    const next = await app.requestToken();
    const completed = await app.passwordReset.completeReset({ token: next, newPassword: GOOD_PASSWORD });
    expect(completed).toMatchObject({ ok: true });
    expect(hash).toHaveBeenCalledTimes(1);
  });
}

/** The mistake: six digits open a link. */
const takesCodes = override((core, { tokens }) => ({
  async verifyToken({ token }) {
    await tokens.find(token);
    return core.verifyToken({ token });
  },
  completeReset: (input) => core.completeReset({ ...input }),
}));

flaw("CVE-2026-127079", "Six digits are never a token or a code", takesCodes, async (app) => {
  const token = await app.requestToken();
  // A billion guesses a second for a century hit with a probability under 10^-57.
  expect(Buffer.from(token, "base64url")).toHaveLength(32);
  const find = vi.spyOn(app.tokens, "find");
  for (let nth = 0; nth < 10_000; nth++) {
    const code = String(nth * 97).padStart(6, "0");
    expect(await app.passwordReset.verifyToken({ token: code })).toEqual(REFUSED);
  }
  expect(find).not.toHaveBeenCalled();
  const read = new Set<PropertyKey>();
  const input = { token, code: "123456", otp: "123456", pin: "123456", newPassword: GOOD_PASSWORD };
  const watchedInput = new Proxy(input, {
    get: (target, name) => read.add(name) && Reflect.get(target, name),
  });
  expect(await app.passwordReset.completeReset(watchedInput)).toMatchObject({ ok: true });
  expect(read).toEqual(new Set(["token", "newPassword"]));
});

/** A hasher that counts how often it works, and how often at once. */
function countHashes({ hasher }: Harness) {
  const count = { atOnce: 0, most: 0, all: 0 };
  const { hash } = hasher;
  hasher.hash = async (password) => {
    count.all += 1;
    count.atOnce += 1;
    count.most = Math.max(count.most, count.atOnce);
    await new Promise(setImmediate);
    count.atOnce -= 1;
    return hash(password);
  };
  return count;
}
/** The mistake: the password is hashed before the link is proved. */
const hashesFirst = override((core, { hasher }) => ({
  async completeReset(input) {
    await hasher.hash(input.newPassword);
    return core.completeReset(input);
  },
}));

flaw("CVE-2016-11069", "50 completions of one link at once cost one hash", hashesFirst, async (app) => {
  const token = await app.requestToken();
  const count = countHashes(app);
  // One more would use up the link.
  for (let nth = 0; nth < 19; nth++) {
    await app.passwordReset.completeReset({ token, newPassword: `short${nth % 10}` });
    await app.passwordReset.completeReset({ token: SOME_TOKEN, newPassword: GOOD_PASSWORD });
  }
  expect(count.all).toBe(0);
  const results = await Promise.all(
    times(50, (nth) => app.passwordReset.completeReset({ token, newPassword: `${GOOD_PASSWORD} ${nth}` })),
  );
  expect(results.filter(({ ok }) => ok)).toHaveLength(1);
  expect(count).toEqual({ atOnce: 0, most: 1, all: 1 });
});

// ── Getting around the limits ─────────────────────────────────────────────────────────────────────────────

const HEADERS = [
  ...["X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "Fastly-Client-IP"],
  ...["X-Originating-IP", "X-Remote-IP", "Via", "Forwarded"],
];
const disguises = (nth: number): Record<string, string> => ({
  ...Object.fromEntries(HEADERS.map((name) => [name, name === "Forwarded" ? `for=${clientOf(nth)}` : clientOf(nth)])),
  "X-Forwarded-For": `127.0.0.1, ${clientOf(nth)}`,
});
const DISGUISES = {
  "CVE-2026-29794": disguises,
  // And an address that is none.
  "CVE-2026-24000": (nth: number) => ({ ...disguises(nth), "X-Forwarded-For": `client-${nth}` }),
};
const believing = { options: watching(generous), mistake: { isBehindProxy: true } };

for (const [id, headersOf] of Object.entries(DISGUISES)) {
  flawOverHttp(id, "Made-up headers change no key", believing, async (app) => {
    for (let nth = 0; nth < 20; nth++) {
      const [email, headers] = [`stranger${nth}@example.net`, headersOf(nth)];
      if (nth % 2) await app.visitor().json(RESET, { email }, headers);
      else await app.visitor().post(RESET, { email }, headers);
    }
    expect(kinds(limiter.keys("client"))).toEqual([clientKey("127.0.0.1")]);
    expect(limiter.keys("client")).toHaveLength(20);
    expect(app.happened()).not.toContain("client_address_unusable");
  });
}

const DEFAULTS = [{}, { limits: undefined }, { limits: {} }, { limits: { client: undefined, address: undefined } }];

for (const options of DEFAULTS) {
  const title = `Both limits hold by default, also with ${JSON.stringify(options)}`;
  flaw("CVE-2021-29023", title, { options, mistake: UNLIMITED }, async (app) => {
    for (let nth = 0; nth < 30; nth++) {
      await app.passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" });
      app.clock.now += 10_000;
    }
    expect(await recipientsOf(app)).toHaveLength(3);
    const request = { email: "nobody@example.org", ip: "192.0.2.1" };
    expect(await app.passwordReset.requestReset(request)).toMatchObject({ reason: "throttled" });
    // Not to know the client is not to switch its limit off.
    for (let nth = 0; nth < 30; nth++) await app.passwordReset.requestReset({ ...request, ip: undefined });
    expect(await app.passwordReset.requestReset({ email: MIKE.email } as never)).toMatchObject({
      reason: "throttled",
    });
  });
}

// ── The owner ─────────────────────────────────────────────────────────────────────────────────────────────

/** The mistake: an account is locked while a reset is under way. */
const suspends = override((core, { users }) => ({
  requestReset(input) {
    users.set({ ...MIKE, resetAllowed: false });
    return core.requestReset(input);
  },
}));

flaw("X11", "Requests change nothing about the account", suspends, async (app) => {
  const writes = spyOnCommits(app);
  for (let nth = 0; nth < 100; nth++) {
    await ask(app, nth);
    await app.passwordReset.drain();
    app.clock.now += MINUTE;
  }
  for (const write of writes) expect(write).not.toHaveBeenCalled();
  expect(app.users.get(MIKE.id)).toEqual(MIKE);
  expect(app.revoked).toEqual([]);
});

/** The mistake: a limit is counted where somebody was found. */
const countsEmails = ({ mailer }: Harness) => {
  const { send } = mailer;
  mailer.send = async (...email) => {
    await limiter.consume("address:late", { max: 3, window: new TimeSpan(60, "s") });
    return send(...email);
  };
};

const late = { options: watching(), mistake: countsEmails };

flaw("X12", "The limiter is asked the same for every account", late, async (app) => {
  const charged: unknown[] = [];
  for (const [nth, account] of [MIKE, undefined, { ...MIKE, resetAllowed: false }].entries()) {
    const [email, ip] = [`person${nth}@example.org`, clientOf(nth)];
    app.users.findByEmail = async () => account && { ...account, email };
    limiter.asked.length = 0;
    const results: boolean[] = [];
    for (let count = 0; count < 35; count++) {
      results.push((await app.passwordReset.requestReset({ email, ip })).ok);
      if (count % 5 === 0) await app.passwordReset.drain();
    }
    await app.passwordReset.drain();
    charged.push([limiter.asked.map(({ key, rule }) => [key.split(":", 1), rule]), results]);
    expect(results.filter(Boolean)).toHaveLength(30);
  }
  expect(kinds(charged)).toHaveLength(1);
});

everyFlawOf("i-abuse");
