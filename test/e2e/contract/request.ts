import { describe, expect, it } from "vitest";
import { attribute, type Sent } from "../client.ts";
import { comparable, errorAt, itAlone, type Launch, mailsTo } from "./helpers.ts";

/** Asking for a link, for addresses of every kind. */
export function requestContract(name: string, launch: Launch): void {
  describe(`${name}: the request`, () => {
    it("answers an unknown address with the same bytes as a known one", async () => {
      const { app, mike, client } = await launch();
      const known = await client.post("/password_reset", { email: mike.email });
      const unknown = await client.post("/password_reset", { email: "nobody@example.org" });
      expect(comparable(unknown)).toEqual(comparable(known));
      await mailsTo(app, mike.email, "reset_link");
      expect((await app.mails()).map(({ to }) => to)).toEqual([mike.email]);
    });

    itAlone(launch)("tells unknown addresses where the application chose to", async () => {
      const { app, mike, client } = await launch({ revealUnknown: true });
      const unknown = await client.post("/password_reset", { email: "nobody@example.org" });
      expect(unknown.status).toBe(400);
      expect(errorAt(unknown, "email")).toBe("There is no account with this e-mail address.");
      expect((await client.post("/password_reset", { email: mike.email.toUpperCase() })).status).toBe(200);
      expect(await app.mails()).toHaveLength(1);
    });

    it("CVE-2023-7028, CVE-2022-35924: takes one address, once, from the body alone", async () => {
      const { app, mike, client } = await launch();
      const refused: [string, NonNullable<Sent["form"]>][] = [
        [
          "the field twice",
          [
            ["email", mike.email],
            ["email", "eve@example.net"],
          ],
        ],
        [
          "an array",
          [
            ["email[]", mike.email],
            ["email[]", "eve@example.net"],
          ],
        ],
        ["an index", [["email[0]", mike.email]]],
        ["an object", [["email[$ne]", "x"]]],
        ["a prototype", [["__proto__[email]", mike.email]]],
        ["two addresses in one", [["email", `${mike.email},eve@example.net`]]],
        ["a header", [["email", `${mike.email}\r\nBcc: eve@example.net`]]],
        ["nothing", []],
      ];
      for (const [what, fields] of refused) {
        const answer = await client.post("/password_reset", fields);
        expect(answer.status, what).toBe(400);
        expect(errorAt(answer, "email"), what).toBe("Enter one e-mail address, like name@example.com.");
      }
      expect((await client.post(`/password_reset?email=${mike.email}`, {})).status).toBe(400);
      expect(await app.mails()).toEqual([]);
    });

    it("CVE-2025-68115, CVE-2021-21332: what was typed comes back as text", async () => {
      const { client } = await launch();
      const attack = `"'><script>alert(1)</script>`;
      const answer = await client.post("/password_reset", { email: attack });
      expect(answer.body).not.toContain("<script");
      expect(attribute(answer.body, 'name="email"', "value")).toBe(
        "&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
      );
      const notice = await client.get(`/password_reset?notice=${encodeURIComponent(attack)}`);
      expect(notice.body).not.toContain("alert(1)");
    });

    itAlone(launch)("answers too many with 429, when to come back, and a page", async () => {
      const { client, mike } = await launch({ limits: { client: { max: 1, windowSeconds: 600 } } });
      await client.post("/password_reset", { email: "nobody@example.org" });
      const answer = await client.post("/password_reset", { email: mike.email });
      expect(answer.status).toBe(429);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(590);
      expect(answer.body).toContain("Please try again in 10 minutes.");
    });
  });
}
