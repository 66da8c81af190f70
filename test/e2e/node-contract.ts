import nodemailer from "nodemailer";
import { Argon2id } from "oslo/password";
import { nodemailerMailer } from "relatch/nodemailer";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { mailSettings } from "../../examples/shared/environment.ts";
import { attribute, Client } from "./client.ts";
import { linkTo } from "./contract/helpers.ts";
import { smtpCredentials, startSmtpServer } from "./smtp-server.ts";
import type { NodeOptions, StartOnNode } from "./start-node.ts";

/** What the examples promise on Node beside the HTTP contract: mail by SMTP, the development inbox, slow refusals. */
export function nodeContract(name: string, start: StartOnNode): void {
  async function launch(options?: NodeOptions) {
    const app = await start(options);
    onTestFinished(() => app.close());
    const [mike] = app.accounts;
    return { app, mike, client: new Client(app.port) };
  }

  describe(`${name}: over a real SMTP session`, () => {
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
      const { app, mike, client } = await launch({
        mailer: nodemailerMailer(transport, { from: settings.from }),
      });
      const elsewhere = new Client(app.port);
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
      expect(parsed.html).toContain(`href="${link}"`);

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

  describe(`${name}: the development inbox`, () => {
    it("shows mails to people and, as JSON, to programs", async () => {
      const { app, mike, client } = await launch();
      const json = { Accept: "application/json" };
      expect((await client.get("/dev/mail")).body).toContain("No mail yet.");
      expect((await client.get("/dev/mail", json)).body).toBe("[]");

      await client.post("/password_reset", { email: mike.email });
      const link = await linkTo(app, mike.email);
      const [mail] = JSON.parse((await client.get("/dev/mail", json)).body);
      expect(mail).toMatchObject({ id: 1, kind: "reset_link", to: mike.email });
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
      const { client } = await launch({ mailer: { send: async () => {} } });
      expect((await client.get("/dev/mail")).status).toBe(404);
      expect((await client.get("/login")).body).not.toContain("/dev/mail");
    });
  });

  describe(`${name}: signing in`, () => {
    it("takes as much work to refuse for an unknown address as for a known one", async () => {
      const { client } = await launch();
      const verify = vi.spyOn(Argon2id.prototype, "verify");
      onTestFinished(() => verify.mockRestore());
      await client.post("/login", { email: "nobody@example.org", password: "some-password" });
      expect(verify.mock.calls).toEqual([[expect.stringMatching(/^\$argon2id\$/), "some-password"]]);
    });
  });
}
