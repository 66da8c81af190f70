import { describe, expect, test, vi } from "vitest";
import { CLIENT, eachTestOpens, MIKE, type Opened, ORIGIN, refusal } from "./application.ts";

const PATHS = ["", "/verify", "/complete"];
const PASSWORD = "correct horse battery";
const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

const NO_JSON_OBJECTS = ["{", '{"email":}', `email=${MIKE}`, "null", "7", `"${MIKE}"`, `["${MIKE}"]`, "\0"];

/** The first three need no permission of the server's to be posted by another site's page. */
const OTHER_TYPES = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=b",
  "application/jsonp",
  "text/plain, application/json",
];

const OTHER_SITES: Record<string, string>[] = [
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { "sec-fetch-site": "none" },
  { "sec-fetch-site": "cross-site", origin: ORIGIN },
  { origin: "https://evil.example" },
  { origin: "https://app.example.com.evil.example" },
  { origin: "http://app.example.com" },
  { origin: "null" },
];

/** What validators and ORMs make strings, or conditions, of. */
const noStrings = (text: string): unknown[] => [
  ...[undefined, null, 0, 1, true, "", [], [text], [[text]], {}],
  ...[{ $gt: "" }, { 0: text, length: 1 }, { toString: text }],
];

/** What every framework's routes have to do, driven through the framework's own handlers. */
export function frameworkSuite(name: string, base: string, open: () => Promise<Opened>): void {
  describe(name, () => {
    const { post, postRaw, mails, ports, sessions, faults, newToken } = eachTestOpens(base, open);

    test("answers known and unknown addresses alike, byte for byte", async () => {
      const known = await post("", { email: MIKE });
      const unknown = await post("", { email: "nobody@example.org" });
      expect(known.body).toEqual({ ok: true });
      expect(unknown.everything).toBe(known.everything);
      expect(await mails()).toEqual(["reset_link"]);
    });

    test("sets a new password once, by the link that was mailed", async () => {
      const token = await newToken();
      for (let look = 0; look < 2; look++) {
        const { status, body } = await post("/verify", { token });
        expect(status).toBe(200);
        expect(body).toEqual({ ok: true, email: MIKE, expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) });
      }
      const completed = await post("/complete", { token, password: PASSWORD });
      expect(completed.status).toBe(200);
      expect(completed.body).toEqual({ ok: true, sessionsRevoked: true });
      expect(sessions().size).toBe(0);
      const { users, hasher } = ports();
      expect(await hasher.verify(users.get("42")?.passwordHash ?? "", PASSWORD)).toBe(true);
      expect(await mails()).toEqual(["reset_link", "password_changed"]);

      const another = { token, password: "another horse battery" };
      expect(await refusal(post("/complete", another))).toBe("400 invalid_or_expired_token");
      expect(await refusal(post("/verify", { token }))).toBe("400 invalid_or_expired_token");
      expect(await hasher.verify(users.get("42")?.passwordHash ?? "", PASSWORD)).toBe(true);
    });

    test("refuses a password with what is wrong with it, and keeps the link", async () => {
      const token = await newToken();
      for (const password of ["short", "", undefined, null, 12345678, { length: 12 }, [PASSWORD]]) {
        const { status, body } = await post("/complete", { token, password });
        expect(status).toBe(422);
        expect(body["reason"]).toBe("password_rejected");
        expect(body["violations"]).toMatchObject([{ code: expect.any(String) }]);
      }
      const tooShort = await post("/complete", { token, password: "short" });
      expect(tooShort.body["violations"]).toEqual([
        { code: "too_short", message: expect.any(String), params: { min: 8 } },
      ]);
      expect((await post("/complete", { token, password: PASSWORD })).status).toBe(200);
    });

    test("takes nothing but strings for an address or a token", async () => {
      const token = await newToken();
      for (const email of noStrings("nobody@example.org")) {
        expect(await refusal(post("", { email })), JSON.stringify(email)).toBe("400 invalid_email");
      }
      for (const value of noStrings(token)) {
        for (const path of ["/verify", "/complete"]) {
          const answer = post(path, { token: value, password: PASSWORD });
          expect(await refusal(answer), JSON.stringify(value)).toBe("400 invalid_or_expired_token");
        }
      }
      expect(faults()).toBe(0);
    });

    test("finds no field in a prototype", async () => {
      for (const key of ["__proto__", "constructor"]) {
        const text = `{"${key}":{"email":"${MIKE}","prototype":{"email":"${MIKE}"}}}`;
        expect((await postRaw("", text, { headers: JSON_TYPE })).status).toBe(400);
      }
      expect(await mails()).toEqual([]);
    });

    test("refuses bodies that are no JSON object", async () => {
      for (const path of PATHS) {
        for (const text of NO_JSON_OBJECTS) {
          expect(await refusal(postRaw(path, text, { headers: JSON_TYPE })), text).toBe("400 invalid_json");
        }
        // Express reads an empty body as an empty object.
        expect((await postRaw(path, "", { headers: JSON_TYPE })).status).toBe(400);
      }
      expect(await mails()).toEqual([]);
      expect(faults()).toBe(0);
    });

    test("refuses what forms of other sites can post", async () => {
      const text = JSON.stringify({ email: MIKE });
      for (const headers of [{}, ...OTHER_TYPES.map((type) => ({ "content-type": type }))]) {
        for (const path of PATHS) {
          const answer = postRaw(path, text, { headers });
          expect(await refusal(answer), JSON.stringify(headers)).toBe("415 unsupported_media_type");
        }
      }
      expect(await mails()).toEqual([]);
    });

    test("refuses other sites", async () => {
      for (const headers of OTHER_SITES) {
        for (const path of PATHS) {
          const answer = post(path, { email: MIKE }, { headers });
          expect(await refusal(answer), JSON.stringify(headers)).toBe("403 cross_site");
        }
      }
      expect(await mails()).toEqual([]);

      for (const headers of [{ "sec-fetch-site": "same-origin", origin: ORIGIN }, { origin: ORIGIN }]) {
        expect((await post("", { email: MIKE }, { headers })).status).toBe(200);
      }
      expect(await mails()).toEqual(["reset_link"]);
    });

    test("refuses bodies over 16 KiB, with and without a Content-Length", async () => {
      const sized = (bytes: number) => ({ email: "a".repeat(bytes - '{"email":""}'.length) });
      for (const chunked of [false, true]) {
        expect(await refusal(post("", sized(16 * 1024), { chunked }))).toBe("400 invalid_email");
        expect(await refusal(post("", sized(16 * 1024 + 1), { chunked }))).toBe("413 too_large");
        expect(await refusal(post("/complete", sized(200_000), { chunked }))).toBe("413 too_large");
      }
    });

    test("throttles each client by its own address, whatever it says of itself", async () => {
      const from = (ip: string, n: number) => {
        const headers = { "x-forwarded-for": `198.51.100.${n}` };
        return post("", { email: `nobody${n}@example.org` }, { ip, headers });
      };
      for (let n = 1; n <= 30; n++) expect((await from(CLIENT, n)).status).toBe(200);
      const { status, headers, body } = await from(CLIENT, 31);
      expect(status).toBe(429);
      expect(body).toMatchObject({ reason: "throttled", retryAfterSeconds: expect.any(Number) });
      expect(headers.get("retry-after")).toBe(String(body["retryAfterSeconds"]));
      expect(headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
      expect((await from("192.0.2.2", 32)).status).toBe(200);
    });

    test("tells nothing of a fault", async () => {
      const token = await newToken();
      const { users } = ports();
      const down = new Error("postgres://user:secret@db");
      const findById = vi.spyOn(users, "findById").mockRejectedValue(down);
      for (const path of ["/verify", "/complete"]) {
        const answer = await post(path, { token, password: PASSWORD });
        expect(answer.body["reason"]).toBe("unavailable");
        expect(answer.status).toBe(503);
        expect(answer.everything).not.toMatch(/secret|users|findById|stack|relatch/i);
      }
      // Only the look-up of the address, which is the application's own, fails.
      findById.mockReset().mockResolvedValueOnce(users.get("42")).mockRejectedValue(down);
      const fault = await post("/verify", { token });
      expect(fault.body["reason"]).toBe("fault");
      expect(fault.status).toBe(500);
      expect(fault.everything).not.toContain("secret");
      expect(faults()).toBe(3);
    });
  });
}
