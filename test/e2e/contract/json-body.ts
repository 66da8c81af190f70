import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  COMPLETE,
  comparable,
  expectJson,
  expectRefusal,
  type Launch,
  NEW_PASSWORD,
  RESET,
  requestToken,
  SOME_TOKEN,
  VERIFY,
} from "./helpers.ts";

const LIMIT = 16 * 1024;
const JSON_TYPE = { "Content-Type": "application/json" };
const EVE = "eve@example.net";

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/** What the bodies may be, and what they may not. */
export function jsonBodyContract(name: string, launch: Launch): void {
  describe(`${name}: as JSON, the body`, () => {
    it("CVE-2023-7028, CVE-2022-35924: takes one address, as a string", async () => {
      const { app, mike, client } = await launch();
      const emails: unknown[] = [
        { $gt: "" },
        { $ne: null },
        { toString: "x", length: 5 },
        { __proto__: null, email: mike.email },
        [mike.email],
        [mike.email, EVE],
        [[mike.email]],
        1,
        1e308,
        true,
        null,
        undefined,
        "",
        "x",
        `${mike.email},${EVE}`,
        `${mike.email};${EVE}`,
        `${mike.email} ${EVE}`,
        `${mike.email}\r\nBcc: ${EVE}`,
        `${mike.email}\0`,
        `"><script>alert(1)</script>@example.org`,
        "a".repeat(4000),
      ];
      for (const email of emails) {
        const answer = await client.json(RESET, { email });
        expectRefusal(answer, 400, "invalid_email");
        expect(answer.body).not.toMatch(/eve|script|example\.org|aaaa/);
      }
      const elsewhere = ["Email", "email[]", "email ", "e\u200bmail", "to"];
      for (const key of elsewhere) {
        expectRefusal(await client.json(RESET, { [key]: mike.email }), 400, "invalid_email");
      }
      expectRefusal(await client.json(`${RESET}?email=${mike.email}`, {}), 400, "invalid_email");
      expect(await app.mails()).toEqual([]);
    });

    it("looks at no prototype, and changes none", async () => {
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
        const body = `{"__proto__":{"token":"${SOME_TOKEN}","password":"x"}}`;
        const answer = await client.send("POST", path, { headers: JSON_TYPE, body });
        expectRefusal(answer, 400, "invalid_or_expired_token");
      }
      expectRefusal(await client.json(RESET, {}), 400, "invalid_email");
      expect(await app.mails()).toEqual([]);
    });

    it("takes one token, as a string, and leaves the link as it was", async () => {
      const { app, mike, client } = await launch();
      const token = await requestToken(app, client, mike);
      const tokens = [[token], [token, token], { $gt: "" }, { token }, 1, true, null, undefined, ` ${token}`];
      for (const wrong of [...tokens, `${token}\0`, `${token}=`, token.slice(1), `${token}${token}`]) {
        for (const path of [VERIFY, COMPLETE]) {
          const answer = await client.json(path, { token: wrong, password: NEW_PASSWORD });
          expectRefusal(answer, 400, "invalid_or_expired_token");
          expect(answer.body).not.toContain(token);
        }
      }
      const completed = await client.json(COMPLETE, { token, password: NEW_PASSWORD });
      expectJson(completed, { ok: true, sessionsRevoked: true });
    });

    it("is one JSON object in UTF-8, with no name in it twice", async () => {
      const { app, mike, client } = await launch();
      const email = JSON.stringify(mike.email);
      const object = `{"email":${email}}`;
      const bodies = [
        "",
        " ",
        "null",
        "true",
        "1",
        email,
        "[]",
        `[${object}]`,
        "{",
        "}",
        "{]",
        `{"email":}`,
        `{"email":${email},}`,
        `{'email':'${mike.email}'}`,
        `{email:${email}}`,
        `${object}${object}`,
        `${object}\n${object}`,
        `${object};`,
        `)]}',\n${object}`,
        `// a comment\n${object}`,
        `{"email":${email},"n":NaN}`,
        `{"email":${email},"n":0x10}`,
        `{"email":"${mike.email}\n"}`,
        `{"email":"\\x41"}`,
        `${object}\0`,
        `email=${mike.email}`,
        "[".repeat(LIMIT),
        `{"a":`.repeat(3000),
        `${"[".repeat(LIMIT / 2)}${"]".repeat(LIMIT / 2)}`,
        // Which of the two counts depends on who reads it: a filter in front of the application may read the other.
        `{"email":"${EVE}","email":${email}}`,
        `{"email":${email},"email":${email}}`,
        `{"email":"${EVE}","\\u0065mail":${email}}`,
        `{"email":${email},"a":{"b":1,"b":2}}`,
        bytes(`{"email":"`, [0xff], `@example.org"}`),
        bytes(`{"email":"`, [0xc0, 0x80], `@example.org"}`),
        bytes(`{"email":"`, [0xed, 0xa0, 0x80], `@example.org"}`),
        bytes(`{"email":"josé@example.org"}`).subarray(0, 14),
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
      // What only looks like a name that comes twice.
      const fine = `{"email":${email},"a":"\\"email\\":","b":["email",{"email":1,":":2}],"c":{":b":"x"}}`;
      expectJson(await client.send("POST", RESET, { headers: JSON_TYPE, body: ` ${fine}\n` }), { ok: true });
    });

    it("takes every way to say that it is JSON in UTF-8, and no other", async () => {
      const { client } = await launch();
      const send = (type: string, body: string | Uint8Array = "{}") =>
        client.send("POST", VERIFY, { headers: { "Content-Type": type }, body });
      for (const parameters of [
        "",
        ";charset=utf-8",
        "; charset=UTF-8",
        '; charset="utf-8"',
        "; profile=x",
      ]) {
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

    it("has at most 16 KiB, and is not compressed", async () => {
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

    it("may say nothing of its length, or lie about its type, with the same answers", async () => {
      const { client } = await launch();
      const plain = comparable(await client.json(VERIFY, { token: SOME_TOKEN }));
      const body = JSON.stringify({ token: SOME_TOKEN });
      const chunked = { ...JSON_TYPE, "Transfer-Encoding": "chunked" };
      expect(comparable(await client.send("POST", VERIFY, { headers: chunked, body }))).toEqual(plain);
      expectRefusal(await client.send("POST", VERIFY, { headers: JSON_TYPE }), 400, "invalid_json");
    });
  });
}
