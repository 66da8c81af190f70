import Database from "libsql";
import { memoryRateLimiter, TimeSpan } from "relatch";
import { rateLimiterContract } from "relatch/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { scryptHasher } from "../../../examples/hono/scrypt.ts";
import type { Sql } from "../../../examples/shared/database.ts";
import { openDatabase } from "../../../examples/shared/libsql.ts";
import { rateLimiterSchema, sqlRateLimiter } from "../../../examples/shared/rate-limiter.ts";
import { sampleUsers } from "../../../examples/shared/sample-users.ts";
import { signIn } from "../../../examples/shared/sign-in.ts";

// Tests the code that the example applications share, without any framework.

describe("sessions", () => {
  it("a session expires, and is invalid if it was opened with the old password during the reset", async () => {
    const { users, sessions, seed, close } = openDatabase(":memory:");
    onTestFinished(close);
    await seed(sampleUsers, { hash: async () => "old hash" });
    const user = await users.findByEmail(sampleUsers[0].email);
    if (!user) throw new Error("The sample user is missing.");
    const early = await sessions.create(user);
    expect((await sessions.userOf(early))?.id).toBe(user.id);
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 15 * 24 * 60 * 60 * 1000);
    expect(await sessions.userOf(early)).toBeUndefined();
    clock.mockRestore();

    const { id: userId, email } = user;
    const change = { userId, email, expected: "old hash", next: "new hash" };
    expect(await users.replacePasswordHash({ ...change, email: "other@example.org" })).toBe(false);
    expect(await users.replacePasswordHash({ ...change, expected: "other hash" })).toBe(false);
    expect(await users.replacePasswordHash(change)).toBe(true);
    const late = await sessions.create(user);
    expect([await sessions.userOf(early), await sessions.userOf(late)]).toEqual([undefined, undefined]);
  });
});

describe("limits in the database", () => {
  const open = () => {
    const db = new Database(":memory:");
    db.exec(rateLimiterSchema);
    const sql: Sql = {
      get: async (statement, ...values) => db.prepare(statement).get(...values),
      run: async (statement, ...values) => Number(db.prepare(statement).run(...values).changes),
    };
    return { db, limiter: sqlRateLimiter(sql) };
  };

  for (const { name, run } of rateLimiterContract(() => open().limiter)) it(name, run);

  it("deleteExpired deletes the windows that are over", async () => {
    const { db, limiter } = open();
    onTestFinished(() => void db.close());
    await limiter.consume("a", { max: 1, window: new TimeSpan(1, "m") });
    await limiter.consume("b", { max: 1, window: new TimeSpan(1, "h") });
    vi.useFakeTimers({ now: Date.now() + 60_000 });
    onTestFinished(() => void vi.useRealTimers());
    await limiter.deleteExpired();
    expect(db.prepare("SELECT key FROM rate_limits").all()).toEqual([{ key: "1/3600000 b" }]);
  });
});

describe("signing in", () => {
  const owner = { id: "1", email: "mike@example.org", passwordHash: "right", resetAllowed: true };

  /** A sign-in whose limiter has room for this many counts. */
  function open(maxKeys = 10_000) {
    let hashes = 0;
    const { users } = openDatabase(":memory:");
    const attempt = signIn({
      users: { ...users, findByEmail: async (email) => (email === owner.email ? owner : undefined) },
      hasher: {
        hash: async () => "nobody's",
        async verify(hash, password) {
          hashes += 1;
          return hash === password;
        },
      },
      rateLimiter: memoryRateLimiter({ maxKeys }),
    });
    return {
      hashes: () => hashes,
      async outcome(ip: string, password: unknown = "guess", email: unknown = owner.email) {
        const result = await attempt({ email, password, ip });
        return result.ok ? "ok" : result.reason;
      },
    };
  }
  /** An address in this network of /64, of those that a /48 has. */
  const inNetwork = (n: number, site = "2001:db8:7") => `${site}:${n.toString(16)}::1`;

  it("a client has 10 attempts per account and 50 in all, and leaves the others of its /48 theirs", async () => {
    const { outcome } = open();
    const outcomes: string[] = [];
    for (let n = 0; n < 60; n++) outcomes.push(await outcome(inNetwork(1), "guess", `${Math.floor(n / 11)}@a.example`));
    for (let n = 0; n < 600; n++) await outcome(inNetwork(1));
    expect(outcomes.slice(0, 12)).toEqual([...new Array(10).fill("refused"), "throttled", "refused"]);
    expect(outcomes.slice(50)).toEqual(new Array(10).fill("throttled"));
    expect(await outcome(inNetwork(2), "right")).toBe("ok");
    expect(await outcome("192.0.2.1", "right")).toBe("ok");
  });

  it("a /48 has 500 attempts, however many networks of it they come from and however these are written", async () => {
    const { outcome, hashes } = open();
    for (let n = 0; n < 800; n++) {
      await outcome(n % 2 ? inNetwork(n) : `2001:0DB8:0007:${n.toString(16)}:0:0:0:1`, "guess", `${n}@a.example`);
    }
    expect(hashes()).toBe(500);
    expect(await outcome(inNetwork(1000), "right")).toBe("throttled");
    expect(await outcome(inNetwork(1, "2001:db8:8"), "right")).toBe("ok");
    expect(await outcome("64:ff9b::192.0.2.1", "right")).toBe("ok");
  });

  it("attempts of some /48s that fill the limiter lock nobody else out", async () => {
    const { outcome } = open(200);
    for (let n = 0; n < 6000; n++) {
      await outcome(inNetwork(n % 400, `2001:db8:${Math.floor(n / 400).toString(16)}`), "guess", `${n}@a.example`);
    }
    const others: string[] = [];
    for (let n = 1; n < 100; n++) others.push(await outcome(`192.0.2.${n}`, "right"));
    expect(others).toEqual(new Array(99).fill("ok"));
  });

  it("a password that is missing or too long is refused, and is not counted", async () => {
    const { outcome, hashes } = open();
    for (const password of [null, ["right"], "x".repeat(4097)]) {
      for (let n = 0; n < 60; n++) expect(await outcome("192.0.2.1", password)).toBe("refused");
    }
    expect(hashes()).toBe(0);
    expect(await outcome("192.0.2.1", "right")).toBe("ok");
  });
});

describe("scrypt", () => {
  const cheap = { ln: 4, r: 8, p: 1 };

  it("scryptHasher verifies the test vector of RFC 7914, section 12", async () => {
    const key = Buffer.from(
      "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
      "hex",
    ).toString("base64");
    const hash = `$scrypt$ln=10,r=8,p=16$TmFDbA$${key.replace(/=+$/, "")}`;
    expect(await scryptHasher(cheap).verify(hash, "password")).toBe(true);
    expect(await scryptHasher(cheap).verify(hash, "Password")).toBe(false);
  });

  it("scryptHasher salts, stores its cost, and accepts every Unicode form of a password", async () => {
    const hasher = scryptHasher(cheap);
    const [hash, other] = [await hasher.hash("caf\u00e9 au lait"), await hasher.hash("caf\u00e9 au lait")];
    expect(hash).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(other).not.toBe(hash);
    expect(await scryptHasher().verify(hash, "cafe\u0301 au lait")).toBe(true);
  });

  it("the default cost is the one that OWASP recommends", async () => {
    expect(await scryptHasher().hash("x")).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/);
  });

  it.each([
    "",
    "x",
    "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$a2V5",
    "$scrypt$ln=4,r=8,p=1$$",
    "$scrypt$ln=4,r=8,p=1$c2Fs_A$a2V5",
    "$scrypt$ln=4,r=8,p=1$c2FsdA$",
  ])("no password matches the hash %j", async (hash) => {
    expect(await scryptHasher(cheap).verify(hash, "")).toBe(false);
  });
});
