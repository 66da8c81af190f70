import type { RequestListener } from "node:http";
import { expect, vi } from "vitest";
import { MIKE } from "../helpers/harness.ts";
import type { Answer } from "../system/http/client.ts";
import {
  both,
  COMPLETE,
  FORM,
  handleIn,
  NEW_PASSWORD,
  RESET,
  submit,
  VERIFY,
} from "../system/http/contract/helpers.ts";
import { MARKUP } from "./helpers/email.ts";
import { everyFlawOf, flaw, flawOverHttp, inOrder, kinds, override } from "./helpers/flaw.ts";
import { bytesOf, type Front } from "./helpers/front.ts";

// The reset page runs nothing that somebody else wrote, and does nothing that somebody else asked for.

const PAYLOADS = [...MARKUP, "javascript:alert(1)", "' onfocus='alert(1)", "\u2028alert(1)", "*/alert(1)/*"];
/** Returns a string as a page has to write it, apart from the code of the pages. */
const asText = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/(?![\t\r\n])\p{Cc}/gu, "\ufffd");

/** Expects that nothing in it can run or load. */
function expectInert({ headers, body }: Answer): void {
  const policy = String(headers["content-security-policy"]);
  expect(policy).toMatch(/^default-src 'none';.*form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/);
  expect(policy).not.toMatch(/unsafe|script-src|\*|https?:/);
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(body).not.toMatch(/<script|\son[a-z]+\s*=|javascript:/i);
}

/** The mistake: a page repeats the URL as it came. */
const repeats = {
  wrap:
    (inner: RequestListener): RequestListener =>
    (request, response) => {
      const url = decodeURIComponent(request.url ?? "");
      return request.method === "GET" && url !== FORM ? response.end(`<p>${url}</p>`) : inner(request, response);
    },
};

flawOverHttp("CVE-2025-68115", "Junk tokens get one inert response", { mistake: repeats }, async (app) => {
  const answers = await inOrder(
    PAYLOADS.map((token) => async () => {
      const visitor = app.visitor();
      const ways = [
        await visitor.get(`${RESET}/${encodeURIComponent(token)}`),
        await visitor.post(`${RESET}/${encodeURIComponent(token)}`, both(NEW_PASSWORD)),
        await visitor.get(FORM, { Cookie: `__Host-password_reset=${encodeURIComponent(token)}` }),
        await visitor.json(VERIFY, { token }),
        await visitor.json(COMPLETE, { token, newPassword: NEW_PASSWORD }),
      ];
      for (const answer of ways) expectInert(answer);
      return ways.map(bytesOf);
    }),
  );
  expect(kinds(answers)).toHaveLength(1);
});

/** The mistake: what was typed is accepted, and is in no field. */
const acceptsAll = override(() => ({ requestReset: async () => ({ ok: true }) }));

flawOverHttp("CVE-2021-21332", "What was typed comes back as text in its field", acceptsAll, async (app) => {
  const plain = await app.visitor().post(RESET, { email: "MARK" });
  expect(plain.body.split("MARK")).toHaveLength(2);
  for (const payload of PAYLOADS) {
    const answer = await app.visitor().post(RESET, { email: payload });
    expect([payload, answer.status]).toEqual([payload, 400]);
    expect(answer.body).toBe(plain.body.replace("MARK", () => asText(payload)));
    expect(answer.headers["content-security-policy"]).toBe(plain.headers["content-security-policy"]);
  }
});

// ── Requests of other sites ───────────────────────────────────────────────────────────────────────────────

/** A browser in which the link was opened, and what its form would send. */
async function victim(app: Front) {
  const token = await app.requestToken();
  await app.client.get(`${RESET}/${token}`);
  const handle = handleIn(await app.client.get(FORM));
  expect(handle).not.toBe("");
  const fields = { handle, token, newPassword: NEW_PASSWORD, email: MIKE.email };
  return { client: app.client, form: { ...fields, ...both(NEW_PASSWORD) }, token };
}
const spies = ({ users, tokens, hasher }: Front) => [
  ...[vi.spyOn(users, "findByEmail"), vi.spyOn(users, "replacePasswordHash"), vi.spyOn(tokens, "save")],
  ...[vi.spyOn(tokens, "deleteByUser"), vi.spyOn(hasher, "hash")],
];

const STRANGE: Record<string, string>[] = [
  ...["cross-site", "same-site", "none"].map((site) => ({ "Sec-Fetch-Site": site })),
  ...["https://app.example.com.evil.example", "https://evil.example/app.example.com", "http://app.example.com"].map(
    (origin) => ({ Origin: origin }),
  ),
  ...[{ Origin: "null" }, { "Sec-Fetch-Site": "", Origin: "https://evil.example" }],
  // The origin decides, if there is one.
  { "Sec-Fetch-Site": "same-origin", Origin: "https://evil.example" },
];

/** The mistake: every request counts as one of the own pages, and a GET as a POST. */
const trusts = {
  wrap:
    (inner: RequestListener): RequestListener =>
    (request, response) => {
      request.headers["sec-fetch-site"] = "same-origin";
      if (request.method === "GET" && request.url?.includes("_method")) request.method = "POST";
      inner(request, response);
    },
};

flawOverHttp("CVE-2023-38759", "A request of another site does nothing", { mistake: trusts }, async (app) => {
  const { client, form, token } = await victim(app);
  const watched = spies(app);
  for (const headers of [...STRANGE, {}]) {
    for (const path of [RESET, FORM, `${RESET}/${token}`]) {
      const { status } = await client.send("POST", path, { headers, form });
      expect([headers, path, status]).toEqual([headers, path, 403]);
    }
  }
  // JSON that does not say where it comes from is sent by programs, because no browser leaves both headers out.
  for (const headers of STRANGE) {
    for (const path of [RESET, VERIFY, COMPLETE]) {
      const { status } = await client.send("POST", path, { headers, json: form });
      expect([headers, path, status]).toEqual([headers, path, 403]);
    }
  }
  for (const spy of watched) expect(spy).not.toHaveBeenCalled();
  expect((await client.post(FORM, form)).headers.location).toBe("/login?notice=password_set");
});

/** The mistake: looking at a link deletes it. */
const spends = override((core, { tokens }) => ({
  async verifyToken({ token }) {
    const result = await core.verifyToken({ token });
    if (result.ok) await tokens.deleteByUser(result.userId);
    return result;
  },
}));

flaw("X5", "Looking at a link and refused passwords never use it up", spends, async (app) => {
  const token = await app.requestToken();
  const results = await inOrder(new Array(100).fill(() => app.passwordReset.verifyToken({ token })));
  expect(kinds(results)).toEqual([expect.stringContaining('"ok":true')]);
  for (const newPassword of [undefined, "", "short", "password1", MIKE.email, "x".repeat(5000)]) {
    const result = await app.passwordReset.completeReset({ token, newPassword });
    expect(result).toMatchObject({ ok: false, reason: "password_rejected" });
  }
  const result = await app.passwordReset.completeReset({ token, newPassword: NEW_PASSWORD });
  expect(result).toMatchObject({ ok: true });
});

flawOverHttp("X5", "A scanner leaves a link valid", spends, async (app) => {
  const token = await app.requestToken();
  const link = `${RESET}/${token}`;
  const scanner = app.visitor();
  for (const method of ["HEAD", "OPTIONS", ...new Array<string>(20).fill("GET")]) await scanner.send(method, link);
  const handle = handleIn(await scanner.get(FORM));
  for (const fields of [{}, { handle }, { handle, ...both("") }, { handle, password: "x" }]) {
    await scanner.post(FORM, fields as Record<string, string>);
    await scanner.post(link, fields as Record<string, string>);
  }
  await scanner.json(VERIFY, { token });
  await scanner.json(COMPLETE, { token });
  const owner = app.visitor();
  const page = await owner.follow(await owner.get(link));
  expect((await submit(owner, page, NEW_PASSWORD)).headers.location).toBe("/login?notice=password_set");
  expect((await scanner.json(VERIFY, { token })).status).toBe(400);
});

everyFlawOf("k-page");
