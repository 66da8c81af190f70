import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Argon2id } from "oslo/password";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { attribute, Client } from "./e2e/client.ts";
import { blocksOf, root, writeBlocks } from "./helpers/docs.ts";
import { describeService, uniqueName } from "./services.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// The application of docs/getting-started.md, as the page says to put it together: its tables, its files, its copies.

const PAGE = "docs/getting-started.md";
const EMAIL = "Mike@example.org";

await describeService("postgres", (url) => {
  const schema = uniqueName("getting_started");
  const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` });
  let folder: string;
  let app: Awaited<ReturnType<typeof start>>;

  beforeAll(async () => {
    mkdirSync(join(root, "test", ".docs"), { recursive: true });
    folder = mkdtempSync(join(root, "test", ".docs", "app-"));
    const files = writeBlocks(PAGE, folder);
    await pool.query(`CREATE SCHEMA ${schema}`);
    for (const { code } of blocksOf(PAGE, "sql")) await pool.query(code);
    await pool.query("INSERT INTO users (email, canonical_email, password_hash) VALUES ($1, $2, $3)", [
      EMAIL,
      EMAIL.toLowerCase(),
      await new Argon2id().hash("the old password"),
    ]);
    const there = new URL(url);
    there.searchParams.set("options", `-c search_path=${schema}`);
    app = await start(files.find(({ mark }) => mark === "file app.ts")?.file ?? "", String(there));
  });

  afterAll(async () => {
    app?.process.kill("SIGKILL");
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await pool.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test("somebody who forgot the password gets in again, and the old sessions end", async () => {
    const elsewhere = new Client(app.port);
    expect((await signIn(elsewhere, "the old password")).headers.location).toBe("/");
    expect((await elsewhere.get("/")).body).toBe(`Signed in as ${EMAIL}`);

    const person = new Client(app.port);
    const sent = await person.post("/password_reset", { email: "mike@example.org" });
    expect(sent.status).toBe(200);
    const link = (await app.printed(/http:\/\/localhost:\d+(\/password_reset\/\S+)/))[1] ?? "";

    const opened = await person.get(link);
    expect(opened.headers.location).toBe("/password_reset/new_password");
    const form = await person.follow(opened);
    expect(form.body).toContain(EMAIL);
    const handle = attribute(form.body, 'name="handle"', "value") ?? "";
    const password = "correct horse battery";
    const fields = { password, password_confirmation: password, handle };
    const done = await person.post("/password_reset/new_password", fields);
    expect(done.headers.location).toBe("/login?notice=password_set");

    expect((await elsewhere.get("/")).headers.location).toBe("/login");
    expect((await signIn(person, "the old password")).status).toBe(400);
    expect((await signIn(person, password)).headers.location).toBe("/");
    expect((await new Client(app.port).get(link)).headers.location).toContain("invalid_or_expired_token");
    await app.printed(/"type":"password_reset"/);
  });

  test("it ends in peace when it is told to, after the notice went out", async () => {
    const ended = new Promise((resolve) => app.process.once("exit", resolve));
    app.process.kill("SIGTERM");
    expect(await ended).toBe(0);
    await app.printed(/"type":"mail_sent","userId":"[^"]+".*"kind":"password_changed"/);
  });
});

const signIn = (client: Client, password: string) => client.post("/login", { email: EMAIL, password });

/** Starts the application on a free port, and hears what it prints. */
async function start(file: string, databaseUrl: string) {
  const port = await freePort();
  const env = { ...process.env, DATABASE_URL: databaseUrl, PORT: String(port), MAIL_URL: "" };
  const tsx = join(root, "node_modules/tsx/dist/cli.mjs");
  const child: ChildProcess = spawn(process.execPath, [tsx, file], {
    cwd: root,
    env: { ...env, APP_URL: `http://localhost:${port}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text) => {
      output += text;
      for (const look of heard) look();
    });
  }

  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output);
        if (!match) return;
        heard.delete(look);
        resolve(match);
      };
      heard.add(look);
      child.once("close", () => reject(new Error(`It ended, having printed:\n${output}`)));
      look();
    });

  await printed(/listening on port/);
  return { port, process: child, printed };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
