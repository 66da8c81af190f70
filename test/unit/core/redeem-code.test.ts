import { createHash, createHmac } from "node:crypto";
import {
  createPasswordReset,
  type MailMessage,
  memoryRateLimiter,
  queueDispatcher,
  type RateLimiter,
  type ResetUser,
  signedTokens,
  TimeSpan,
} from "relatch";
import { memoryPorts } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { CODE_ATTEMPTS } from "../../../src/core/attempts.ts";
import { addressKey, ticketKeys } from "../../../src/limiters/keys.ts";
import { deriveLink } from "../../../src/links/code.ts";
import { storedLinks } from "../../../src/links/stored.ts";
import { createTicket, readTicket } from "../../../src/links/ticket.ts";
import type { ResetRequestedJob, TokenRecord } from "../../../src/ports/contract.ts";
import { account } from "../../helpers/account.ts";
import { relatchError, WRONG_OPTIONS } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, type HarnessOptions, KEYS, MIKE, queuedHarness } from "../../helpers/harness.ts";
import { randomKey, referenceFingerprint, referenceTokenHash } from "../../helpers/reference.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const NOBODY = "nobody@example.org";
const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const REDEEMED = { ok: true, token: expect.stringMatching(/^[\w-]{43}$/) };
const WITHOUT_PASSWORD: ResetUser = { ...MIKE, passwordHash: null };
const [KEY] = KEYS as [Uint8Array];

/** Notes the name of every call of a port. */
const recordCalls = <Port extends object>(name: string, port: Port, calls: string[]): Port =>
  new Proxy(port, {
    get(target, method) {
      const value = Reflect.get(target, method);
      if (typeof value !== "function") return value;
      return (...input: unknown[]) => {
        calls.push(`${name}.${String(method)}`);
        return value.apply(target, input);
      };
    },
  });

/** A deployment: processes over the same stores, limiter, mailer and queue, with every call recorded. */
function deploy({ accounts = [MIKE], limits, ...options }: HarnessOptions = {}) {
  const { users, tokens, mailer } = memoryPorts(accounts, { firstPasswords: true });
  const calls: string[] = [];
  const clock = { now: Date.UTC(2026, 0, 1) };
  const rateLimiter = memoryRateLimiter({ now: () => clock.now });
  const start = (more: HarnessOptions = {}) =>
    queuedHarness({
      users: recordCalls("users", users, calls),
      tokens: recordCalls("tokens", tokens, calls),
      mailer: recordCalls("mailer", mailer, calls),
      limits: { rateLimiter: recordCalls("limiter", rateLimiter, calls), ...(limits || {}) },
      codes: true,
      now: () => new Date(clock.now),
      ...options,
      ...more,
    });
  const its = start();
  const { requestReset, redeemCode, deliver } = its.passwordReset;
  async function request(email = MIKE.email, tenant?: string) {
    const result = await requestReset({ email, ip: false, method: "code", tenant });
    if (!result.ok) throw new Error(result.reason);
    const { ticket } = result as { ticket?: string };
    return { ticket: ticket ?? "", job: its.jobs.at(-1) as ResetRequestedJob };
  }
  return {
    ...its,
    ...{ users, tokens, mailer, calls, clock, rateLimiter, start, request },
    /** Requests a code, delivers it, and returns what the owner and the client have now. */
    async requestCode(email = MIKE.email, tenant?: string) {
      const { ticket, job } = await request(email, tenant);
      await deliver(job);
      return { ticket, job, code: mailer.lastCode(email) ?? "", link: mailer.lastToken(email) ?? "" };
    },
    redeem: (ticket: unknown, code: unknown) => redeemCode({ ticket, code }),
    /** How many codes were compared. */
    compared: () => calls.filter((call) => call === "tokens.find").length,
  };
}

/** Returns a code of the same length that is wrong. */
const wrong = (code: string, by = 1): string => code.replace(/.$/, (digit) => String((Number(digit) + by) % 10));
const tokenOf = (result: object): string => (result as { token?: string }).token ?? "";

describe("A code", () => {
  test("is redeemed for the token of a link, which verifyToken and completeReset take", async () => {
    const { passwordReset, requestCode, redeem, hasher, users, clock, happened } = deploy();
    const { ticket, code } = await requestCode();
    expect(code).toMatch(/^\d{8}$/);
    const result = await redeem(ticket, code);
    expect(result).toEqual(REDEEMED);
    const token = tokenOf(result);
    expect(await passwordReset.verifyToken({ token })).toEqual({
      ...{ ok: true, userId: "42", email: MIKE.email, isInvitation: false },
      expiresAt: new Date(clock.now + 10 * MINUTE),
    });
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok: true });
    expect(await hasher.verify(users.get("42")?.passwordHash ?? "", GOOD_PASSWORD)).toBe(true);
    expect(happened()).toContain("code_redeemed");
  });

  test("is redeemed however it was typed", async () => {
    const { requestCode, redeem } = deploy();
    const { ticket, code } = await requestCode();
    const arabic = code.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit)));
    for (const typed of [` ${code.slice(0, 4)}-${code.slice(4)}\n`, arabic, `\u200f${code}\u200e`]) {
      expect(await redeem(ticket, typed)).toEqual(REDEEMED);
    }
  });

  test("is asked for without effect on links, which stay as they are without it", async () => {
    const { passwordReset, jobs } = deploy();
    for (const [nth, method] of ([undefined, null, "link"] as const).entries()) {
      const email = `mike${nth}@example.org`;
      const input = { email, ip: false, method } as const;
      expect(await passwordReset.requestReset(input)).toEqual({ ok: true });
      expect(Object.keys(jobs.at(-1) ?? {}).toSorted()).toEqual(["at", "email", "id", "locale", "mac", "type", "v"]);
    }
  });

  test("leaves a job with the digest of the ticket, and not the ticket", async () => {
    const { request, clock } = deploy();
    const { ticket, job } = await request();
    expect(job.ticketDigest).toBe(readTicket(KEYS, ticket, undefined, clock.now)?.digest);
    expect(job.codeExpiresAt).toBe(clock.now + 10 * MINUTE);
    const random = Buffer.from(ticket, "base64url").subarray(1, 33);
    for (const form of [ticket, random.toString("hex"), random.toString("base64url")]) {
      expect(JSON.stringify(job)).not.toContain(form);
    }
  });
});

describe("Nobody learns who has an account:", () => {
  test("a wrong code makes the same calls and gets the same response for a known and an unknown address", async () => {
    const seen: unknown[] = [];
    for (const email of [MIKE.email, NOBODY]) {
      const { request, redeem, passwordReset, calls, mailer, happened } = deploy();
      const { ticket, job } = await request(email);
      await passwordReset.deliver(job);
      calls.length = 0;
      const before = happened().length;
      const result = await redeem(ticket, wrong(mailer.lastCode(email) ?? "12345678"));
      seen.push({ result, length: ticket.length, calls: [...calls], events: happened().slice(before) });
      expect(mailer.sent.map(({ to }) => to)).toEqual(email === NOBODY ? [] : [MIKE.email]);
    }
    const due = {
      result: REFUSED,
      length: 95,
      calls: ["limiter.consume", "tokens.find"],
      events: ["token_refused:wrong_code"],
    };
    expect(seen).toEqual([due, due]);
  });

  test("a request over the address limit gets a ticket as well, which behaves like any other", async () => {
    for (const email of [MIKE.email, NOBODY]) {
      const { request, redeem, jobs, calls, happened } = deploy();
      await request(email);
      const { ticket } = await request(email);
      expect(happened()).toContain("request_throttled:address");
      expect([ticket.length, jobs.length]).toEqual([95, 1]);
      calls.length = 0;
      expect(await redeem(ticket, "12345678")).toEqual(REFUSED);
      expect(calls).toEqual(["limiter.consume", "tokens.find"]);
    }
  });
});

describe("Before any port is asked,", () => {
  test.each<[string, unknown]>([
    ["letters", "abcdefgh"],
    ["an emoji", "1234567😀"],
    ["65 characters", `12345678${" ".repeat(57)}`],
    ["7 digits", "1234567"],
    ["11 digits", "12345678901"],
    ["nothing", undefined],
    ["an array", ["12345678"]],
  ])("a code of %s is refused", async (_, code) => {
    const { request, redeem, calls, happened } = deploy();
    const { ticket } = await request();
    calls.length = 0;
    expect(await redeem(ticket, code)).toEqual(REFUSED);
    expect([calls, happened().at(-1)]).toEqual([[], "token_refused:malformed"]);
  });

  const changeLast = (ticket: string) => {
    const bytes = Buffer.from(ticket, "base64url");
    const spell = (last: string) => ticket.slice(0, -1) + last;
    const same = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].map(spell);
    return same.find((text) => text !== ticket && Buffer.from(text, "base64url").equals(bytes));
  };
  test.each<[string, string, (ticket: string, now: number) => unknown]>([
    ["of another key", "malformed", (_, now) => createTicket(randomKey(), now + MINUTE, undefined).ticket],
    ["of a tenant", "malformed", (_, now) => createTicket(KEY, now + MINUTE, "acme").ticket],
    ["that has expired", "expired", (_, now) => createTicket(KEY, now, undefined).ticket],
    ["for over 20 minutes", "malformed", (_, now) => createTicket(KEY, now + 1201 * SECOND, undefined).ticket],
    ["that is cut off", "malformed", (ticket) => ticket.slice(0, -1)],
    ["of 10 KB", "malformed", (ticket) => ticket.repeat(108)],
    ["with another spelling of its last character", "malformed", changeLast],
    ["with another first character", "malformed", (ticket) => `B${ticket.slice(1)}`],
    ["that is its digest", "malformed", (ticket, now) => readTicket(KEYS, ticket, undefined, now)?.digest],
    ["that is missing", "malformed", () => undefined],
  ])("a ticket %s is refused", async (_, reason, change) => {
    const { requestCode, redeem, calls, clock, happened } = deploy();
    const { ticket, code } = await requestCode();
    calls.length = 0;
    expect(await redeem(change(ticket, clock.now), code)).toEqual(REFUSED);
    expect([calls, happened().at(-1)]).toEqual([[], `token_refused:${reason}`]);
    expect(await redeem(ticket, code)).toEqual(REDEEMED);
  });

  test.each([undefined, null, 7, "ticket", [], Object.create({ ticket: "x", code: "12345678" })])(
    "%o in place of the arguments is refused",
    async (input) => {
      const { passwordReset, calls } = deploy();
      expect(await passwordReset.redeemCode(input)).toEqual(REFUSED);
      expect(calls).toEqual([]);
    },
  );

  test("100,001 invented tickets are refused, and push out no count", async () => {
    const { requestCode, redeem, calls } = deploy();
    const { ticket, code } = await requestCode();
    for (let attempt = 1; attempt <= 5; attempt++) await redeem(ticket, wrong(code));
    calls.length = 0;
    const invented = Buffer.alloc(71, 1);
    for (let nth = 0; nth <= 100_000; nth++) {
      invented.writeUInt32BE(nth, 1);
      await redeem(invented.toString("base64url"), code);
    }
    expect(calls).toEqual([]);
    expect(await redeem(ticket, code)).toEqual(REFUSED);
    expect(calls).toEqual(["limiter.consume"]);
  }, 60_000);
});

describe("Attempts:", () => {
  test("five codes are compared for a ticket, and after that the right one is refused as well", async () => {
    const { requestCode, redeem, compared, happened } = deploy();
    const { ticket, code } = await requestCode();
    for (let attempt = 1; attempt <= 5; attempt++) expect(await redeem(ticket, wrong(code, attempt))).toEqual(REFUSED);
    const before = happened().length;
    expect(await redeem(ticket, code)).toEqual(REFUSED);
    expect([compared(), happened().slice(before)]).toEqual([5, ["token_refused:too_many_attempts"]]);
  });

  test("a right code costs one as well, and can be redeemed again until they are used up", async () => {
    const { requestCode, redeem, clock } = deploy();
    const { ticket, code } = await requestCode();
    for (let attempt = 1; attempt <= 5; attempt++) expect(await redeem(ticket, code)).toEqual(REDEEMED);
    clock.now += 9 * MINUTE;
    expect(await redeem(ticket, code)).toEqual(REFUSED);
  });

  test("of 64 at the same time five are compared", async () => {
    const { requestCode, start, compared } = deploy();
    const { ticket, code } = await requestCode();
    const processes = [start(), start(), start()];
    const attempts = Array.from({ length: 64 }, (_, nth) =>
      processes[nth % 3]!.passwordReset.redeemCode({ ticket, code: wrong(code) }),
    );
    expect(await Promise.all(attempts)).toEqual(Array(64).fill(REFUSED));
    expect(compared()).toBe(5);
  });

  test("are counted for each ticket separately", async () => {
    const { requestCode, redeem, clock } = deploy();
    const first = await requestCode();
    clock.now += MINUTE;
    const second = await requestCode();
    for (let attempt = 1; attempt <= 6; attempt++) await redeem(first.ticket, wrong(first.code));
    expect(await redeem(first.ticket, second.code)).toEqual(REFUSED);
    expect(await redeem(second.ticket, second.code)).toEqual(REDEEMED);
  });

  test("a limiter that fails refuses, also with onUnavailable: allow", async () => {
    const rateLimiter: RateLimiter = memoryRateLimiter();
    const { requestCode, redeem, compared, happened } = deploy({ limits: { rateLimiter, onUnavailable: "allow" } });
    const { ticket, code } = await requestCode();
    const { consume } = rateLimiter;
    for (const broken of [
      () => Promise.reject(new Error("down")),
      async () => ({ allowed: 1, retryAfterSeconds: 0 }) as never,
      async () => undefined as never,
    ]) {
      rateLimiter.consume = broken;
      await expect(redeem(ticket, code)).rejects.toEqual(relatchError("ERR_RATE_LIMITER"));
      expect(happened().at(-1)).toBe("rate_limiter_unavailable:refused");
    }
    expect(compared()).toBe(0);
    rateLimiter.consume = consume;
    expect(await redeem(ticket, code)).toEqual(REDEEMED);
  });

  test("a limiter that never responds refuses after callTimeout", async () => {
    const rateLimiter: RateLimiter = memoryRateLimiter();
    const { requestCode, redeem, compared } = deploy({ limits: { rateLimiter }, callTimeout: new TimeSpan(5, "ms") });
    const { ticket, code } = await requestCode();
    rateLimiter.consume = () => new Promise(() => {});
    await expect(redeem(ticket, code)).rejects.toEqual(relatchError("ERR_RATE_LIMITER"));
    expect(compared()).toBe(0);
  });

  test("nothing is given back, whatever became of an attempt", async () => {
    const { requestCode, redeem, calls, tokens } = deploy();
    const { ticket, code } = await requestCode();
    await redeem(ticket, code);
    await redeem(ticket, wrong(code));
    const find = vi.spyOn(tokens, "find").mockRejectedValue(new Error("down"));
    await expect(redeem(ticket, code)).rejects.toEqual(relatchError("ERR_TOKEN_STORE"));
    find.mockRestore();
    for (let attempt = 1; attempt <= 10; attempt++) await redeem(ticket, wrong(code));
    await vi.waitFor(() => expect(calls).not.toContain("limiter.refund"), { timeout: 300 });
    expect(await redeem(ticket, code)).toEqual(REFUSED);
  });

  test("no limit that is switched off or generous changes the five", async () => {
    const limits = {
      client: false as const,
      address: [{ max: 1000, window: new TimeSpan(1, "m") }],
      onUnavailable: "allow" as const,
    };
    const { requestCode, redeem, compared } = deploy({ limits });
    const { ticket, code } = await requestCode();
    for (let attempt = 1; attempt <= 20; attempt++) await redeem(ticket, wrong(code));
    expect(compared()).toBe(5);
  });

  test("are counted under the digest of the ticket, for 20 minutes", async () => {
    const { requestCode, redeem, rateLimiter, clock } = deploy();
    const consume = vi.spyOn(rateLimiter, "consume");
    const { ticket, job } = await requestCode();
    consume.mockClear();
    await redeem(ticket, "12345678");
    const [key, rule] = consume.mock.calls[0] ?? [];
    expect(key).toBe(ticketKeys(job.ticketDigest ?? "", undefined).attempts);
    expect([rule?.max, rule?.window.milliseconds()]).toEqual([5, 20 * MINUTE]);
    // Longer than a ticket can be valid, on any clock of the deployment.
    expect(readTicket(KEYS, ticket, undefined, clock.now - 11 * MINUTE)).toBeUndefined();
  });
});

describe("Every code that was sent works:", () => {
  test("each delivery of one job draws another code, and all of them are redeemed", async () => {
    const { request, start, mailer, redeem } = deploy();
    const { ticket, job } = await request();
    await Promise.all([start(), start(), start()].map((worker) => worker.passwordReset.deliver(job)));
    const codes = mailer.sent.map(({ variables }) => (variables && "code" in variables ? variables.code : ""));
    expect([codes.length, new Set(codes).size]).toEqual([3, 3]);
    for (const code of codes) expect(await redeem(ticket, code)).toEqual(REDEEMED);
  });

  test("a worker that dies between the record and the email leaves the next email to work", async () => {
    const { request, start, mailer, redeem } = deploy();
    const { ticket, job } = await request();
    const dying = start({ mailer: { send: () => Promise.reject(new Error("killed")) } });
    await expect(dying.passwordReset.deliver(job)).rejects.toEqual(relatchError("ERR_MAILER"));
    await start().passwordReset.deliver(job);
    expect(mailer.sent).toHaveLength(1);
    expect(await redeem(ticket, mailer.lastCode(MIKE.email))).toEqual(REDEEMED);
  });

  test("five codes are issued for one request, and a sixth attempt at its email has the link alone", async () => {
    const { request, start, mailer, redeem, passwordReset } = deploy();
    const { ticket, job } = await request();
    let issued = "";
    const send = async ({ variables }: MailMessage) => {
      issued = variables && "code" in variables ? variables.code : "";
      throw new Error("greylisted");
    };
    for (let attempt = 1; attempt <= 5; attempt++) {
      await expect(start({ mailer: { send } }).passwordReset.deliver(job)).rejects.toEqual(relatchError("ERR_MAILER"));
      expect(issued).toMatch(/^\d{8}$/);
    }
    expect(await redeem(ticket, issued)).toEqual(REDEEMED);
    await start().passwordReset.deliver(job);
    expect(mailer.sent.map(({ variables }) => Object.keys(variables ?? {}).includes("code"))).toEqual([false]);
    const token = mailer.lastToken(MIKE.email);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok: true });
  });

  test("three requests by a stranger leave the owner with an email whose link works", async () => {
    const { requestCode, request, passwordReset, mailer, clock, jobs } = deploy();
    for (let nth = 1; nth <= 3; nth++) {
      await requestCode();
      clock.now += MINUTE;
    }
    // The owner's own request is over the limit, and nothing is sent.
    await request();
    expect([jobs.length, mailer.sent.length]).toEqual([3, 3]);
    const token = mailer.lastToken(MIKE.email);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok: true });
  });

  test("a code is redeemed with its own ticket and with no other one", async () => {
    const { requestCode, redeem, clock } = deploy();
    const stranger = await requestCode();
    clock.now += MINUTE;
    const owner = await requestCode();
    expect(await redeem(stranger.ticket, owner.code)).toEqual(REFUSED);
    expect(await redeem(owner.ticket, stranger.code)).toEqual(REFUSED);
    expect(await redeem(owner.ticket, owner.code)).toEqual(REDEEMED);
  });
});

describe("The email", () => {
  const kinds = ({ mailer }: ReturnType<typeof deploy>) =>
    mailer.sent.map(({ kind, variables }) => [kind, !!variables && "code" in variables]);

  test("has the link alone if less than 30 seconds of the code are left", async () => {
    for (const [late, expected] of [
      [570, ["reset_code", true]],
      [571, ["reset_link", false]],
      [599, ["reset_link", false]],
      [1200, ["reset_link", false]],
    ] as const) {
      const its = deploy();
      const { ticket, job } = await its.request();
      its.clock.now += late * SECOND;
      await its.passwordReset.deliver(job);
      expect([late, kinds(its)]).toEqual([late, [expected]]);
      const token = its.mailer.lastToken(MIKE.email);
      expect(await its.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
      if (expected[0] === "reset_link") expect(its.mailer.lastCode(MIKE.email)).toBeUndefined();
      else expect(await its.redeem(ticket, its.mailer.lastCode(MIKE.email))).toEqual(REDEEMED);
    }
  });

  test("has a code with the shortest lifetime as well", async () => {
    const its = deploy({ codes: { lifetime: new TimeSpan(1, "m") } });
    its.clock.now += 999;
    const { ticket, code } = await its.requestCode();
    expect(kinds(its)).toEqual([["reset_code", true]]);
    expect(await its.redeem(ticket, code)).toEqual(REDEEMED);
  });

  test("has the link alone if the account has no password", async () => {
    const its = deploy({ accounts: [WITHOUT_PASSWORD] });
    await its.requestCode();
    expect(kinds(its)).toEqual([["reset_link", false]]);
    expect(await its.passwordReset.verifyToken({ token: its.mailer.lastToken(MIKE.email) })).toMatchObject({
      ok: true,
      isInvitation: true,
    });
  });
});

describe("Keys that rotate:", () => {
  const [oldKey, newKey] = [randomKey(), randomKey()];

  test("a code of the old key works in every process that still has it", async () => {
    const its = deploy({ keys: [oldKey] });
    for (const keys of [[oldKey], [oldKey, newKey], [newKey, oldKey]]) {
      const { ticket, job } = await its.request();
      await its.start({ keys }).passwordReset.deliver(job);
      const code = its.mailer.lastCode(MIKE.email);
      for (const others of [[newKey, oldKey], [oldKey, newKey], [oldKey]]) {
        const { passwordReset } = its.start({ keys: others });
        expect(await passwordReset.redeemCode({ ticket, code })).toEqual(REDEEMED);
      }
      its.clock.now += MINUTE;
    }
  });

  test("the link behind such a code is bound to the account as well", async () => {
    const its = deploy({ keys: [oldKey] });
    const { ticket, job } = await its.request();
    const { passwordReset } = its.start({ keys: [newKey, oldKey] });
    await passwordReset.deliver(job);
    const token = tokenOf(await passwordReset.redeemCode({ ticket, code: its.mailer.lastCode(MIKE.email) }));
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok: true });
  });

  test("a dropped key ends its jobs and its codes", async () => {
    const its = deploy({ keys: [oldKey] });
    const { ticket, code, job } = await its.requestCode();
    const later = its.start({ keys: [newKey] });
    await later.passwordReset.deliver(job);
    expect(later.happened()).toEqual(["job_dropped:forged"]);
    its.calls.length = 0;
    expect(await later.passwordReset.redeemCode({ ticket, code })).toEqual(REFUSED);
    expect(its.calls).toEqual([]);
  });

  test("a job whose digest or expiry was changed in the queue is dropped", async () => {
    const its = deploy();
    const { job } = await its.request();
    const other = createTicket(KEY, job.codeExpiresAt ?? 0, undefined).digest;
    const changes: Partial<ResetRequestedJob>[] = [
      { ticketDigest: other },
      { codeExpiresAt: (job.codeExpiresAt ?? 0) + SECOND },
      { ticketDigest: undefined },
    ];
    for (const change of changes) await its.passwordReset.deliver({ ...job, ...change });
    expect(its.happened().slice(-3)).toEqual(Array(3).fill("job_dropped:forged"));
    expect(its.mailer.sent).toEqual([]);
  });
});

describe("The link behind a code is one like any other:", () => {
  test("a completion by the code invalidates the link of the email, and the code", async () => {
    const { passwordReset, requestCode, redeem } = deploy();
    const { ticket, code, link } = await requestCode();
    const token = tokenOf(await redeem(ticket, code));
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok: true });
    for (const each of [link, token]) expect(await passwordReset.verifyToken({ token: each })).toEqual(REFUSED);
  });

  test("a completion by the link invalidates the code, before and after it is redeemed", async () => {
    const { passwordReset, requestCode, redeem } = deploy();
    const { ticket, code, link } = await requestCode();
    const before = tokenOf(await redeem(ticket, code));
    expect(await passwordReset.completeReset({ token: link, newPassword: GOOD_PASSWORD })).toMatchObject({ ok: true });
    const after = tokenOf(await redeem(ticket, code));
    for (const token of [before, after]) {
      expect(await passwordReset.completeReset({ token, newPassword: `${GOOD_PASSWORD}!` })).toEqual(REFUSED);
    }
  });

  test("a change of the password or the address invalidates it", async () => {
    for (const change of [{ passwordHash: "another" }, { email: "mike@example.com" }]) {
      const { passwordReset, requestCode, redeem, users } = deploy();
      const { ticket, code } = await requestCode();
      users.set({ ...MIKE, ...change });
      const token = tokenOf(await redeem(ticket, code));
      expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
      expect(users.get("42")?.passwordHash).toBe({ ...MIKE, ...change }.passwordHash);
    }
  });

  test("it expires with the ticket, and not with the link of the email", async () => {
    const { passwordReset, requestCode, redeem, clock } = deploy();
    const { ticket, code, link } = await requestCode();
    const token = tokenOf(await redeem(ticket, code));
    clock.now += 10 * MINUTE - 1;
    expect(await redeem(ticket, code)).toEqual(REDEEMED);
    expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
    clock.now += 1;
    expect(await redeem(ticket, code)).toEqual(REFUSED);
    expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
    expect(await passwordReset.verifyToken({ token: link })).toMatchObject({ ok: true });
  });

  test("it is refused if the store says that its link has expired", async () => {
    const { tokens, requestCode, redeem, clock } = deploy();
    const { ticket, code } = await requestCode();
    const { find } = tokens;
    let expiresAt = new Date(clock.now);
    tokens.find = async (hash) => {
      const record = await find(hash);
      return record && { ...record, expiresAt };
    };
    expect(await redeem(ticket, code)).toEqual(REFUSED);
    expiresAt = new Date(clock.now + 1);
    expect(await redeem(ticket, code)).toEqual(REDEEMED);
  });

  test("onlyNewestLink keeps the code and the link of one email, and the next email ends both", async () => {
    const { passwordReset, requestCode, redeem, clock } = deploy({ onlyNewestLink: true });
    const first = await requestCode();
    expect(await redeem(first.ticket, first.code)).toEqual(REDEEMED);
    expect(await passwordReset.verifyToken({ token: first.link })).toMatchObject({ ok: true });
    clock.now += MINUTE;
    const second = await requestCode();
    expect(await redeem(first.ticket, first.code)).toEqual(REFUSED);
    expect(await passwordReset.verifyToken({ token: first.link })).toEqual(REFUSED);
    expect(await redeem(second.ticket, second.code)).toEqual(REDEEMED);
    expect(await passwordReset.verifyToken({ token: second.link })).toMatchObject({ ok: true });
  });

  test("revokeTokens ends it, before and after it is redeemed", async () => {
    const { passwordReset, requestCode, redeem } = deploy();
    const { ticket, code } = await requestCode();
    const token = tokenOf(await redeem(ticket, code));
    await passwordReset.revokeTokens("42");
    expect(await redeem(ticket, code)).toEqual(REFUSED);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
  });

  test("it belongs to the tenant of the request", async () => {
    const tenants = ["acme", "globex"];
    const accounts = tenants.map((tenant) => ({ ...MIKE, id: tenant, tenant }));
    const { passwordReset, requestCode } = deploy({ accounts, tenants });
    const { ticket, code } = await requestCode(MIKE.email, "acme");
    expect(await passwordReset.redeemCode({ ticket, code, tenant: "globex" })).toEqual(REFUSED);
    const token = tokenOf(await passwordReset.redeemCode({ ticket, code, tenant: "acme" }));
    expect(await passwordReset.verifyToken({ token, tenant: "globex" })).toEqual(REFUSED);
    expect(await passwordReset.verifyToken({ token, tenant: "acme" })).toMatchObject({ ok: true, userId: "acme" });
    await expect(passwordReset.redeemCode({ ticket, code })).rejects.toEqual(WRONG_OPTIONS);
  });
});

describe("Clocks:", () => {
  const SKEWS = [-300, -299, -60, -1, 0, 1, 60, 300].map((seconds) => seconds * SECOND);

  test.each(SKEWS)(
    "a process whose clock differs by %i ms redeems a code that is valid by that clock",
    async (skew) => {
      const { requestCode, start, clock } = deploy({ codes: { lifetime: new TimeSpan(15, "m") } });
      const { ticket, code } = await requestCode();
      const { passwordReset } = start({ now: () => new Date(clock.now + skew) });
      expect(await passwordReset.redeemCode({ ticket, code })).toEqual(REDEEMED);
      clock.now += 15 * MINUTE - skew - 1;
      expect(await passwordReset.redeemCode({ ticket, code })).toEqual(REDEEMED);
      clock.now += 1;
      expect(await passwordReset.redeemCode({ ticket, code })).toEqual(REFUSED);
    },
  );

  test("processes with other clocks compare five codes together, as long as one of them accepts the ticket", async () => {
    const its = deploy({ codes: { lifetime: new TimeSpan(15, "m") } });
    const fast = its.start({ now: () => new Date(its.clock.now + 5 * MINUTE) });
    const result = await fast.passwordReset.requestReset({ email: MIKE.email, ip: false, method: "code" });
    const { ticket = "" } = result as { ticket?: string };
    its.calls.length = 0;
    for (let minute = 0; minute < 25; minute++) {
      for (const skew of [0, 5 * MINUTE]) {
        const { passwordReset } = its.start({ now: () => new Date(its.clock.now + skew) });
        await passwordReset.redeemCode({ ticket, code: "12345678" });
      }
      its.clock.now += MINUTE;
    }
    expect(its.compared()).toBe(5);
  });

  test("no step of the clock, forward or back, gives more than five attempts", async () => {
    const steps = [1, -1, -60, 60, -300, 300, 540, -3600, 3600, -540].map((seconds) => seconds * SECOND);
    for (let first = 0; first < steps.length; first++) {
      const { requestCode, redeem, compared, clock } = deploy();
      const { ticket, code } = await requestCode();
      for (const step of [0, ...steps.slice(first), ...steps.slice(0, first)]) {
        clock.now += step;
        for (let attempt = 1; attempt <= 3; attempt++) await redeem(ticket, wrong(code));
      }
      expect([steps[first], compared()]).toEqual([steps[first], 5]);
    }
  });

  test("a restart forgets no code", async () => {
    const { requestCode, start } = deploy();
    const { ticket, code, link } = await requestCode();
    const { passwordReset } = start({ limits: {} });
    const token = tokenOf(await passwordReset.redeemCode({ ticket, code }));
    for (const each of [token, link]) {
      expect(await passwordReset.verifyToken({ token: each })).toMatchObject({ ok: true });
    }
  });
});

describe("Without the key", () => {
  const DIGITS = 3;
  const CODES = Array.from({ length: 10 ** DIGITS }, (_, code) => String(code).padStart(DIGITS, "0"));
  const EXPIRES_AT = Date.UTC(2026, 0, 1);
  const OWNER = account();
  const key = randomKey();
  const secrets = createTicket(key, EXPIRES_AT, undefined);
  const bytes = Buffer.from(secrets.ticket, "base64url");
  const jobMac = createHmac("sha256", key).update("a job").digest();

  /** The link of code 042, as it is issued. */
  async function issue(): Promise<TokenRecord> {
    const saved: TokenRecord[] = [];
    const store = { save: async (record: TokenRecord) => void saved.push(record) };
    const links = storedLinks(store as never, { keys: [key], onlyNewest: false, now: () => new Date(EXPIRES_AT) });
    await links.codes?.issue(deriveLink(key, secrets.digest, "042"), OWNER, EXPIRES_AT);
    return saved[0]!;
  }

  /** The spoils of each source: digests of the ticket, and byte strings that might be used as a key. */
  const sources = (record: TokenRecord) => ({
    ticket: { digests: [secrets.digest], bytes: [bytes.subarray(1, 33), bytes.subarray(39), bytes] },
    "token store": {
      digests: [],
      bytes: [Buffer.from(record.tokenHash, "hex"), Buffer.from(record.fingerprint, "hex")],
    },
    "queue's jobs": { digests: [secrets.digest], bytes: [Buffer.from(secrets.digest, "hex"), jobMac] },
    "users table": {
      digests: [],
      bytes: [OWNER.id, OWNER.email, OWNER.passwordHash ?? ""].map((text) => Buffer.from(text)),
    },
  });

  /** Returns the codes for which a guess at the link fits the record, by its hash or by its fingerprint. */
  const findCodes = (record: TokenRecord, digest: string, material: Uint8Array, sealing?: Uint8Array): string[] =>
    CODES.filter((code) =>
      [
        deriveLink(material, digest, code),
        createHmac("sha256", material)
          .update(digest + code)
          .digest(),
        createHash("sha256").update(material).update(digest).update(code).digest(),
      ].some(
        (raw) =>
          referenceTokenHash(raw) === record.tokenHash ||
          referenceFingerprint(raw, EXPIRES_AT, OWNER, sealing) === record.fingerprint,
      ),
    );

  const record = issue();
  const found = new Map<string, string[]>();
  /** The same search, once for all subsets. */
  async function findOnce(digest: string, material: Uint8Array): Promise<string[]> {
    const name = `${digest}/${Buffer.from(material).toString("hex")}`;
    const codes = found.get(name) ?? findCodes(await record, digest, material);
    found.set(name, codes);
    return codes;
  }

  const names = ["ticket", "token store", "queue's jobs", "users table"] as const;
  const subsets = Array.from({ length: 2 ** names.length }, (_, bits) =>
    names.filter((_name, nth) => bits & (1 << nth)),
  );

  test.each(subsets.map((subset) => [subset.join(", ") || "nothing", subset] as const))(
    "no code can be told from another one, with: %s",
    async (_, subset) => {
      const all = sources(await record);
      const digests = new Set(["00".repeat(32), ...subset.flatMap((name) => all[name].digests)]);
      const material = [new Uint8Array(32), ...subset.flatMap((name) => all[name].bytes)];
      for (const digest of digests) {
        for (const each of material) expect(await findOnce(digest, each)).toEqual([]);
      }
    },
  );

  test("this search finds nothing, but with the key it finds the code in the token store", async () => {
    expect(findCodes(await record, secrets.digest, key)).toEqual(["042"]);
    expect(findCodes({ ...(await record), tokenHash: "" }, secrets.digest, key, key)).toEqual(["042"]);
  });

  test("a job, the token store and the account make no ticket", async () => {
    const { requestCode, redeem, calls } = deploy();
    const { job, code } = await requestCode();
    calls.length = 0;
    const digest = Buffer.from(job.ticketDigest ?? "", "hex");
    const expiry = Buffer.alloc(6);
    expiry.writeUIntBE(job.codeExpiresAt ?? 0, 0, 6);
    const body = Buffer.concat([Buffer.of(1), digest, expiry]);
    const macs = [Buffer.alloc(32), Buffer.from(job.mac ?? "", "base64url"), digest];
    for (const mac of macs)
      expect(await redeem(Buffer.concat([body, mac]).toString("base64url"), code)).toEqual(REFUSED);
    expect(calls).toEqual([]);
  });
});

describe("The option codes", () => {
  const good = { ...memoryPorts(), appName: "Acme", resetUrl: "https://app.example.com/:token", keys: KEYS };
  const create = (options: object) =>
    createPasswordReset({ ...good, revokeSessions: false, ...options } as never).settings().codes;

  test.each<[string, object, string]>([
    ["without keys", { codes: true, keys: undefined }, "keys is required by codes"],
    ["with signedTokens()", { codes: true, tokens: signedTokens() }, "token store"],
    ["with limits: false", { codes: true, limits: false }, "limits.address"],
    ["with limits.address: false", { codes: true, limits: { address: false } }, "limits.address"],
    ["with a lifetime over 15 minutes", { codes: { lifetime: new TimeSpan(901, "s") } }, "codes.lifetime"],
    ["with a lifetime under a minute", { codes: { lifetime: new TimeSpan(59, "s") } }, "codes.lifetime"],
    [
      "with a lifetime over tokenLifetime",
      { codes: { lifetime: new TimeSpan(6, "m") }, tokenLifetime: new TimeSpan(5, "m") },
      "tokenLifetime",
    ],
    ["with 7 digits", { codes: { digits: 7 } }, "codes.digits"],
    ["with 11 digits", { codes: { digits: 11 } }, "codes.digits"],
    ["with a string", { codes: "yes" }, "codes must be"],
    ["with null", { codes: null }, "codes must be"],
    ["with an unknown name", { codes: { length: 8 } }, "codes.length"],
  ])("is refused %s", (_, options, words) => {
    expect(() => create(options)).toThrow(relatchError("ERR_OPTIONS", words));
  });

  test.each<[string, object, object | undefined]>([
    ["left out", {}, undefined],
    ["false", { codes: false, limits: false }, undefined],
    ["true", { codes: true }, { digits: 8, minutes: 10 }],
    ["an empty object", { codes: {} }, { digits: 8, minutes: 10 }],
    [
      "10 digits for 15 minutes",
      { codes: { digits: 10, lifetime: new TimeSpan(15, "m") } },
      { digits: 10, minutes: 15 },
    ],
    [
      "true with a short tokenLifetime",
      { codes: true, tokenLifetime: new TimeSpan(5, "m") },
      { digits: 8, minutes: 5 },
    ],
    ["true with limits.client: false", { codes: true, limits: { client: false } }, { digits: 8, minutes: 10 }],
    ["true with a queue", { codes: true, dispatcher: queueDispatcher(async () => {}) }, { digits: 8, minutes: 10 }],
  ])("may be %s, and settings tells", (_, options, expected) => {
    const codes = create(options);
    expect(codes && { digits: codes.digits, minutes: codes.lifetime.milliseconds() / MINUTE }).toEqual(expected);
  });

  test("decides how many digits are drawn, and how long they are valid", async () => {
    const { requestCode, redeem, clock } = deploy({ codes: { digits: 10, lifetime: new TimeSpan(2, "m") } });
    const { ticket, code } = await requestCode();
    expect(code).toMatch(/^\d{10}$/);
    clock.now += 2 * MINUTE - 1;
    expect(await redeem(ticket, code)).toEqual(REDEEMED);
    clock.now += 1;
    expect(await redeem(ticket, code)).toEqual(REFUSED);
  });

  test("is needed by redeemCode and by method: code, which throw before any port is asked", async () => {
    const { passwordReset, calls, jobs, happened } = deploy({ codes: false });
    const { ticket } = createTicket(KEY, Date.UTC(2026, 0, 1, 0, 5), undefined);
    await expect(passwordReset.redeemCode({ ticket, code: "12345678" })).rejects.toEqual(WRONG_OPTIONS);
    await expect(passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1", method: "code" })).rejects.toEqual(
      relatchError("ERR_OPTIONS", "codes"),
    );
    expect([calls, jobs, happened()]).toEqual([[], [], []]);
  });

  test.each(["", "CODE", "Code", "sms", 0, true, false, ["code"], { toString: () => "code" }])(
    "does not make a method of %o",
    async (method) => {
      const { passwordReset, calls, jobs } = deploy();
      const input = { email: MIKE.email, ip: "192.0.2.1", method } as never;
      await expect(passwordReset.requestReset(input)).rejects.toEqual(relatchError("ERR_OPTIONS", "method"));
      expect([calls, jobs]).toEqual([[], []]);
    },
  );
});

describe("The price of codes", () => {
  const generous = [{ max: 1000, window: new TimeSpan(1, "m") }];

  test.each([MIKE.email, NOBODY])("is the same whatever the limits are: three codes an hour for %s", async (email) => {
    const { request, clock } = deploy({ limits: { address: generous } });
    const promised = async () => ((await request(email)).job.ticketDigest === undefined ? "link" : "code");
    for (let hour = 1; hour <= 2; hour++) {
      const methods = [await promised(), await promised(), await promised(), await promised(), await promised()];
      expect(methods).toEqual(["code", "code", "code", "link", "link"]);
      clock.now += 60 * MINUTE;
    }
  });

  test("is counted for each tenant, and not paid by requests for links", async () => {
    const { request, passwordReset, jobs } = deploy({ tenants: ["blue", "red"], limits: { address: generous } });
    for (let nth = 1; nth <= 3; nth++) {
      await passwordReset.requestReset({ email: MIKE.email, ip: false, tenant: "red" });
      await request(MIKE.email, "blue");
    }
    await request(MIKE.email, "blue");
    await request(MIKE.email, "red");
    expect(jobs.slice(-2).map((job) => "ticketDigest" in job)).toEqual([false, true]);
  });

  test("is not raised by a limiter that fails with onUnavailable: allow, because the link goes alone", async () => {
    const rateLimiter: RateLimiter = { consume: () => Promise.reject(new Error("down")) };
    const limits = { rateLimiter, onUnavailable: "allow" } as const;
    const { request, redeem, passwordReset, mailer, compared } = deploy({ limits });
    for (let nth = 1; nth <= 5; nth++) {
      const { ticket, job } = await request();
      expect([ticket.length, job.ticketDigest, job.codeExpiresAt]).toEqual([95, undefined, undefined]);
      await passwordReset.deliver(job);
      expect(mailer.lastCode(MIKE.email)).toBeUndefined();
      await expect(redeem(ticket, "12345678")).rejects.toEqual(relatchError("ERR_RATE_LIMITER"));
    }
    expect([mailer.sent.length, compared()]).toEqual([5, 0]);
  });

  test("is not raised by a limiter that fails where the email is sent either", async () => {
    const { request, start, mailer } = deploy();
    const rateLimiter: RateLimiter = { consume: () => Promise.reject(new Error("down")) };
    await start({ limits: { rateLimiter } }).passwordReset.deliver((await request()).job);
    expect([mailer.sent.length, mailer.lastCode(MIKE.email)]).toEqual([1, undefined]);
  });

  test.each([1, 15])("is not raised by a tokenLifetime of %i minutes: 72 codes are sent in a day", async (minutes) => {
    const { request, clock } = deploy({
      tokenLifetime: new TimeSpan(minutes, "m"),
      codes: { lifetime: new TimeSpan(1, "m") },
    });
    const promised = new Set<string>();
    for (let minute = 0; minute < 24 * 60; minute++) {
      const { job } = await request();
      if (job.ticketDigest !== undefined) promised.add(job.ticketDigest);
      clock.now += MINUTE;
    }
    expect(promised.size).toBe(72);
  });

  test("is what an attacker pays who requests and guesses all day: 72 codes are sent and 360 compared", async () => {
    const { request, passwordReset, redeem, compared, mailer, clock, rateLimiter } = deploy();
    for (let minute = 0; minute < 24 * 60; minute++) {
      const before = mailer.sent.length;
      const { ticket, job } = await request();
      if (job) await passwordReset.deliver(job);
      const isSent = mailer.sent.length > before;
      // Without a code there is nothing to guess.
      for (let attempt = 1; isSent && attempt <= 8; attempt++)
        await redeem(ticket, wrong(mailer.lastCode(MIKE.email)!));
      clock.now += MINUTE;
    }
    expect([mailer.sent.length, compared()]).toEqual([72, 360]);
    expect((await rateLimiter.consume(addressKey(MIKE.email, undefined), CODE_ATTEMPTS)).allowed).toBe(true);
  });
});
