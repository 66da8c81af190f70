import { signedTokens, TimeSpan, type TokenRecord } from "relatch";
import { memoryPorts, memoryTokens } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, gate, harness, KEYS, MIKE, queuedHarness } from "../../helpers/harness.ts";

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Options for each kind of link. */
const kinds = {
  stored: () => ({ tokens: memoryTokens() }),
  sealed: () => ({ tokens: memoryTokens(), keys: KEYS }),
  signed: () => ({ tokens: signedTokens(), keys: KEYS }),
};

describe("A link for a first password", () => {
  test.each(["stored", "sealed"] as const)(
    "is an invitation if it is %s, and is refused once no first password can be set",
    async (kind) => {
      const shared = kinds[kind]();
      const before = harness({ ...shared, accounts: [{ ...MIKE, passwordHash: null }] });
      const token = await before.requestToken();
      const users = { ...before.users, setFirstPasswordHash: undefined };
      const { passwordReset, happened } = harness({ ...shared, users });
      expect(await before.passwordReset.verifyToken({ token })).toMatchObject({ ok: true, isInvitation: true });
      expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
      expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
      expect(happened()).toEqual(["token_refused:no_password", "token_refused:no_password"]);
    },
  );

  // It could not be deleted before the commit, so it would work again once the password was removed.
  test("is never a signed one: such options are refused", () => {
    const { users } = memoryPorts([MIKE], { firstPasswords: true });
    expect(() => harness({ ...kinds.signed(), users })).toThrow(relatchError("ERR_OPTIONS"));
  });
});

describe.each(Object.entries(kinds))("A %s link", (_kind, options) => {
  test("is valid however often it is verified", async () => {
    const { passwordReset, requestToken, clock, events } = harness(options());
    const token = await requestToken();
    const expiresAt = new Date(clock.now + HOUR);
    for (let look = 0; look < 5; look++) {
      expect(await passwordReset.verifyToken({ token })).toEqual({
        ...{ ok: true, userId: "42", email: MIKE.email, isInvitation: false, expiresAt },
      });
    }
    const verified = { type: "token_verified", at: new Date(clock.now), userId: "42", tenant: undefined };
    expect(events.slice(-5)).toEqual(Array(5).fill(verified));
  });

  test.each([
    ["is valid one millisecond before its hour is over", HOUR - 1, undefined],
    ["expires when its hour is over", HOUR, "expired"],
    ["stays expired", 1000 * HOUR, "expired"],
    ["is valid after the clock went back", -5 * MINUTE, undefined],
  ])("%s", async (_, passed, reason) => {
    const { passwordReset, requestToken, clock, happened } = harness(options());
    const token = await requestToken();
    clock.now += passed;
    const ok = reason === undefined;
    expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok });
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({ ok });
    const refusals = happened().filter((what) => what.startsWith("token_refused"));
    expect(refusals).toEqual(ok ? [] : Array(2).fill(`token_refused:${reason}`));
  });

  test.each([
    ["the password was changed elsewhere", { passwordHash: "another" }, "account_changed"],
    ["the address was changed", { email: "mike@elsewhere.example" }, "account_changed"],
    ["the address was changed in case alone", { email: "Mike@example.org" }, "account_changed"],
    ["the account was suspended", { resetAllowed: false }, "not_allowed"],
    ["the account is gone", undefined, "account_gone"],
  ])("is refused if %s, and changes nothing", async (_, change, reason) => {
    const { passwordReset, requestToken, users, events } = harness(options());
    const token = await requestToken();
    if (change) users.set({ ...MIKE, ...change });
    else users.delete("42");
    expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    expect(users.get("42")).toEqual(change && { ...MIKE, ...change });
    const refusal = { type: "token_refused", reason, userId: "42", at: expect.any(Date), tenant: undefined };
    expect(events.slice(-2)).toEqual([refusal, refusal]);
  });

  test.each([
    ["lowered", 24, 1],
    ["raised", 1, 24],
  ])("keeps the lifetime it was issued with if tokenLifetime is %s", async (_, before, after) => {
    const shared = options();
    const old = harness({ ...shared, tokenLifetime: new TimeSpan(before, "h") });
    const token = await old.requestToken();
    const { users } = old;
    const its = harness({ ...shared, users, tokenLifetime: new TimeSpan(after, "h") });
    const { passwordReset, clock, requestToken } = its;
    for (const [passed, ok] of [
      [0, true],
      [before * HOUR - 1, true],
      [before * HOUR, false],
    ] as const) {
      clock.now = old.clock.now + passed;
      expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok });
    }
    // The control: a new link has the new lifetime.
    const next = await requestToken();
    const expiresAt = new Date(clock.now + after * HOUR);
    expect(await passwordReset.verifyToken({ token: next })).toMatchObject({ expiresAt });
  });

  test("is refused for another account with the same hash, whatever the input says", async () => {
    const ann = { ...MIKE, id: "43", email: "ann@example.org" };
    const { passwordReset, requestToken, users } = harness({ ...options(), accounts: [MIKE, ann] });
    const token = await requestToken(ann.email);
    expect(await passwordReset.verifyToken({ token })).toMatchObject({ userId: "43" });
    const input = { token, newPassword: GOOD_PASSWORD, userId: "42", email: MIKE.email };
    await passwordReset.completeReset(input);
    expect(users.get("42")).toEqual(MIKE);
  });

  test.each([
    ["another tenant", "green", ["other_tenant", "account_changed"]],
    ["no tenant", null, ["other_tenant", "other_tenant"]],
  ])("is refused if the account moved to %s, for every tenant that the call names", async (_, tenant, reasons) => {
    const accounts = [{ ...MIKE, tenant: "blue" }];
    const its = harness({ ...options(), accounts, tenants: ["blue", "green"] });
    const token = await its.requestToken(MIKE.email, "blue");
    its.users.set({ ...MIKE, tenant });
    its.events.length = 0;
    for (const named of ["blue", "green"]) {
      const call = { token, tenant: named, newPassword: GOOD_PASSWORD };
      expect(await its.passwordReset.verifyToken(call)).toEqual(REFUSED);
      expect(await its.passwordReset.completeReset(call)).toEqual(REFUSED);
    }
    expect(its.users.get("42")).toEqual({ ...MIKE, tenant });
    const [first, second] = reasons.map((reason) => `token_refused:${reason}`);
    expect(its.happened()).toEqual([first, first, second, second]);
  });

  test("is valid for its tenant only", async () => {
    const accounts = [{ ...MIKE, tenant: "blue" }];
    const { passwordReset, requestToken, events } = harness({ ...options(), accounts, tenants: ["blue", "red"] });
    const token = await requestToken(MIKE.email, "blue");
    expect(await passwordReset.verifyToken({ token, tenant: "blue" })).toMatchObject({ ok: true });
    expect(events.at(-1)).toMatchObject({ type: "token_verified", tenant: "blue" });
    expect(await passwordReset.verifyToken({ token, tenant: "red" })).toEqual(REFUSED);
    expect(events.at(-1)).toMatchObject({ reason: "other_tenant", tenant: "red" });
    for (const tenant of [1, "", "green", null, undefined]) {
      const verification = passwordReset.verifyToken({ token, tenant: tenant as never });
      await expect(verification).rejects.toEqual(relatchError("ERR_OPTIONS", "tenant"));
      expect(events.at(-1)).toMatchObject({ type: "tenant_refused" });
    }
  });

  test("is told from junk without a call of a store", async () => {
    const given = options();
    const { passwordReset, requestToken, users, happened } = harness(given);
    const token = await requestToken();
    const find = vi.spyOn(users, "findById");
    if ("find" in given.tokens) vi.spyOn(given.tokens, "find").mockRejectedValueOnce(new Error("was asked"));
    const junk = [undefined, null, 0, "", {}, [token], new String(token), { toString: () => token }].concat(
      ...[`${token} `, `${token}=`, token.slice(1), "%", "a".repeat(1_000_000), `${token.slice(0, -1)}é`],
    );
    for (const input of junk) {
      expect(await passwordReset.verifyToken({ token: input })).toEqual(REFUSED);
      expect(await passwordReset.completeReset({ token: input, newPassword: "x" })).toEqual(REFUSED);
    }
    expect(find).not.toHaveBeenCalled();
    const refusals = happened().slice(2);
    expect(refusals).toEqual(Array(2 * junk.length).fill("token_refused:malformed"));
    // The control: a token is looked for.
    const asked = passwordReset.verifyToken({ token });
    if ("find" in given.tokens) await expect(asked).rejects.toEqual(relatchError("ERR_TOKEN_STORE"));
    else expect(await asked).toMatchObject({ ok: true });
    expect(find).toHaveBeenCalledTimes("find" in given.tokens ? 0 : 1);
  });

  test("stays valid when others follow, until one of them is used", async () => {
    const { passwordReset, requestToken, clock, mailer } = harness(options());
    const links: string[] = [];
    for (let nth = 0; nth < 3; nth++, clock.now += MINUTE) links.push(await requestToken());
    expect(new Set(links).size).toBe(3);
    for (const token of links) expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
    // No email may say that only the newest link works.
    for (const { text } of mailer.sent) {
      expect(text).toContain("works once");
      expect(text).not.toMatch(/newest|latest|most recent/i);
    }
    const completion = passwordReset.completeReset({ token: links[1], newPassword: GOOD_PASSWORD });
    expect(await completion).toMatchObject({ ok: true });
    for (const token of links) expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
  });

  test("of the owner survives requests by a stranger while the mail server fails", async () => {
    const { mailer } = memoryPorts();
    const { passwordReset, clock, happened } = harness({ ...options(), mailer });
    const request = async () => {
      await passwordReset.requestReset({ email: MIKE.email, ip: false });
      await passwordReset.drain();
      clock.now += MINUTE;
    };
    await request();
    const token = mailer.lastToken(MIKE.email);
    const send = vi.spyOn(mailer, "send").mockRejectedValue(new Error("452"));
    for (let nth = 0; nth < 4; nth++) await request();
    expect(send).toHaveBeenCalled();
    expect(happened()).toContain("job_dropped:gave_up");
    expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
    const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(await completion).toMatchObject({ ok: true });
  });

  test("survives an older email that is retried late, and so does the link in that", async () => {
    const { mailer } = memoryPorts();
    const its = queuedHarness({ ...options(), keys: KEYS, mailer });
    const greylisted = await its.requestJob();
    vi.spyOn(mailer, "send").mockRejectedValueOnce(new Error("451"));
    await expect(its.passwordReset.deliver(greylisted)).rejects.toEqual(relatchError("ERR_MAILER"));
    its.clock.now += MINUTE;
    await its.passwordReset.deliver(await its.requestJob());
    const opened = mailer.lastToken(MIKE.email);
    expect(await its.passwordReset.verifyToken({ token: opened })).toMatchObject({ ok: true });
    its.clock.now += MINUTE;
    await its.passwordReset.deliver(greylisted);
    const late = mailer.lastToken(MIKE.email);
    expect(late).not.toBe(opened);
    for (const token of [opened, late]) {
      expect(await its.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
    }
  });
});

describe.each([
  ["", undefined],
  [" that is sealed with a key", KEYS],
])("The record of a link%s", (_, keys) => {
  const changes: [string, (record: TokenRecord, other: TokenRecord) => Partial<TokenRecord>][] = [
    ["expiry is later", ({ expiresAt }) => ({ expiresAt: new Date(expiresAt.getTime() + 30 * MINUTE) })],
    ["expiry is a second later", ({ expiresAt }) => ({ expiresAt: new Date(expiresAt.getTime() + 1000) })],
    ["expiry is earlier", ({ expiresAt }) => ({ expiresAt: new Date(expiresAt.getTime() - 1000) })],
    ["expiry is a millisecond later", ({ expiresAt }) => ({ expiresAt: new Date(expiresAt.getTime() + 1) })],
    ["user is another one", () => ({ userId: "43" })],
    ["fingerprint is that of another link", (_record, { fingerprint }) => ({ fingerprint })],
    [
      "fingerprint and expiry are those of another link",
      (_record, { fingerprint, expiresAt }) => ({
        ...{ fingerprint, expiresAt },
      }),
    ],
    ["fingerprint is empty", () => ({ fingerprint: "" })],
    ["hash is that of another token", (_record, { tokenHash }) => ({ tokenHash })],
  ];

  test.each(changes)("opens nothing if its %s", async (_, change) => {
    const records: TokenRecord[] = [];
    const tokens = {
      ...memoryTokens(),
      save: async (record: TokenRecord) => records.push(record),
      find: async () => records[0],
    };
    const accounts = [MIKE, { ...MIKE, id: "43", email: "ann@example.org" }];
    const its = harness({ tokens, accounts, keys });
    const token = await its.requestToken();
    its.clock.now += 20 * MINUTE;
    await its.requestToken();
    // The control: unchanged, it is valid.
    expect(await its.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
    Object.assign(records[0]!, change({ ...records[0]! }, records[1]!));
    expect(await its.passwordReset.verifyToken({ token })).toEqual(REFUSED);
    expect(await its.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    expect([its.users.get("42"), its.users.get("43")]).toEqual(accounts);
  });

  test("of 30 days ago opens nothing although its expiry was moved to the future", async () => {
    const records: TokenRecord[] = [];
    const save = async (record: TokenRecord) => records.push(record);
    const tokens = { ...memoryTokens(), save, find: async () => records[0] };
    const { passwordReset, requestToken, clock, happened } = harness({ tokens, keys });
    const token = await requestToken();
    clock.now += 30 * 24 * HOUR;
    records[0]!.expiresAt = new Date(clock.now + 30 * MINUTE);
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    records[0]!.expiresAt = new Date(clock.now + 8 * 24 * HOUR);
    expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
    expect(happened().slice(2)).toEqual(["token_refused:account_changed", "token_refused:unknown"]);
  });
});

test("onlyNewestLink deletes the earlier links of the account before a new one is saved", async () => {
  const { passwordReset, requestToken, clock, happened } = harness({ onlyNewestLink: true });
  const first = await requestToken();
  clock.now += MINUTE;
  const second = await requestToken();
  expect(await passwordReset.verifyToken({ token: first })).toEqual(REFUSED);
  expect(happened().at(-1)).toBe("token_refused:unknown");
  expect(await passwordReset.verifyToken({ token: second })).toMatchObject({ ok: true });
});

test("A signed link opens nothing at another origin, with the same key and the same users", async () => {
  const tokens = signedTokens();
  const staging = harness({ tokens, keys: KEYS, resetUrl: "https://staging.example.com/reset/:token" });
  const token = await staging.requestToken();
  expect(await staging.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
  const production = harness({ tokens, keys: KEYS, resetUrl: "https://app.example.com/reset/:token" });
  expect(await production.passwordReset.verifyToken({ token })).toEqual(REFUSED);
  // Another path of the same origin is the same deployment.
  const moved = harness({ tokens, keys: KEYS, resetUrl: "https://staging.example.com/new?t=:token" });
  expect(await moved.passwordReset.verifyToken({ token })).toMatchObject({ ok: true });
});

describe("revokeTokens", () => {
  test("invalidates the link of a user", async () => {
    const { passwordReset, requestToken, events } = harness();
    const token = await requestToken();
    await passwordReset.revokeTokens("42");
    expect(events.at(-1)).toMatchObject({ type: "tokens_revoked", userId: "42" });
    expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
  });

  /** Completes a reset whose calls of the ports stop, one after the other, until the test lets them go on. */
  const completeStepwise = async (options: Parameters<typeof harness>[0]) => {
    const its = harness({ limits: false, ...options });
    const token = await its.requestToken();
    const steps: { name: string; go: () => void }[] = [];
    const stopAt = (port: object, method: string) => {
      const functions = port as Record<string, (...input: unknown[]) => unknown>;
      const original = functions[method]!;
      functions[method] = async (...input) => {
        const { opened, open } = gate();
        steps.push({ name: method, go: open });
        await opened;
        return original(...input);
      };
    };
    return { ...its, token, steps, stopAt };
  };

  test.each([
    ["before the link is looked up", "find", MIKE.passwordHash, true],
    ["before the account is looked up", "findById", MIKE.passwordHash, true],
    ["while the password is hashed", "hash", MIKE.passwordHash, true],
    ["while a first password is hashed", "hash", null, true],
    ["before the commit", "replacePasswordHash", MIKE.passwordHash, false],
  ] as const)("%s wins over a completion, unless that commits already", async (_, method, hash, wins) => {
    const tokens = memoryTokens();
    const its = await completeStepwise({ tokens, accounts: [{ ...MIKE, passwordHash: hash }] });
    for (const port of [tokens, its.users, its.hasher]) if (method in port) its.stopAt(port, method);
    const result = its.passwordReset.completeReset({ token: its.token, newPassword: GOOD_PASSWORD });
    await vi.waitUntil(() => its.steps.length === 1);
    await its.passwordReset.revokeTokens("42");
    // Later calls do not stop.
    const release = setInterval(() => its.steps.splice(0).map(({ go }) => go()));
    expect(await result).toMatchObject({ ok: !wins });
    await its.passwordReset.drain();
    clearInterval(release);
    expect(its.users.get("42")?.passwordHash === hash).toBe(wins);
    const notices = its.mailer.sent.filter(({ kind }) => kind === "password_changed");
    expect(notices).toHaveLength(wins ? 0 : 1);
  });

  test("throws ERR_TOKEN_STORE with signed tokens", async () => {
    const revocation = harness(kinds.signed()).passwordReset.revokeTokens("42");
    await expect(revocation).rejects.toEqual(relatchError("ERR_TOKEN_STORE", "signed tokens"));
  });

  test.each([[undefined], [null], [""], [7], [{}]])("refuses %o in place of an id", async (userId) => {
    const revocation = harness().passwordReset.revokeTokens(userId as string);
    await expect(revocation).rejects.toEqual(relatchError("ERR_OPTIONS", "revokeTokens"));
  });
});
