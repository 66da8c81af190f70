import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";

// Takes a schema through the migrations of drizzle-kit and of Prisma.

/** The part that is used. The types of Node.js 20 leave it out. */
declare const WebAssembly: {
  instantiate(code: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

/** A change that a developer makes to a migration by hand, before it is applied. */
export type Edit = (statements: string) => string;
const asGenerated: Edit = (statements) => statements;

/** Runs `drizzle-kit generate` and `drizzle-kit migrate`. Its own table is in a schema of this name, on PostgreSQL. */
export async function migrateWithDrizzle(
  dialect: "postgresql" | "mysql" | "sqlite",
  schema: string,
  url: string,
  { edit = asGenerated, own = "drizzle" }: { edit?: Edit | undefined; own?: string } = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "relatch-drizzle-"));
  const [config, out] = [join(folder, "drizzle.config.json"), join(folder, "migrations")];
  const settings = { dialect, schema, out, dbCredentials: { url }, migrations: { schema: own } };
  await writeFile(config, JSON.stringify(settings));
  const kit = (command: string) =>
    run(process.execPath, ["node_modules/drizzle-kit/bin.cjs", command, `--config=${config}`], { cwd: FOLDER });
  await kit("generate");
  for (const name of await readdir(out)) {
    const file = join(out, name);
    if (name.endsWith(".sql")) await writeFile(file, edit(await readFile(file, "utf8")));
  }
  await kit("migrate");
  await rm(folder, { recursive: true });
}

/**
 * Loads Prisma's schema engine, which plans and applies migrations, as WebAssembly: the same code as the binary that
 * `prisma migrate` downloads. It knows PostgreSQL and SQLite, and not MySQL.
 */
async function loadSchemaEngine() {
  const engine = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const file = new URL("schema_engine_bg.wasm", import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg"));
  const { instance } = await WebAssembly.instantiate(await readFile(file), { "./schema_engine_bg.js": engine });
  engine.__wbg_set_wasm(instance.exports);
  (instance.exports["__wbindgen_start"] as () => void)();
  return engine.SchemaEngine;
}

const schemaEngine = loadSchemaEngine();
const filters = { externalTables: [], externalEnums: [] };

/** Plans the first migration of a schema, as `prisma migrate dev --create-only` does, and applies it. */
export async function migrateWithPrisma(
  file: string,
  adapter: SqlMigrationAwareDriverAdapterFactory,
  edit: Edit = asGenerated,
) {
  const content = await readFile(join(FOLDER, file), "utf8");
  const provider = content.match(/provider = ("\w+")\n/)?.[1];
  const files = [{ path: "schema.prisma", content }];
  const SchemaEngine = await schemaEngine;
  const options = { datamodels: [["schema.prisma", content]] as [string, string][] };
  const engine = await SchemaEngine.new(options, () => {}, bindMigrationAwareSqlAdapterFactory(adapter));
  const target = { tag: "schemaDatamodel" as const, files };
  const compare = { to: target, script: true, exitCode: true, filters, shadowDatabaseUrl: null };
  const { stdout } = await engine.diff({ ...compare, from: { tag: "empty" } });
  const value = edit(stdout ?? "");
  await engine.applyMigrations({
    filters,
    migrationsList: {
      baseDir: join(FOLDER, "migrations"),
      lockfile: { path: "migration_lock.toml", content: `provider = ${provider}` },
      shadowDbInitScript: "",
      migrationDirectories: [
        { path: "20260101000000_tokens", migrationFile: { path: "migration.sql", content: { tag: "ok", value } } },
      ],
    },
  });
  return {
    /** Reports whether the engine sees a difference between the database and the schema. */
    async hasDrift(): Promise<boolean> {
      const database = { tag: "schemaDatasource" as const, files, configDir: FOLDER };
      return (await engine.diff({ ...compare, from: database })).exitCode !== 0;
    },
  };
}
