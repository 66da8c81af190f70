import { PGlite } from "@electric-sql/pglite";
import Database from "libsql";
import type { TokenStore, UserStore } from "relatch";
import { memoryTokens, memoryUsers } from "relatch/memory";
import { type PostgresClient, postgresTokens } from "relatch/postgres";
import { sqliteTokens } from "relatch/sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GOOD_PASSWORD, harness, MIKE } from "../harness.ts";

/** The same port; each call is written down. */
function counted<Port extends object>(port: Port, calls: string[]): Port {
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

/** A reset from the request to the notice, with what each step asked of users and tokens. */
async function stepsOf(users: UserStore, tokens: TokenStore, calls: string[]) {
  const h = harness({
    users: counted(users, calls),
    tokens: counted(tokens, calls),
    revokeSessions: async () => calls.push("revokeSessions"),
  });
  const steps: Record<string, string[]> = {};
  async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
    calls.length = 0;
    const answer = await work();
    steps[name] = [...calls];
    return answer;
  }
  const { passwordReset } = h;
  await step("the answer", () => passwordReset.requestReset({ email: MIKE.email, ip: null }));
  await step("the job", () => passwordReset.drain());
  const token = h.mailer.lastLink(MIKE.email)?.split("/").at(-1);
  const verified = await step("verify", () => passwordReset.verifyToken(token));
  expect(verified).toMatchObject({ ok: true });
  const completed = await step("complete", () =>
    passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
  );
  expect(completed).toMatchObject({ ok: true });
  await step("the follow-up", () => passwordReset.drain());
  return steps;
}

const expected = {
  "the answer": [],
  "the job": ["findByEmail", "save"],
  verify: ["find", "findById"],
  // The application's own revocation runs before and after the commit.
  complete: ["find", "findById", "revokeSessions", "replacePasswordHash", "revokeSessions", "deleteByUser"],
  "the follow-up": ["findById"],
};

describe("how often a reset asks its users and tokens", () => {
  test("with both in memory", async () => {
    expect(await stepsOf(memoryUsers([MIKE]), memoryTokens(), [])).toEqual(expected);
  });

  test("with tokens in SQLite", async () => {
    const tokens = sqliteTokens(new Database(":memory:"));
    await tokens.createTable();
    expect(await stepsOf(memoryUsers([MIKE]), tokens, [])).toEqual(expected);
  });

  describe("with both in Postgres", () => {
    const db = new PGlite();
    beforeAll(async () => {
      await postgresTokens(db).createTable();
      await db.exec("CREATE TABLE users (id text PRIMARY KEY, email text, password_hash text)");
      await db.query("INSERT INTO users VALUES ($1, $2, $3)", [MIKE.id, MIKE.email, MIKE.passwordHash]);
    }, 30_000);
    afterAll(() => db.close());

    test("each of them is one statement", async () => {
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
      expect(await stepsOf(users, postgresTokens(client), calls)).toEqual(expected);
      expect(statements).toEqual([
        ...["SELECT", "INSERT"],
        ...["SELECT", "SELECT"],
        ...["SELECT", "SELECT", "UPDATE", "DELETE"],
        "SELECT",
      ]);
    });
  });
});
