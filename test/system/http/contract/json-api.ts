import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Client } from "../client.ts";
import {
  COMPLETE,
  comparable,
  expectDead,
  expectJson,
  expectPlainProblem,
  expectRefusal,
  expectStrictHeaders,
  FORM,
  grantAt,
  INVALID_LOCATION,
  type Launch,
  mailsTo,
  NEW_PASSWORD,
  OPENED,
  RESET,
  requestLink,
  requestToken,
  SOME_TOKEN,
  signIn,
  tokenIn,
  VERIFY,
} from "./helpers.ts";

// The promises of the JSON API.

const DONE = { ok: true, sessionsRevoked: true };
const INVALID = [400, "invalid_or_expired_token"] as const;

const complete = (client: Client, token: unknown, newPassword: unknown, headers?: Record<string, string>) =>
  client.json(COMPLETE, { token, newPassword }, headers);

/** Tests the reset as JSON, for single-page and mobile clients. */
export function jsonContract(name: string, launch: Launch): void {
  describe(`${name}: as JSON`, () => {
    it("a token sets the new password once and ends the old sessions", async () => {
      const { app, mike, client, visitor } = await launch();
      const elsewhere = visitor();
      await signIn(elsewhere, mike);
      const token = await requestToken(app, client, mike);

      const verified = await client.json(VERIFY, { token });
      const { expiresAt } = JSON.parse(verified.body);
      expectJson(verified, { ok: true, email: mike.email, isInvitation: false, expiresAt, secondFactors: [] });
      expect(new Date(expiresAt).toISOString()).toBe(expiresAt);
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
      const completed = await complete(client, token, NEW_PASSWORD);
      expectJson(completed, DONE);

      expect((await elsewhere.get("/")).headers.location).toBe("/login");
      expect((await signIn(elsewhere, mike)).status).toBe(400);
      expectRefusal(await client.json(VERIFY, { token }), ...INVALID);
      expectRefusal(await complete(client, token, NEW_PASSWORD), ...INVALID);
      await expectDead(client, `${RESET}/${token}`);
      const page = await client.get(FORM, { Cookie: `${grantAt(app)}=${token}` });
      expect(page.headers.location).toBe(INVALID_LOCATION);
      expect((await signIn(elsewhere, { ...mike, password: NEW_PASSWORD })).headers.location).toBe("/");
      expect(await mailsTo(app, mike.email, "password_changed")).toHaveLength(1);
      // The second revocation has run by now, and left the new session open.
      expect((await elsewhere.get("/")).status).toBe(200);
    });

    it("links requested by a page work as JSON, and the other way round", async () => {
      const { app, mike, jane, client } = await launch();
      const token = tokenIn(await requestLink(app, client, mike));
      expectJson(await complete(client, token, NEW_PASSWORD), DONE);
      const opened = await client.get(`${RESET}/${await requestToken(app, client, jane)}`);
      expect(opened.headers.location).toBe(OPENED);
    });

    it("a refused password is explained in the visitor's language, and the link stays valid", async () => {
      const { app, mike, client, visitor } = await launch();
      const token = await requestToken(app, client, mike);
      const refuses = async (newPassword: unknown, violation: object, headers?: Record<string, string>) => {
        const answer = await complete(client, token, newPassword, headers);
        expectRefusal(answer, 422, "password_rejected", { violations: [violation] });
        return answer;
      };
      const short = { code: "too_short", params: { min: 8 } };
      const answer = await refuses("q7-zxk", { ...short, message: expect.stringContaining("8") });
      expect(answer.body).not.toContain("q7-zxk");
      const russian = { "Accept-Language": "ru" };
      await refuses("q7-zxk", { ...short, message: expect.stringMatching(/[а-я]/) }, russian);
      await refuses("password1", { code: "common", params: {}, message: expect.any(String) });
      for (const password of [undefined, null, "", 12345678, true, [NEW_PASSWORD], { $gt: "" }]) {
        await refuses(password, { code: "required", params: {}, message: expect.any(String) });
      }
      await refuses("two\ud800 halves", { code: "invalid_characters", params: {}, message: expect.any(String) });
      expect((await signIn(visitor(), mike)).headers.location).toBe("/");
      expectJson(await complete(client, token, NEW_PASSWORD), DONE);
    });
  });

  describe(`${name}: as JSON, refusals`, () => {
    it("a signed-in person gets 409 instead of a link, and may use one", async () => {
      const { app, mike, jane, client } = await launch();
      const token = await requestToken(app, client, mike);
      await signIn(client, jane);
      expectRefusal(await client.json(RESET, { email: jane.email }), 409, "signed_in");
      expect((await app.mails()).map(({ to }) => to)).toEqual([mike.email]);
      expect((await client.json(VERIFY, { token })).status).toBe(200);
      expectJson(await complete(client, token, NEW_PASSWORD), DONE);
    });

    it("a client that asks for anything but a link of an application without codes is told so", async () => {
      const { app, mike, client } = await launch();
      for (const method of ["code", "", null, 1, ["link"]]) {
        expectRefusal(await client.json(RESET, { email: mike.email, method }), 400, "invalid_request");
      }
      expect(await app.mails()).toEqual([]);
      expectJson(await client.json(RESET, { email: mike.email, method: "link" }), { ok: true });
    });

    it("refusals are in the visitor's language", async () => {
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

const LIMIT = 16 * 1024;
const JSON_TYPE = { "Content-Type": "application/json" };
const EVE = "eve@example.net";

const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/** Tests which JSON bodies are accepted. */
export function jsonBodyContract(name: string, launch: Launch): void {
  describe(`${name}: as JSON, the body`, () => {
    it("a body can neither read nor change a prototype", async () => {
      const { app, mike, client } = await launch();
      const email = JSON.stringify(mike.email);
      const bodies = [
        `{"__proto__":{"email":${email}}}`,
        `{"__proto__":${email}}`,
        `{"constructor":{"prototype":{"email":${email}}}}`,
        `{"email":{"__proto__":{"length":1}}}`,
        `{"hasOwnProperty":1,"toString":1,"valueOf":1,"then":1}`,
      ];
      for (const body of bodies) {
        const answer = await client.send("POST", RESET, { headers: JSON_TYPE, body });
        expectRefusal(answer, 400, "invalid_email");
      }
      for (const path of [VERIFY, COMPLETE]) {
        const body = `{"__proto__":{"token":"${SOME_TOKEN}","newPassword":"x"}}`;
        const answer = await client.send("POST", path, { headers: JSON_TYPE, body });
        expectRefusal(answer, 400, "invalid_or_expired_token");
      }
      expectRefusal(await client.json(RESET, {}), 400, "invalid_email");
      expect(await app.mails()).toEqual([]);
    });

    it("verify and complete accept one token, as a string, and otherwise leave the link valid", async () => {
      const { app, mike, client } = await launch();
      const token = await requestToken(app, client, mike);
      const tokens = [[token], [token, token], { $gt: "" }, { token }, 1, true, null, undefined, ` ${token}`];
      for (const wrong of [...tokens, `${token}\0`, `${token}=`, token.slice(1), `${token}${token}`]) {
        for (const path of [VERIFY, COMPLETE]) {
          const answer = await client.json(path, { token: wrong, newPassword: NEW_PASSWORD });
          expectRefusal(answer, 400, "invalid_or_expired_token");
          expect(answer.body).not.toContain(token);
        }
      }
      const completed = await client.json(COMPLETE, { token, newPassword: NEW_PASSWORD });
      expectJson(completed, { ok: true, sessionsRevoked: true });
    });

    it("a body must be one JSON object in UTF-8 without duplicate names", async () => {
      const { app, mike, client } = await launch();
      const email = JSON.stringify(mike.email);
      const object = `{"email":${email}}`;
      const bodies = [
        ...[
          "",
          "null",
          "1",
          "\ufeff{}",
          email,
          "[]",
          `[${object}]`,
          "{",
          `{"email":${email},}`,
          `{'email':'${mike.email}'}`,
        ],
        ...[`${object}${object}`, `)]}',\n${object}`, `// a comment\n${object}`, `{"email":${email},"n":NaN}`],
        ...[`{"email":"${mike.email}\n"}`, `${object}\0`, `email=${mike.email}`],
        ...["[".repeat(LIMIT), `${"[".repeat(LIMIT / 2)}${"]".repeat(LIMIT / 2)}`],
        // A filter in front of the application may read the other one of the two.
        `{"email":"${EVE}","email":${email}}`,
        `{"email":${email},"email":${email}}`,
        `{"email":"${EVE}","\\u0065mail":${email}}`,
        `{"email":${email},"a":{"b":1,"b":2}}`,
        bytes(`{"email":"`, [0xff], `@example.org"}`),
        bytes(`{"email":"`, [0xed, 0xa0, 0x80], `@example.org"}`),
        Buffer.from(`{"email":"josé@example.org"}`, "latin1"),
        Buffer.from(object, "utf16le"),
      ];
      for (const body of bodies) {
        for (const path of [RESET, VERIFY, COMPLETE]) {
          const answer = await client.send("POST", path, { headers: JSON_TYPE, body });
          expectRefusal(answer, 400, "invalid_json");
          expect(answer.body).not.toMatch(/eve|example\.org|position|token "/);
        }
      }
      expect(await app.mails()).toEqual([]);
      // These names only look like duplicates.
      const fine = `{"email":${email},"a":"\\"email\\":","b":["email",{"email":1,":":2}],"c":{":b":"x"}}`;
      expectJson(await client.send("POST", RESET, { headers: JSON_TYPE, body: ` ${fine}\n` }), { ok: true });
    });

    it("a body must be declared as JSON in UTF-8", async () => {
      const { client } = await launch();
      const send = (type: string, body: string | Uint8Array = "{}") =>
        client.send("POST", VERIFY, { headers: { "Content-Type": type }, body });
      for (const parameters of ["", ";charset=utf-8", "; charset=UTF-8", '; charset="utf-8"', "; profile=x"]) {
        expectRefusal(await send(`application/json${parameters}`), 400, "invalid_or_expired_token");
      }
      expectRefusal(await send("Application/JSON ; charset=utf-8"), 400, "invalid_or_expired_token");
      expectRefusal(
        await send("application/json; charset=utf-16le", Buffer.from("{}", "utf16le")),
        400,
        "invalid_json",
      );
      for (const charset of ["utf-16", "iso-8859-1", "utf-7", "x", '"utf-8-"']) {
        expectRefusal(await send(`application/json; charset=${charset}`), 400, "invalid_json");
      }
    });

    it("a body may have 16 KiB and must not be compressed", async () => {
      const { client } = await launch();
      const padded = (length: number) => `${" ".repeat(length - 2)}{}`;
      for (const path of [RESET, VERIFY, COMPLETE]) {
        const reason = path === RESET ? "invalid_email" : "invalid_or_expired_token";
        const send = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
          client.send("POST", path, { headers: { ...JSON_TYPE, ...headers }, body });
        const chunked = { "Transfer-Encoding": "chunked" };
        expectRefusal(await send(padded(LIMIT)), 400, reason);
        expectRefusal(await send(padded(LIMIT), chunked), 400, reason);
        expectRefusal(await send(padded(LIMIT + 1)), 413, "too_large");
        expectRefusal(await send(padded(LIMIT + 1), chunked), 413, "too_large");
        const zipped = gzipSync(padded(LIMIT * 100));
        expect(zipped.length).toBeLessThan(LIMIT);
        for (const coding of ["gzip", "deflate", "br", "x"]) {
          expectRefusal(await send(zipped, { "Content-Encoding": coding }), 415, "unsupported_media_type");
        }
        expectRefusal(await send(zipped), 400, "invalid_json");
      }
    });

    it("a body without a declared length gets the same response", async () => {
      const { client } = await launch();
      const plain = comparable(await client.json(VERIFY, { token: SOME_TOKEN }));
      const body = JSON.stringify({ token: SOME_TOKEN });
      const chunked = { ...JSON_TYPE, "Transfer-Encoding": "chunked" };
      expect(comparable(await client.send("POST", VERIFY, { headers: chunked, body }))).toEqual(plain);
      expectRefusal(await client.send("POST", VERIFY, { headers: JSON_TYPE }), 400, "invalid_json");
    });
  });
}

const PATHS = [RESET, VERIFY, COMPLETE];
const LINK = `${RESET}/${SOME_TOKEN}`;

/** Tests which requests count as JSON, and from which origins they are accepted. */
export function jsonDoorContract(name: string, launch: Launch): void {
  describe(`${name}: as JSON, at the door`, () => {
    it.each(PATHS)("%s lets pages of other sites neither ask, nor send, nor read", async (path) => {
      const { client } = await launch();
      const preflight = {
        Origin: "https://evil.example",
        "Sec-Fetch-Site": "cross-site",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
      };
      const answer = await client.send("OPTIONS", path, { headers: { ...preflight, Accept: "*/*" } });
      expect(answer.status).toBe(405);
      expectStrictHeaders(answer);
      for (const Origin of ["https://evil.example", "null", "https://app.test.evil.example"]) {
        expectRefusal(await client.json(path, {}, { Origin }), 403, "cross_site");
      }
      for (const site of ["cross-site", "same-site", "none"]) {
        expectRefusal(await client.json(path, {}, { "Sec-Fetch-Site": site }), 403, "cross_site");
      }
    });

    it("refuses an Origin header without a value", async () => {
      const { client } = await launch();
      expectRefusal(await client.json(VERIFY, {}, { Origin: "" }), 403, "cross_site");
    });

    it.each([VERIFY, COMPLETE])("%s accepts only POST and only JSON", async (path) => {
      const { client } = await launch();
      for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const answer = await client.send(method, path);
        expectRefusal(answer, 405, "method_not_allowed");
        expect(answer.headers.allow).toBe("POST");
      }
      const head = await client.send("HEAD", path);
      expect([head.status, head.body, head.headers.allow]).toEqual([405, "", "POST"]);

      const types = [
        ...["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/json", ""],
        ...["application/jsonx", "application/json-seq", "application/vnd.api+json"],
        ...["text/plain, application/json", "text/plain; application/json"],
      ];
      for (const type of types) {
        const headers = { "Content-Type": type, Accept: "text/html" };
        const answer = await client.send("POST", path, { headers, body: "{}" });
        expectRefusal(answer, 415, "unsupported_media_type");
      }
      expectRefusal(await client.send("POST", path, { body: "{}" }), 415, "unsupported_media_type");
      const form = await client.post(path, { token: SOME_TOKEN, newPassword: NEW_PASSWORD });
      expectRefusal(form, 415, "unsupported_media_type");
    });

    it("pages of this site may send JSON", async () => {
      const { app, client } = await launch();
      for (const headers of [{ Origin: app.origin }, { "Sec-Fetch-Site": "same-origin" }]) {
        const answer = await client.json(VERIFY, { token: SOME_TOKEN }, headers as Record<string, string>);
        expect(answer.status).toBe(400);
      }
    });

    it("the forms refuse JSON", async () => {
      const { client } = await launch();
      const ours = { "Sec-Fetch-Site": "same-origin" };
      for (const path of [FORM, LINK]) {
        expectRefusal(await client.json(path, {}, ours), 415, "unsupported_media_type");
        expectRefusal(await client.json(path, {}), 403, "cross_site");
      }
    });

    it("the JSON API neither reads nor sets cookies", async () => {
      const { app, mike, client } = await launch();
      const token = await requestToken(app, client, mike);
      const cookies = [`password_reset=${token}`, `__Host-password_reset=${token}`, "session=x", "=;;=%"];
      for (const Cookie of cookies) {
        for (const path of [VERIFY, COMPLETE]) {
          const answer = await client.json(path, { newPassword: NEW_PASSWORD }, { Cookie });
          expectRefusal(answer, 400, "invalid_or_expired_token");
        }
      }
      const completed = await client.json(COMPLETE, { token, newPassword: NEW_PASSWORD });
      expectJson(completed, { ok: true, sessionsRevoked: true });
    });

    it("a refusal is a page or problem details, as the Accept header asks", async () => {
      const { client } = await launch();
      const refusal = (path: string, Accept: string) =>
        client.send("POST", path, { headers: { Accept, "Content-Type": "text/plain" }, body: "x" });
      for (const path of [RESET, FORM, LINK]) {
        const programs = [
          ...["application/json", "application/problem+json", "application/json, text/plain, */*"],
          "text/html;q=0.5, application/json",
        ];
        for (const accept of programs) expectRefusal(await refusal(path, accept), 403, "cross_site");
        const browsers = [
          ...["*/*", "text/html", "image/png", "", ";;,=,q=x;", "application/json;q=0.5, text/html"],
          "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ];
        for (const accept of browsers) expectPlainProblem(await refusal(path, accept), 403);
      }
    });
  });
}
