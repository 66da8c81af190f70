import { describe, expect, it } from "vitest";
import {
  both,
  errorAt,
  expectPlainProblem,
  expectRefusal,
  expectStrictHeaders,
  FORM,
  handleIn,
  type Launch,
  linkTo,
  mailsTo,
  otherSchemeOf,
  RESET,
  requestLink,
  SOME_TOKEN,
} from "./helpers.ts";

/** What is turned away before it is read, and what every answer carries. */
export function doorContract(name: string, launch: Launch): void {
  describe(`${name}: at the door`, () => {
    const targets = [RESET, FORM, `${RESET}/${SOME_TOKEN}`, "/login", "/logout"];

    it.each(targets)("CVE-2023-38759: %s takes POSTs from its own pages only", async (path) => {
      const { app, client } = await launch();
      const foreign: Record<string, string>[] = [
        { "Sec-Fetch-Site": "cross-site" },
        { "Sec-Fetch-Site": "same-site" },
        { "Sec-Fetch-Site": "none" },
        { "Sec-Fetch-Site": "cross-site", Origin: app.origin },
        { Origin: "null" },
        { Origin: "https://evil.example" },
        { Origin: otherSchemeOf(app) },
        { Origin: `${app.origin}.evil.example` },
        {},
      ];
      for (const headers of foreign)
        expectPlainProblem(await client.send("POST", path, { form: {}, headers }), 403);
      const ours = [{ "Sec-Fetch-Site": "same-origin" }, { Origin: app.origin }];
      for (const headers of ours) {
        expect((await client.send("POST", path, { form: {}, headers })).status).not.toBe(403);
      }
    });

    it.each(targets)("%s refuses other methods, types and sizes", async (path) => {
      const { client } = await launch();
      const headers = {
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
      };
      for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]) {
        const answer = await client.send(method, path, { headers });
        expectPlainProblem(answer, 405);
        expect(answer.headers.allow).toBe(path === "/logout" ? "POST" : "GET, HEAD, POST");
      }
      for (const type of [
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencodedx",
        "application/x-www-form-urlencoded; charset=utf-16",
        "text/plain; application/x-www-form-urlencoded",
      ]) {
        const sent = { headers: { ...headers, "Content-Type": type }, body: "email=mike@example.org" };
        expectPlainProblem(await client.send("POST", path, sent), 415);
      }
      const sent = { headers: { ...headers, "Content-Type": "application/json" }, body: "email=x" };
      if (path === RESET) expectRefusal(await client.send("POST", path, sent), 400, "invalid_json");
      else expectRefusal(await client.send("POST", path, sent), 415, "unsupported_media_type");
      const zipped = { ...headers, "Content-Encoding": "gzip" };
      expectPlainProblem(await client.send("POST", path, { headers: zipped, body: "email=x" }), 415);
      const filled = (length: number) => `email=${"a".repeat(length - "email=".length)}`;
      for (const chunked of [{}, { "Transfer-Encoding": "chunked" }]) {
        const send = (body: string) =>
          client.send("POST", path, { headers: { ...headers, ...chunked }, body });
        expectPlainProblem(await send(filled(16 * 1024 + 1)), 413);
        expect((await send(filled(16 * 1024))).status).not.toBe(413);
      }
    });

    it("every page carries the same strict headers", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      const pages = ["/login", RESET, link, FORM, `${RESET}?notice=open_link_again`, "/nowhere"];
      for (const page of pages) {
        expectStrictHeaders(await client.get(page));
        expectStrictHeaders(await client.send("HEAD", page));
        expectStrictHeaders(await client.get(page, { Origin: "https://evil.example" }));
      }
      expectStrictHeaders(await client.post(RESET, { email: "?" }));
      expectStrictHeaders(await client.post(FORM, both("1234567")));
      expectStrictHeaders(await client.post(link, both("1234567")));
      for (const page of [link, `${link}/x`, `${RESET}/%`]) {
        expect((await client.get(page)).headers["referrer-policy"]).toBe("no-referrer");
      }
      for (const page of ["/login", "/password_reset", FORM]) {
        const { body, headers } = await client.get(page);
        expect(body).not.toMatch(/<script|\son\w+=|style="|https?:\/\/(?!www\.w3\.org)/);
        expect(headers["referrer-policy"]).toBe("same-origin");
      }
    });

    it("CVE-2017-8295, CVE-2012-4520, CVE-2025-64101: no header gets into a link or a redirect", async () => {
      const { app, client, mike } = await launch();
      const poison = {
        Host: "app.test:80@evil.test",
        Forwarded: "host=evil.test;proto=https",
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Proto": "https://evil.test/?",
        "X-Forwarded-Server": "evil.test",
        "X-Host": "evil.test",
        "X-Original-URL": "/evil.test",
        "X-Rewrite-URL": "/evil.test",
        Referer: "https://evil.test/",
        Origin: "https://evil.test",
      };
      const asked = await client.send("POST", "/password_reset", {
        form: [
          ["email", mike.email],
          ["redirect_uri", "https://evil.test"],
          ["next", "//evil.test"],
          ["to", "eve@evil.test"],
        ],
        headers: { ...poison, "Sec-Fetch-Site": "same-origin" },
      });
      expect(asked.status).toBe(200);
      const link = await linkTo(app, mike.email);
      expect(link).toMatch(new RegExp(`^${app.origin}/password_reset/[\\w-]{43}$`));
      expect(JSON.stringify(await app.mails())).not.toContain("evil");

      const target = `http://evil.test${new URL(link).pathname}`;
      const answers = [
        asked,
        await client.get(link, poison),
        await client.send("GET", link, { target, headers: { Host: "evil.test" } }),
        await client.get("/.well-known/change-password", poison),
        await client.get("/", poison),
      ];
      expect(JSON.stringify(answers)).not.toContain("evil");
      expect(answers.map(({ headers }) => headers.location)).toEqual([
        undefined,
        FORM,
        FORM,
        "/password_reset",
        "/login",
      ]);
    });

    it("speaks the visitor's language, on pages, in refusals and in the mail", async () => {
      const { app, mike, client } = await launch();
      const russian = { "Accept-Language": "de, ru-RU;q=0.9, en;q=0.8" };
      const page = await client.get("/password_reset", russian);
      expect(page.body).toMatch(/<html lang="ru">/);
      expect(page.body).toContain("Прислать ссылку");
      await client.post("/password_reset", { email: mike.email }, russian);
      const [mail] = await mailsTo(app, mike.email, "reset_link");
      expect(mail?.subject).toMatch(/[а-я]/);
      const form = await client.follow(await client.get(await linkTo(app, mike.email)));
      const handle = handleIn(form);
      const refused = await client.post(FORM, { ...both("1234567"), handle }, russian);
      expect(errorAt(refused, "password")).toMatch(/[а-я]/);
      expect((await client.get("/password_reset", { "Accept-Language": "fr" })).body).toContain('lang="en"');
    });
  });
}
