import { describe, expect, it } from "vitest";
import {
  both,
  errorAt,
  expectPassword,
  expectPlainProblem,
  expectRefusal,
  expectStrictHeaders,
  FORM,
  handleIn,
  type Launch,
  linkTo,
  mailsTo,
  NEW_PASSWORD,
  noticeAt,
  openForm,
  RESET,
  requestLink,
  SIGN_IN,
  SOME_TOKEN,
} from "./helpers.ts";

const LINK = `${RESET}/${SOME_TOKEN}`;

/** Tests which requests are refused before they are read, and the headers of every response. */
export function doorContract(name: string, launch: Launch): void {
  describe(`${name}: at the door`, () => {
    it.each([RESET, FORM, LINK])("%s refuses other methods, types and sizes", async (path) => {
      const { client } = await launch();
      const headers = { "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded" };
      for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const answer = await client.send(method, path, { headers });
        expectPlainProblem(answer, 405);
        expect(answer.headers.allow).toBe("GET, HEAD, POST");
      }
      for (const type of [
        ...["", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencodedx"],
        ...["application/x-www-form-urlencoded; charset=utf-16", "text/plain; application/x-www-form-urlencoded"],
        `application/x-www-form-urlencoded;${" ".repeat(300)}charset=utf-16`,
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
        const send = (body: string) => client.send("POST", path, { headers: { ...headers, ...chunked }, body });
        expectPlainProblem(await send(filled(16 * 1024 + 1)), 413);
        expect((await send(filled(16 * 1024))).status).not.toBe(413);
      }
    });

    it("a form is accepted only from a page of this very origin", async () => {
      const { app, mike, client, visitor } = await launch();
      const { origin } = app;
      const form = await openForm(app, client, mike);
      const fields = { ...both(NEW_PASSWORD), handle: handleIn(form) };
      const { hostname } = new URL(origin);
      const others = [
        { Origin: "null" },
        { Origin: "null", "Sec-Fetch-Site": "same-origin" },
        { Origin: "https://evil.example", "Sec-Fetch-Site": "same-origin" },
        ...[`${origin}/`, `${origin}.evil.example`, origin.toUpperCase(), `${origin}:1`, `evil-${hostname}`].map(
          (Origin) => ({ Origin }),
        ),
        { Origin: `${origin}, ${origin}` },
        { Origin: `https://sub.${hostname}`, "Sec-Fetch-Site": "same-site" },
        ...["cross-site", "same-site", "none", "", "same-origin, same-origin"].map((site) => ({
          "Sec-Fetch-Site": site,
        })),
        {},
        { Referer: `${origin}${FORM}` },
        { Host: new URL(origin).host },
      ];
      for (const headers of others) {
        for (const path of [RESET, FORM, LINK]) {
          const type = "application/x-www-form-urlencoded";
          const body = String(new URLSearchParams({ ...fields, email: mike.email }));
          const answer = await client.send("POST", path, { headers: { "Content-Type": type, ...headers }, body });
          expectPlainProblem(answer, 403);
        }
      }
      expect(await mailsTo(app, mike.email, "reset_link")).toHaveLength(1);
      await expectPassword(visitor(), mike);
      // The origin is what counts. Proxies of some companies strip or change the other header.
      const done = await client.post(FORM, fields, { Origin: origin, "Sec-Fetch-Site": "same-site" });
      expect(done.headers.location).toBe(SIGN_IN);
    });

    it("every page has the same strict headers", async () => {
      const { app, mike, client } = await launch();
      const link = await requestLink(app, client, mike);
      for (const page of [
        RESET,
        link,
        FORM,
        noticeAt("open_link_again"),
        `${RESET}/x/y`,
        "/.well-known/change-password",
      ]) {
        expectStrictHeaders(await client.get(page));
        expectStrictHeaders(await client.get(page, { Origin: "https://evil.example" }));
        const head = await client.send("HEAD", page);
        expectStrictHeaders(head);
        expect(head.body).toBe("");
      }
      expectStrictHeaders(await client.post(RESET, { email: "?" }));
      expectStrictHeaders(await client.post(FORM, both("1234567")));
      expectStrictHeaders(await client.post(link, both("1234567")));
      for (const page of [link, `${link}/x`, `${RESET}/%`, `${RESET}/verify`]) {
        expect((await client.get(page)).headers["referrer-policy"]).toBe("no-referrer");
      }
      for (const page of [RESET, FORM]) {
        const { body, headers } = await client.get(page);
        expect(body).not.toMatch(/<script|\son\w+=|\sstyle="|https?:\/\/(?!www\.w3\.org)/);
        expect(headers["referrer-policy"]).toBe("same-origin");
      }
    });

    it("nothing of a request but its path leads to another place", async () => {
      const { app, mike, client } = await launch();
      const headers = { Host: "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https" };
      const link = await requestLink(app, client, mike);
      for (const path of [
        link,
        FORM,
        `${RESET}/x`,
        `${RESET}?notice=https://evil.example`,
        "/.well-known/change-password",
      ]) {
        const answer = await client.get(path, {
          ...headers,
          Referer: "https://evil.example/",
          "X-Original-URL": "/evil",
        });
        expect(JSON.stringify([answer.headers, answer.body])).not.toContain("evil");
      }
    });

    it("pages, refusals and emails are in the visitor's language", async () => {
      const { app, mike, client } = await launch();
      const russian = { "Accept-Language": "de, ru-RU;q=0.9, en;q=0.8" };
      const page = await client.get(RESET, russian);
      expect(page.body).toMatch(/<html lang="ru"/);
      await client.post(RESET, { email: mike.email }, russian);
      const [mail] = await mailsTo(app, mike.email, "reset_link");
      expect(mail?.subject).toMatch(/[а-я]/);
      const form = await client.follow(await client.get(await linkTo(app, mike.email)));
      const refused = await client.post(FORM, { ...both("1234567"), handle: handleIn(form) }, russian);
      expect(errorAt(refused, "password")).toMatch(/[а-я]/);
      expect((await client.get(RESET, { "Accept-Language": "fr" })).body).toContain('lang="en"');
    });
  });
}
