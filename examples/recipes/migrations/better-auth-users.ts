import type { Pool } from "pg";
import type { ResetUser, UserStore } from "relatch";

// The tables of better-auth, in PostgreSQL. The password is in another table than the address, and the commit has
// conditions on both, so it locks the user's row in the same statement.

// `banned` is a column of the admin plugin. Leave it out if you do not use that.
const USER = `SELECT u.id, u.email, u.name, a.password AS "passwordHash", u.banned IS NOT TRUE AS "resetAllowed"
                FROM "user" u LEFT JOIN account a ON a."userId" = u.id AND a."providerId" = 'credential'`;

export const betterAuthUsers = (pool: Pool): UserStore => ({
  // better-auth keeps addresses in lower case.
  findByEmail: async (email) => (await pool.query<ResetUser>(`${USER} WHERE u.email = $1`, [email])).rows[0],
  findById: async (id) => (await pool.query<ResetUser>(`${USER} WHERE u.id = $1`, [id])).rows[0],
  async replacePasswordHash({ userId, email, expected, next }) {
    const { rowCount } = await pool.query(
      `WITH owner AS (SELECT id FROM "user" WHERE id = $1 AND email = $2 AND banned IS NOT TRUE FOR NO KEY UPDATE)
       UPDATE account SET password = $4 FROM owner
        WHERE "userId" = owner.id AND "providerId" = 'credential' AND password = $3`,
      [userId, email, expected, next],
    );
    return rowCount === 1;
  },
});
