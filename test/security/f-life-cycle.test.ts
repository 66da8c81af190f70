import Database from "libsql";
import { createPasswordReset, signedTokens, TimeSpan, type TokenStore } from "relatch";
import { memoryTokens } from "relatch/memory";
import { sqliteTokens } from "relatch/sqlite";
import { userStoreContract } from "relatch/testing";
import { describe, expect, test, vi } from "vitest";
import { both, COMPLETE, FORM, handleIn, INVALID_LOCATION, RESET, VERIFY } from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../harness.ts";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { randomKey } from "../helpers/reference.ts";
import { type Front, overRoutes } from "./helpers/adapters.ts";
import { failuresOf, userFixture } from "./helpers/contracts.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";

// A link lives for its time, for one password, for one address, and until it is used or followed by another one.

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const OTHER_PASSWORD = "another password altogether";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const kinds = {
  stored: () => memoryTokens(),
  "stored, in a store that deletes nothing": () => undying(memoryTokens()),
  signed: () => signedTokens({ keys: [randomKey()] }),
};
type Kind = keyof typeof kinds;

/** Single use does not depend on the store: a backup may bring back what was deleted. */
function undying(store: TokenStore): TokenStore {
  return { ...store, deleteByUser: async () => {}, deleteExpired: async () => 0 };
}

const forEachKind = (title: string, run: (app: Harness, kind: Kind) => Promise<void>): void =>
  test.each(Object.keys(kinds) as Kind[])(`${title}: %s`, (kind) =>
    run(harness({ tokens: kinds[kind]() }), kind),
  );

/** The same, with the routes of each adapter in front. */
function forEachFront(title: string, run: (app: Front, kind: Kind) => Promise<void>): void {
  for (const kind of Object.keys(kinds) as Kind[]) {
    overRoutes(`${title}: ${kind}`, (app) => run(app, kind), { tokens: kinds[kind]() });
  }
}

const complete = ({ passwordReset }: Harness, token: string, newPassword = OTHER_PASSWORD) =>
  passwordReset.completeReset({ token, newPassword });

async function expectDead(app: Harness, token: string): Promise<void> {
  const before = app.users.get("42");
  expect(await app.passwordReset.verifyToken(token)).toEqual(REFUSED);
  expect(await complete(app, token)).toEqual(REFUSED);
  expect(app.users.get("42")).toEqual(before);
}

async function expectDeadOverHttp(app: Front, token: string): Promise<void> {
  const before = app.users.get("42");
  const client = app.visitor();
  expect((await client.get(`${RESET}/${token}`)).headers.location).toBe(INVALID_LOCATION);
  expect((await client.post(`${RESET}/${token}`, both(OTHER_PASSWORD))).headers.location).toBe(
    INVALID_LOCATION,
  );
  expect((await client.json(VERIFY, { token })).status).toBe(400);
  expect((await client.json(COMPLETE, { token, password: OTHER_PASSWORD })).status).toBe(400);
  expect(app.users.get("42")).toEqual(before);
}

// ── Once ──────────────────────────────────────────────────────────────────────────────────────────────────

/** By id: how long after its use the link is tried again. */
const AGAIN = {
  "CVE-2026-28268": 0,
  "CVE-2022-24743": 1,
  "GHSA-2hp9-3xfr-r9w2": MINUTE,
  "CVE-2024-41888": 59 * MINUTE,
};

flaws(AGAIN, (wait, id) => {
  forEachKind("once used it is dead, also for the same password", async (app) => {
    const token = await app.requestToken();
    expect(await complete(app, token, GOOD_PASSWORD)).toMatchObject({ ok: true });
    app.clock.now += wait;
    await expectDead(app, token);
    expect(await complete(app, token, GOOD_PASSWORD)).toEqual(REFUSED);
  });

  test("in another process, too", async () => {
    const app = harness({ tokens: undying(memoryTokens()) });
    const token = await app.requestToken();
    await complete(app, token, GOOD_PASSWORD);
    const { users, mailer, hasher } = app;
    const other = createPasswordReset({
      ...{ users, mailer, hasher, tokens: app.tokens },
      appName: "Acme",
      resetUrl: "https://app.example.com/:token",
      revokeSessions: false,
      now: () => new Date(app.clock.now + wait),
    });
    expect(await other.completeReset({ token, newPassword: OTHER_PASSWORD })).toEqual(REFUSED);
  });

  forEachFront("over HTTP, also in a browser that has the form open", async (app) => {
    const token = await app.requestToken();
    const [one, two] = [app.visitor(), app.visitor()];
    const forms = [await one.follow(await one.get(`${RESET}/${token}`)), await two.get(`${RESET}/${token}`)];
    const handle = handleIn(forms[0]!);
    await one.post(FORM, { ...both(GOOD_PASSWORD), handle });
    const used = app.users.get("42");
    expect(used?.passwordHash).not.toBe(MIKE.passwordHash);
    app.clock.now += wait;
    await two.post(FORM, { ...both(OTHER_PASSWORD), handle });
    await one.post(FORM, { ...both(OTHER_PASSWORD), handle }, { Cookie: `__Secure-password_reset=${token}` });
    expect(app.users.get("42")).toEqual(used);
    await expectDeadOverHttp(app, token);
  });

  if (id === "CVE-2026-28268") {
    const stores: [string, () => Promise<TokenStore>][] = [
      ["memory", async () => memoryTokens()],
      [
        "sqlite",
        async () => {
          const store = sqliteTokens(new Database(":memory:"));
          await store.createTable();
          return store;
        },
      ],
    ];
    test.each(stores)("the purge takes what has expired, and only that: %s", async (_, create) => {
      const store = await create();
      const now = Date.UTC(2026, 0, 1);
      const ages = [-HOUR, -1, 0, 1, HOUR];
      const digest = (age: number) => String(Math.abs(age)).padStart(64, age < 0 ? "a" : "b");
      for (const age of ages) {
        const record = { tokenHash: digest(age), userId: `user ${age}`, fingerprint: "c".repeat(64) };
        await store.save({ ...record, expiresAt: new Date(now + age) });
      }
      expect(await store.deleteExpired(new Date(now))).toBe(3);
      const left = await Promise.all(ages.map(async (age) => (await store.find(digest(age)))?.userId));
      expect(left).toEqual([undefined, undefined, undefined, "user 1", `user ${HOUR}`]);
    });
  }
});

flaw("CVE-2026-73431", () => {
  test("signed tokens, of which nobody keeps a record, work once all the same", async () => {
    const app = harness({ tokens: signedTokens({ keys: [randomKey()] }), limits: { address: false } });
    const tokens = [];
    for (let count = 0; count < 5; count++) {
      tokens.push(await app.requestToken());
      app.clock.now += 1;
    }
    expect(new Set(tokens).size).toBe(5);
    expect(await complete(app, tokens[2]!, GOOD_PASSWORD)).toMatchObject({ ok: true });
    for (const token of tokens) await expectDead(app, token);
  });

  test("what makes it so is asked of every user store: one that commits twice fails the contract", async () => {
    expect(await failuresOf(userStoreContract(() => userFixture()))).toEqual([]);
    const twice = userFixture((users) => ({
      replacePasswordHash: async (change) => {
        const expected = users.get(change.userId)?.passwordHash ?? "";
        return users.replacePasswordHash({ ...change, expected });
      },
    }));
    expect((await failuresOf(userStoreContract(() => twice))).length).toBeGreaterThan(0);
  });

  overRoutes(
    "over HTTP as well",
    async (app) => {
      const [first, second] = [await app.requestToken(), await app.requestToken()];
      await app.client.json(COMPLETE, { token: first, password: GOOD_PASSWORD });
      for (const token of [first, second]) await expectDeadOverHttp(app, token);
    },
    { tokens: signedTokens({ keys: [randomKey()] }), limits: { address: false } },
  );
});

flaw("CVE-2024-41890", () => {
  test("a newer link kills the older one, used or not", async () => {
    const app = harness();
    const first = await app.requestToken();
    app.clock.now += MINUTE;
    const second = await app.requestToken();
    await expectDead(app, first);
    expect(await complete(app, second)).toMatchObject({ ok: true });
  });

  overRoutes("over HTTP as well", async (app) => {
    const first = await app.requestToken();
    app.clock.now += MINUTE;
    const second = await app.requestToken();
    await expectDeadOverHttp(app, first);
    expect((await app.client.json(COMPLETE, { token: second, password: GOOD_PASSWORD })).status).toBe(200);
  });
});

flaw("CVE-2016-11074", () => {
  forEachKind(
    "a reset kills every other link of the account, whichever instance made it",
    async (app, kind) => {
      const link = await app.requestToken();
      // Another server of the application, with a store of its own.
      const other = harness({ tokens: kinds[kind](), users: app.users } as never);
      await other.passwordReset.requestReset({ email: MIKE.email, ip: null });
      await other.passwordReset.drain();
      const theirs = other.mailer.lastLink(MIKE.email)?.split("/").at(-1) ?? "";
      expect(await other.passwordReset.verifyToken(theirs)).toMatchObject({ ok: true });
      expect(await complete(app, link, GOOD_PASSWORD)).toMatchObject({ ok: true });
      expect(await other.passwordReset.verifyToken(theirs)).toEqual(REFUSED);
      expect(await complete(other, theirs)).toEqual(REFUSED);
    },
  );

  test("nothing is left of them", async () => {
    const app = harness();
    const hashes: string[] = [];
    const { save } = app.tokens;
    app.tokens.save = async (record) => save(record).finally(() => hashes.push(record.tokenHash));
    await complete(app, await app.requestToken(), GOOD_PASSWORD);
    expect(hashes).toHaveLength(1);
    expect(await app.tokens.find(hashes[0]!)).toBeUndefined();
  });
});

// ── For its time ──────────────────────────────────────────────────────────────────────────────────────────

flaws({ "CVE-2023-1976": 0, "CVE-2026-21622": 365 * 24 * HOUR }, (later, id) => {
  forEachKind("it lives for an hour, and no longer", async (app) => {
    const token = await app.requestToken();
    app.clock.now += HOUR - 1;
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
    app.clock.now += 1 + later;
    await expectDead(app, token);
  });

  forEachFront("over HTTP as well", async (app) => {
    const token = await app.requestToken();
    app.clock.now += HOUR - 1;
    expect((await app.client.json(VERIFY, { token })).status).toBe(200);
    app.clock.now += 1 + later;
    await expectDeadOverHttp(app, token);
  });

  if (id !== "CVE-2023-1976") return;
  const spans: unknown[] = [
    new TimeSpan(0, "s"),
    new TimeSpan(-1, "h"),
    new TimeSpan(Number.POSITIVE_INFINITY, "h"),
    new TimeSpan(Number.NaN, "h"),
    new TimeSpan(24.1, "h"),
    new TimeSpan(2, "d"),
    3_600_000,
    "1h",
    null,
    false,
    {},
    { milliseconds: () => undefined },
  ];
  test.each(spans.map((span) => [JSON.stringify(span), span]))("%s is no lifetime", (_, tokenLifetime) => {
    expect(() => harness({ tokenLifetime: tokenLifetime as never })).toThrow(WRONG_OPTIONS);
  });
});

flaw("CVE-2026-52809", () => {
  const lifetimes: [number, string][] = [
    [15, "15 minutes"],
    [60, "1 hour"],
    [120, "2 hours"],
    [24 * 60, "24 hours"],
  ];

  describe.each(lifetimes)("%i minutes", (minutes, words) => {
    test.each(["stored", "signed"] as const)("in the record, in the mail and in fact: %s", async (kind) => {
      const app = harness({ tokens: kinds[kind](), tokenLifetime: new TimeSpan(minutes, "m") });
      const token = await app.requestToken();
      const expiresAt = new Date(app.clock.now + minutes * MINUTE);
      expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true, expiresAt });
      const [mail] = app.mailer.sent;
      expect([mail?.text, mail?.html]).toEqual([
        expect.stringContaining(words),
        expect.stringContaining(words),
      ]);
      app.clock.now += minutes * MINUTE - 1;
      expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
      app.clock.now += 1;
      await expectDead(app, token);
    });

    overRoutes(
      "and over HTTP",
      async (app) => {
        const token = await app.requestToken();
        const verified = JSON.parse((await app.client.json(VERIFY, { token })).body);
        expect(Date.parse(verified.expiresAt)).toBe(app.clock.now + minutes * MINUTE);
        app.clock.now += minutes * MINUTE;
        await expectDeadOverHttp(app, token);
      },
      { tokenLifetime: new TimeSpan(minutes, "m") },
    );
  });
});

flaw("X13", () => {
  const shifts: [number, boolean][] = [
    [-4 * MINUTE, true],
    [-5 * MINUTE - 1, false],
    [-HOUR, false],
    [-365 * 24 * HOUR, false],
    [HOUR, false],
  ];

  test.each(shifts)("%i ms after it was made, by a clock that was set: usable %s", async (shift, ok) => {
    for (const kind of Object.keys(kinds) as Kind[]) {
      const app = harness({ tokens: kinds[kind]() });
      const token = await app.requestToken();
      app.clock.now += shift;
      expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok });
      expect(await complete(app, token)).toMatchObject({ ok });
    }
  });

  test("a clock that was ahead when the link was made adds no more than five minutes", async () => {
    const app = harness();
    app.clock.now += 4 * HOUR;
    const token = await app.requestToken();
    app.clock.now -= 4 * HOUR;
    await expectDead(app, token);
  });

  test("nor do jobs of the future, or of long ago, make links", async () => {
    const app = harness();
    const job = { v: 1, type: "reset_requested", email: MIKE.email };
    for (const [index, shift] of [6 * MINUTE, HOUR, 365 * 24 * HOUR, -HOUR - 1].entries()) {
      await app.passwordReset.deliver({ ...job, id: `job ${index}`, at: app.clock.now + shift });
    }
    expect(app.mailer.sent).toEqual([]);
    expect(app.happened()).toEqual(Array(4).fill("job_dropped:stale"));
  });

  forEachFront("over HTTP as well", async (app) => {
    const token = await app.requestToken();
    app.clock.now -= HOUR;
    await expectDeadOverHttp(app, token);
  });
});

// ── For one password and one address ──────────────────────────────────────────────────────────────────────

/** By id: what happens to the account elsewhere, and how long after. */
const CHANGED = {
  "CVE-2020-11027": { change: { passwordHash: "set-in-the-settings" }, later: 0 },
  "CVE-2026-26060": { change: { passwordHash: "set-by-an-admin" }, later: 23 * HOUR },
  "CVE-2022-46177": { change: { email: "mike@elsewhere.example" }, later: 0 },
};

flaws(CHANGED, ({ change, later }, id) => {
  const tokenLifetime = new TimeSpan(24, "h");

  test.each(Object.keys(kinds) as Kind[])("a change elsewhere kills the link, untold: %s", async (kind) => {
    const app = harness({ tokens: kinds[kind](), tokenLifetime });
    const token = await app.requestToken();
    app.users.set({ ...MIKE, ...change });
    app.clock.now += later;
    await expectDead(app, token);
  });

  overRoutes(
    "over HTTP, also with the form open",
    async (app) => {
      const token = await app.requestToken();
      const form = await app.client.follow(await app.client.get(`${RESET}/${token}`));
      expect(form.status).toBe(200);
      app.users.set({ ...MIKE, ...change });
      app.clock.now += later;
      const posted = await app.client.post(FORM, { ...both(GOOD_PASSWORD), handle: handleIn(form) });
      expect(posted.headers.location).toBe(INVALID_LOCATION);
      await expectDeadOverHttp(app, token);
      expect(app.users.get("42")).toEqual({ ...MIKE, ...change });
    },
    { tokenLifetime },
  );

  test("a change between the check and the commit comes first", async () => {
    const app = harness({ tokenLifetime });
    const token = await app.requestToken();
    const { hash } = app.hasher;
    app.hasher.hash = async (password) => {
      app.users.set({ ...MIKE, ...change });
      return hash(password);
    };
    expect(await complete(app, token)).toEqual(REFUSED);
    expect(app.users.get("42")).toEqual({ ...MIKE, ...change });
  });

  if (id === "CVE-2026-26060") {
    test("and where the application says so, the record is gone", async () => {
      const app = harness();
      const token = await app.requestToken();
      const remove = vi.spyOn(app.tokens, "deleteByUser");
      await app.passwordReset.revokeTokens("42");
      expect(remove).toHaveBeenCalledWith("42");
      await expectDead(app, token);
    });
  }

  if (id === "CVE-2022-46177") {
    test("the library writes the password hash, and never the address", async () => {
      const app = harness();
      const token = await app.requestToken();
      const write = vi.spyOn(app.users, "replacePasswordHash");
      await complete(app, token);
      const { passwordHash, ...others } = app.users.get("42") ?? {};
      expect({ ...others, passwordHash: MIKE.passwordHash }).toEqual(MIKE);
      expect(write.mock.calls).toEqual([
        [{ userId: "42", email: MIKE.email, expected: MIKE.passwordHash, next: passwordHash }],
      ]);
    });
  }
});

flawsOf("f-life-cycle");
