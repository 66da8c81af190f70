import { describe, expect, it } from "vitest";
import type { Client } from "../client.ts";
import {
  COMPLETE,
  comparable,
  expectDead,
  expectJson,
  expectRefusal,
  FORM,
  INVALID_LOCATION,
  itAlone,
  type Launch,
  mailsTo,
  NEW_PASSWORD,
  RESET,
  requestLink,
  requestToken,
  SOME_TOKEN,
  signIn,
  tokenIn,
  VERIFY,
} from "./helpers.ts";

const DONE = { ok: true, sessionsRevoked: true };
const INVALID = [400, "invalid_or_expired_token"] as const;

const complete = (client: Client, token: unknown, password: unknown, headers?: Record<string, string>) =>
  client.json(COMPLETE, { token, password }, headers);

/** The reset as JSON, for single-page and mobile clients. */
export function jsonContract(name: string, launch: Launch): void {
  describe(`${name}: as JSON`, () => {
    it("sets the new password, once, and ends what the old one opened", async () => {
      const { app, mike, client, visitor } = await launch();
      const elsewhere = visitor();
      await signIn(elsewhere, mike);
      const token = await requestToken(app, client, mike);

      const verified = await client.json(VERIFY, { token });
      const { expiresAt } = JSON.parse(verified.body);
      expectJson(verified, { ok: true, email: mike.email, expiresAt });
      expect(new Date(expiresAt).toISOString()).toBe(expiresAt);
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
      const completed = await complete(client, token, NEW_PASSWORD);
      expectJson(completed, DONE);

      expect((await elsewhere.get("/")).headers.location).toBe("/login");
      expect((await signIn(elsewhere, mike)).status).toBe(400);
      expectRefusal(await client.json(VERIFY, { token }), ...INVALID);
      expectRefusal(await complete(client, token, NEW_PASSWORD), ...INVALID);
      await expectDead(client, `${RESET}/${token}`);
      const page = await client.get(FORM, { Cookie: `password_reset=${token}` });
      expect(page.headers.location).toBe(INVALID_LOCATION);
      expect((await signIn(elsewhere, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
      expect(await mailsTo(app, mike.email, "password_changed")).toHaveLength(1);
      // By now the revocation has run once more, and has left alone what the new password opened.
      expect((await elsewhere.get("/")).status).toBe(200);
    });

    it("verifying never spends the link, nor changes how long it lives", async () => {
      const { app, mike, client, visitor } = await launch();
      const token = await requestToken(app, client, mike);
      const first = comparable(await client.json(VERIFY, { token }));
      for (let i = 0; i < 10; i++) {
        expect(comparable(await visitor().json(VERIFY, { token }))).toEqual(first);
      }
      expectJson(await complete(client, token, NEW_PASSWORD), DONE);
    });

    it("takes links that a page asked for, and the other way round", async () => {
      const { app, mike, jane, client } = await launch();
      const token = tokenIn(await requestLink(app, client, mike));
      expectJson(await complete(client, token, NEW_PASSWORD), DONE);
      const opened = await client.get(`${RESET}/${await requestToken(app, client, jane)}`);
      expect(opened.headers.location).toBe(FORM);
    });

    it("says what the password lacks, in the visitor's language, and keeps the link", async () => {
      const { app, mike, client, visitor } = await launch();
      const token = await requestToken(app, client, mike);
      const refuses = async (password: unknown, violation: object, headers?: Record<string, string>) => {
        const answer = await complete(client, token, password, headers);
        expectRefusal(answer, 422, "password_rejected", { violations: [violation] });
        return answer;
      };
      const short = { code: "too_short", params: { min: 8 } };
      const answer = await refuses("1-2-3-4", { ...short, message: "Use at least 8 characters." });
      expect(answer.body).not.toContain("1-2-3-4");
      const russian = { "Accept-Language": "ru" };
      await refuses("1-2-3-4", { ...short, message: expect.stringMatching(/[а-я]/) }, russian);
      await refuses("password1", { code: "common", params: {}, message: expect.any(String) });
      for (const password of [undefined, null, "", 12345678, true, [NEW_PASSWORD], { $gt: "" }]) {
        await refuses(password, { code: "required", params: {}, message: "Enter a password." });
      }
      await refuses("two\ud800 halves", {
        code: "invalid_characters",
        params: {},
        message: expect.any(String),
      });
      expect((await signIn(visitor(), mike)).headers.location).toBe("/");
      expectJson(await complete(client, token, NEW_PASSWORD), DONE);
    });

    it("several at once: one password wins", async () => {
      const { app, mike, client, visitor } = await launch();
      const token = await requestToken(app, client, mike);
      const passwords = [NEW_PASSWORD, NEW_PASSWORD, "a-loud-harbour-at-dusk"];
      const answers = await Promise.all(passwords.map((password) => complete(client, token, password)));
      for (const answer of answers) {
        if (answer.status === 200) expectJson(answer, DONE);
        else expectRefusal(answer, ...INVALID);
      }
      const winners = new Set(passwords.filter((_, i) => answers[i]?.status === 200));
      expect(winners.size).toBe(1);
      for (const password of new Set(passwords)) {
        const { status } = await signIn(visitor(), { ...mike, password });
        expect(status).toBe(winners.has(password) ? 303 : 400);
      }
    });

    it("GHSA-93x3-m7pw-ppqm: the token alone says whose password it is, and only in the body", async () => {
      const { app, mike, jane, client, visitor } = await launch();
      const token = await requestToken(app, client, mike);
      await client.get(`${RESET}/${token}`);
      const elsewhere = [`${COMPLETE}?token=${token}`, `${COMPLETE}?token=${token}&password=${NEW_PASSWORD}`];
      for (const path of elsewhere) {
        // The browser holds the grant of the page by now.
        expectRefusal(await client.json(path, { password: NEW_PASSWORD }), ...INVALID);
      }
      const others = {
        email: jane.email,
        userId: "1",
        user: { email: jane.email },
        password_confirmation: "x",
      };
      expectJson(await client.json(COMPLETE, { token, password: NEW_PASSWORD, ...others }), DONE);
      expect((await signIn(visitor(), { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
      expect((await signIn(visitor(), jane)).headers.location).toBe("/");
    });
  });

  describe(`${name}: as JSON, who is told what`, () => {
    it("answers an unknown address, and one that has had its mail, with the same bytes", async () => {
      const { app, mike, client } = await launch();
      const known = await client.json(RESET, { email: mike.email });
      expectJson(known, { ok: true });
      for (const email of [`nobody-${mike.email}`, mike.email, mike.email.toUpperCase()]) {
        expect(comparable(await client.json(RESET, { email }))).toEqual(comparable(known));
      }
      expect(await mailsTo(app, mike.email, "reset_link")).toHaveLength(1);
      expect((await app.mails()).map(({ to }) => to)).toEqual([mike.email]);
    });

    itAlone(launch)("tells unknown addresses where the application chose to", async () => {
      const { app, mike, client } = await launch({ revealUnknown: true });
      const unknown = await client.json(RESET, { email: "nobody@example.org" });
      expectRefusal(unknown, 400, "unknown_email");
      expectJson(await client.json(RESET, { email: mike.email }), { ok: true });
      expect(await app.mails()).toHaveLength(1);
    });

    itAlone(launch)("answers too many with 429 and when to come back, known or not", async () => {
      const { mike, client } = await launch({ limits: { client: { max: 1, windowSeconds: 600 } } });
      await client.json(RESET, { email: "nobody@example.org" });
      const answer = await client.json(RESET, { email: mike.email });
      const { retryAfterSeconds } = JSON.parse(answer.body);
      expectRefusal(answer, 429, "throttled", { retryAfterSeconds });
      expect(retryAfterSeconds).toBeGreaterThan(590);
      expect(answer.headers["retry-after"]).toBe(String(retryAfterSeconds));
    });

    itAlone(launch)("treats a suspended account as none", async ({ skip }) => {
      const { app, mike, jane, client } = await launch();
      if (!app.suspend) return skip("this application cannot be made to suspend accounts");
      const known = await client.json(RESET, { email: jane.email });
      const token = await requestToken(app, client, mike);
      await app.suspend(mike);
      expectRefusal(await client.json(VERIFY, { token }), ...INVALID);
      expectRefusal(await complete(client, token, NEW_PASSWORD), ...INVALID);
      await expectDead(client, `${RESET}/${token}`);

      await app.suspend(jane);
      const unknown = await client.json(RESET, { email: "nobody@example.org" });
      for (const { email } of [mike, jane]) {
        const suspended = await client.json(RESET, { email });
        expect(comparable(suspended)).toEqual(comparable(known));
        expect(comparable(suspended)).toEqual(comparable(unknown));
      }
      expect(await mailsTo(app, mike.email, "reset_link")).toHaveLength(1);
    });

    it("has no business with who is signed in", async () => {
      const { app, mike, jane, client, visitor } = await launch();
      const token = await requestToken(app, client, mike);
      await signIn(client, jane);
      const asked = { email: jane.email, token, password: NEW_PASSWORD };
      for (const path of [RESET, VERIFY, COMPLETE]) {
        expectRefusal(await client.json(path, asked), 409, "signed_in");
      }
      expect((await app.mails()).map(({ to }) => to)).toEqual([mike.email]);
      expectJson(await complete(visitor(), token, NEW_PASSWORD), DONE);
    });

    it("tells no token, unknown or malformed, from another", async () => {
      const { client } = await launch();
      const unknown = comparable(await client.json(VERIFY, { token: SOME_TOKEN }));
      for (const token of [
        "x",
        "",
        "A".repeat(5000),
        `${SOME_TOKEN}\n`,
        "\0",
        "new_password",
        "'--",
        "%00",
      ]) {
        for (const path of [VERIFY, COMPLETE]) {
          const answer = await client.json(path, { token, password: NEW_PASSWORD });
          expectRefusal(answer, ...INVALID);
          expect(comparable(answer)).toEqual(unknown);
        }
      }
    });

    it("explains itself in the visitor's language", async () => {
      const { client } = await launch();
      const inRussian = (path: string, json: unknown) =>
        client.json(path, json, { "Accept-Language": "ru-RU, en;q=0.8" });
      for (const answer of [
        await inRussian(RESET, { email: "?" }),
        await inRussian(VERIFY, {}),
        await inRussian(VERIFY, []),
        await client.send("GET", COMPLETE, { headers: { "Accept-Language": "ru" } }),
      ]) {
        expect(JSON.parse(answer.body).detail).toMatch(/[а-я]/);
      }
    });
  });
}
