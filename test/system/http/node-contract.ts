import { Argon2id } from "oslo/password";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Client } from "./client.ts";
import { linkTo } from "./contract/helpers.ts";
import type { NodeOptions, StartOnNode } from "./start-node.ts";

/** Tests what the examples promise on Node.js only: the development inbox, equally slow refusals. */
export function nodeContract(name: string, start: StartOnNode): void {
  async function launch(options?: NodeOptions) {
    const app = await start(options);
    onTestFinished(() => app.close());
    const [mike] = app.accounts;
    return { app, mike, client: new Client(app.port) };
  }

  describe(`${name}: the development inbox`, () => {
    it("the inbox shows emails as pages and as JSON", async () => {
      const { app, mike, client } = await launch();
      const json = { Accept: "application/json" };
      expect((await client.get("/dev/mail")).body).toMatch(/No .*mail yet\./);
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

    it("the inbox exists for this machine's own names only", async () => {
      const { client } = await launch();
      await client.json("/password_reset", { email: "mike@example.org" });
      const statusAt = async (Host: string, path = "/dev/mail") =>
        (await client.get(path, { Host, "X-Forwarded-Host": "localhost" })).status;
      for (const host of ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"]) {
        expect([host, await statusAt(host)]).toEqual([host, 200]);
      }
      for (const host of ["evil.example", "localhost.evil.example", "192.0.2.1:8000", "localhost."]) {
        expect([host, await statusAt(host)]).toEqual([host, 404]);
        expect(await statusAt(host, "/dev/mail/1/html")).toBe(404);
        expect(await statusAt(host, "/login")).toBe(200);
      }
    });

    it("the inbox does not exist if emails are really sent", async () => {
      const { client } = await launch({ mailer: { send: async () => {} } });
      expect((await client.get("/dev/mail")).status).toBe(404);
      expect((await client.get("/login")).body).not.toContain("/dev/mail");
    });
  });

  describe(`${name}: signing in`, () => {
    it("refusing an unknown address takes as much work as refusing a known one", async () => {
      const { client } = await launch();
      const verify = vi.spyOn(Argon2id.prototype, "verify");
      onTestFinished(() => verify.mockRestore());
      await client.post("/login", { email: "nobody@example.org", password: "some-password" });
      expect(verify.mock.calls).toEqual([[expect.stringMatching(/^\$argon2id\$/), "some-password"]]);
    });
  });
}
