import { tmpdir } from "node:os";
import { join } from "node:path";
import type Database from "libsql";
import type { D1, LibsqlClient, SyncSqlite } from "relatch/sqlite";
import { uniqueName } from "../../helpers/services.ts";

type Value = string | number;

export const temporaryFile = (): string => join(tmpdir(), `${uniqueName("relatch")}.db`);

/** Imitates D1 as documented: `first` returns a row or null, `run` returns `meta`, each call opens a session. */
export function fakeD1(db: Database.Database): Required<D1> & { sessions: string[] } {
  const sessions: string[] = [];
  const prepare: D1["prepare"] = (sql) => ({
    bind: (...params: Value[]) => ({
      first: async () => db.prepare(sql).get(...params) ?? null,
      run: async () => {
        const { changes, lastInsertRowid } = db.prepare(sql).run(...params);
        return { success: true, results: [], meta: { changes, last_row_id: Number(lastInsertRowid), duration: 0 } };
      },
    }),
  });
  return {
    sessions,
    prepare: () => {
      throw new Error("no session was opened: this may be a replica");
    },
    batch: async () => {
      throw new Error("not used");
    },
    withSession(constraint) {
      sessions.push(constraint);
      return { prepare };
    },
  };
}

/** Imitates @libsql/client as documented: rows are arrays that also have names, `rowsAffected` is a number. */
export function fakeLibsqlClient(db: Database.Database, intMode: "number" | "bigint" | "string"): LibsqlClient {
  const integer = { number: (value: number) => value, bigint: BigInt, string: String }[intMode];
  return {
    async execute({ sql, args }) {
      const statement = db.prepare(sql);
      if (!sql.startsWith("SELECT")) {
        const { changes } = statement.run(...args);
        return { columns: [], rows: [], rowsAffected: changes, lastInsertRowid: undefined };
      }
      const rows = (statement.all(...args) as Record<string, unknown>[]).map((row) =>
        Object.assign(
          Object.values(row),
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [name, typeof value === "number" ? integer(value) : value]),
          ),
        ),
      );
      return { columns: [], rows, rowsAffected: 0, lastInsertRowid: undefined };
    },
  };
}

/** Loads a driver that not every version of Node.js or every machine has. */
export async function optionalSqlite(
  name: "node:sqlite" | "better-sqlite3",
): Promise<{ open?: (file: string) => SyncSqlite; missing?: string }> {
  try {
    const module = await import(/* @vite-ignore */ name);
    const Constructor = module.DatabaseSync ?? module.default;
    return { open: (file) => new Constructor(file) };
  } catch (error) {
    return { missing: `Node ${process.versions.node} has no ${name} (${(error as { code?: string }).code}).` };
  }
}
