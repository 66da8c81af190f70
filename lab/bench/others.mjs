// @ts-check
import { existsSync } from "node:fs";
import { postgresUrl } from "./services.mjs";

/** relatch and what it is compared with. better-auth needs `npm ci --prefix lab`. */
export function installedSubjects() {
  const isInstalled = existsSync(new URL("../node_modules/better-auth", import.meta.url));
  if (!isInstalled) console.error("better-auth is left out. To compare with it, run: npm ci --prefix lab");
  return /** @type {("relatch" | "hand-written" | "better-auth")[]} */ ([
    "relatch",
    "hand-written",
    ...(isInstalled ? ["better-auth"] : []),
  ]);
}

/** Reports whether PostgreSQL responds. */
export async function hasPostgres() {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 3000 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch (error) {
    console.error(`PostgreSQL is left out: ${firstLine(error)}. Set RELATCH_TEST_POSTGRES or the PG… variables.`);
    return false;
  }
}

export const firstLine = (/** @type {unknown} */ error) => String(error).split("\n")[0];
