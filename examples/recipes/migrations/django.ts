import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type Database from "libsql";
import type { LegacyTokens } from "relatch";

// Signed tokens like those of Django 4 to 5.2. `revoke` needs this column, which Django does not have:

export const REVOKED_COLUMN = "ALTER TABLE auth_user ADD COLUMN reset_links_revoked_at integer NOT NULL DEFAULT 0";

const SALT = "django.contrib.auth.tokens.PasswordResetTokenGenerator";
// With another TIME_ZONE than UTC, subtract its offset. With summer time, the expiry may be wrong by an hour.
const EPOCH = Date.UTC(2001, 0, 1);

/** The text of the link: `<uid>-<time>-<digest>`. */
const TOKEN = /^([\w-]+)-([1-9a-z][0-9a-z]{0,9})-([0-9a-f]{32})$/;

/** `secretKeys`: SECRET_KEY and SECRET_KEY_FALLBACKS. `timeout`: PASSWORD_RESET_TIMEOUT, in seconds. */
export function djangoTokens(
  db: Database.Database,
  { until, secretKeys, timeout = 259_200 }: { until: Date; secretKeys: readonly string[]; timeout?: number },
): LegacyTokens {
  const select = db.prepare("SELECT password, last_login, email, reset_links_revoked_at FROM auth_user WHERE id = ?");
  const revoke = db.prepare("UPDATE auth_user SET reset_links_revoked_at = ? WHERE id = ?");
  return {
    until,
    async find(text) {
      const [, uid = "", time = "", digest = ""] = TOKEN.exec(text) ?? [];
      const userId = Buffer.from(uid, "base64url").toString();
      const user = digest ? (select.get(userId) as DjangoUser | undefined) : undefined;
      if (!user) return null;
      const seconds = Number.parseInt(time, 36);
      const issuedAt = EPOCH + seconds * 1000;
      const state = `${userId}${user.password}${user.last_login?.slice(0, 19) ?? ""}${seconds}${user.email}`;
      const isSigned = secretKeys.some((key) => timingSafeEqual(sign(key, state), Buffer.from(digest)));
      if (!isSigned || issuedAt <= user.reset_links_revoked_at) return null;
      return { userId, email: user.email, expiresAt: new Date(issuedAt + timeout * 1000) };
    },
    // There is nothing to consume. `find` ran again a moment ago, after the account was read, and the signature covers
    // the password hash. So that hash is the one that `replacePasswordHash` expects, of any number of callers one finds
    // it in the row, and the commit invalidates the token.
    spend: async () => true,
    revoke: async (userId) => revoke.run(Date.now(), userId),
  };
}

interface DjangoUser {
  password: string;
  /** In UTC with USE_TZ, such as `2026-01-02 03:04:05.678901`. */
  last_login: string | null;
  email: string;
  reset_links_revoked_at: number;
}

/** Returns every other digit of the HMAC, as Django does. */
function sign(secretKey: string, state: string): Buffer {
  const key = createHash("sha256").update(`${SALT}${secretKey}`).digest();
  const digits = createHmac("sha256", key).update(state).digest("hex");
  return Buffer.from(digits.replace(/(.)./g, "$1"));
}
