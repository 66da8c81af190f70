import { expect, test, vi } from "vitest";
import { createViews } from "../../examples/shared/views.ts";
import type { Answer, Client } from "../e2e/client.ts";
import {
  both,
  COMPLETE,
  FORM,
  handleIn,
  linkTo,
  NEW_PASSWORD,
  RESET,
  requestLink,
  SOME_TOKEN,
  submit,
  tokenIn,
  VERIFY,
} from "../e2e/contract/helpers.ts";
import { harness, MIKE } from "../harness.ts";
import { type Front, overHttp, overRoutes } from "./helpers/adapters.ts";
import { bytesOf, kinds } from "./helpers/answers.ts";
import { flaw, flawsOf } from "./helpers/flaw.ts";
import { inOrder } from "./helpers/front.ts";
import { LINE_BREAKS, LINKS, MARKUP } from "./helpers/hostile.ts";

// The reset page runs nothing that somebody else wrote, and does nothing that somebody else asked for.

const PAYLOADS = [...MARKUP, "javascript:alert(1)", "' onfocus='alert(1)", "\u2028alert(1)", "*/alert(1)/*"];

/** As a page has to write a text: nothing of it is markup any more. Written here once more, apart from the pages. */
const asText = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[sign] ?? "",
  );

/** It lets nothing run and load, whatever stood in it. */
function expectInert({ headers, body }: Answer): void {
  const policy = String(headers["content-security-policy"]);
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).toMatch(/form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/);
  expect(policy).not.toMatch(/unsafe|script-src|\*|https?:/);
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(body).not.toMatch(/<script|\son[a-z]+\s*=|javascript:/i);
}

flaw("CVE-2025-68115", () => {
  overRoutes("a token is not repeated: all that are none get one answer", async (app) => {
    const answers = await inOrder(
      PAYLOADS.map((token) => async () => {
        const visitor = app.visitor();
        const ways = [
          await visitor.get(`${RESET}/${encodeURIComponent(token)}`),
          await visitor.post(`${RESET}/${encodeURIComponent(token)}`, both(NEW_PASSWORD)),
          await visitor.get(FORM, { Cookie: `__Secure-password_reset=${encodeURIComponent(token)}` }),
          await visitor.json(VERIFY, { token }),
          await visitor.json(COMPLETE, { token, password: NEW_PASSWORD }),
        ];
        for (const answer of ways) expectInert(answer);
        return ways.map(bytesOf);
      }),
    );
    expect(kinds(answers)).toHaveLength(1);
  });

  overRoutes(
    "a token that is one is not in the page either: the cookie has it, out of reach of any script",
    async (app) => {
      const token = await app.requestToken();
      const opened = await app.client.get(`${RESET}/${token}`);
      expect(opened.cookies[0]).toMatch(/; HttpOnly/);
      const form = await app.client.follow(opened);
      const refused = await submit(app.client, form, "short");
      for (const page of [form, refused]) {
        expectInert(page);
        expect(page.body).not.toContain(token);
        expect(page.body).toContain(MIKE.email);
      }
    },
  );

  test("an address on file, a handle, a sentence of a rule, the application's name: all of them are text", () => {
    const site = { homePath: "/", loginPath: "/l", logoutPath: "/o", resetPath: "/r", inboxPath: undefined };
    const pageOf = (words: string) =>
      createViews({ ...site, appName: words, passwordMinLength: 8 }).form({
        locale: words,
        action: "/r",
        handle: words,
        email: words,
        violations: [words, words],
        mismatch: true,
      });
    const plain = pageOf("MARK");
    expect(plain.split("MARK").length).toBeGreaterThan(6);
    for (const payload of PAYLOADS) {
      expect(pageOf(payload)).toBe(plain.replaceAll("MARK", () => asText(payload)));
    }
  });
});

flaw("CVE-2021-21332", () => {
  const repeated = (app: Front, email: string) => app.visitor().post(RESET, { email });

  overRoutes("what was typed comes back as text, in the field it was typed into", async (app) => {
    const plain = await repeated(app, "MARK");
    expect(plain.body.split("MARK")).toHaveLength(2);
    for (const payload of PAYLOADS) {
      const answer = await repeated(app, payload);
      expect([payload, answer.status]).toEqual([payload, 400]);
      // A form puts its own line ends into a text.
      expect(answer.body).toBe(plain.body.replace("MARK", () => asText(payload)));
      expect(String(answer.headers["content-security-policy"])).toBe(
        plain.headers["content-security-policy"],
      );
    }
  });

  overRoutes("no other parameter comes back at all", async (app) => {
    const names = [
      "notice",
      "error",
      "message",
      "email",
      "token",
      "name",
      "handle",
      "next",
      "locale",
      "title",
    ];
    const answers = await inOrder(
      ["x", ...PAYLOADS].map((payload) => async () => {
        const fields = Object.fromEntries(names.map((name) => [name, payload]));
        const query = new URLSearchParams(fields);
        const ways = [
          await app.visitor().get(`${RESET}?${query}`),
          await app.visitor().get(`${FORM}?${query}`),
          await app.visitor().post(`${RESET}?${query}`, { ...fields, email: "none" }),
          await app.visitor().post(FORM, fields),
          await app.visitor().json(RESET, fields),
          await app.visitor().json(VERIFY, fields),
          await app.visitor().send("PATCH", `${RESET}?${query}`),
          await app
            .visitor()
            .get(RESET, { "Accept-Language": encodeURI(payload), Referer: encodeURI(payload) }),
        ];
        for (const answer of ways) expectInert(answer);
        return ways.map(bytesOf);
      }),
    );
    expect(kinds(answers)).toHaveLength(1);
  });

  overRoutes("a redirect leads to a fixed path, whatever was asked for", async (app) => {
    const targets = new Set<string | undefined>();
    for (const payload of [...LINKS, ...LINE_BREAKS]) {
      const text = encodeURIComponent(payload);
      for (const path of [
        `${RESET}/${text}`,
        `${FORM}?next=${text}`,
        `/.well-known/change-password?next=${text}`,
      ]) {
        targets.add((await app.visitor().get(path)).headers.location);
      }
    }
    expect([...targets].sort()).toEqual(
      [RESET, `${RESET}?notice=invalid_or_expired_token`, `${RESET}?notice=open_link_again`].sort(),
    );
  });
});

/** Everything that a request could be after. */
const spies = ({ users, tokens, hasher, passwordReset: _ }: Front) => [
  vi.spyOn(users, "findByEmail"),
  vi.spyOn(users, "replacePasswordHash"),
  vi.spyOn(tokens, "save"),
  vi.spyOn(tokens, "deleteByUser"),
  vi.spyOn(hasher, "hash"),
];

flaw("CVE-2023-38759", () => {
  /** A browser in which the link was opened, and what its form would send. */
  async function victim(
    app: Front,
  ): Promise<{ client: Client; form: Record<string, string>; token: string }> {
    const token = await app.requestToken();
    await app.client.get(`${RESET}/${token}`);
    const handle = handleIn(await app.client.get(FORM));
    expect(handle).not.toBe("");
    return { client: app.client, form: { handle, ...both(NEW_PASSWORD) }, token };
  }

  const strange: [string, Record<string, string>][] = [
    ["another site", { "Sec-Fetch-Site": "cross-site" }],
    ["a sister site", { "Sec-Fetch-Site": "same-site" }],
    ["no site at all", { "Sec-Fetch-Site": "none" }],
    ["another origin", { "Sec-Fetch-Site": "", Origin: "https://evil.example" }],
    ["a part of ours", { Origin: "https://app.example.com.evil.example" }],
    ["our name in front", { Origin: "https://evil.example/app.example.com" }],
    ["our host at http", { Origin: "http://app.example.com" }],
    ["an origin that is hidden", { Origin: "null" }],
    ["nobody knows where", {}],
    ["its own origin, but crossing", { "Sec-Fetch-Site": "cross-site", Origin: "https://app.example.com" }],
  ];

  overRoutes("a form that comes from anywhere else does nothing", async (app) => {
    const { client, form, token } = await victim(app);
    const watched = spies(app);
    for (const [whence, headers] of strange) {
      for (const path of [RESET, FORM, `${RESET}/${token}`]) {
        const answer = await client.send("POST", path, { headers, form: { ...form, email: MIKE.email } });
        expect([whence, path, answer.status]).toEqual([whence, path, 403]);
      }
    }
    // JSON without a word on where it comes from is sent by programs: no browser leaves both headers out.
    for (const [whence, headers] of strange.filter(([, said]) => Object.keys(said).length > 0)) {
      for (const path of [RESET, VERIFY, COMPLETE]) {
        const json = { token, password: NEW_PASSWORD, email: MIKE.email };
        const answer = await client.send("POST", path, { headers, json });
        expect([whence, path, answer.status]).toEqual([whence, path, 403]);
      }
    }
    for (const spy of watched) expect(spy).not.toHaveBeenCalled();
    expect(app.users.get(MIKE.id)?.passwordHash).toBe(MIKE.passwordHash);
    // The control: from its own page it does.
    const own = await client.post(FORM, form);
    expect(own.headers.location).toBe("/login?notice=password_set");
  });

  overRoutes("nor one of a type that a form of another site could send without asking", async (app) => {
    const { client, form, token } = await victim(app);
    const body = JSON.stringify({ token, password: NEW_PASSWORD, email: MIKE.email });
    const types = [
      "text/plain",
      "text/plain;x=application/json",
      "multipart/form-data; boundary=x",
      "",
      "*/*",
    ];
    for (const type of [...types, "application/x-www-form-urlencoded"]) {
      for (const path of [VERIFY, COMPLETE]) {
        const headers: Record<string, string> = type === "" ? {} : { "Content-Type": type };
        expect((await client.send("POST", path, { headers, body })).status).toBe(415);
      }
    }
    for (const type of types) {
      const headers = { "Sec-Fetch-Site": "same-origin", "Content-Type": type };
      const answer = await client.send("POST", FORM, { headers, body: String(new URLSearchParams(form)) });
      expect(answer.status).toBe(415);
    }
    expect(app.users.get(MIKE.id)?.passwordHash).toBe(MIKE.passwordHash);
  });

  overRoutes("GET and HEAD change nothing, whatever they carry", async (app) => {
    const { client, form, token } = await victim(app);
    const watched = spies(app);
    const query = new URLSearchParams({ ...form, token, email: MIKE.email, _method: "POST" });
    for (const method of ["GET", "HEAD"]) {
      for (const path of [RESET, FORM, VERIFY, COMPLETE, `${RESET}/${token}`]) {
        const headers = { "Sec-Fetch-Site": "same-origin", "X-HTTP-Method-Override": "POST" };
        await client.send(method, `${path}?${query}`, { headers });
      }
    }
    for (const spy of watched) expect(spy).not.toHaveBeenCalled();
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
  });
});

flaw("X5", () => {
  test("verifyToken spends nothing, however often it is asked", async () => {
    const app = harness();
    const token = await app.requestToken();
    const writes = [
      vi.spyOn(app.tokens, "save"),
      vi.spyOn(app.tokens, "deleteByUser"),
      vi.spyOn(app.users, "replacePasswordHash"),
    ];
    const answers = await inOrder(
      Array.from({ length: 100 }, () => () => app.passwordReset.verifyToken(token)),
    );
    expect(kinds(answers)).toEqual([expect.stringContaining('"ok":true')]);
    for (const newPassword of [undefined, "", "short", "password1", MIKE.email, "x".repeat(5000)]) {
      const result = await app.passwordReset.completeReset({ token, newPassword });
      expect(result).toMatchObject({ ok: false, reason: "password_rejected" });
    }
    for (const write of writes) expect(write).not.toHaveBeenCalled();
    expect(await app.passwordReset.completeReset({ token, newPassword: NEW_PASSWORD })).toMatchObject({
      ok: true,
    });
  });

  overHttp(
    "a scanner opens it, follows it, and submits what it finds: the link is as it was",
    async ({ app, client, visitor, mike }) => {
      const link = await requestLink(app, client, mike);
      const scanner = visitor();
      for (const method of ["HEAD", "OPTIONS", ...new Array<string>(20).fill("GET")])
        await scanner.send(method, link);
      const form = await scanner.get(FORM);
      const handle = handleIn(form);
      for (const fields of [{}, { handle }, { handle, ...both("") }, { handle, password: "x" }]) {
        await scanner.post(FORM, fields);
        await scanner.post(link, fields);
      }
      await scanner.json(VERIFY, { token: tokenIn(link) });
      await scanner.json(COMPLETE, { token: tokenIn(link) });
      expect(await linkTo(app, mike.email)).toBe(link);

      const owner = visitor();
      const page = await owner.follow(await owner.get(link));
      expect((await submit(owner, page, NEW_PASSWORD)).headers.location).toBe("/login?notice=password_set");
      expect((await scanner.json(VERIFY, { token: tokenIn(link) })).status).toBe(400);
    },
  );

  overRoutes("nor does an unknown link lead anywhere but back", async ({ client }) => {
    for (const method of ["GET", "HEAD"]) {
      const answer = await client.send(method, `${RESET}/${SOME_TOKEN}`);
      expect([answer.status, answer.cookies]).toEqual([303, []]);
    }
  });
});

flawsOf("k-page");
