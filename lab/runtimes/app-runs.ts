import { randomInt } from "node:crypto";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import Database from "libsql";
import { binaryOf, packageVersion, versionOf } from "./binaries.ts";
import { root, work } from "./built-package.ts";
import { bundleExample } from "./bundle.ts";
import { type Command, reportOf, start } from "./command.ts";
import { copies, people } from "./hono/people.ts";
import type { Report, RuntimeRun } from "./results.ts";

/** The Hono example on one runtime, in its own process. */
interface App {
  runtime: "node 22" | "bun" | "deno" | "workerd";
  /** Its entry file. */
  entry: string;
  database: string;
  command(binary: string, program: string): Command;
}

export const apps: readonly App[] = [
  {
    runtime: "node 22",
    entry: "server.ts",
    database: "libsql",
    command: (binary, program) => [binary, program],
  },
  {
    runtime: "bun",
    entry: "bun.ts",
    database: "bun:sqlite",
    command: (binary, program) => [binary, program],
  },
  {
    runtime: "deno",
    entry: "deno.ts",
    database: "node:sqlite",
    // The permissions that the example needs, and no others.
    command: (binary, program) => [
      binary,
      ...["run", "--allow-net", "--allow-read", "--allow-write", "--allow-env"],
      program,
    ],
  },
  {
    runtime: "workerd",
    entry: "worker.ts",
    database: "D1",
    command: (binary, program) => [binary, join(import.meta.dirname, "hono/workerd.mjs"), program, copies],
  },
];

/** Starts the application, asks the HTTP contract of it by its URL, and ends it. */
export async function contractOn(app: App): Promise<RuntimeRun | undefined> {
  const { runtime, database } = app;
  // Miniflare runs on Node.
  const binary = binaryOf(runtime === "workerd" ? "node 22" : runtime);
  if (!binary) return undefined;
  const version = runtime === "workerd" ? packageVersion("workerd") : versionOf(binary);
  const name = `hono-${runtime.replace(" ", "-")}`;
  const program = join(work, `${name}.mjs`);
  const databaseFile = join(work, `${name}.sqlite`);
  for (const suffix of ["", "-wal", "-shm"]) rmSync(databaseFile + suffix, { force: true });
  writeFileSync(program, await bundleExample(app.entry));

  const origin = `http://localhost:${await freePort()}`;
  const running = start(app.command(binary, program), work, {
    DATABASE_FILE: databaseFile,
    PORT: new URL(origin).port,
    // In development and without a mail server, emails go to the example's inbox.
    NODE_ENV: "development",
    MAIL_SERVER: "",
    DEMO_REVEAL_UNKNOWN: "",
    DENO_DIR: join(work, "deno"),
  });
  try {
    await Promise.race([
      running.says(origin),
      running.ended.then(({ output }) => Promise.reject(new Error(`it ended: ${output}`))),
    ]);
    if (runtime !== "workerd") new Database(databaseFile).exec(copies);
    const clientHeader = runtime === "workerd" ? "CF-Connecting-IP" : "X-Forwarded-For";
    return { runtime, version, database, report: await ask(origin, clientHeader, name) };
  } catch (error) {
    return { runtime, version, database, report: { cases: [], faults: [String(error)] } };
  } finally {
    running.child.kill("SIGTERM");
    await running.ended;
  }
}

async function ask(origin: string, clientHeader: string, name: string): Promise<Report> {
  const accounts = join(work, "accounts.json");
  writeFileSync(accounts, JSON.stringify(people));
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const config = join(import.meta.dirname, "contract.config.ts");
  const report = await reportOf([process.execPath, vitest, "run", "--config", config], {
    cwd: root,
    file: join(work, `${name}.json`),
    env: {
      RELATCH_APP_URL: origin,
      RELATCH_APP_ACCOUNTS: accounts,
      RELATCH_APP_CLIENT_HEADER: clientHeader,
    },
  });
  // The same names for every application.
  const cases = report.cases.map((each) => ({
    ...each,
    name: each.name.replaceAll(origin, "the application"),
  }));
  return { ...report, cases };
}

/** A port below those that the system gives to clients, because a client could take it before the server listens. */
async function freePort(): Promise<number> {
  const port = randomInt(20_000, 32_000);
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch {
    return freePort();
  }
  server.close();
  await once(server, "close");
  return port;
}
