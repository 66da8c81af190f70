import { createHash, randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import type { Pool } from "pg";
import type { SecondFactor } from "relatch";

// The option `secondFactor` over two tables of PostgreSQL: codes of an authenticator app (RFC 6238), and recovery codes. The
// sign-in uses the same two functions, behind a separate limit.

export const SECOND_FACTOR_TABLES = `
  CREATE TABLE totp_devices (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret text NOT NULL, -- encrypt it with a key that is not in this database
    last_step bigint NOT NULL DEFAULT 0
  );
  CREATE TABLE recovery_codes (
    code_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE
  );
  CREATE INDEX recovery_codes_by_user ON recovery_codes (user_id)`;

/** The seconds that one code is shown for. */
const PERIOD = 30;

export type Method = "totp" | "recovery_code";

export function pgSecondFactor(pool: Pick<Pool, "query">): SecondFactor<Method> {
  async function verifyTotp(userId: string, response: string): Promise<boolean> {
    const { rows } = await pool.query<{ secret: string }>("SELECT secret FROM totp_devices WHERE user_id = $1", [
      userId,
    ]);
    if (!rows[0]) return false;
    const totp = new TOTP({ secret: Secret.fromBase32(rows[0].secret), period: PERIOD });
    // One step of clock difference in either direction.
    const delta = totp.validate({ token: response.replace(/\s/g, ""), window: 1 });
    if (delta === null) return false;
    const step = Math.floor(Date.now() / 1000 / PERIOD) + delta;
    // A code is accepted once (RFC 6238 §5.2), also if two requests bring it at the same time.
    const used = await pool.query("UPDATE totp_devices SET last_step = $2 WHERE user_id = $1 AND last_step < $2", [
      userId,
      step,
    ]);
    return used.rowCount === 1;
  }

  async function verifyRecoveryCode(userId: string, response: string): Promise<boolean> {
    const used = await pool.query("DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2", [
      userId,
      hashRecoveryCode(response),
    ]);
    return used.rowCount === 1;
  }

  return {
    async methods(userId) {
      const { rows } = await pool.query<{ method: Method }>(
        `SELECT 'totp' AS method FROM totp_devices WHERE user_id = $1
         UNION ALL
         (SELECT 'recovery_code' FROM recovery_codes WHERE user_id = $1 LIMIT 1)`,
        [userId],
      );
      return rows.map(({ method }) => method);
    },
    async verify(userId, { method, response }) {
      if (method === "totp") return verifyTotp(userId, response);
      return method === "recovery_code" && verifyRecoveryCode(userId, response);
    },
  };
}

/** Replaces the recovery codes of a user, and returns the new ones, to be shown once. */
export async function renewRecoveryCodes(pool: Pick<Pool, "query">, userId: string, count = 10): Promise<string[]> {
  // 80 random bits, so a fast hash is enough: there is nothing to guess.
  const codes = Array.from({ length: count }, () => randomBytes(10).toString("hex"));
  await pool.query(
    `WITH old AS (DELETE FROM recovery_codes WHERE user_id = $1)
     INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])`,
    [userId, codes.map(hashRecoveryCode)],
  );
  return codes.map((code) => code.replace(/(.{5})(?=.)/g, "$1-"));
}

const hashRecoveryCode = (code: string): Buffer =>
  createHash("sha256").update(code.replace(/[\s-]/g, "").toLowerCase()).digest();
