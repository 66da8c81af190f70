import { createHash, createHmac, randomBytes, randomUUID } from "node:crypto";
import Database from "libsql";
import { generateRandomString, sha256 } from "oslo/crypto";
import { encodeHex } from "oslo/encoding";
import pg from "pg";
import { createPasswordReset, type LegacyTokens, type UserStore } from "relatch";
import { memoryPorts } from "relatch/memory";
import { legacyTokensContract, type UserStoreFixture, userStoreContract } from "relatch/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { betterAuthTokens, VERIFICATION_TABLE } from "../migrations/better-auth.ts";
import { betterAuthUsers } from "../migrations/better-auth-users.ts";
import { djangoTokens, REVOKED_COLUMN } from "../migrations/django.ts";
import { djangoUsers } from "../migrations/django-users.ts";
import { handWrittenTokens, RESETS_TABLE } from "../migrations/hand-written.ts";
import { LUCIA_TABLE, luciaTokens } from "../migrations/lucia.ts";
import { libsqlUsers, USERS_TABLE } from "../users/libsql.ts";
import { hasPostgres, postgresSchema } from "./servers.ts";

// Links of four older flows, each issued as that flow does it, over SQLite.

const UNTIL = new Date(Date.now() + 7 * 24 * 3_600_000);
const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const PASSWORD = "correct horse battery";
const MIKE = { id: "42", email: "mike@example.org" };
const EVE = { id: "43", email: "eve@example.org" };

/** An older flow over its tables, with accounts for Mike and Eve. */
interface Flow {
  users: UserStore;
  legacyTokens: LegacyTokens;
  /** Adds an account and returns its id. */
  addUser(): string;
  /** Issues a token that expires then. */
  issue(user: typeof MIKE, expiresAt: Date): string | Promise<string>;
}

function openDatabase(table: string) {
  const db = new Database(":memory:");
  db.exec(USERS_TABLE);
  db.exec(table);
  const insert = db.prepare("INSERT INTO users (id, email, canonical_email, password_hash) VALUES (?, ?, ?, ?)");
  const add = ({ id, email }: typeof MIKE) => insert.run(id, email, email, `old hash of ${id}`);
  for (const user of [MIKE, EVE]) add(user);
  const addUser = () => {
    const id = randomUUID();
    add({ id, email: addressOf(id) });
    return id;
  };
  return { db, users: libsqlUsers(db), addUser };
}

const addressOf = (id: string) => `user-${id}@example.org`;

const digest = (token: string, encoding: "hex" | "base64url" = "hex") =>
  createHash("sha256").update(token).digest(encoding);

function handWritten(isHashed: boolean): Flow {
  const { db, ...flow } = openDatabase(RESETS_TABLE);
  return {
    ...{ ...flow, legacyTokens: handWrittenTokens(db, UNTIL, isHashed) },
    issue({ id, email }, expiresAt) {
      const token = randomUUID();
      const stored = isHashed ? digest(token) : token;
      db.prepare("INSERT INTO password_resets VALUES (?, ?, ?, ?)").run(stored, id, email, expiresAt.getTime());
      return token;
    },
  };
}

/** With the functions of oslo that the guide of Lucia uses. */
function lucia(): Flow {
  const { db, ...flow } = openDatabase(LUCIA_TABLE);
  return {
    ...{ ...flow, legacyTokens: luciaTokens(db, UNTIL) },
    async issue({ id }, expiresAt) {
      const token = generateRandomString(40, "abcdefghijklmnopqrstuvwxyz234567");
      const hash = encodeHex(await sha256(new TextEncoder().encode(token)));
      const seconds = Math.floor(expiresAt.getTime() / 1000);
      db.prepare("INSERT INTO password_reset_token VALUES (?, ?, ?)").run(hash, id, seconds);
      return token;
    },
  };
}

function betterAuth(isHashed: boolean): Flow {
  const { db, ...flow } = openDatabase(VERIFICATION_TABLE);
  const insert = db.prepare("INSERT INTO verification VALUES (?, ?, ?, ?, ?, ?)");
  return {
    ...{ ...flow, legacyTokens: betterAuthTokens(db, UNTIL, isHashed) },
    issue({ id }, expiresAt) {
      const token = generateRandomString(24, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
      const identifier = isHashed ? digest(`reset-password:${token}`, "base64url") : `reset-password:${token}`;
      const now = new Date().toISOString();
      insert.run(randomUUID(), identifier, id, expiresAt.toISOString(), now, now);
      return token;
    },
  };
}

const AUTH_USER = `
  CREATE TABLE "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL,
    "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE,
    "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL,
    "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL)`;
const SECRET_KEY = "django-insecure-test-key";
const DJANGO_TIMEOUT = 259_200;

function openDjango() {
  const db = new Database(":memory:");
  db.exec(AUTH_USER);
  db.exec(REVOKED_COLUMN);
  const insert = db.prepare(
    `INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff,
       is_active, date_joined) VALUES (?, ?, ?, 0, ?, 'Mike', '', ?, 0, ?, '2026-01-01 00:00:00')`,
  );
  const add = (id: string | null, email: string, password: string, active = true, lastLogin: string | null = null) =>
    insert.run(id, password, lastLogin, randomUUID(), email, Number(active)).lastInsertRowid;
  const options = { until: UNTIL, secretKeys: ["a newer key", SECRET_KEY] };
  return { db, add, users: djangoUsers(db), legacyTokens: djangoTokens(db, options) };
}

function django(): Flow {
  const { add, users, legacyTokens } = openDjango();
  for (const { id, email } of [MIKE, EVE]) add(id, email, `pbkdf2_sha256$1000000$salt$${id}`);
  return {
    ...{ users, legacyTokens },
    addUser: () => String(add(null, addressOf(randomUUID()), "pbkdf2_sha256$1000000$salt$abc=")),
    async issue({ id }, expiresAt) {
      const { passwordHash, email } = (await users.findById(id)) ?? {};
      const seconds = Math.floor((expiresAt.getTime() - Date.UTC(2001, 0, 1)) / 1000) - DJANGO_TIMEOUT;
      const key = createHash("sha256")
        .update(`django.contrib.auth.tokens.PasswordResetTokenGenerator${SECRET_KEY}`)
        .digest();
      const hex = createHmac("sha256", key).update(`${id}${passwordHash}${seconds}${email}`).digest("hex");
      const everyOther = [...hex].filter((_, place) => place % 2 === 0).join("");
      return `${Buffer.from(id).toString("base64url")}-${seconds.toString(36)}-${everyOther}`;
    },
  };
}

/** One process over the flow. Its store of new links is in memory. */
function start({ users, legacyTokens }: Flow, shared = memoryPorts()) {
  const { tokens, mailer, hasher } = shared;
  const passwordReset = createPasswordReset({
    ...{ users, tokens, mailer, hasher, legacyTokens, limits: false, appName: "Acme", revokeSessions: async () => {} },
    resetUrl: "https://app.example.com/password_reset/:token",
    onEvent: () => {},
  });
  return {
    ...{ passwordReset, shared, mailer },
    complete: (token: string | undefined) => passwordReset.completeReset({ token, newPassword: PASSWORD }),
    verify: (token: string) => passwordReset.verifyToken({ token }),
  };
}

const inAnHour = () => new Date(Date.now() + 3_600_000);

const FLOWS: [name: string, open: () => Flow][] = [
  ["a hand-written table with hashed tokens", () => handWritten(true)],
  ["a hand-written table with tokens in plain text", () => handWritten(false)],
  ["Lucia's guide", lucia],
  ["better-auth", () => betterAuth(false)],
  ["better-auth with hashed identifiers", () => betterAuth(true)],
  ["Django", django],
];

describe.each(FLOWS)("A link of %s", (name, open) => {
  const createFixture = () => {
    const { issue, ...flow } = open();
    const issueById = (id: string, expiresAt: Date) => issue({ id, email: addressOf(id) }, expiresAt);
    return { ...flow, issue: issueById, signsPasswordHash: name === "Django" };
  };
  for (const { name, run } of legacyTokensContract(createFixture)) test(name, run);

  test("an old link sets a password once, and the owner is notified", async () => {
    const flow = open();
    const { passwordReset, complete, verify, mailer, shared } = start(flow);
    const expiresAt = inAnHour();
    const token = await flow.issue(MIKE, expiresAt);
    const seconds = (date?: Date) => Math.floor((date?.getTime() ?? 0) / 1000);
    const found = await verify(token);
    expect(found).toMatchObject({ ok: true, userId: MIKE.id, email: MIKE.email });
    expect(seconds(found.ok ? found.expiresAt : undefined)).toBe(seconds(expiresAt));
    expect(await complete(token)).toEqual({ ok: true, userId: MIKE.id, sessionsRevoked: true });
    expect(await complete(token)).toEqual(REFUSED);
    const { passwordHash } = (await flow.users.findById(MIKE.id)) ?? {};
    expect(await shared.hasher.verify(passwordHash ?? "", PASSWORD)).toBe(true);
    await passwordReset.drain();
    expect(mailer.sent.map(({ kind, to }) => [kind, to])).toEqual([["password_changed", MIKE.email]]);
  });

  test("an expired link and a changed one are refused", async () => {
    const flow = open();
    const { complete } = start(flow);
    expect(await complete(await flow.issue(MIKE, new Date(Date.now() - 1000)))).toEqual(REFUSED);
    const token = await flow.issue(MIKE, inAnHour());
    const last = token.endsWith("a") ? "b" : "a";
    expect(await complete(token.slice(0, -1) + last)).toEqual(REFUSED);
    expect(await complete(token)).toMatchObject({ ok: true });
  });

  test("of two processes that use one link at once, one wins", async () => {
    for (let round = 0; round < 10; round++) {
      const flow = open();
      const one = start(flow);
      const other = start(flow, one.shared);
      const token = await flow.issue(MIKE, inAnHour());
      const results = await Promise.all([one.complete(token), other.complete(token)]);
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    }
  });

  test("a process that is overtaken between its look at the link and its look at the account loses", async () => {
    const flow = open();
    const other = start(flow);
    const token = await flow.issue(MIKE, inAnHour());
    let isOvertaken = false;
    const users: UserStore = {
      ...flow.users,
      async findById(id) {
        if (!isOvertaken) {
          isOvertaken = true;
          expect(await other.complete(token)).toMatchObject({ ok: true });
        }
        return flow.users.findById(id);
      },
    };
    expect(await start({ ...flow, users }, other.shared).complete(token)).toEqual(REFUSED);
  });

  test("a reset by a new link invalidates the user's old links and nobody else's", async () => {
    const flow = open();
    const { passwordReset, complete, verify, mailer } = start(flow);
    const tokens = [await flow.issue(MIKE, inAnHour()), await flow.issue(MIKE, inAnHour())];
    const hers = await flow.issue(EVE, inAnHour());
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await passwordReset.drain();
    expect(await complete(mailer.lastToken(MIKE.email))).toMatchObject({ ok: true });
    for (const token of tokens) expect(await verify(token)).toEqual(REFUSED);
    expect(await verify(hers)).toMatchObject({ ok: true, userId: EVE.id });
  });

  test("revokeTokens invalidates the user's old links and nobody else's", async () => {
    const flow = open();
    const { passwordReset, verify } = start(flow);
    const token = await flow.issue(MIKE, inAnHour());
    const hers = await flow.issue(EVE, inAnHour());
    expect(await verify(token)).toMatchObject({ ok: true });
    await passwordReset.revokeTokens(MIKE.id);
    expect(await verify(token)).toEqual(REFUSED);
    expect(await verify(hers)).toMatchObject({ ok: true, userId: EVE.id });
  });
});

describe("A token of Django 5.2", () => {
  // Written by PasswordResetTokenGenerator of Django 5.2.17 on 3 January 2026, without and with a last login.
  const EMAIL = "mike@example.org";
  const HASH = "pbkdf2_sha256$1000000$salt$abc=";
  const ISSUED = Date.UTC(2026, 0, 3);
  const vectors: [string, string | null][] = [
    ["NDI-d1syo0-6f4964bee5977a27a5e7d2b89d2902cc", null],
    ["NDI-d1syo0-82899ef5534ac38cb50812b8f244ab51", "2026-01-02 03:04:05.678901"],
  ];

  test.each(vectors)("the token %s is found, with its account and its expiry", async (token, lastLogin) => {
    const { add, legacyTokens } = openDjango();
    add("42", EMAIL, HASH, true, lastLogin);
    const expiresAt = new Date(ISSUED + 3 * 24 * 3_600_000);
    expect(await legacyTokens.find(token)).toEqual({ userId: "42", email: EMAIL, expiresAt });
  });

  test.each([
    ["another password", "UPDATE auth_user SET password = 'pbkdf2_sha256$1000000$salt$abd='"],
    ["another address", "UPDATE auth_user SET email = 'Mike@example.org'"],
    ["a later login", "UPDATE auth_user SET last_login = '2026-01-02 03:04:06.678901'"],
    ["another id", "UPDATE auth_user SET id = 43"],
  ])("a token of Django is not found for an account with %s", async (_, change) => {
    const { db, add, legacyTokens } = openDjango();
    const [token, lastLogin] = vectors[1] ?? ["", null];
    add("42", EMAIL, HASH, true, lastLogin);
    expect(await legacyTokens.find(token)).not.toBeNull();
    db.exec(change);
    expect(await legacyTokens.find(token)).toBeNull();
  });

  test.each([
    ["with another id in it", "NDM-d1syo0-6f4964bee5977a27a5e7d2b89d2902cc"],
    [
      "with the id in another spelling",
      `${Buffer.from("042").toString("base64url")}-d1syo0-6f4964bee5977a27a5e7d2b89d2902cc`,
    ],
    ["with a later time", "NDI-d1syo1-6f4964bee5977a27a5e7d2b89d2902cc"],
    ["with its time in another spelling", "NDI-0d1syo0-6f4964bee5977a27a5e7d2b89d2902cc"],
    ["with capitals", "NDI-D1SYO0-6F4964BEE5977A27A5E7D2B89D2902CC"],
    ["without its id", "d1syo0-6f4964bee5977a27a5e7d2b89d2902cc"],
    ["cut short", "NDI-d1syo0-6f4964bee5977a27a5e7d2b89d2902c"],
    ["with a line break", "NDI-d1syo0-6f4964bee5977a27a5e7d2b89d2902cc\n"],
    ["that is something else", randomBytes(32).toString("base64url")],
  ])("a token of Django %s is not found", async (_, token) => {
    const { add, legacyTokens } = openDjango();
    add("42", EMAIL, HASH);
    add("43", "eve@example.org", HASH);
    expect(await legacyTokens.find(token)).toBeNull();
  });

  test("a token of Django is found with its secret key alone", async () => {
    const { db, add } = openDjango();
    add("42", EMAIL, HASH);
    const find = (secretKeys: string[]) => djangoTokens(db, { until: UNTIL, secretKeys }).find(vectors[0]?.[0] ?? "");
    expect([await find(["another"]), await find([])]).toEqual([null, null]);
    expect(await find(["another", SECRET_KEY])).not.toBeNull();
  });
});

describe("Users of Django", () => {
  const fixture = (): UserStoreFixture => {
    const { db, add, users } = openDjango();
    const password = (hash: string | null) => hash ?? `!${randomBytes(20).toString("hex")}`;
    return {
      store: users,
      add: async ({ email, passwordHash, active }) => String(add(null, email, password(passwordHash), active)),
      async change(id, { email, passwordHash, active }) {
        const set = (column: string, value: string | number) =>
          db.prepare(`UPDATE auth_user SET ${column} = ? WHERE id = ?`).run(value, id);
        if (email !== undefined) set("email", email);
        if (active !== undefined) set("is_active", Number(active));
        if (passwordHash !== undefined) set("password", password(passwordHash));
      },
      remove: async (id) => db.prepare("DELETE FROM auth_user WHERE id = ?").run(id),
    };
  };
  for (const { name, run } of userStoreContract(fixture)) test(name, run);

  test.each(["!", "!kG2dUqZ0example", ""])("the unusable password %j counts as none", async (password) => {
    const { add, users } = openDjango();
    add("42", MIKE.email, password);
    expect(await users.findById("42")).toMatchObject({ passwordHash: null });
  });

  test("an address that two accounts have belongs to neither", async () => {
    const { add, users } = openDjango();
    add("42", MIKE.email, "a hash");
    expect(await users.findByEmail(MIKE.email, undefined)).toMatchObject({ id: "42" });
    add("43", "Mike@example.org", "another hash");
    expect(await users.findByEmail(MIKE.email, undefined)).toBeUndefined();
  });
});

describe.skipIf(!(await hasPostgres()))("Users of better-auth", () => {
  const TABLES = [
    `CREATE TABLE "user" (id text PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL, banned boolean)`,
    `CREATE TABLE account (id text PRIMARY KEY, "accountId" text NOT NULL, "providerId" text NOT NULL,
       "userId" text NOT NULL REFERENCES "user" ON DELETE CASCADE, password text)`,
  ];
  let schema: Awaited<ReturnType<typeof postgresSchema>>;
  let pool: pg.Pool;
  beforeAll(async () => {
    schema = await postgresSchema(...TABLES);
    pool = new pg.Pool({ connectionString: schema.url() });
  });
  afterAll(async () => {
    await pool.end();
    await schema.drop();
  });

  const fixture = (): UserStoreFixture => ({
    store: betterAuthUsers(pool),
    async add({ email, passwordHash, active }) {
      const id = randomUUID();
      await pool.query('INSERT INTO "user" VALUES ($1, $2, $3, $4)', [id, email, "Mike", !active]);
      await pool.query("INSERT INTO account VALUES ($1, $1, 'credential', $1, $2)", [id, passwordHash]);
      await pool.query("INSERT INTO account VALUES ($1, $2, 'github', $2, NULL)", [randomUUID(), id]);
      return id;
    },
    async change(id, { email, passwordHash, active }) {
      if (email !== undefined) await pool.query('UPDATE "user" SET email = $2 WHERE id = $1', [id, email]);
      if (active !== undefined) await pool.query('UPDATE "user" SET banned = $2 WHERE id = $1', [id, !active]);
      if (passwordHash !== undefined) {
        await pool.query("UPDATE account SET password = $2 WHERE id = $1", [id, passwordHash]);
      }
    },
    remove: (id) => pool.query('DELETE FROM "user" WHERE id = $1', [id]),
  });

  // The table of better-auth contains only addresses in lower case.
  const cases = userStoreContract(fixture).filter(({ name }) => !/ignores case/.test(name));
  for (const { name, run } of cases) test(name, run);
});
