import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { demoSettings, mailSettings } from "../../../examples/shared/environment.ts";
import { sampleUsers } from "../../../examples/shared/sample-users.ts";
import packageJson from "../../../package.json" with { type: "json" };
import { root } from "../../helpers/docs.ts";
import { findFreePort } from "../../helpers/ports.ts";
import { startScript } from "../../helpers/scripts.ts";
import { Client } from "./client.ts";
import { both, errorAt, handleIn, NEW_PASSWORD } from "./contract/helpers.ts";
import { smtpCredentials, startSmtpServer } from "./smtp-server.ts";

const [mike] = sampleUsers;

const demos = [
  ["demo", "examples/express/server.ts"],
  ["demo:hono", "examples/hono/server.ts"],
] as const;

/** Runs a demo as npm does, in a temporary folder with these variables and this `.env` file. */
async function runDemo(script: string, env: Record<string, string> = {}, dotenv = "") {
  const folder = await mkdtemp(join(tmpdir(), "relatch-demo-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, ".env"), dotenv);
  const port = await findFreePort();
  const start = () => {
    const own = { PORT: `${port}`, DATABASE_FILE: join(folder, "demo.sqlite") };
    const demo = startScript(join(root, script), folder, { ...own, ...env });
    onTestFinished(() => void demo.kill("SIGKILL"));
    return demo;
  };
  return { port, client: new Client(port), start };
}

describe.each(demos)("npm run %s", { timeout: 60_000 }, (name, script) => {
  it("the script starts the demo", () => {
    expect(packageJson.scripts[name]).toBe(`tsx ${script}`);
  });

  it("the demo says what to do, shows the email in the inbox and on the console, and exits with 0", async () => {
    const { client, port, start } = await runDemo(script);
    const demo = start();
    await demo.prints(/reload the private window/);
    expect(demo.output()).toContain(`http://localhost:${port}\n`);
    expect(demo.output()).toContain(mike.email);
    expect(demo.output()).toContain(mike.password);
    expect(demo.output()).not.toMatch(/warning/i);

    await client.post("/password_reset", { email: mike.email });
    await demo.prints(/"type":"mail_sent"/);
    await client.post("/password_reset", { email: mike.email });
    await demo.prints(/"type":"request_throttled"/);
    expect((await client.get("/dev/mail")).body).toContain("Another request for the same address was not emailed");
    const [mail] = JSON.parse((await client.get("/dev/mail", { Accept: "application/json" })).body);
    const [link] = mail.text.match(/http:\S+/);
    expect(link).toMatch(new RegExp(`^http://localhost:${port}/password_reset/`));
    expect(demo.output()).toContain(link);

    const password = "a-quiet-harbour-at-dawn";
    const done = await client.post(link, { password, password_confirmation: password });
    expect(done.headers.location).toBe("/login?notice=password_set");
    demo.kill("SIGTERM");
    expect(await demo.exit).toBe(0);

    const again = start();
    await again.prints(/reload the private window/);
    expect(again.output()).not.toContain(mike.password);
    expect((await client.post("/login", { email: mike.email, password })).headers.location).toBe("/");
    again.kill("SIGTERM");
    expect(await again.exit).toBe(0);
  });

  it("the demo sends through the MAIL_SERVER of .env and reports unknown addresses if told to", async () => {
    const smtp = await startSmtpServer();
    onTestFinished(() => smtp.close());
    const folder = await mkdtemp(join(tmpdir(), "relatch-ca-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "ca.pem"), smtp.cert);
    const { client, start } = await runDemo(
      script,
      { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"), DEMO_REVEAL_UNKNOWN: "1" },
      `MAIL_SERVER=localhost\nMAIL_PORT=${smtp.port}\nMAIL_USE_TLS=true\nUSER_EMAIL_ADDRESS=${smtpCredentials.user}\nUSER_EMAIL_PASSWORD=${smtpCredentials.pass}\nMAIL_FROM="Acme <no-reply@acme.example>"\n`,
    );
    const demo = start();
    await demo.prints(/goes out through localhost/);
    const unknown = await client.post("/password_reset", { email: "nobody@example.org" });
    expect(unknown.status).toBe(400);
    expect(unknown.body).toContain("find an account");
    await client.post("/password_reset", { email: mike.email });
    const { secure, user, recipients, parsed } = await smtp.next();
    expect({ secure, user, recipients }).toEqual({
      secure: true,
      user: smtpCredentials.user,
      recipients: [mike.email],
    });
    expect(parsed.from).toEqual({ address: "no-reply@acme.example", name: "Acme" });
    await demo.prints(/│ Subject: Reset your Acme password/);
    expect((await client.get("/dev/mail")).status).toBe(404);
    demo.kill("SIGTERM");
    expect(await demo.exit).toBe(0);
  });

  it("the demo asks for a code and a second factor if told to, and says what the authenticator app shows", async () => {
    const { client, start } = await runDemo(script, { DEMO_CODES: "1", DEMO_SECOND_FACTOR: "1" });
    const demo = start();
    await demo.prints(/Second factor +Add [A-Z2-7]{32} to an authenticator app/);
    await client.post("/password_reset", { email: mike.email });
    await demo.prints(/"type":"mail_sent"/);
    const [mail] = JSON.parse((await client.get("/dev/mail", { Accept: "application/json" })).body);
    const redeemed = await client.post("/password_reset/code", { code: /^\d{4} ?\d{4}$/m.exec(mail.text)?.[0] ?? "" });
    expect(redeemed.headers.location).toBe("/password_reset/new_password?opened=1");
    const form = await client.follow(redeemed);
    await demo.prints(/The authenticator app shows \d{6}\./);
    const post = async (response: string) => {
      const factor = { second_factor_method: "totp", second_factor: response };
      return client.post("/password_reset/new_password", { handle: handleIn(form), ...both(NEW_PASSWORD), ...factor });
    };
    expect(errorAt(await post(""), "second_factor")).toBeTruthy();
    const readApp = () => [...demo.output().matchAll(/app shows (\d{6})/g)].at(-1)?.[1] ?? "";
    // Again, in case that the 30 seconds of a code are just over.
    const first = await post(readApp());
    const done = first.status === 303 ? first : await post(readApp());
    expect(done.headers.location).toBe("/login?notice=password_set");
    demo.kill("SIGTERM");
    expect(await demo.exit).toBe(0);
  });

  it("the demo exits with one line if a variable is invalid", async () => {
    const { start } = await runDemo(script, { MAIL_SERVER: "localhost" });
    const demo = start();
    expect(await demo.exit).toBe(1);
    expect(demo.output()).toMatch(/^MAIL_FROM .*\n$/);
  });
});

describe("the environment of the demos", () => {
  const server = { MAIL_SERVER: "smtp.acme.example", MAIL_FROM: "no-reply@acme.example" };

  it("mailSettings requires STARTTLS on port 587 and TLS on port 465", () => {
    expect(mailSettings(server)?.transport).toMatchObject({ port: 587, secure: false, requireTLS: true });
    expect(mailSettings({ ...server, MAIL_USE_TLS: "false" })?.transport).toMatchObject({ requireTLS: false });
    const implicit = { secure: true, requireTLS: false };
    expect(mailSettings({ ...server, MAIL_PORT: "465" })?.transport).toMatchObject(implicit);
  });

  it.each([
    ["PORT", { PORT: "http" }],
    ["PORT", { PORT: "70000" }],
    ["MAIL_SERVER", { NODE_ENV: "production" }],
    ["MAIL_PORT", { ...server, MAIL_PORT: "-1" }],
    ["MAIL_USE_TLS", { ...server, MAIL_USE_TLS: "maybe" }],
    ["MAIL_PASSWORD", { ...server, MAIL_USERNAME: "mike" }],
    ["MAIL_FROM", { MAIL_SERVER: "smtp.acme.example", MAIL_USERNAME: "mike", MAIL_PASSWORD: "x" }],
    ["DEMO_REVEAL_UNKNOWN", { DEMO_REVEAL_UNKNOWN: "perhaps" }],
    ["DEMO_CODES", { DEMO_CODES: "8" }],
    ["DEMO_SECOND_FACTOR", { DEMO_SECOND_FACTOR: "totp" }],
  ])("demoSettings names an invalid %s", (name, env) => {
    expect(() => demoSettings(env)).toThrow(name);
  });
});
