import type Database from "libsql";
import type { Campaign, Outcome } from "./forced-reset.ts";
import { endAccess } from "./must-reset.ts";

// The list of a forced reset in SQLite. On PostgreSQL: the same table, `FOR UPDATE` where `lock` reads the hash, and
// `FOR UPDATE SKIP LOCKED` in the inner SELECT of `claim`.

/**
 * For a migration. Delete the rows when the reset is over, because they contain the old hashes. With an empty table, the
 * next start is a new forced reset.
 */
export const FORCED_RESETS_TABLE = `
  CREATE TABLE forced_resets (
    user_id text PRIMARY KEY NOT NULL,
    retired_hash text,
    locked_hash text, -- NULL: not locked yet
    attempts integer NOT NULL DEFAULT 0,
    claimed_at integer,
    outcome text
  ) STRICT;
  CREATE INDEX forced_resets_open ON forced_resets (attempts, user_id) WHERE outcome IS NULL`;

/**
 * Puts everybody with a password on the list, unless it has been started. Restrict it to those whose hash leaked, if you
 * know. One statement, so a crash leaves all of them or none.
 */
export function startCampaign(db: Database.Database): void {
  db.exec(`INSERT INTO forced_resets (user_id)
    SELECT id FROM users WHERE password_hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM forced_resets)`);
}

export function libsqlCampaign(db: Database.Database): Campaign {
  const findUnlocked = db.prepare("SELECT user_id AS id FROM forced_resets WHERE locked_hash IS NULL LIMIT ?");
  const retire = db.prepare(
    `UPDATE forced_resets SET locked_hash = ?, retired_hash = (SELECT password_hash FROM users WHERE id = user_id)
      WHERE user_id = ?`,
  );
  const replace = db.prepare("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash IS NOT NULL");
  const reopen = db.prepare("UPDATE forced_resets SET outcome = NULL, claimed_at = NULL WHERE outcome = 'gave_up'");
  const claim = db.prepare(
    `UPDATE forced_resets SET claimed_at = ?, attempts = attempts + 1
      WHERE user_id = (
        SELECT user_id FROM forced_resets
         WHERE outcome IS NULL AND locked_hash IS NOT NULL AND (claimed_at IS NULL OR claimed_at < ?)
         ORDER BY attempts, user_id LIMIT 1)
      RETURNING user_id AS userId, (SELECT password_hash FROM users WHERE id = user_id) IS locked_hash AS isLocked`,
  );
  const record = db.prepare("UPDATE forced_resets SET outcome = ? WHERE user_id = ?");
  const count = db.prepare("SELECT ifnull(outcome, 'open') AS outcome, count(*) AS n FROM forced_resets GROUP BY 1");

  return {
    findUnlocked: async (max) => (findUnlocked.all(max) as { id: string }[]).map(({ id }) => id),
    lock: async (userIds, unusableHash) =>
      db
        .transaction(() => {
          for (const userId of userIds) {
            retire.run(unusableHash, userId);
            replace.run(unusableHash, userId);
            endAccess(db, userId);
          }
        })
        .immediate(),
    reopen: async () => reopen.run(),
    claim: async (now, staleBefore) => {
      const row = claim.get(now.getTime(), staleBefore.getTime()) as { userId: string; isLocked: number } | undefined;
      return row && { userId: row.userId, isLocked: row.isLocked === 1 };
    },
    record: async (userId, outcome) => record.run(outcome, userId),
    count: async () => {
      const rows = count.all() as { outcome: Outcome | "open"; n: number }[];
      return { open: 0, ...Object.fromEntries(rows.map(({ outcome, n }) => [outcome, n])) };
    },
  };
}

/** For `notTheOldPassword`: the hash that the account had before it was locked. */
export function retiredHash(db: Database.Database) {
  const find = db.prepare("SELECT retired_hash AS hash FROM forced_resets WHERE user_id = ?");
  return (userId: string): string | undefined =>
    (find.get(userId) as { hash: string | null } | undefined)?.hash ?? undefined;
}
