import { type PasswordRule, sessionStamp, signedTokens } from "relatch";
import { en, ru } from "relatch/languages";
import { memoryPorts, memoryTokens, memoryUsers } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { GOOD_PASSWORD, gate, harness, KEYS, MIKE, queuedHarness } from "../../helpers/harness.ts";

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const SUCCESS = { ok: true, userId: "42", sessionsRevoked: true };
/** Letters of two bytes. */
const PANGRAM = "съешьжеещёэтихмягкихфранцузскихбулокдавыпейчаю";
const PASSWORDS = Array.from({ length: 64 }, (_, n) => `password of number ${n}`);

// The way of a token through completeReset: password-reset.ts, core/complete.ts, core/link.ts (readToken and proveLink),
// and links/stored.ts or links/signed.ts. It turns back twice: when its form was judged, and when it was proven. After that
// only the claim is used, and the ports never see the token.
describe("completeReset", () => {
  test("sets the password, ends the sessions, invalidates the link, notifies the owner and returns an id", async () => {
    const { passwordReset, requestToken, users, hasher, revoked, mailer, happened } = harness();
    const token = await requestToken();
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(SUCCESS);
    await passwordReset.drain();
    expect(await hasher.verify(users.get("42")!.passwordHash!, GOOD_PASSWORD)).toBe(true);
    expect(revoked).toEqual(["42", "42", "42"]);
    expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
    expect(await passwordReset.completeReset({ token, newPassword: "another good one" })).toEqual(REFUSED);

    const notices = mailer.sent.filter(({ kind }) => kind === "password_changed");
    expect(notices).toMatchObject([{ to: MIKE.email, subject: "Your Acme password was changed" }]);
    expect(notices[0]!.text + notices[0]!.html).not.toMatch(/https?:|password_reset/);
    expect(happened()).toEqual([
      ...["reset_requested", "mail_sent", "password_reset", "mail_sent"],
      ...["token_refused:account_changed", "token_refused:account_changed"],
    ]);
  });

  test("changes nothing but the password hash", async () => {
    const account = { ...MIKE, locale: "en", tenant: null, resetAllowed: true };
    const { passwordReset, requestToken, users } = harness({ accounts: [account] });
    await passwordReset.completeReset({ token: await requestToken(), newPassword: GOOD_PASSWORD });
    expect(users.get("42")).toEqual({ ...account, passwordHash: expect.stringMatching(/^memory\$/) });
  });

  test("sets a first password if the application allows that", async () => {
    const { passwordReset, requestToken, users, hasher } = harness({
      accounts: [{ ...MIKE, passwordHash: null }],
    });
    const token = await requestToken();
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(SUCCESS);
    expect(await hasher.verify(users.get("42")!.passwordHash!, GOOD_PASSWORD)).toBe(true);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
  });

  test("commits once, with the address and the hash of the link, and never with the password", async () => {
    const { passwordReset, requestToken, users } = harness();
    const replace = vi.spyOn(users, "replacePasswordHash");
    await passwordReset.completeReset({ token: await requestToken(), newPassword: GOOD_PASSWORD });
    const next = expect.stringMatching(/^memory\$/);
    const change = { userId: "42", email: MIKE.email, expected: MIKE.passwordHash, next };
    expect(replace.mock.calls).toEqual([[change]]);
  });

  test("ends the sessions before the commit and again after it, sparing those of the new password", async () => {
    const order: unknown[] = [];
    const users = memoryUsers([MIKE]);
    const replace = users.replacePasswordHash;
    users.replacePasswordHash = async (change) => {
      order.push("commit");
      return replace(change);
    };
    const revokeSessions = async (userId: string, { except }: { except: string }) => order.push([userId, except]);
    const { passwordReset, requestToken } = queuedHarness({ users, revokeSessions });
    await passwordReset.completeReset({ token: await requestToken(), newPassword: GOOD_PASSWORD });
    const revocation = ["42", sessionStamp(users.get("42")!)];
    expect(order).toEqual([revocation, "commit", revocation]);
  });

  test.each([
    ["in_transaction", true],
    [false, false],
  ] as const)("with revokeSessions: %s returns sessionsRevoked: %s", async (revokeSessions, sessionsRevoked) => {
    const { passwordReset, requestToken, events } = queuedHarness({ revokeSessions });
    const token = await requestToken();
    const result = await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(result).toEqual({ ...SUCCESS, sessionsRevoked });
    expect(events.at(-1)).toMatchObject({ type: "password_reset", sessionsRevoked });
  });

  test("hands the follow-up job over before the commit, with stamps and no secret", async () => {
    const { opened, open } = gate();
    const { passwordReset, requestToken, jobs, users, mailer, clock } = queuedHarness({
      languages: [en, ru],
    });
    const token = await requestToken();
    const replace = users.replacePasswordHash;
    users.replacePasswordHash = async (change) => {
      await opened;
      return replace(change);
    };
    const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, locale: "ru" });
    await vi.waitUntil(() => jobs.length === 2);
    const followUp = jobs[1]!;
    expect(followUp).toEqual({
      ...{ v: 2, id: expect.any(String), at: clock.now, type: "follow_up", userId: "42", locale: "ru" },
      ...{ email: MIKE.email, previousStamp: sessionStamp(MIKE), stamp: expect.any(String) },
      ...{ isCommitted: false, mac: expect.any(String) },
    });
    for (const secret of [token, GOOD_PASSWORD]) expect(JSON.stringify(jobs)).not.toContain(secret);

    // A worker in another process that comes before the commit does nothing and has to come again.
    const worker = harness({ users, keys: KEYS });
    const waiting = { code: "ERR_DISPATCHER", isWaiting: true, retryAfterSeconds: 15 };
    await expect(worker.passwordReset.deliver(followUp)).rejects.toMatchObject(waiting);
    expect([worker.mailer.sent, worker.revoked]).toEqual([[], []]);
    open();
    expect(await completion).toEqual(SUCCESS);
    expect(sessionStamp(users.get("42")!)).toBe((followUp as { stamp: string }).stamp);
    for (let nth = 0; nth < 2; nth++) await passwordReset.deliver(followUp);
    expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "password_changed"]);
  });

  test("refuses a malformed token before it looks at the password", async () => {
    const newPassword = vi.fn();
    const { passwordReset, events } = harness({ tenants: ["blue"] });
    const input = { token: "x", tenant: "blue", newPassword };
    expect(await passwordReset.completeReset(input)).toEqual(REFUSED);
    expect(events).toMatchObject([{ type: "token_refused", reason: "malformed", tenant: "blue" }]);
  });
});

describe("A refused password", () => {
  test.each([
    ["that is missing", undefined, "required"],
    ["that is empty", "", "required"],
    ["that is an array", ["correct horse battery"], "required"],
    ["that is too short", "kT9-x", "too_short"],
    ["of a megabyte", "x".repeat(1_000_000), "too_long"],
    ["that is common", "Password123", "common"],
    ["that is the address", "mike@example.org", "personal"],
    ["that is the application's name", "The Acme", "personal"],
    ["with NUL, where old bcrypts stop reading", "correct horse\0battery", "invalid_characters"],
  ])("%s is not hashed, changes nothing and does not consume the link", async (_, newPassword, code) => {
    const { passwordReset, requestToken, users, hasher, revoked, events } = queuedHarness();
    const hash = vi.spyOn(hasher, "hash");
    const token = await requestToken();
    const result = await passwordReset.completeReset({ token, newPassword });
    expect(result).toMatchObject({ ok: false, reason: "password_rejected", violations: [{ code }] });
    expect(hash).not.toHaveBeenCalled();
    expect(revoked).toEqual([]);
    expect(users.get("42")).toEqual(MIKE);
    expect(events.at(-1)).toMatchObject({ type: "password_rejected", userId: "42", violations: [code] });
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(SUCCESS);
  });

  test("is explained in the language of the form", async () => {
    const { passwordReset, requestToken } = harness({ languages: [en, ru] });
    const token = await requestToken();
    const result = await passwordReset.completeReset({ token, newPassword: "", locale: "ru" });
    const violation = { code: "required", message: "Введите новый пароль.", params: {} };
    expect(result).toMatchObject({ violations: [violation] });
  });

  test("is judged only after the link, with the facts of its account", async () => {
    const rule = vi.fn<PasswordRule>(() => undefined);
    const { passwordReset, requestToken } = harness({
      accounts: [{ ...MIKE, tenant: "blue" }],
      passwordRules: [rule],
      tenants: ["blue"],
      languages: [en, ru],
      appName: ({ tenant, locale }) => `Acme ${tenant} ${locale}`,
    });
    const complete = (token: string) =>
      passwordReset.completeReset({ token, tenant: "blue", newPassword: "x", locale: "ru" });
    expect(await complete("A".repeat(43))).toEqual(REFUSED);
    expect(rule).not.toHaveBeenCalled();
    await complete(await requestToken(MIKE.email, "blue"));
    const facts = {
      ...{ userId: "42", email: MIKE.email, name: "Mike", tenant: "blue", locale: "ru", appName: "Acme blue ru" },
      onUnavailable: expect.any(Function),
    };
    expect(rule.mock.calls).toEqual([["x", facts]]);
  });

  test.each([
    // Some hashers normalize first, and U+FDFA becomes 33 bytes of NFKC.
    ["over 72 bytes", PANGRAM.slice(0, 37), "$2b$10$…", false],
    ["over 72 bytes once it is normalized", "\ufdfa\ufdfa вода и ветер", "$2b$10$…", false],
    ["over 72 bytes, and the hasher is another one", PANGRAM.slice(0, 37), "$argon2id$…", true],
    ["over 72 bytes, and only a part of the hash is like one", PANGRAM.slice(0, 37), "$argon2id$…$2b$10$…", true],
    ["of 72 bytes", PANGRAM.slice(0, 36), "$2b$10$…", true],
  ])("is one for bcrypt %s (CVE-2025-22228)", async (_, newPassword, hash, ok) => {
    const { passwordReset, requestToken, users } = queuedHarness({ hasher: { hash: async () => hash } });
    const token = await requestToken();
    const result = await passwordReset.completeReset({ token, newPassword });
    expect(result).toMatchObject({ ok });
    if (ok) return;
    const violation = { code: "too_long", params: { maxBytes: 72 }, message: expect.stringContaining("72") };
    expect(result).toMatchObject({ violations: [violation] });
    expect(users.get("42")).toEqual(MIKE);
  });

  test("is reported as an event if a rule could not reach its service", async () => {
    const rule: PasswordRule = (_, { onUnavailable }) => void onUnavailable?.("allowed") as undefined;
    const { passwordReset, requestToken, events } = queuedHarness({ passwordRules: [rule] });
    await passwordReset.completeReset({ token: await requestToken(), newPassword: GOOD_PASSWORD });
    const event = { type: "password_check_unavailable", userId: "42", reason: "allowed" };
    expect(events).toContainEqual(expect.objectContaining(event));
  });
});

describe("Concurrent completions", () => {
  test.each([
    ["stored", () => ({ tokens: memoryTokens() })],
    ["signed", () => ({ tokens: signedTokens(), keys: KEYS })],
  ])("of one %s link have one winner in a process, and cost one hash", async (_, options) => {
    const { passwordReset, requestToken, users, hasher } = harness(options());
    const hash = vi.spyOn(hasher, "hash");
    const token = await requestToken();
    const complete = (newPassword: string) => passwordReset.completeReset({ token, newPassword });
    const results = await Promise.all(PASSWORDS.map(complete));
    const winners = PASSWORDS.filter((_, n) => results[n]!.ok);
    expect(winners).toHaveLength(1);
    expect(await hasher.verify(users.get("42")!.passwordHash!, winners[0]!)).toBe(true);
    expect(results.filter(({ ok }) => !ok)).toEqual(new Array(63).fill(REFUSED));
    expect(hash).toHaveBeenCalledTimes(1);
  });

  test("of one junk token wait in one line and do not wake one another", async () => {
    const { passwordReset, tokens } = harness();
    const find = vi.spyOn(tokens, "find");
    const waiting = vi.spyOn(Promise.prototype, "catch");
    const calls = Array.from({ length: 2000 }, (_, n) =>
      passwordReset.completeReset({ token: "A".repeat(43), newPassword: `password of number ${n}` }),
    );
    expect((await Promise.all(calls)).every(({ ok }) => !ok)).toBe(true);
    expect(find).toHaveBeenCalledTimes(2000);
    // Linear. A line in which each call wakes all others would take millions.
    expect(waiting.mock.calls.length).toBeLessThan(20_000);
    waiting.mockRestore();
  });

  test("with the same password share one result and one notice, as after a double click", async () => {
    const { passwordReset, requestToken, hasher, mailer } = harness();
    const hash = vi.spyOn(hasher, "hash");
    const token = await requestToken();
    const click = () => passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(await Promise.all([click(), click()])).toEqual([SUCCESS, SUCCESS]);
    expect(hash).toHaveBeenCalledTimes(1);
    await passwordReset.drain();
    expect(mailer.sent.filter(({ kind }) => kind === "password_changed")).toHaveLength(1);
    // The result is shared while the first click runs, and not afterwards.
    expect(await click()).toEqual(REFUSED);
  });

  test("share the result of the one that has just had its turn", async () => {
    const { passwordReset, requestToken, hasher } = harness();
    const { opened, open } = gate();
    const token = await requestToken();
    const hash = vi.spyOn(hasher, "hash");
    hash.mockImplementationOnce(() => opened.then(() => Promise.reject(new Error("down"))));
    const complete = (newPassword: string) => passwordReset.completeReset({ token, newPassword });
    const first = complete("another good password").catch(() => {});
    const second = complete(GOOD_PASSWORD);
    open();
    await first;
    const third = complete(GOOD_PASSWORD);
    expect([await second, await third]).toEqual([SUCCESS, SUCCESS]);
    expect(hash).toHaveBeenCalledTimes(2);
  });

  test("of another tenant get no share in a result", async () => {
    const { passwordReset, requestToken } = harness({ accounts: [{ ...MIKE, tenant: "blue" }], tenants: "dynamic" });
    const token = await requestToken(MIKE.email, "blue");
    const complete = (tenant: string) => passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, tenant });
    const results = await Promise.all(["blue", "red", "green"].map(complete));
    expect(results).toEqual([SUCCESS, REFUSED, REFUSED]);
  });

  test("get their turn if the one before was refused", async () => {
    const { passwordReset, requestToken } = harness();
    const token = await requestToken();
    const complete = (newPassword: string) => passwordReset.completeReset({ token, newPassword });
    const [first, second] = await Promise.all([complete("short"), complete(GOOD_PASSWORD)]);
    expect([first.ok, second.ok]).toEqual([false, true]);
  });
});

test.each([[{ email: "new@example.org" }], [{ passwordHash: "changed" }], [{ resetAllowed: false }]])(
  "A change of the account (%o) while the password is hashed stops the commit, and nobody is notified",
  async (change) => {
    const { passwordReset, requestToken, users, hasher, mailer, happened } = harness();
    const token = await requestToken();
    const hash = hasher.hash;
    hasher.hash = async (password) => {
      users.set({ ...MIKE, ...change });
      return hash(password);
    };
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    await passwordReset.drain();
    expect(users.get("42")).toEqual({ ...MIKE, ...change });
    expect(mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link"]);
    expect(happened().slice(-2)).toEqual(["token_refused:lost_race", "job_dropped:not_committed"]);
  },
);

describe("Of several links of one account, completed at once,", () => {
  test.each([
    ["one wins", MIKE.passwordHash],
    ["one wins, also if they set a first password", null],
  ])("%s, and its owner is notified once", async (_, passwordHash) => {
    const its = harness({ accounts: [{ ...MIKE, passwordHash }], limits: { address: false } });
    const tokens: string[] = [];
    for (let nth = 0; nth < 8; nth++) tokens.push(await its.requestToken());
    const results = await Promise.all(
      tokens.map((token, nth) => its.passwordReset.completeReset({ token, newPassword: PASSWORDS[nth] })),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    await its.passwordReset.drain();
    expect(its.mailer.sent.filter(({ kind }) => kind === "password_changed")).toHaveLength(1);
    const winner = PASSWORDS[results.findIndex(({ ok }) => ok)]!;
    expect(await its.hasher.verify(its.users.get("42")!.passwordHash!, winner)).toBe(true);
  });
});

describe("The round trips to the databases before the response", () => {
  /** A password reset whose calls of stores are recorded, in its process and in that of its worker. */
  function count(options: Parameters<typeof harness>[0] = {}) {
    const accounts = options.accounts ?? [MIKE];
    const { users, tokens } = memoryPorts(accounts, { firstPasswords: accounts[0]?.passwordHash === null });
    const calls: string[] = [];
    const record = <Port extends object>(port: Port): Port =>
      new Proxy(port, {
        get(target, name) {
          const method = Reflect.get(target, name) as unknown;
          if (typeof method !== "function") return method;
          return (...input: unknown[]) => {
            calls.push(String(name));
            return method.apply(target, input);
          };
        },
      });
    const revokeSessions = async () => calls.push("revokeSessions");
    const ports = { users: record(users), tokens: record(tokens), revokeSessions };
    const its = queuedHarness({ ...ports, ...options });
    return {
      ...its,
      /** Returns the calls during this work. */
      async during(work: () => Promise<unknown>) {
        calls.length = 0;
        await work();
        return [...calls];
      },
    };
  }
  const SIGNED = { tokens: signedTokens(), revokeSessions: "in_transaction" } as const;
  const IN_TRANSACTION = { revokeSessions: "in_transaction" } as const;
  const WITHOUT_PASSWORD = { accounts: [{ ...MIKE, passwordHash: null }] };

  test("are two for the job of a request, and the request makes none", async () => {
    const { during, requestJob, passwordReset, jobs } = count();
    expect(await during(requestJob)).toEqual([]);
    expect(await during(() => passwordReset.deliver(jobs[0]))).toEqual(["findByEmail", "save"]);
  });

  test.each([
    ["two", {}, ["find", "findById"]],
    ["one with signed tokens", SIGNED, ["findById"]],
  ])("are %s for verifyToken", async (_, options, expected) => {
    const { during, requestToken, passwordReset } = count(options);
    const token = await requestToken();
    expect(await during(() => passwordReset.verifyToken({ token }))).toEqual(expected);
  });

  const PROOF = ["find", "findById"];
  test.each([
    // Looking the link up again and ending the sessions happen at the same time.
    [
      "five, one after the other, with a function",
      {},
      [...PROOF, "find", "revokeSessions", "replacePasswordHash", "revokeSessions"],
    ],
    ["four in a transaction", IN_TRANSACTION, [...PROOF, "find", "replacePasswordHash"]],
    ["two with signed tokens in a transaction", SIGNED, ["findById", "replacePasswordHash"]],
    [
      "six for a first password",
      WITHOUT_PASSWORD,
      [...PROOF, "find", "revokeSessions", "deleteByUser", "setFirstPasswordHash", "revokeSessions"],
    ],
  ])("are %s for completeReset", async (_, options, expected) => {
    const { during, requestToken, passwordReset } = count(options);
    const token = await requestToken();
    const complete = () => passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(await during(complete)).toEqual(expected);
  });

  test("before the commit, the link is looked up while the sessions are ended", async () => {
    const { opened, open } = gate();
    const tokens = memoryTokens();
    const find = vi.spyOn(tokens, "find");
    const revokeSessions = () => opened;
    const { requestToken, passwordReset } = queuedHarness({ tokens, revokeSessions });
    const token = await requestToken();
    const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await vi.waitUntil(() => find.mock.calls.length === 2);
    open();
    expect(await completion).toEqual(SUCCESS);
  });
});
