import {
  createPasswordReset,
  type LegacyToken,
  type LegacyTokens,
  type PasswordResetOptions,
  type RelatchError,
  type ResetUser,
  signedTokens,
  TimeSpan,
} from "relatch";
import { memoryTokens } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { withLegacyTokens } from "../../../src/links/legacy.ts";
import type { LinkScheme } from "../../../src/links/scheme.ts";
import { account } from "../../helpers/account.ts";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, harness, KEYS, MIKE } from "../../helpers/harness.ts";

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const SUCCESS = { ok: true, userId: "42", sessionsRevoked: true };
const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const UNTIL = NOW + 30 * DAY;
const OLD = "an-old-token";

const KINDS = {
  stored: () => ({ tokens: memoryTokens() }),
  signed: () => ({ tokens: signedTokens(), keys: KEYS }),
} satisfies Record<string, () => Partial<PasswordResetOptions>>;

/** A table of old tokens, and the calls of it. */
function oldFlow(until = UNTIL) {
  const rows = new Map<string, LegacyToken>();
  const calls: string[] = [];
  const flow: LegacyTokens = {
    until: new Date(until),
    async find(token) {
      calls.push("find");
      return rows.get(token);
    },
    async spend(token) {
      calls.push("spend");
      return rows.delete(token);
    },
    async revoke(userId) {
      calls.push(`revoke ${userId}`);
      for (const [token, row] of rows) if (row.userId === userId) rows.delete(token);
    },
  };
  return { flow, rows, calls };
}

/** A harness with an old flow, in which one link for Mike is valid for an hour. */
function migration({ until, old = {}, ...options }: Parameters<typeof harness>[0] & MigrationOptions = {}) {
  const { flow, rows, calls } = oldFlow(until);
  const failures: { error: RelatchError; cause: unknown }[] = [];
  const onError = (error: RelatchError, cause: unknown) => failures.push({ error, cause });
  const migrating = { legacyTokens: flow, limits: false, onError, ...options } as const;
  const its = harness(migrating);
  const { passwordReset, users, mailer, revoked } = its;
  rows.set(OLD, { userId: "42", expiresAt: new Date(NOW + 60 * MINUTE), ...old } as LegacyToken);
  const commit = users.replacePasswordHash;
  users.replacePasswordHash = (change) => {
    calls.push("commit");
    return commit(change);
  };
  return {
    ...{ ...its, flow, rows, calls, failures },
    /** Completes with the old link in another process over the same ports. */
    completeElsewhere(token = OLD) {
      const { accounts: _, ...rest } = migrating;
      const { tokens, hasher, clock } = its;
      const other = createPasswordReset({
        ...{ users, tokens, hasher, mailer, appName: "Acme", revokeSessions: false, ...rest },
        resetUrl: "https://app.example.com/password_reset/:token",
        now: () => new Date(clock.now),
        onEvent: () => {},
      });
      return other.completeReset({ token, newPassword: "another good password" });
    },
    verify: (token = OLD) => passwordReset.verifyToken({ token }),
    complete: (token = OLD, newPassword = GOOD_PASSWORD) => passwordReset.completeReset({ token, newPassword }),
    refusals: () => its.happened().filter((what) => what.startsWith("token_refused")),
    /** Drains, and returns what an attempt has changed. */
    async effects() {
      await passwordReset.drain();
      const kinds = mailer.sent.map(({ kind }) => kind).filter((kind) => kind !== "reset_link");
      return { isChanged: users.get("42")?.passwordHash !== MIKE.passwordHash, kinds, revoked };
    },
  };
}

interface MigrationOptions {
  until?: number;
  old?: object;
}

const NO_EFFECTS = { isChanged: false, kinds: [], revoked: [] };

describe.each(Object.entries(KINDS))("An old link next to %s links", (_kind, options) => {
  test("an old link is valid however often it is verified, until its exact expiry", async () => {
    const expiresAt = new Date(NOW + 12_345);
    const { verify, calls } = migration({ ...options(), old: { expiresAt } });
    const valid = { ok: true, userId: "42", email: MIKE.email, isInvitation: false, expiresAt };
    for (let look = 0; look < 3; look++) expect(await verify()).toEqual(valid);
    expect(calls).toEqual(["find", "find", "find"]);
  });

  test("an old link sets a password once, ends the sessions and notifies the owner", async () => {
    const { complete, effects, calls, refusals } = migration(options());
    expect(await complete()).toEqual(SUCCESS);
    expect(calls).toEqual(["find", "find", "spend", "revoke 42", "commit"]);
    const { kinds, revoked, isChanged } = await effects();
    expect([kinds, revoked.length, isChanged]).toEqual([["password_changed"], 3, true]);
    expect(await complete(OLD, "another good password")).toEqual(REFUSED);
    expect(refusals()).toEqual(["token_refused:unknown"]);
  });

  test("an old link is invalid as soon as another old link was used", async () => {
    const { complete, rows, refusals } = migration(options());
    rows.set("another", rows.get(OLD)!);
    expect(await complete()).toEqual(SUCCESS);
    expect(await complete("another", "another good password")).toEqual(REFUSED);
    expect(refusals()).toEqual(["token_refused:unknown"]);
  });

  test("a new link revokes the old links of the user before its commit", async () => {
    const { complete, requestToken, calls, verify } = migration(options());
    const token = await requestToken();
    expect(await complete(token)).toEqual(SUCCESS);
    expect(calls).toEqual(["revoke 42", "commit"]);
    expect(await verify()).toEqual(REFUSED);
  });

  test("revokeTokens invalidates an old link", async () => {
    const { passwordReset, verify, refusals } = migration(options());
    await passwordReset.revokeTokens("42").catch(() => {});
    expect(await verify()).toEqual(REFUSED);
    expect(refusals()).toEqual(["token_refused:unknown"]);
  });

  test("a refused password does not consume an old link", async () => {
    const { complete } = migration(options());
    expect(await complete(OLD, "short")).toMatchObject({ reason: "password_rejected" });
    expect(await complete()).toEqual(SUCCESS);
  });

  test("an old link is refused after twenty refused passwords, and no event contains its token", async () => {
    const { complete, refusals, events } = migration(options());
    for (let attempt = 0; attempt < 20; attempt++) await complete(OLD, `short${attempt}`);
    expect(await complete()).toEqual(REFUSED);
    expect(refusals()).toEqual(["token_refused:too_many_attempts"]);
    expect(JSON.stringify(events)).not.toContain(OLD);
  });
});

test("An old link sets a first password if the store can", async () => {
  const { complete, verify, users } = migration({ accounts: [{ ...MIKE, passwordHash: null }] });
  expect(await verify()).toMatchObject({ ok: true, isInvitation: true });
  expect(await complete()).toEqual(SUCCESS);
  expect(users.get("42")?.passwordHash).toBeTruthy();
});

describe("Reasons to refuse an old link", () => {
  const other = { email: "other@example.org" };
  test.each<[string, string, object, ResetUser | undefined]>([
    ["expired", "it expires now", { expiresAt: new Date(NOW) }, MIKE],
    ["account_gone", "the account is gone", {}, undefined],
    ["not_allowed", "the account may not reset", {}, { ...MIKE, resetAllowed: false }],
    ["account_changed", "it was sent to another address", other, MIKE],
    ["account_changed", "it was sent to something else than an address", { email: "mike" }, MIKE],
    ["account_changed", "it was sent to an empty address", { email: "" }, MIKE],
    ["account_changed", "neither address is one", { email: "mike" }, { ...MIKE, email: "mike" }],
    ["account_changed", "it was sent to an address that reads alike", { email: "m\u0131ke@example.org" }, MIKE],
  ])("an old link is refused as %s if %s", async (reason, _, old, user) => {
    const { verify, complete, refusals, effects } = migration({ old, accounts: user ? [user] : [] });
    expect([await verify(), await complete()]).toEqual([REFUSED, REFUSED]);
    expect(refusals()).toEqual([`token_refused:${reason}`, `token_refused:${reason}`]);
    expect(await effects()).toMatchObject({ kinds: [], revoked: [] });
  });

  test("an old link is refused in a call for another tenant", async () => {
    const tenants = ["blue", "red"] as const;
    const accounts = [{ ...MIKE, tenant: "blue" }];
    const { passwordReset, refusals } = migration({ accounts, tenants } as never);
    const verify = (tenant: string) => passwordReset.verifyToken({ token: OLD, tenant } as never);
    expect([await verify("red"), await verify("blue")]).toMatchObject([REFUSED, { ok: true }]);
    expect(refusals()).toEqual(["token_refused:other_tenant"]);
  });

  test.each([
    ["the same address", MIKE.email],
    ["the same address in another spelling", " Mike@EXAMPLE.org "],
    ["no address", undefined],
  ])("an old link that was sent to %s is accepted", async (_, email) => {
    expect(await migration({ old: { email } }).complete()).toEqual(SUCCESS);
  });

  test.each([
    ["is valid one millisecond before the end", -1, { ok: true, expiresAt: new Date(UNTIL) }, ["find"]],
    ["is refused at the end, without being looked up", 0, REFUSED, []],
    ["is refused after the end, without being looked up", DAY, REFUSED, []],
  ])("an old link that expires after the end %s", async (_, passed, result, asked) => {
    const its = migration({ old: { expiresAt: new Date(UNTIL + DAY) } });
    its.clock.now = UNTIL + passed;
    expect(await its.verify()).toMatchObject(result);
    if (asked.length === 0) expect(await its.complete()).toEqual(REFUSED);
    expect(its.refusals()).toEqual(asked.length === 0 ? Array(2).fill("token_refused:malformed") : []);
    expect(its.calls).toEqual(asked);
  });

  test("an old link is refused if the end comes while the password is hashed", async () => {
    const its = migration({ old: { expiresAt: new Date(UNTIL + DAY) } });
    its.clock.now = UNTIL - 1;
    const { hash } = its.hasher;
    its.hasher.hash = (password) => {
      its.clock.now = UNTIL;
      return hash(password);
    };
    expect(await its.complete()).toEqual(REFUSED);
    expect(its.calls).toEqual(["find"]);
    expect(await its.effects()).toEqual(NO_EFFECTS);
  });

  test("a later change of the Date in until changes nothing", async () => {
    const its = migration();
    its.flow.until.setTime(UNTIL + 365 * DAY);
    its.clock.now = UNTIL;
    expect(await its.verify()).toEqual(REFUSED);
    expect(its.calls).toEqual([]);
  });

  test.each([
    ["is valid with 7 days and 5 minutes to go", 0, { ok: true }, 0],
    ["is refused with a millisecond more to go, and that is reported", 1, REFUSED, 1],
  ])("an old link %s", async (_, more, result, reports) => {
    const its = migration({ old: { expiresAt: new Date(NOW + 7 * DAY + 5 * MINUTE + more) } });
    expect(await its.verify()).toMatchObject(result);
    expect(its.failures).toHaveLength(reports);
  });
});

describe("legacyTokens.find", () => {
  test.each<[string, boolean, string]>([
    ["1 character", true, "x"],
    ["512 characters", true, "x".repeat(512)],
    ["the form of Django", true, "NDI-d1syo0-82899ef5534ac38cb50812b8f244ab51"],
    ["the form of a JSON Web Token", true, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2ln"],
    ["letters of any script", true, "\u043f\u0430\u0440\u043e\u043b\u044c"],
    ["the form of our own tokens", true, "A".repeat(43)],
    ["513 characters", false, "x".repeat(513)],
    ["a megabyte", false, "x".repeat(1_000_000)],
    ["no characters", false, ""],
    ["half a character", false, "x\ud800"],
    ["NUL", false, "x\0"],
    ["a line break", false, "x\n"],
  ])("for text with %s, find is asked: %s", async (_, isAsked, token) => {
    const { verify, calls, refusals } = migration();
    expect(await verify(token)).toEqual(REFUSED);
    expect(calls).toEqual(isAsked ? ["find"] : []);
    expect(refusals()).toEqual([`token_refused:${isAsked ? "unknown" : "malformed"}`]);
  });

  test.each([[undefined], [null], [7], [{}], [[OLD]], [{ toString: () => OLD }]])(
    "find is never asked for %o",
    async (token) => {
      const { passwordReset, calls } = migration();
      expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
      expect(calls).toEqual([]);
    },
  );

  test.each(Object.entries(KINDS))("find is never asked for a new %s link, valid or expired", async (_, options) => {
    const { requestToken, verify, calls, clock, refusals } = migration(options());
    const token = await requestToken();
    expect(await verify(token)).toMatchObject({ ok: true });
    clock.now += DAY;
    expect(await verify(token)).toEqual(REFUSED);
    expect([calls, refusals()]).toEqual([[], ["token_refused:expired"]]);
  });

  test("find is asked for a signed token that does not verify, and for a stored one that is unknown", async () => {
    const signed = migration(KINDS.signed());
    const token = await signed.requestToken();
    await signed.verify(`${token.startsWith("A") ? "B" : "A"}${token.slice(1)}`);
    expect(signed.calls).toEqual(["find"]);
    const stored = migration();
    await stored.verify(await harness().requestToken());
    expect(stored.calls).toEqual(["find"]);
  });

  test("find is not asked if the token store fails", async () => {
    const { verify, tokens, calls } = migration();
    tokens.find = () => Promise.reject(new Error("down"));
    await expect(verify("A".repeat(43))).rejects.toEqual(relatchError("ERR_TOKEN_STORE", "tokens.find"));
    expect(calls).toEqual([]);
  });

  test("find, spend and revoke may be methods of a class", async () => {
    class Flow implements LegacyTokens {
      readonly until = new Date(UNTIL);
      readonly #rows = new Map([[OLD, { userId: "42", expiresAt: new Date(NOW + DAY) }]]);
      find = async (token: string) => this.#rows.get(token);
      async spend(token: string) {
        return this.#rows.delete(token);
      }
      async revoke() {
        this.#rows.clear();
      }
    }
    expect(await migration({ legacyTokens: new Flow() }).complete()).toEqual(SUCCESS);
  });
});

const raise = () => {
  throw new Error("a trap");
};
const fields = { userId: "42", expiresAt: new Date(NOW + MINUTE) };

/** Wrong return values of `find`. */
const JUNK: [string, unknown, string][] = [
  ["true", true, "null"],
  ["false", false, "null"],
  ["a string", "42", "null"],
  ["a number", 42, "null"],
  ["an empty array", [], "null"],
  ["an array of rows", [fields], "null"],
  ["an object without fields", {}, "userId"],
  ["a token without userId", { ...fields, userId: undefined }, "userId"],
  ["a numeric userId", { ...fields, userId: 42 }, "userId"],
  ["an empty userId", { ...fields, userId: "" }, "userId"],
  ["a userId of 129 bytes", { ...fields, userId: "x".repeat(129) }, "userId"],
  ["a userId with half a character", { ...fields, userId: "\ud800" }, "userId"],
  ["a numeric email", { ...fields, email: 7 }, "email"],
  ["null as the email", { ...fields, email: null }, "email"],
  ["a token without expiresAt", { userId: "42" }, "expiresAt"],
  ["an invalid date", { ...fields, expiresAt: new Date(Number.NaN) }, "expiresAt"],
  ["a date as milliseconds", { ...fields, expiresAt: NOW + MINUTE }, "expiresAt"],
  ["a date as a string", { ...fields, expiresAt: "2026-01-01T00:01:00Z" }, "expiresAt"],
  ["an object with getTime", { ...fields, expiresAt: { getTime: () => NOW + MINUTE } }, "expiresAt"],
  ["a proxy of a date", { ...fields, expiresAt: new Proxy(new Date(NOW + MINUTE), {}) }, "expiresAt"],
  ["a getter that throws", Object.defineProperty({ ...fields }, "userId", { get: raise }), "userId"],
  [
    "a proxy whose every field throws",
    new Proxy(fields, { get: (_, name) => (name === "then" ? undefined : raise()) }),
    "userId",
  ],
];

describe("Return values of the old flow", () => {
  test.each(JUNK)("find that returns %s is reported, and the link is refused", async (_, junk, words) => {
    const its = migration();
    its.flow.find = async () => junk as never;
    expect(await its.verify()).toEqual(REFUSED);
    expect(await its.complete()).toEqual(REFUSED);
    expect(its.refusals()).toEqual(["token_refused:unknown", "token_refused:unknown"]);
    const reported = { error: relatchError("ERR_TOKEN_STORE", words), cause: undefined };
    expect(its.failures).toEqual([reported, reported]);
    expect([await its.effects(), its.calls]).toEqual([NO_EFFECTS, []]);
  });

  test.each([[1], [0], ["true"], [{}], [[]], [null], [undefined], [new Boolean(true)], [1n]])(
    "spend that returns %o is reported, and the link is refused",
    async (junk) => {
      const its = migration();
      its.flow.spend = async () => junk as never;
      expect(await its.complete()).toEqual(REFUSED);
      expect(its.refusals()).toEqual(["token_refused:lost_race"]);
      expect(its.failures).toEqual([{ error: relatchError("ERR_TOKEN_STORE", "true or false"), cause: undefined }]);
      expect([await its.effects(), its.calls]).toEqual([NO_EFFECTS, ["find", "find"]]);
    },
  );

  test("spend that returns false refuses the link, and nothing is reported", async () => {
    const its = migration();
    its.flow.spend = async () => false;
    expect(await its.complete()).toEqual(REFUSED);
    expect(its.refusals()).toEqual(["token_refused:lost_race"]);
    expect([its.failures, await its.effects()]).toEqual([[], NO_EFFECTS]);
  });

  test("find may return a proxy of a token, of which each field is read once", async () => {
    const reads: PropertyKey[] = [];
    const its = migration();
    const proxy = new Proxy(its.rows.get(OLD)!, {
      get(target, name) {
        reads.push(name);
        return Reflect.get(target, name);
      },
    });
    its.flow.find = async () => proxy;
    expect(await its.verify()).toMatchObject({ ok: true });
    expect(reads.filter((name) => name !== "then")).toEqual(["userId", "email", "expiresAt"]);
  });

  test.each(["find", "spend"] as const)(
    "the report about %s does not contain the number that it returned",
    async (method) => {
      const its = migration();
      Object.assign(its.flow, { [method]: async () => 123456 });
      await its.complete();
      expect(its.failures).toHaveLength(1);
      expect(JSON.stringify(its.failures)).not.toContain("123456");
    },
  );
});

describe("Failures of the old flow", () => {
  const failing = {
    throws: async () => Promise.reject(new Error("down")),
    "throws at once": () => {
      throw new Error("down");
    },
    "never responds": () => new Promise<never>(() => {}),
  };
  const cases = Object.keys(failing).flatMap((how) =>
    (["find", "spend", "revoke"] as const).map((method) => [method, how] as const),
  );
  const short = { callTimeout: new TimeSpan(20, "ms") };

  test.each(cases)("if %s %s, completeReset throws ERR_TOKEN_STORE and changes nothing", async (method, how) => {
    const its = migration(short);
    const works = its.flow[method];
    Object.assign(its.flow, { [method]: failing[how as "throws"] });
    const failure = relatchError("ERR_TOKEN_STORE", `legacyTokens.${method}`);
    await expect(its.complete()).rejects.toEqual(failure);
    expect(its.failures.map(({ error }) => error)).toEqual([failure]);
    expect(await its.effects()).toEqual(NO_EFFECTS);
    // The link still works, unless it was spent.
    Object.assign(its.flow, { [method]: works });
    expect(await its.complete()).toEqual(method === "revoke" ? REFUSED : SUCCESS);
  });

  test("if revoke fails, a new link does not commit, and still works afterwards", async () => {
    for (const options of Object.values(KINDS)) {
      const its = migration({ ...options(), ...short });
      const token = await its.requestToken();
      const works = its.flow.revoke;
      its.flow.revoke = failing.throws;
      await expect(its.complete(token)).rejects.toEqual(relatchError("ERR_TOKEN_STORE", "legacyTokens.revoke"));
      expect(await its.effects()).toEqual(NO_EFFECTS);
      its.flow.revoke = works;
      expect(await its.complete(token)).toEqual(SUCCESS);
    }
  });

  test("a token that find or spend throws appears in no error, event or line on stderr", async () => {
    for (const method of ["find", "spend"] as const) {
      const printed = vi.spyOn(console, "error").mockImplementation(() => {});
      const its = migration({ onError: undefined });
      const leak = (token: string) =>
        Promise.reject(Object.assign(new Error(`no row for ${token}`), { detail: token }));
      Object.assign(its.flow, { [method]: leak });
      const error = await its.complete().catch((thrown: unknown) => thrown);
      expect(error).toEqual(relatchError("ERR_TOKEN_STORE"));
      expect(printed.mock.calls.flat()).toEqual([expect.stringContaining(`legacyTokens.${method}`)]);
      const traces = [error, its.events, printed.mock.calls, String((error as Error).stack)];
      expect(JSON.stringify(traces)).not.toContain(OLD);
      printed.mockRestore();
    }
  });
});

describe("Two completions of one old link in two processes", () => {
  test("one of two simultaneous completions wins", async () => {
    for (let round = 0; round < 20; round++) {
      const its = migration();
      const both = await Promise.all([its.complete(), its.completeElsewhere()]);
      expect(both.filter(({ ok }) => ok)).toHaveLength(1);
    }
  });

  /** Completes, and is overtaken by another process just before it reads the account. */
  async function completeLate(its: ReturnType<typeof migration>, token = OLD) {
    const { findById } = its.users;
    its.users.findById = async (id) => {
      its.users.findById = findById;
      expect(await its.completeElsewhere(token)).toMatchObject({ ok: true });
      return findById(id);
    };
    return its.complete(token);
  }

  test.each<[string, boolean, Partial<LegacyTokens>]>([
    ["that do their part", false, {}],
    ["whose spend always returns true", false, { spend: async () => true }],
    ["whose find finds everything", false, { find: async () => ({ userId: "42", expiresAt: new Date(NOW + DAY) }) }],
    // The control.
    [
      "that do nothing of the kind",
      true,
      { spend: async () => true, find: async () => ({ userId: "42", expiresAt: new Date(NOW + DAY) }) },
    ],
  ])("a completion that was overtaken, over functions %s, wins: %s", async (_, wins, careless) => {
    const its = migration();
    Object.assign(its.flow, careless);
    expect(await completeLate(its)).toEqual(wins ? SUCCESS : REFUSED);
  });

  test("a completion that was overtaken loses if the token signs the password hash and spend returns true", async () => {
    const its = migration();
    // The token is the password hash itself, in place of a signature of it.
    const find = async (token: string) =>
      its.users.get("42")?.passwordHash === token ? { userId: "42", expiresAt: new Date(NOW + DAY) } : null;
    Object.assign(its.flow, { find, spend: async () => true, revoke: async () => {} });
    expect(await completeLate(its, MIKE.passwordHash ?? "")).toEqual(REFUSED);
    expect(its.refusals()).toEqual(["token_refused:lost_race"]);
  });

  test("a completion that loses its commit has used up the old link, and a new link works", async () => {
    const its = migration();
    const { replacePasswordHash } = its.users;
    its.users.replacePasswordHash = async () => false;
    expect(await its.complete()).toEqual(REFUSED);
    its.users.replacePasswordHash = replacePasswordHash;
    expect(await its.complete()).toEqual(REFUSED);
    expect(its.refusals()).toEqual(["token_refused:lost_race", "token_refused:unknown"]);
    expect(await its.complete(await its.requestToken())).toEqual(SUCCESS);
  });
});

describe("Revocation of old links", () => {
  test("a new link that sets a first password revokes the old links", async () => {
    const its = migration({ accounts: [{ ...MIKE, passwordHash: null }] });
    expect(await its.complete(await its.requestToken())).toEqual(SUCCESS);
    expect(its.calls).toContain("revoke 42");
    expect(await its.verify()).toEqual(REFUSED);
  });

  test("a refused password or a look at a new link does not revoke the old links", async () => {
    const its = migration();
    const token = await its.requestToken();
    await its.complete(token, "short");
    await its.verify(token);
    expect(its.calls).toEqual([]);
    expect(await its.verify()).toMatchObject({ ok: true });
  });

  test.each([
    [
      "revokes the old links until the clocks of all processes have passed the end",
      5 * MINUTE - 1,
      ["revoke 42", "commit"],
    ],
    ["does not revoke old links afterwards, because the table may be gone", 5 * MINUTE, ["commit"]],
  ])("a new link %s", async (_, passed, calls) => {
    const its = migration();
    its.clock.now = UNTIL + passed;
    expect(await its.complete(await its.requestToken())).toEqual(SUCCESS);
    expect(its.calls).toEqual(calls);
  });

  test("revokeTokens with signed tokens revokes the old links and throws ERR_TOKEN_STORE", async () => {
    const its = migration(KINDS.signed());
    const failure = relatchError("ERR_TOKEN_STORE", "signed tokens");
    await expect(its.passwordReset.revokeTokens("42")).rejects.toEqual(failure);
    expect([its.calls, its.rows.size]).toEqual([["revoke 42"], 0]);
    expect(its.happened()).not.toContain("tokens_revoked");
  });

  test("revokeTokens revokes the old links along with the new ones", async () => {
    const its = migration();
    const token = await its.requestToken();
    await its.passwordReset.revokeTokens("42");
    expect([await its.verify(token), await its.verify()]).toEqual([REFUSED, REFUSED]);
    expect(its.happened().filter((what) => what === "tokens_revoked")).toHaveLength(1);
  });

  test("revokeTokens revokes the old links even if it fails to revoke the new ones, and the reverse", async () => {
    const down = () => Promise.reject(new Error("down"));
    const first = migration();
    first.tokens.deleteByUser = down;
    await expect(first.passwordReset.revokeTokens("42")).rejects.toEqual(relatchError("ERR_TOKEN_STORE", "tokens."));
    expect(await first.verify()).toEqual(REFUSED);

    const second = migration();
    const token = await second.requestToken();
    second.flow.revoke = down;
    await expect(second.passwordReset.revokeTokens("42")).rejects.toEqual(relatchError("ERR_TOKEN_STORE", "legacy"));
    expect(await second.verify(token)).toEqual(REFUSED);
  });

  test("revokeTokens wins over a completion of an old link that is hashing", async () => {
    const its = migration();
    const { hash } = its.hasher;
    its.hasher.hash = async (password) => {
      await its.passwordReset.revokeTokens("42");
      return hash(password);
    };
    expect(await its.complete()).toEqual(REFUSED);
    expect(await its.effects()).toEqual(NO_EFFECTS);
  });

  test.each([
    [true, REFUSED],
    [false, { ok: true }],
  ])("after a request with onlyNewestLink %s, the result for an old link is %o", async (onlyNewestLink, result) => {
    const its = migration({ onlyNewestLink });
    await its.requestToken();
    expect(await its.verify()).toMatchObject(result);
  });
});

describe("withLegacyTokens", () => {
  const scheme: LinkScheme = {
    couldBeToken: (text) => text === "ours",
    issue: async () => "ours",
    find: async () => undefined,
  };
  const create = (over: Partial<LinkScheme> = {}) => {
    const { flow, rows, calls } = oldFlow();
    const options = { now: () => new Date(NOW), onlyNewest: false };
    for (const token of [OLD, "another"]) rows.set(token, { userId: "42", expiresAt: new Date(NOW + DAY) });
    return {
      calls,
      rows,
      links: withLegacyTokens({ report() {}, timeout: 1000 }, { ...scheme, ...over }, flow, options),
    };
  };

  test("withLegacyTokens identifies each old link by its account and expiry, however its token is spelled", async () => {
    const { links, rows } = create();
    rows.set(OLD.toUpperCase(), { userId: "42", expiresAt: new Date(NOW + DAY) });
    rows.set("another", { userId: "42", expiresAt: new Date(NOW + DAY + 1) });
    rows.set("of another account", { userId: "43", expiresAt: new Date(NOW + DAY) });
    const [one, again] = [await links.find(OLD, ""), await links.find(OLD, "")];
    expect(one?.id).toMatch(/^[0-9a-f]{64}$/);
    expect(again?.id).toBe(one?.id);
    expect((await links.find(OLD.toUpperCase(), ""))?.id).toBe(one?.id);
    for (const other of ["another", "of another account"]) {
      expect((await links.find(other, ""))?.id).not.toBe(one?.id);
    }
    expect(await links.find("unknown", "")).toBeUndefined();
    expect(one?.isBoundTo(account())).toBe(true);
  });

  test.each([
    [true, ["spend a new link", "revoke 42"]],
    [false, ["spend a new link"]],
  ])(
    "withLegacyTokens first asks a scheme to spend its link, and stops if that returns false (%s)",
    async (isSpent, expected) => {
      const spend = async () => {
        calls.push("spend a new link");
        return isSpent;
      };
      const claim = {
        id: "1",
        userId: "42",
        expiresAt: NOW,
        isBoundTo: () => true,
        isRevoked: async () => false,
        spend,
      };
      const { calls, links } = create({ find: async () => claim });
      expect(await (await links.find("ours", ""))?.spend?.()).toBe(isSpent);
      expect(calls).toEqual(expected);
    },
  );

  test("withLegacyTokens leaves the revocation of new links to the scheme", () => {
    const revoke = async () => {};
    expect(create().links.revoke).toBeUndefined();
    expect(create({ revoke }).links.revoke).toBe(revoke);
  });
});
