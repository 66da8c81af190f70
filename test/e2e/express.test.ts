import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import nodemailer from "nodemailer";
import { Argon2id } from "oslo/password";
import { type PasswordReset, RelatchError } from "relatch";
import { nodemailerMailer } from "relatch/nodemailer";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { passwordResetRoutes } from "../../examples/express/adapter.ts";
import { openDatabase } from "../../examples/express/database.ts";
import { mailSettings } from "../../examples/shared/environment.ts";
import { sampleUsers } from "../../examples/shared/sample-users.ts";
import { createViews } from "../../examples/shared/views.ts";
import { attribute, Client } from "./client.ts";
import { expectPlainProblem, linkTo } from "./contract/helpers.ts";
import { httpContract } from "./http-contract.ts";
import { smtpCredentials, startSmtpServer } from "./smtp-server.ts";
import { startExpress } from "./start-express.ts";

httpContract("express", startExpress);

describe("express: over a real SMTP session", () => {
  it("mails the link by STARTTLS and AUTH, and the notice after the reset", async () => {
    const smtp = await startSmtpServer();
    onTestFinished(() => smtp.close());
    const settings = mailSettings({
      MAIL_SERVER: "localhost",
      MAIL_PORT: String(smtp.port),
      MAIL_USERNAME: smtpCredentials.user,
      MAIL_PASSWORD: smtpCredentials.pass,
      MAIL_FROM: "no-reply@acme.example",
    });
    if (!settings) throw new Error("MAIL_SERVER is set");
    const transport = nodemailer.createTransport({ ...settings.transport, tls: { ca: smtp.cert } });
    const app = await startExpress({ mailer: nodemailerMailer(transport, { from: settings.from }) });
    onTestFinished(() => app.close());
    const [mike] = app.accounts;
    const [client, elsewhere] = [new Client(app.port), new Client(app.port)];
    await elsewhere.post("/login", mike);

    await client.post("/password_reset", { email: mike.email });
    const { secure, user, from, recipients, raw, parsed } = await smtp.next();
    expect({ secure, user, from, recipients }).toEqual({
      secure: true,
      user: smtpCredentials.user,
      from: "no-reply@acme.example",
      recipients: [mike.email],
    });
    expect(parsed.subject).toBe("Reset your Acme password");
    expect(parsed.to?.map(({ address }) => address)).toEqual([mike.email]);
    expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    const [link] = parsed.text?.match(/http:\/\/\S+/) ?? [];
    expect(link).toMatch(new RegExp(`^${app.origin}/password_reset/[\\w-]{43}$`));
    expect(attribute(parsed.html ?? "", 'class="button"', "href")).toBe(link);

    const form = await client.follow(await client.get(link ?? ""));
    const handle = attribute(form.body, 'name="handle"', "value") ?? "";
    const password = "a-quiet-harbour-at-dawn";
    const fields = { handle, password, password_confirmation: password };
    const done = await client.post("/password_reset/new_password", fields);
    expect((await client.follow(done)).body).toContain("Your password was set. Try to log in.");

    expect((await client.post("/login", mike)).status).toBe(400);
    expect((await elsewhere.get("/")).headers.location).toBe("/login");
    expect((await client.post("/login", { email: mike.email, password })).headers.location).toBe("/");
    const late = await new Client(app.port).get(link ?? "");
    expect(late.headers.location).toBe("/password_reset?notice=invalid_or_expired_token");

    const notice = await smtp.next();
    expect(notice.parsed.subject).toBe("Your Acme password was changed");
    expect(notice.recipients).toEqual([mike.email]);
    expect(`${notice.parsed.text}${notice.parsed.html}`).not.toContain("/password_reset");
  });
});

describe("express: the development inbox", () => {
  it("shows mails to people and, as JSON, to programs", async () => {
    const app = await startExpress();
    onTestFinished(() => app.close());
    const client = new Client(app.port);
    const json = { Accept: "application/json" };
    expect((await client.get("/dev/mail")).body).toContain("No mail yet.");
    expect((await client.get("/dev/mail", json)).body).toBe("[]");

    await client.post("/password_reset", { email: app.accounts[0].email });
    const link = await linkTo(app, app.accounts[0].email);
    const [mail] = JSON.parse((await client.get("/dev/mail", json)).body);
    expect(mail).toMatchObject({ id: 1, kind: "reset_link", to: app.accounts[0].email });
    expect(mail.text).toContain(link);
    expect(JSON.parse((await client.get("/dev/mail/1", json)).body)).toEqual(mail);

    const page = await client.get("/dev/mail/1");
    expect(page.body).toContain('<iframe src="/dev/mail/1/html"');
    const frame = await client.get("/dev/mail/1/html");
    expect(frame.body).toContain('<base target="_top">');
    expect(frame.headers["content-security-policy"]).toMatch(/^default-src 'none'; .*sandbox/);
    for (const path of ["/dev/mail/2", "/dev/mail/2/html", "/dev/mail/x"]) {
      expect((await client.get(path)).status).toBe(404);
    }
  });

  it("is not there where mail goes out for real", async () => {
    const app = await startExpress({ mailer: { send: async () => {} } });
    onTestFinished(() => app.close());
    const client = new Client(app.port);
    expect((await client.get("/dev/mail")).status).toBe(404);
    expect((await client.get("/login")).body).not.toContain("/dev/mail");
  });
});

describe("express: its sessions", () => {
  it("expire, and are dead when opened with the old password while the new one was being set", async () => {
    const { users, sessions, seed, close } = openDatabase(":memory:");
    onTestFinished(close);
    await seed(sampleUsers, { hash: async () => "old hash" });
    const user = await users.findByEmail(sampleUsers[0].email);
    if (!user) throw new Error("the sample user is there");
    const early = await sessions.create(user);
    expect((await sessions.userOf(early))?.id).toBe(user.id);
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 15 * 24 * 60 * 60 * 1000);
    expect(await sessions.userOf(early)).toBeUndefined();
    clock.mockRestore();

    const { id: userId, email } = user;
    const change = { userId, email, expected: "old hash", next: "new hash" };
    expect(await users.replacePasswordHash({ ...change, email: "other@example.org" })).toBe(false);
    expect(await users.replacePasswordHash({ ...change, expected: "other hash" })).toBe(false);
    expect(await users.replacePasswordHash(change)).toBe(true);
    const late = await sessions.create(user);
    expect([await sessions.userOf(early), await sessions.userOf(late)]).toEqual([undefined, undefined]);
  });

  it("take as much work to refuse for an unknown address as for a known one", async () => {
    const app = await startExpress();
    onTestFinished(() => app.close());
    const verify = vi.spyOn(Argon2id.prototype, "verify");
    onTestFinished(() => verify.mockRestore());
    await new Client(app.port).post("/login", { email: "nobody@example.org", password: "some-password" });
    expect(verify.mock.calls).toEqual([[expect.stringMatching(/^\$argon2id\$/), "some-password"]]);
  });
});

describe("express: the adapter by itself", () => {
  const token = "A".repeat(43);
  const answers: Pick<PasswordReset, "requestReset" | "verifyToken" | "completeReset"> = {
    requestReset: async () => ({ ok: true }),
    verifyToken: async () => ({ ok: true, userId: "1", expiresAt: new Date(Date.now() + 60_000) }),
    completeReset: async () => ({ ok: true, userId: "1", sessionsRevoked: true }),
  };

  async function mount(changed: Partial<typeof answers>, resetUrl = "https://app.test/account/reset/:token") {
    const paths = { homePath: "/", loginPath: "/login", logoutPath: "/logout", resetPath: "/account/reset" };
    const faults: unknown[] = [];
    const routes = passwordResetRoutes({
      passwordReset: { ...answers, ...changed } as PasswordReset,
      resetUrl,
      views: createViews({ ...paths, appName: "Acme", passwordMinLength: 8, inboxPath: undefined }),
      emailOf: async () => undefined,
      isSignedIn: () => false,
      homePath: "/",
      loginPath: "/login",
      onError: (error) => faults.push(error),
    });
    const server = createServer(express().use(routes));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close().closeAllConnections());
    return { client: new Client((server.address() as AddressInfo).port), faults };
  }

  it("mounts at the path of resetUrl", async () => {
    const { client } = await mount({});
    const opened = await client.get(`/account/reset/${token}`);
    expect(opened.headers.location).toBe("/account/reset/new_password");
    expect(opened.cookies[0]).toContain("; Path=/account/reset;");
    expect((await client.get("/password_reset")).status).toBe(404);
  });

  it("lets the grant live no longer than the link", async () => {
    const { client } = await mount({});
    const [cookie] = (await client.get(`/account/reset/${token}`)).cookies;
    expect(Number(cookie?.match(/Max-Age=(\d+)/)?.[1])).toBeLessThanOrEqual(60);
  });

  it.each([
    [503, new RelatchError("ERR_USER_STORE", "secret detail", { cause: new Error("SELECT * FROM users") })],
    [500, new Error("secret detail")],
  ])("answers a fault with %i and fixed words, and hands it to the application", async (status, fault) => {
    const fail = async () => {
      throw fault;
    };
    const { client, faults } = await mount({ requestReset: fail, verifyToken: fail, completeReset: fail });
    const failed = [
      await client.get(`/account/reset/${token}`),
      await client.post(`/account/reset/${token}`, { password: "x", password_confirmation: "x" }),
      await client.post("/account/reset", { email: "mike@example.org" }),
    ];
    for (const answer of failed) {
      expectPlainProblem(answer, status);
      expect(answer.body).not.toMatch(/secret|SELECT/);
      expect(answer.headers["referrer-policy"]).toBe("no-referrer");
    }
    expect(faults).toEqual([fault, fault, fault]);
  });

  it("says so when resetUrl is none it can serve", async () => {
    // At the root these routes would take over the whole application.
    for (const resetUrl of ["https://app.test/reset?token=:token", "https://app.test/:token"]) {
      await expect(mount({}, resetUrl)).rejects.toThrow("resetUrl needs a path and /:token at its end");
    }
  });
});
