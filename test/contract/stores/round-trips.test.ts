import { PGlite } from "@electric-sql/pglite";
import type { TokenStore, UserStore } from "relatch";
import { memoryTokens, memoryUsers } from "relatch/memory";
import { type PostgresClient, postgresTokens } from "relatch/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GOOD_PASSWORD, harness, KEYS, MIKE } from "../../helpers/harness.ts";

/** Wraps a port so that the name of each call is recorded. */
function recordCalls<Port extends object>(port: Port, calls: string[]): Port {
  return new Proxy(port, {
    get(target, name) {
      const method = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        calls.push(String(name));
        return method.apply(target, args);
      };
    },
  });
}

/** Records the calls of one step after the other. */
function createSteps(calls: string[]) {
  const steps: Record<string, string[]> = {};
  async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
    calls.length = 0;
    const result = await work();
    steps[name] = [...calls];
    return result;
  }
  return { steps, step };
}

const recording = (users: UserStore, tokens: TokenStore, calls: string[]) => ({
  users: recordCalls(users, calls),
  tokens: recordCalls(tokens, calls),
  revokeSessions: async () => calls.push("revokeSessions"),
});

/** Runs a reset from the request to the follow-up, and returns the calls of each step. */
async function recordSteps(users: UserStore, tokens: TokenStore, calls: string[]) {
  const h = harness(recording(users, tokens, calls));
  const { steps, step } = createSteps(calls);
  const { passwordReset } = h;
  await step("request", () => passwordReset.requestReset({ email: MIKE.email, ip: null }));
  await step("job", () => passwordReset.drain());
  const token = h.mailer.lastToken(MIKE.email);
  await step("verify", () => passwordReset.verifyToken({ token }));
  const completed = await step("complete", () => passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }));
  expect(completed).toMatchObject({ ok: true });
  await step("followUp", () => passwordReset.drain());
  return steps;
}

/** Runs a reset with a code, up to the token, and returns the calls of each step. */
async function recordCodeSteps(users: UserStore, tokens: TokenStore, calls: string[]) {
  const { passwordReset, mailer } = harness({ ...recording(users, tokens, calls), codes: true, keys: KEYS });
  const { steps, step } = createSteps(calls);
  const input = { email: MIKE.email, ip: null, method: "code" } as const;
  const { ticket } = (await step("request", () => passwordReset.requestReset(input))) as { ticket?: string };
  await step("job", () => passwordReset.drain());
  const code = mailer.lastCode(MIKE.email);
  for (const [name, typed] of [
    ["wrong code", "12345678"],
    ["redeem", code],
  ]) {
    const result = await step(name ?? "", () => passwordReset.redeemCode({ ticket, code: typed }));
    expect(result.ok).toBe(typed === code);
  }
  return steps;
}

const expected = {
  request: [],
  job: ["findByEmail", "save"],
  verify: ["find", "findById"],
  // Sessions end before and after the commit. The second find runs at the same time as the first revokeSessions.
  complete: ["find", "findById", "find", "revokeSessions", "replacePasswordHash", "revokeSessions"],
  // Sessions end once more, because a sign-in may have been in flight.
  followUp: ["findById", "revokeSessions"],
};

const expectedWithCode = {
  request: [],
  // The link that the code stands for is one record, and that of the email another one.
  job: ["findByEmail", "save", "save"],
  "wrong code": ["find"],
  redeem: ["find"],
};

describe("a reset makes as few calls as possible", () => {
  test("a reset with both stores in memory makes the expected calls", async () => {
    expect(await recordSteps(memoryUsers([MIKE]), memoryTokens(), [])).toEqual(expected);
  });

  test("a code with both stores in memory makes the expected calls", async () => {
    expect(await recordCodeSteps(memoryUsers([MIKE]), memoryTokens(), [])).toEqual(expectedWithCode);
  });

  describe("with both stores in PostgreSQL", () => {
    const db = new PGlite();
    beforeAll(async () => {
      await postgresTokens(db).createTable();
      await db.exec("CREATE TABLE users (id text PRIMARY KEY, email text, password_hash text)");
      await db.query("INSERT INTO users VALUES ($1, $2, $3)", [MIKE.id, MIKE.email, MIKE.passwordHash]);
    }, 30_000);
    afterAll(() => db.close());

    test("each call of a store is one statement", async () => {
      const statements: string[] = [];
      const client: PostgresClient = {
        query(text, params) {
          statements.push(text.trim().split(" ")[0] ?? "");
          return db.query(text, params);
        },
      };
      const find = async (where: string, value: string) => {
        const columns = 'id, email, password_hash AS "passwordHash"';
        const { rows } = await client.query(`SELECT ${columns} FROM users WHERE ${where} = $1`, [value]);
        return rows[0] as never;
      };
      const users: UserStore = {
        findByEmail: (email) => find("lower(email)", email),
        findById: (id) => find("id", id),
        async replacePasswordHash({ userId, email, expected, next }) {
          const { rows } = await client.query(
            `UPDATE users SET password_hash = $1
              WHERE id = $2 AND email = $3 AND password_hash = $4 RETURNING id`,
            [next, userId, email, expected],
          );
          return rows.length === 1;
        },
      };
      const calls: string[] = [];
      expect(await recordSteps(users, postgresTokens(client), calls)).toEqual(expected);
      expect(statements).toEqual([
        ...["SELECT", "INSERT"],
        ...["SELECT", "SELECT"],
        ...["SELECT", "SELECT", "SELECT", "UPDATE"],
        "SELECT",
      ]);
    });

    test("each call of the token store for a code is one statement", async () => {
      const statements: string[] = [];
      const client: PostgresClient = {
        query(text, params) {
          statements.push(text.trim().split(" ")[0] ?? "");
          return db.query(text, params);
        },
      };
      expect(await recordCodeSteps(memoryUsers([MIKE]), postgresTokens(client), [])).toEqual(expectedWithCode);
      expect(statements).toEqual(["INSERT", "INSERT", "SELECT", "SELECT"]);
    });
  });
});
