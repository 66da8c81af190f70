import { randomUUID } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import pg from "pg";
import { createPasswordReset } from "relatch";
import { memoryHasher, memoryMailer, memoryTokens } from "relatch/memory";
import { secondFactorContract } from "relatch/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Method, pgSecondFactor, renewRecoveryCodes, SECOND_FACTOR_TABLES } from "../accounts/second-factor.ts";
import { pgUsers, USERS_TABLE } from "../users/pg.ts";
import { hasPostgres, postgresSchema } from "./servers.ts";

describe.skipIf(!(await hasPostgres()))("the second factor on PostgreSQL", () => {
  let schema: Awaited<ReturnType<typeof postgresSchema>>;
  let pool: pg.Pool;
  beforeAll(async () => {
    schema = await postgresSchema(USERS_TABLE, SECOND_FACTOR_TABLES);
    pool = new pg.Pool({ connectionString: schema.url() });
  });
  afterAll(async () => {
    await pool?.end();
    await schema?.drop();
  });

  const hasher = memoryHasher();

  /** An account with an authenticator app and recovery codes. */
  async function addUser() {
    const [id, secret] = [randomUUID(), new Secret()];
    const email = `${id}@example.org`;
    await pool.query("INSERT INTO users (id, email, canonical_email, password_hash) VALUES ($1, $2, $2, $3)", [
      id,
      email,
      await hasher.hash("old password"),
    ]);
    await pool.query("INSERT INTO totp_devices (user_id, secret) VALUES ($1, $2)", [id, secret.base32]);
    const recoveryCodes = await renewRecoveryCodes(pool, id);
    const codeAt = (time: number) => new TOTP({ secret, period: 30 }).generate({ timestamp: time });
    return { id, email, recoveryCodes, codeAt };
  }
  const verify = (userId: string, method: Method, response: string) =>
    pgSecondFactor(pool).verify(userId, { method, response });

  const cases = secondFactorContract(async () => {
    const { id: userId, recoveryCodes, codeAt } = await addUser();
    return {
      secondFactor: pgSecondFactor(pool),
      userId,
      methods: ["totp", "recovery_code"],
      respond(method) {
        return { response: method === "totp" ? codeAt(Date.now()) : (recoveryCodes[0] ?? ""), isSingleUse: true };
      },
    };
  });
  for (const { name, run } of cases) test(name, run);

  test("an account has the methods that were set up, and an account without them has none", async () => {
    const { id } = await addUser();
    const { methods } = pgSecondFactor(pool);
    expect(await methods(id)).toEqual(["totp", "recovery_code"]);
    await pool.query("DELETE FROM recovery_codes WHERE user_id = $1", [id]);
    expect(await methods(id)).toEqual(["totp"]);
    expect(await methods(randomUUID())).toEqual([]);
  });

  test("a code of the app is accepted once, also of sixteen concurrent requests", async () => {
    const { id, codeAt } = await addUser();
    const code = codeAt(Date.now());
    const results = await Promise.all(Array.from({ length: 16 }, () => verify(id, "totp", code)));
    expect(results.filter(Boolean)).toHaveLength(1);
  });

  test("a code of the step before is accepted, and none of an older step after it", async () => {
    const now = Date.UTC(2026, 10, 30, 12, 0, 10);
    vi.useFakeTimers({ now, toFake: ["Date"] });
    try {
      const { id, codeAt } = await addUser();
      expect(await verify(id, "totp", codeAt(now - 60_000))).toBe(false);
      expect(await verify(id, "totp", codeAt(now))).toBe(true);
      expect(await verify(id, "totp", codeAt(now - 30_000))).toBe(false);
      expect(await verify(id, "totp", ` ${codeAt(now + 30_000).replace(/^.{3}/, "$& ")} `)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a recovery code is accepted once, however it is written, and only for its account", async () => {
    const { id, recoveryCodes } = await addUser();
    const other = await addUser();
    const [first = "", second = ""] = recoveryCodes;
    expect(first).toMatch(/^(?:[0-9a-f]{5}-){3}[0-9a-f]{5}$/);
    expect(await verify(other.id, "recovery_code", first)).toBe(false);
    const results = await Promise.all(Array.from({ length: 16 }, () => verify(id, "recovery_code", first)));
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await verify(id, "recovery_code", ` ${second.toUpperCase().replaceAll("-", " ")}`)).toBe(true);
  });

  test("new recovery codes replace the old ones", async () => {
    const { id, recoveryCodes } = await addUser();
    const [fresh = ""] = await renewRecoveryCodes(pool, id);
    expect(await verify(id, "recovery_code", recoveryCodes[0] ?? "")).toBe(false);
    expect(await verify(id, "recovery_code", fresh)).toBe(true);
  });

  test("junk is wrong and throws nothing", async () => {
    const { id } = await addUser();
    for (const response of ["", "x".repeat(8192), "000000", "\u{1f511}", "-1", "1e5"]) {
      expect(await verify(id, "totp", response)).toBe(false);
      expect(await verify(id, "recovery_code", response)).toBe(false);
    }
  });

  test("a reset needs the second factor, and a refused password costs no recovery code", async () => {
    const { email, id, recoveryCodes } = await addUser();
    const mailer = memoryMailer();
    const passwordReset = createPasswordReset({
      users: pgUsers(pool),
      tokens: memoryTokens(),
      mailer,
      hasher,
      secondFactor: pgSecondFactor(pool),
      appName: "Acme",
      from: "Acme <noreply@example.com>",
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions: async () => {},
    });
    await passwordReset.requestReset({ email, ip: "192.0.2.1" });
    await passwordReset.drain();
    const token = mailer.lastToken(email);
    const secondFactor = { method: "recovery_code", response: recoveryCodes[0] };
    const complete = (newPassword: string, proof?: typeof secondFactor) =>
      passwordReset.completeReset({ token, newPassword, secondFactor: proof });
    expect(await complete("short", secondFactor)).toMatchObject({ reason: "password_rejected" });
    expect(await complete("a quiet harbour at dawn")).toMatchObject({ reason: "second_factor_required" });
    expect(await complete("a quiet harbour at dawn", { ...secondFactor, response: "0" })).toMatchObject({
      reason: "second_factor_rejected",
    });
    expect(await complete("a quiet harbour at dawn", secondFactor)).toMatchObject({ ok: true, userId: id });
    expect(await verify(id, "recovery_code", recoveryCodes[0] ?? "")).toBe(false);
  });
});
