import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { demoSettings, mailSettings } from "../../examples/shared/environment.ts";
import { sampleUsers } from "../../examples/shared/sample-users.ts";
import packageJson from "../../package.json" with { type: "json" };
import { Client } from "./client.ts";
import { smtpCredentials, startSmtpServer } from "./smtp-server.ts";

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const [mike] = sampleUsers;

const demos = [
  ["demo", "examples/express/server.ts"],
  ["demo:hono", "examples/hono/server.ts"],
] as const;

/** Runs a demo as npm does, in a folder of its own, with these variables and this `.env` file. */
async function runDemo(script: string, env: Record<string, string> = {}, dotenv = "") {
  const folder = await mkdtemp(join(tmpdir(), "relatch-demo-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, ".env"), dotenv);
  const port = await freePort();
  const start = () => {
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), fromRoot(script)], {
      cwd: folder,
      env: {
        PATH: process.env["PATH"],
        TSX_TSCONFIG_PATH: fromRoot("tsconfig.json"),
        PORT: String(port),
        DATABASE_FILE: join(folder, "demo.sqlite"),
        ...env,
      },
    });
    let output = "";
    const streams = [child.stdout, child.stderr];
    for (const stream of streams) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
    onTestFinished(() => void child.kill("SIGKILL"));
    return {
      exit,
      output: () => output,
      /** Resolves when the output so far matches. */
      prints: (pattern: RegExp) =>
        new Promise<void>((resolve, reject) => {
          const look = () => pattern.test(output) && resolve();
          for (const stream of streams) stream.on("data", look);
          void exit.then((code) => reject(new Error(`ended with ${code}:\n${output}`)));
          look();
        }),
      stop: () => child.kill("SIGTERM"),
    };
  };
  return { port, client: new Client(port), start };
}

describe.each(demos)("npm run %s", { timeout: 30_000 }, (name, script) => {
  it("is the name of it", () => {
    expect(packageJson.scripts[name]).toBe(`tsx ${script}`);
  });

  it("says what to try, shows the mail in the inbox and on the console, and ends in peace", async () => {
    const { client, port, start } = await runDemo(script);
    const demo = start();
    await demo.prints(/reload the private window/);
    expect(demo.output()).toContain(`http://localhost:${port}\n`);
    expect(demo.output()).toContain(mike.email);
    expect(demo.output()).toContain(mike.password);
    expect(demo.output()).not.toMatch(/warning/i);

    await client.post("/password_reset", { email: mike.email });
    await demo.prints(/"type":"mail_sent"/);
    const [mail] = JSON.parse((await client.get("/dev/mail", { Accept: "application/json" })).body);
    const [link] = mail.text.match(/http:\S+/);
    expect(link).toMatch(new RegExp(`^http://localhost:${port}/password_reset/`));
    expect(demo.output()).toContain(link);

    const password = "a-quiet-harbour-at-dawn";
    const done = await client.post(link, { password, password_confirmation: password });
    expect(done.headers.location).toBe("/login?notice=password_set");
    demo.stop();
    expect(await demo.exit).toBe(0);

    const again = start();
    await again.prints(/reload the private window/);
    expect(again.output()).not.toContain(mike.password);
    expect((await client.post("/login", { email: mike.email, password })).headers.location).toBe("/");
    again.stop();
    expect(await again.exit).toBe(0);
  });

  it("sends through MAIL_SERVER, read from .env, and tells unknown addresses when asked to", async () => {
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
    expect(unknown.body).toContain("There is no account with this e-mail address.");
    await client.post("/password_reset", { email: mike.email });
    const { secure, user, parsed } = await smtp.next();
    expect({ secure, user, from: parsed.from }).toEqual({
      secure: true,
      user: smtpCredentials.user,
      from: { address: "no-reply@acme.example", name: "Acme" },
    });
    await demo.prints(/│ Subject: Reset your Acme password/);
    expect((await client.get("/dev/mail")).status).toBe(404);
    demo.stop();
    expect(await demo.exit).toBe(0);
  });

  it("ends with one line where a variable makes no sense", async () => {
    const { start } = await runDemo(script, { MAIL_SERVER: "localhost" });
    const demo = start();
    expect(await demo.exit).toBe(1);
    expect(demo.output()).toBe("MAIL_FROM has to be the address that the mails come from.\n");
  });
});

describe("the environment of the demos", () => {
  const server = { MAIL_SERVER: "smtp.acme.example", MAIL_FROM: "no-reply@acme.example" };

  it("asks for STARTTLS at 587, and for TLS from the start at 465", () => {
    expect(mailSettings(server)?.transport).toMatchObject({ port: 587, secure: false, requireTLS: true });
    expect(mailSettings({ ...server, MAIL_USE_TLS: "false" })?.transport).toMatchObject({
      requireTLS: false,
    });
    expect(mailSettings({ ...server, MAIL_PORT: "465" })?.transport).toMatchObject({
      secure: true,
      requireTLS: false,
    });
  });

  it.each([
    ["PORT", { PORT: "http" }],
    ["PORT", { PORT: "70000" }],
    ["MAIL_PORT", { ...server, MAIL_PORT: "-1" }],
    ["MAIL_USE_TLS", { ...server, MAIL_USE_TLS: "maybe" }],
    ["MAIL_PASSWORD", { ...server, MAIL_USERNAME: "mike" }],
    ["MAIL_FROM", { MAIL_SERVER: "smtp.acme.example", MAIL_USERNAME: "mike", MAIL_PASSWORD: "x" }],
    ["DEMO_REVEAL_UNKNOWN", { DEMO_REVEAL_UNKNOWN: "perhaps" }],
  ])("names %s where it makes no sense", (name, env) => {
    expect(() => demoSettings(env)).toThrow(name);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
