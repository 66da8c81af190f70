import { describe, expect, it } from "vitest";
import {
  attributesOf,
  both,
  expectDead,
  expectPlainProblem,
  FORM,
  grantAt,
  handleIn,
  INVALID_LOCATION,
  isDeleted,
  itAlone,
  type Launch,
  NEW_PASSWORD,
  RESET,
  requestLink,
  SOME_TOKEN,
  secureAt,
  signIn,
  submit,
  tokenIn,
} from "./helpers.ts";

/** What opening the link does, and how often it can be done. */
export function linkContract(name: string, launch: Launch): void {
  describe(`${name}: the link`, () => {
    it("moves the token into a cookie and the browser to a clean URL", async () => {
      const { app, mike, client } = await launch();
      const opened = await client.get(await requestLink(app, client, mike), {
        "Sec-Fetch-Site": "cross-site",
      });
      expect(opened.headers).toMatchObject({
        location: FORM,
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
      });
      // Some servers say it twice.
      const { Expires: _, ...attributes } = attributesOf(opened.cookies[0]);
      expect(attributes).toEqual({
        "Max-Age": "900",
        Path: RESET,
        HttpOnly: true,
        SameSite: "Lax",
        ...secureAt(app),
      });
    });

    itAlone(launch)("marks the cookie Secure on https", async () => {
      const { app, mike, client } = await launch({ origin: "https://app.example.com" });
      const link = await requestLink(app, client, mike);
      expect(link).toMatch(/^https:\/\/app\.example\.com\/password_reset\/[\w-]{43}$/);
      const [cookie] = (await client.get(link)).cookies;
      expect(cookie).toMatch(/^__Secure-password_reset=/);
      expect(attributesOf(cookie)).toMatchObject({ Secure: true });
    });

    it("mail scanners: HEAD, twenty GETs and empty POSTs leave it as it was", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      for (let i = 0; i < 20; i++) await client.get(link);
      const head = await client.send("HEAD", link);
      expect([head.status, head.body]).toEqual([303, ""]);
      const form = await client.get(FORM);
      await client.send("HEAD", FORM);
      const handle = handleIn(form);
      expect((await client.post(FORM, { handle })).body).toContain("Enter a password.");
      expect((await client.post(link, {})).body).toContain("Enter a password.");
      expect((await submit(client, form, NEW_PASSWORD)).headers.location).toBe("/login?notice=password_set");
    });

    it("leads back to the request when it is invalid", async () => {
      const { client } = await launch();
      const junk = ["x", SOME_TOKEN, "A".repeat(5000), "%00", "new_password%20", "'--", "%3Cscript%3E"];
      for (const token of junk) await expectDead(client, `/password_reset/${token}`);
    });

    it("keeps its grant when another one is opened that is invalid", async () => {
      const { app, mike, client } = await launch();
      await client.get(await requestLink(app, client, mike));
      await expectDead(client, `${RESET}/${SOME_TOKEN}`);
      expect((await client.get(FORM)).status).toBe(200);
    });

    it("answers a path that cannot be decoded with a plain page", async () => {
      const { client } = await launch();
      expectPlainProblem(await client.get("/password_reset/%E0%A4%A"), 400);
    });

    it("is verified again with each page: a grant of a link used elsewhere is worth nothing", async () => {
      const { app, mike, client, visitor } = await launch();
      const link = await requestLink(app, client, mike);
      const form = await client.follow(await client.get(link));
      await visitor().post(link, both(NEW_PASSWORD));
      expect((await submit(client, form, "another-password-altogether")).headers.location).toBe(
        INVALID_LOCATION,
      );

      const other = visitor();
      const grant = { Cookie: `${grantAt(app)}=${tokenIn(link)}` };
      expect((await other.get(FORM, grant)).headers.location).toBe(INVALID_LOCATION);
      expect((await signIn(other, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
    });

    it("a double click sets one password, and shows no fault", async () => {
      const { app, mike, client } = await launch();
      const form = await client.follow(await client.get(await requestLink(app, client, mike)));
      const answers = await Promise.all([
        submit(client, form, NEW_PASSWORD),
        submit(client, form, NEW_PASSWORD),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([303, 303]);
      expect(answers.map(({ headers }) => headers.location)).toContain("/login?notice=password_set");
      expect((await signIn(client, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
    });

    it("drops a grant that is none, whatever is in it", async () => {
      const { app, client } = await launch();
      const junk = ["", SOME_TOKEN, "%", "%00", "x".repeat(4000), '"', "a=b", "__proto__"];
      for (const value of junk) {
        const answer = await client.get(FORM, { Cookie: `other=1; ${grantAt(app)}=${value}` });
        expect([answer.status, answer.headers.location]).toEqual([303, INVALID_LOCATION]);
        expect(isDeleted(answer.cookies[0])).toBe(true);
      }
    });

    it("says to open it again where its cookie is missing", async () => {
      const { client } = await launch();
      for (const answer of [await client.get(FORM), await client.post(FORM, both(NEW_PASSWORD))]) {
        expect(answer.status).toBe(303);
        expect((await client.follow(answer)).body).toContain("Open your link again");
      }
    });

    it("two links in two tabs: a form never sets the password of the other link's account", async () => {
      const { app, mike, jane, client, visitor } = await launch();
      const mikes = await client.follow(await client.get(await requestLink(app, client, mike)));
      const janes = await client.follow(await client.get(await requestLink(app, client, jane)));
      const crossed = await submit(client, mikes, NEW_PASSWORD);
      expect((await client.follow(crossed)).body).toContain("Open your link again");
      expect((await signIn(visitor(), mike)).headers.location).toBe("/");
      expect((await signIn(visitor(), jane)).headers.location).toBe("/");
      expect((await submit(client, janes, NEW_PASSWORD)).headers.location).toBe("/login?notice=password_set");
      expect((await signIn(client, { ...jane, password: NEW_PASSWORD })).headers.location).toBe("/");
    });

    it("CVE-2025-50433, GHSA-93x3-m7pw-ppqm: sets its own account's password, whatever else the form says", async () => {
      const { app, mike, jane, client, visitor } = await launch();
      const form = await client.follow(await client.get(await requestLink(app, client, mike)));
      const handle = handleIn(form);
      const extra = { email: jane.email, username: jane.email, userId: "1", user: jane.email, token: "x" };
      await client.post(`${FORM}?email=${jane.email}&token=x`, { ...extra, ...both(NEW_PASSWORD), handle });
      expect((await signIn(client, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
      expect((await signIn(visitor(), jane)).headers.location).toBe("/");
    });
  });
}
