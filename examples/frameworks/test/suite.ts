import { describe, expect, test } from "vitest";
import { CLIENT, eachTestOpens, locationOf, MIKE, type Opened, PASSWORD, readField, readJson } from "./application.ts";

export const BASE = "/password_reset";

interface SuiteOptions {
  /** Whether the framework has other routes, of which /other is one. */
  hasOther?: boolean;
  /** Whether the page after a request shows the address. */
  showsAddress?: boolean;
}

/** Tests the routes of the package inside a framework, through the framework's own handlers. */
export function frameworkSuite(
  name: string,
  open: () => Promise<Opened>,
  { hasOther = true, showsAddress = true }: SuiteOptions = {},
): void {
  describe(name, () => {
    const { browser, application, readToken } = eachTestOpens(open);

    async function expectNewPassword() {
      const { users, hasher } = application().ports;
      expect(await hasher.verify(users.get("42")?.passwordHash ?? "", PASSWORD)).toBe(true);
      expect(application().sessions.size).toBe(0);
    }

    test(`${name} serves the pages: a link sets a new password once, and the sessions end`, async () => {
      const person = browser();
      expect((await person.get(BASE)).status).toBe(200);
      const sent = await person.submit(BASE, { email: MIKE });
      expect(sent.status).toBe(200);
      if (showsAddress) expect(await sent.text()).toContain(MIKE);

      const link = `${BASE}/${await readToken()}`;
      const opened = await person.get(link);
      expect(opened.status).toBe(303);
      expect(opened.headers.get("Location")).not.toContain(link);
      const form = await person.follow(opened);
      expect(form.status).toBe(200);
      expect(form.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
      const handle = readField(await form.text(), "handle");
      const passwords = { handle, password: PASSWORD, password_confirmation: PASSWORD };
      const done = await person.submit(`${BASE}/new_password`, passwords);
      expect(locationOf(done)).toBe("/login?notice=password_set");
      // Two cookies in one response: the link goes, and the address for the sign-in page comes.
      expect(person.cookie("__Host-password_reset")).toBeUndefined();
      expect(person.cookie("__Host-password_reset_email")).toBe(Buffer.from(MIKE).toString("base64url"));
      await expectNewPassword();
      expect(locationOf(await person.get(link))).toBe(`${BASE}?notice=invalid_or_expired_token`);
    });

    test(`${name} serves the JSON API: a link sets a new password once, and the sessions end`, async () => {
      const client = browser();
      expect(await (await client.post(BASE, { email: MIKE })).json()).toEqual({ ok: true });
      const token = await readToken();
      const link = await client.post(`${BASE}/verify`, { token });
      expect(await link.json()).toMatchObject({ ok: true, email: MIKE });
      const done = await client.post(`${BASE}/complete`, { token, newPassword: PASSWORD });
      expect(await done.json()).toEqual({ ok: true, sessionsRevoked: true });
      await expectNewPassword();
      const again = await client.post(`${BASE}/complete`, { token, newPassword: "another horse battery" });
      expect([again.status, (await readJson(again))["reason"]]).toEqual([400, "invalid_or_expired_token"]);
    });

    test(`${name} counts each client by its own address, whatever its headers claim`, async () => {
      const request = (ip: string, n: number) =>
        browser(ip).post(BASE, { email: `nobody${n}@example.org` }, { "X-Forwarded-For": `198.51.100.${n}` });
      for (let n = 1; n <= 30; n++) expect((await request(CLIENT, n)).status).toBe(200);
      const throttled = await request(CLIENT, 31);
      expect(throttled.status).toBe(429);
      expect(throttled.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
      expect((await request("192.0.2.2", 32)).status).toBe(200);
    });

    test(`${name} refuses forms of other sites, long bodies and bodies that are not JSON`, async () => {
      const client = browser();
      const foreign = { Origin: "https://evil.example" };
      expect((await client.submit(BASE, { email: MIKE }, foreign)).status).toBe(403);
      expect((await client.post(BASE, { email: MIKE }, foreign)).status).toBe(403);
      expect((await client.post(BASE, { email: "a".repeat(20_000) })).status).toBe(413);
      const asText = { "Content-Type": "text/plain" };
      expect((await client.post(`${BASE}/complete`, { token: "" }, asText)).status).toBe(415);
      await readToken();
      expect(application().ports.mailer.sent).toEqual([]);
    });

    test.runIf(hasOther)(`${name} keeps its other routes, and their bodies`, async () => {
      const response = await browser().post("/other", { text: "a".repeat(20_000) });
      expect(await response.json()).toEqual({ length: 20_000 });
    });
  });
}
