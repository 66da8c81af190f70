import { describe, expect, it } from "vitest";
import { attribute } from "../client.ts";
import {
  both,
  expectDead,
  FORM,
  grantAt,
  INVALID_LOCATION,
  isDeleted,
  type Launch,
  linkTo,
  mailsTo,
  NEW_PASSWORD,
  requestLink,
  signIn,
  submit,
  tokenIn,
} from "./helpers.ts";

/** From asking for a link to signing in with the new password. */
export function flowContract(name: string, launch: Launch): void {
  describe(`${name}: the flow`, () => {
    it("sets the new password, once, and ends what the old one opened", async () => {
      const { app, mike, client, visitor } = await launch();
      const elsewhere = visitor();
      await signIn(elsewhere, mike);
      expect((await elsewhere.get("/")).body).toContain(mike.email);

      const sent = await client.post("/password_reset", { email: mike.email });
      expect(sent.status).toBe(200);
      const link = await linkTo(app, mike.email);
      const opened = await client.get(link);
      expect(opened.status).toBe(303);
      const form = await client.follow(opened);
      expect(form.status).toBe(200);
      const done = await submit(client, form, NEW_PASSWORD);
      expect(done.status).toBe(303);
      const login = await client.follow(done);
      expect(login.body).toContain("Your password was set. Try to log in.");

      expect((await signIn(client, mike)).status).toBe(400);
      expect((await elsewhere.get("/")).headers.location).toBe("/login");
      expect((await signIn(client, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
      expect((await client.get("/")).body).toContain("<dt>Devices signed in</dt><dd>1</dd>");
      await expectDead(visitor(), link);
      await expectDead(client, link, "/");

      const notices = await mailsTo(app, mike.email, "password_changed");
      expect(notices).toHaveLength(1);
      expect(notices[0]?.text).not.toMatch(/https?:/);
      // By now the revocation has run once more, and has left alone what the new password opened.
      expect((await client.get("/")).status).toBe(200);
    });

    it("CVE-2010-5080: sets no cookie but the grant, and no token shows after the link", async () => {
      const { app, mike, client } = await launch();
      const asked = await client.post("/password_reset", { email: mike.email });
      const link = await linkTo(app, mike.email);
      const token = tokenIn(link);
      const opened = await client.get(link);
      const form = await client.follow(opened);
      const refused = await submit(client, form, NEW_PASSWORD, "another-one-altogether");
      const done = await submit(client, form, NEW_PASSWORD);
      const answers = [asked, opened, form, refused, done, await client.follow(done)];

      const names = answers.flatMap(({ cookies }) => cookies.map((line) => line.split("=")[0]));
      expect(new Set(names)).toEqual(new Set([grantAt(app)]));
      expect(isDeleted(done.cookies[0])).toBe(true);
      for (const { headers, body } of answers) {
        const { "set-cookie": _, ...rest } = headers;
        expect(body + JSON.stringify(rest)).not.toContain(token);
      }
    });

    it("takes both passwords at the link itself, from clients that are no browsers", async () => {
      const { app, mike, client, visitor } = await launch();
      const link = await requestLink(app, client, mike);
      const refused = await client.post(link, { password: "1234567", password_confirmation: "1234567" });
      expect(refused.status).toBe(400);
      expect(refused.body).toContain("Use at least 8 characters.");
      expect(refused.headers["referrer-policy"]).toBe("strict-origin");
      expect(attribute(refused.body, 'method="post"', "action")).toBe(FORM);

      const done = await visitor().post(link, both(NEW_PASSWORD));
      expect(done.headers.location).toBe("/login?notice=password_set");
      expect((await client.post(link, both(NEW_PASSWORD))).headers.location).toBe(INVALID_LOCATION);
    });

    it("goes on from a refusal at the link in the form", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      const refused = await client.post(link, both("1234567"));
      expect((await submit(client, refused, NEW_PASSWORD)).headers.location).toBe(
        "/login?notice=password_set",
      );
    });

    it("sends a signed-in person home from every reset page", async () => {
      const { app, mike, jane, client } = await launch();
      const link = await requestLink(app, client, mike);
      await signIn(client, jane);
      const answers = [
        await client.get("/password_reset"),
        await client.get(link),
        await client.get(FORM),
        await client.post("/password_reset", { email: mike.email }),
        await client.post(FORM, both(NEW_PASSWORD)),
        await client.post(link, both(NEW_PASSWORD)),
      ];
      expect(answers.map(({ status, headers }) => [status, headers.location])).toEqual(
        answers.map(() => [303, "/"]),
      );
    });

    it("points password managers to the reset page", async () => {
      const { client } = await launch();
      const answer = await client.get("/.well-known/change-password");
      expect([answer.status, answer.headers.location]).toEqual([303, "/password_reset"]);
    });

    it("is linked from the login page", async () => {
      const { client } = await launch();
      expect((await client.get("/login")).body).toContain('href="/password_reset"');
    });
  });
}
