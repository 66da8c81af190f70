// @ts-check
import { CompiledQuery, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";

/**
 * The `SlowDatabase` of better-auth: each statement is one call.
 *
 * @param {import("libsql").Database} db
 * @param {import("./slow-database.mjs").SlowDatabase} slow
 * @returns {import("kysely").Dialect}
 */
export function slowKysely(db, slow) {
  const connection = {
    /** @param {CompiledQuery} query @returns {Promise<import("kysely").QueryResult<any>>} */
    executeQuery: ({ sql, parameters }) =>
      slow.call(() => {
        const statement = db.prepare(sql);
        if (statement.reader) return { rows: statement.all(parameters) };
        const { changes } = statement.run(parameters);
        return { rows: [], numAffectedRows: BigInt(changes) };
      }),
    streamQuery() {
      throw new Error("nothing is streamed");
    },
  };
  const say = (/** @type {string} */ sql) => async () => {
    await connection.executeQuery(CompiledQuery.raw(sql));
  };
  const nothing = async () => {};
  return {
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createDriver: () => ({
      init: nothing,
      acquireConnection: async () => connection,
      beginTransaction: say("begin"),
      commitTransaction: say("commit"),
      rollbackTransaction: say("rollback"),
      releaseConnection: nothing,
      destroy: nothing,
    }),
  };
}
