import { describe, expect, it } from "vitest";
import {
  COMPLETE,
  expectJson,
  expectPlainProblem,
  expectRefusal,
  expectStrictHeaders,
  FORM,
  type Launch,
  NEW_PASSWORD,
  otherSchemeOf,
  RESET,
  requestToken,
  SOME_TOKEN,
  VERIFY,
} from "./helpers.ts";

const PATHS = [RESET, VERIFY, COMPLETE];
const LINK = `${RESET}/${SOME_TOKEN}`;

/** Which requests are JSON at all, and where they may come from. */
export function jsonDoorContract(name: string, launch: Launch): void {
  describe(`${name}: as JSON, at the door`, () => {
    it.each(PATHS)("%s takes no requests from pages of other sites", async (path) => {
      const { app, client } = await launch();
      const foreign: Record<string, string>[] = [
        { "Sec-Fetch-Site": "cross-site" },
        { "Sec-Fetch-Site": "same-site" },
        { "Sec-Fetch-Site": "none" },
        { "Sec-Fetch-Site": "" },
        { "Sec-Fetch-Site": "Same-Origin" },
        { "Sec-Fetch-Site": "cross-site", Origin: app.origin },
        { Origin: "null" },
        { Origin: "https://evil.example" },
        { Origin: otherSchemeOf(app) },
        { Origin: `${app.origin}.evil.example` },
        { Origin: `${app.origin}@evil.example` },
        { Origin: "https://evil.example", Host: "evil.example" },
        { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" },
        { Origin: "x" },
      ];
      for (const headers of foreign) {
        expectRefusal(await client.json(path, {}, headers), 403, "cross_site");
      }
      const ours = [{ "Sec-Fetch-Site": "same-origin" }, { Origin: app.origin }, {}];
      for (const headers of ours) expect((await client.json(path, {}, headers)).status).toBe(400);
    });

    it.each(PATHS)("%s gives no preflight leave", async (path) => {
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
      // Nor does any other answer.
      expectStrictHeaders(await client.json(path, {}, { Origin: "https://evil.example" }));
    });

    it.each([VERIFY, COMPLETE])("%s takes POST alone, and JSON alone", async (path) => {
      const { client } = await launch();
      for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]) {
        const answer = await client.send(method, path);
        expectRefusal(answer, 405, "method_not_allowed");
        expect(answer.headers.allow).toBe("POST");
      }
      const head = await client.send("HEAD", path);
      expect([head.status, head.body, head.headers.allow]).toEqual([405, "", "POST"]);

      const types = [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/json",
        "application/jsonx",
        "application/json-seq",
        "application/vnd.api+json",
        "text/plain, application/json",
        "text/plain; application/json",
        "",
      ];
      for (const type of types) {
        const headers = { "Content-Type": type, Accept: "text/html" };
        const answer = await client.send("POST", path, { headers, body: "{}" });
        expectRefusal(answer, 415, "unsupported_media_type");
      }
      expectRefusal(await client.send("POST", path, { body: "{}" }), 415, "unsupported_media_type");
      const form = await client.post(path, { token: SOME_TOKEN, password: NEW_PASSWORD });
      expectRefusal(form, 415, "unsupported_media_type");
    });

    it("is refused by the forms", async () => {
      const { client } = await launch();
      const ours = { "Sec-Fetch-Site": "same-origin" };
      for (const path of [FORM, LINK]) {
        expectRefusal(await client.json(path, {}, ours), 415, "unsupported_media_type");
        expectRefusal(await client.json(path, {}), 403, "cross_site");
      }
    });

    it("reads no cookie, and sets none", async () => {
      const { app, mike, client } = await launch();
      const token = await requestToken(app, client, mike);
      const cookies = [`password_reset=${token}`, `__Secure-password_reset=${token}`, "session=x", "=;;=%"];
      for (const Cookie of cookies) {
        for (const path of [VERIFY, COMPLETE]) {
          const answer = await client.json(path, { password: NEW_PASSWORD }, { Cookie });
          expectRefusal(answer, 400, "invalid_or_expired_token");
        }
      }
      const completed = await client.json(COMPLETE, { token, password: NEW_PASSWORD });
      expectJson(completed, { ok: true, sessionsRevoked: true });
    });

    it("refuses as a page or as problem details, whichever the client reads", async () => {
      const { client } = await launch();
      const refusal = (path: string, Accept: string) =>
        client.send("POST", path, { headers: { Accept, "Content-Type": "text/plain" }, body: "x" });
      for (const path of [RESET, FORM, LINK]) {
        const programs = [
          "application/json",
          "application/problem+json",
          "application/json, text/plain, */*",
          "text/html;q=0.5, application/json",
        ];
        for (const accept of programs) expectRefusal(await refusal(path, accept), 403, "cross_site");
        const browsers = [
          "*/*",
          "text/html",
          "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
          "application/json;q=0.5, text/html",
          "image/png",
          "",
          ";;,=,q=x;",
        ];
        for (const accept of browsers) expectPlainProblem(await refusal(path, accept), 403);
      }
      const undecodable = `${RESET}/%E0%A4%A`;
      const answer = await client.get(undecodable, { Accept: "application/json" });
      expectRefusal(answer, 400, "invalid_request");
      expectPlainProblem(await client.get(undecodable), 400);
    });
  });
}
