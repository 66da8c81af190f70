import type Database from "libsql";
import type { ResetUser, UserStore } from "relatch";

// Django's own table of users, in SQLite. Several accounts may have one address there, and then none of them gets a
// link. This lists such addresses: SELECT lower(email) FROM auth_user GROUP BY 1 HAVING count(*) > 1

// "!" and 40 random characters mean that the account cannot sign in with a password. It is not a hash.
const COLUMNS = `CAST(id AS text) AS id, email, first_name AS name, is_active,
  CASE WHEN password LIKE '!%' OR password = '' THEN NULL ELSE password END AS passwordHash`;

// SQLite would compare the integer 42 with "042" as equal.
const HAS_ID = "id = ?1 AND CAST(id AS text) = ?1";

export function djangoUsers(db: Database.Database): UserStore {
  const byEmail = db.prepare(`SELECT ${COLUMNS} FROM auth_user WHERE lower(email) = ? ORDER BY id LIMIT 2`);
  const byId = db.prepare(`SELECT ${COLUMNS} FROM auth_user WHERE ${HAS_ID}`);
  const replace = db.prepare(
    `UPDATE auth_user SET password = ?4 WHERE ${HAS_ID} AND email = ?2 AND password = ?3 AND is_active = 1`,
  );
  // Leave it out if these accounts belong to LDAP or to a single sign-on: then they get no link.
  const setFirst = db.prepare(
    `UPDATE auth_user SET password = ?3
      WHERE ${HAS_ID} AND email = ?2 AND (password LIKE '!%' OR password = '') AND is_active = 1`,
  );
  const toUser = (row: unknown): ResetUser | undefined =>
    row ? { ...(row as ResetUser), resetAllowed: (row as { is_active: number }).is_active === 1 } : undefined;
  return {
    async findByEmail(email) {
      const [row, another] = byEmail.all(email);
      return another ? undefined : toUser(row);
    },
    findById: async (id) => toUser(byId.get(id)),
    replacePasswordHash: async ({ userId, email, expected, next }) =>
      replace.run(userId, email, expected, next).changes === 1,
    setFirstPasswordHash: async ({ userId, email, next }) => setFirst.run(userId, email, next).changes === 1,
  };
}
