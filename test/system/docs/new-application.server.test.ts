import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { blocksOf, root, scratchFolder, writeBlocks } from "../../helpers/docs.ts";
import { findFreePort } from "../../helpers/ports.ts";
import { startScript } from "../../helpers/scripts.ts";
import { describeService, uniqueName } from "../../helpers/services.ts";
import { attribute, Client } from "../http/client.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// Builds and runs the application of docs/new-application.md as the page says, with the pages of the package, and with the
// routes of the README and their templates.

const PAGE = "docs/new-application.md";
const EMAIL = "Mike@example.org";
/** The folder in which `npm ci --prefix examples/frameworks` installs EJS, as CI does. */
const EJS = join(root, "examples/frameworks/node_modules");

await describeService("postgres", (url) => {
  const schema = uniqueName("getting_started");
  const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` });
  const files = writeBlocks(PAGE, scratchFolder("app"));
  const folder = dirname(files[0]?.file ?? "");
  const fileNamed = (name: string) => files.find(({ mark }) => mark === `file ${name}`)?.file ?? name;
  const there = new URL(url);
  there.searchParams.set("options", `-c search_path=${schema}`);
  let app: Awaited<ReturnType<typeof start>>;

  beforeAll(async () => {
    await pool.query(`CREATE SCHEMA ${schema}`);
    for (const { code } of blocksOf(PAGE, "sql")) await pool.query(code);
    const environment = { ...process.env, DATABASE_URL: String(there) };
    const script = startScript(fileNamed("add-user.ts"), folder, environment, [EMAIL, "the old password"]);
    expect([await script.exit, script.output()]).toEqual([0, ""]);
    app = await start(fileNamed("app.ts"), String(there));
  });

  afterAll(async () => {
    app?.kill("SIGKILL");
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await pool.end();
  });

  test("a person who forgot the password signs in with a new one, and the old sessions end", async () => {
    const elsewhere = app.browser();
    expect((await signIn(elsewhere, "the old password")).headers.location).toBe("/");
    expect((await elsewhere.get("/")).body).toBe(`Signed in as ${EMAIL}`);

    const person = app.browser();
    const sent = await person.post("/password_reset", { email: "mike@example.org" });
    expect(sent.status).toBe(200);
    const link = (await app.prints(/http:\/\/localhost:\d+(\/password_reset\/\S+)/))[1] ?? "";

    const opened = await person.get(link);
    expect(opened.headers.location).toMatch(/^\/password_reset\/new_password/);
    const form = await person.follow(opened);
    expect(form.body).toContain(EMAIL);
    const handle = attribute(form.body, 'name="handle"', "value") ?? "";
    const password = "correct horse battery";
    const fields = { password, password_confirmation: password, handle };
    const done = await person.post("/password_reset/new_password", fields);
    expect(done.headers.location).toBe("/login?notice=password_set");
    const login = await person.follow(done);
    expect(login.body).toContain(`value="${EMAIL}"`);
    expect(login.body).toContain("Your new password is set.");

    expect((await elsewhere.get("/")).headers.location).toBe("/login");
    expect((await signIn(person, "the old password")).status).toBe(400);
    expect((await signIn(person, password)).headers.location).toBe("/");
    expect((await app.browser().get(link)).headers.location).toContain("invalid_or_expired_token");
    await app.prints(/"type":"password_reset"/);

    // Signed in, and at a link: signing out comes back to it.
    expect((await person.get("/password_reset")).headers.location).toBe("/");
    const copy = app.browser();
    const [cookie = ""] = (await signIn(copy, password)).cookies[0]?.split(";") ?? [];
    const readHome = () => app.browser().get("/", { Cookie: cookie });
    expect((await readHome()).body).toBe(`Signed in as ${EMAIL}`);
    await copy.post("/logout", {});
    expect((await readHome()).headers.location).toBe("/login");

    const out = await person.post("/logout", { return_to: "/password_reset/new_password" });
    expect(out.headers.location).toBe("/password_reset/new_password");
    for (const path of ["https://evil.example", "//evil.example", "/\\evil.example"]) {
      expect((await person.post("/logout", { return_to: path })).headers.location).toBe("/login");
    }
    expect((await person.post("/logout", {}, { Origin: "https://evil.example" })).status).toBe(403);
  });

  test("the application exits on SIGTERM after it sent the notice", async () => {
    app.kill("SIGTERM");
    expect(await app.exit).toBe(0);
    await app.prints(/"type":"mail_sent".*"kind":"password_changed"/);
  });

  test.skipIf(!existsSync(join(EJS, "ejs")) && !process.env["CI"])(
    "the README's routes and the templates reset a password",
    async () => {
      const routes = blocksOf("README.md", "ts").find(({ mark }) => mark === "file own-routes.ts")?.code ?? "";
      writeFileSync(join(folder, "own-routes.ts"), routes);
      const edited = join(folder, "own-app.ts");
      writeFileSync(edited, withOwnRoutes(readFileSync(fileNamed("app.ts"), "utf8")));
      const own = await start(edited, String(there));
      try {
        const person = own.browser();
        expect((await person.get("/password_reset")).body).toContain("Email me a link");
        const sent = await person.post("/password_reset", { email: EMAIL });
        expect([sent.status, sent.body]).toEqual([200, expect.stringContaining("Check your email")]);
        const link = (await own.prints(/http:\/\/localhost:\d+(\/password_reset\/\S+)/))[1] ?? "";
        expect((await person.get(link)).body).toContain(`value="${EMAIL}"`);
        const post = (password: string, confirmation: string) =>
          person.post(link, { email: EMAIL, password, confirmation });
        expect((await post("another good password", "something else")).body).toContain("don&#39;t match");
        expect((await post("short", "short")).body).toContain("at least 8 characters");
        const done = await post("another good password", "another good password");
        expect(done.headers.location).toBe("/login?notice=password_set");
        const again = await person.get(link);
        expect([again.status, again.body]).toEqual([400, expect.stringContaining("no longer works")]);
        expect((await signIn(person, "another good password")).headers.location).toBe("/");
      } finally {
        own.kill("SIGKILL");
      }
    },
  );
});

/** Edits app.ts as the page says: without everything about the routes of the package, and with the block marked `js`. */
function withOwnRoutes(app: string): string {
  const [lines = ""] = blocksOf(PAGE, "js").map(({ code }) => code);
  const edited = app
    .replaceAll(/^import .* from "relatch\/.*";\n/gm, "")
    .replace(/^const routes = .*\n/m, "")
    .replace(/^app\.use\(\n {2}nodeMiddleware\([\s\S]*?^\);\n/m, lines);
  expect(edited).not.toMatch(/relatch\/|nodeMiddleware|routes,/);
  return edited;
}

const signIn = (client: Client, password: string) => client.post("/login", { email: EMAIL, password });

/** Starts the application on a free port. */
async function start(file: string, databaseUrl: string) {
  const port = await findFreePort();
  const urls = { DATABASE_URL: databaseUrl, APP_URL: `http://localhost:${port}` };
  const script = startScript(file, dirname(file), {
    ...process.env,
    ...urls,
    PORT: `${port}`,
    MAIL_URL: "",
    NODE_PATH: EJS,
  });
  await script.prints(/listening on port/);
  // With the header that browsers send with every form.
  const browser = () => new Client(port, { Origin: urls.APP_URL });
  return { browser, ...script };
}
