import { memoryRateLimiter, TimeSpan } from "relatch";
import type { CodeForm, SentPageInput } from "relatch/http";
import { describe, expect, it } from "vitest";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, KEYS, MIKE } from "../../helpers/harness.ts";
import { plainPages } from "../../helpers/pages.ts";
import { type Site, type SiteOptions, site } from "../../helpers/site.ts";
import type { Answer, Client } from "../../system/http/client.ts";
import { CODE, errorAt, FORM, OPENED, RESET, SIGN_IN, submit, VERIFY } from "../../system/http/contract/helpers.ts";

// Codes over HTTP: on the pages, and in the JSON API.

const TICKET = "__Host-password_reset_ticket";
const SOME_TICKET = "A".repeat(95);

/** A site whose pages ask for a code. */
const codeSite = ({ routes, ...options }: SiteOptions = {}): Site =>
  site({ keys: KEYS, codes: true, routes: { method: "code", ...routes }, ...options });

/** Requests a code on the page, and returns that page, the code and the ticket. */
async function requestCode(its: Site, client: Client = its.client) {
  const sent = await client.post(RESET, { email: MIKE.email });
  await its.passwordReset.drain();
  return { sent, code: its.mailer.lastCode(MIKE.email) ?? "", ticket: ticketOf(sent) };
}

const ticketOf = ({ cookies }: Answer): string => /_ticket=([\w-]+)/.exec(cookies.join())?.[1] ?? "";
const changeDigit = (code: string): string => code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));

/** Expects the page with the form for the code, which says that the code was refused. */
function expectRefusedCode(answer: Answer): void {
  expect([answer.status, answer.cookies]).toEqual([400, []]);
  expect(answer.body).toContain("<title>sent</title>");
  expect(errorAt(answer, "code")).toBe("refused");
}

describe("the option method", () => {
  it('passwordResetRoutes throws for method: "code" without the option codes', () => {
    expect(() => site({ routes: { method: "code" } })).toThrow(relatchError("ERR_OPTIONS", "codes"));
    expect(() => codeSite({ codes: false })).toThrow(relatchError("ERR_OPTIONS", "codes"));
    expect(codeSite).not.toThrow();
  });

  it("passwordResetRoutes judges the codes of tenants as well, if they are declared", () => {
    const tenants = ["acme", "globex"];
    expect(() => codeSite({ tenants, codes: false })).toThrow(relatchError("ERR_OPTIONS", "codes"));
    expect(() => codeSite({ tenants })).not.toThrow();
    expect(() => codeSite({ tenants: "dynamic", routes: { basePath: RESET } })).not.toThrow();
  });

  it.each(["sms", "", null, ["code"], true])("passwordResetRoutes throws for method: %j", (method) => {
    expect(() => codeSite({ routes: { method: method as never } })).toThrow(relatchError("ERR_OPTIONS", "method"));
  });

  it("pages that ask for a link show no form for a code, and set no ticket", async () => {
    const inputs: (CodeForm | undefined)[] = [];
    const pages = { ...plainPages, sent: ({ code }: SentPageInput) => `${inputs.push(code)}` };
    const its = site({ keys: KEYS, codes: true, pages });
    const sent = await its.client.post(RESET, { email: MIKE.email });
    expect([sent.status, sent.cookies, inputs]).toEqual([200, [], [undefined]]);
    await its.passwordReset.drain();
    expect(its.mailer.lastCode(MIKE.email)).toBeUndefined();
    for (const answer of [await its.client.get(CODE), await its.client.post(CODE, { code: "01234567" })]) {
      expect([answer.status, answer.headers.location, answer.cookies]).toEqual([303, RESET, []]);
    }
  });

  it("without the option codes there is nothing at the path of the code", async () => {
    const its = site();
    for (const answer of [await its.client.get(CODE), await its.client.post(CODE, { code: "01234567" })]) {
      expect([answer.status, answer.cookies]).toEqual([404, []]);
    }
  });
});

describe("the page with the form for a code", () => {
  it("a code leads to the form for the new password, as an opened link does", async () => {
    const its = codeSite();
    const { sent, code, ticket } = await requestCode(its);
    expect(sent.status).toBe(200);
    expect(sent.cookies).toEqual([`${TICKET}=${ticket}; Max-Age=600; Path=/; HttpOnly; SameSite=Strict; Secure`]);
    expect(sent.body).not.toContain(ticket);
    expect(sent.headers["referrer-policy"]).toBe("same-origin");

    const redeemed = await its.client.post(CODE, { email: MIKE.email, code });
    expect([redeemed.status, redeemed.headers.location]).toEqual([303, OPENED]);
    expect(redeemed.cookies).toEqual([
      expect.stringMatching(/^__Host-password_reset=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
      `${TICKET}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure`,
    ]);
    const form = await its.client.follow(redeemed);
    expect(form.body).toContain("<title>new password</title>");
    const done = await submit(its.client, form, GOOD_PASSWORD);
    expect(done.headers.location).toBe(SIGN_IN);
    expect(its.users.get(MIKE.id)?.passwordHash).not.toBe(MIKE.passwordHash);
  });

  it("the link in the same email works in a browser without the ticket", async () => {
    const its = codeSite();
    await requestCode(its);
    const client = its.newClient();
    const form = await client.follow(await client.get(`${RESET}/${its.mailer.lastToken(MIKE.email)}`));
    expect((await submit(client, form, GOOD_PASSWORD)).headers.location).toBe(SIGN_IN);
  });

  it("the response is the same for an unknown address and for one over its limit", async () => {
    const its = codeSite();
    const shape = async (email: string) => {
      const { status, headers, cookies, body } = await its.newClient().post(RESET, { email });
      const { "set-cookie": _, ...rest } = headers;
      return {
        status,
        rest,
        cookies: cookies.map((line) => line.replace(/[\w-]{95}/, "T")),
        body: body.replaceAll(email, "E"),
      };
    };
    const known = await shape(MIKE.email);
    expect(known.cookies).toEqual([`${TICKET}=T; Max-Age=600; Path=/; HttpOnly; SameSite=Strict; Secure`]);
    expect(await shape(MIKE.email)).toEqual(known);
    expect(its.happened()).toContain("request_throttled:address");
    expect(await shape("nobody@example.org")).toEqual(known);
  });

  it.each([
    [1, 60],
    [14.999, 899],
    [15, 900],
  ])(
    "the ticket of a code that is valid for %d minutes stays in the browser for %d seconds",
    async (minutes, seconds) => {
      const its = codeSite({ codes: { lifetime: new TimeSpan(minutes, "m") } });
      const { sent } = await requestCode(its);
      expect(sent.cookies).toEqual([expect.stringContaining(`; Max-Age=${seconds};`)]);
    },
  );

  it("plain http on loopback has no prefix, because browsers would drop the cookie", async () => {
    const its = codeSite({ resetUrl: "http://localhost:8000/password_reset/:token" });
    const Origin = "http://localhost:8000";
    const sent = await its.client.post(RESET, { email: MIKE.email }, { Origin });
    expect(sent.cookies).toEqual([
      expect.stringMatching(/^password_reset_ticket=[\w-]{95}; Max-Age=600; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
    await its.passwordReset.drain();
    const code = its.mailer.lastCode(MIKE.email) ?? "";
    expect((await its.client.post(CODE, { code }, { Origin })).headers.location).toBe(OPENED);
  });

  it("pages are told the address, the digits and the lifetime, and nothing of the ticket", async () => {
    const inputs: SentPageInput[] = [];
    const pages = { ...plainPages, sent: (input: SentPageInput) => `${inputs.push(input)}` };
    const its = codeSite({ pages, codes: { digits: 9, lifetime: new TimeSpan(5, "m") } });
    const { ticket } = await requestCode(its);
    await its.client.post(CODE, { email: "x".repeat(5000), code: "1" });
    await its.client.post(CODE, {});
    const form = { action: CODE, digits: 9, lifetime: new TimeSpan(300_000, "ms") };
    expect(inputs.map(({ email, code }) => ({ email, code }))).toEqual([
      { email: MIKE.email, code: { ...form, isRefused: false } },
      { email: "x".repeat(320), code: { ...form, isRefused: true } },
      { email: "", code: { ...form, isRefused: true } },
    ]);
    expect(JSON.stringify(inputs)).not.toContain(ticket);
  });

  it.each<[string, (code: string) => string]>([
    ["spaces", (code) => ` ${code.slice(0, 4)} ${code.slice(4)}\t`],
    ["dashes", (code) => code.replace(/(..)/g, "$1-")],
    ["Arabic digits", (code) => code.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit)))],
  ])("a code is accepted with %s", async (_, write) => {
    const its = codeSite();
    const { code } = await requestCode(its);
    expect((await its.client.post(CODE, { code: write(code) })).headers.location).toBe(OPENED);
  });

  it("a path of the code without a form leads back to the start, and is never read as a token", async () => {
    const its = codeSite();
    await requestCode(its);
    const events = its.happened().length;
    for (const path of [CODE, `${CODE}/`, `${CODE}?notice=x`]) {
      const answer = await its.client.get(path);
      expect([answer.status, answer.headers.location, answer.cookies]).toEqual([303, RESET, []]);
    }
    expect(its.happened()).toHaveLength(events);
  });

  it("a form from another site redeems no code", async () => {
    const its = codeSite();
    const { code } = await requestCode(its);
    for (const headers of [{ Origin: "https://evil.example" }, { "Sec-Fetch-Site": "cross-site" }] as const) {
      const answer = await its.client.post(CODE, { code }, headers as Record<string, string>);
      expect([answer.status, answer.cookies]).toEqual([403, []]);
    }
    expect((await its.client.post(CODE, { code })).status).toBe(303);
  });

  it("the sixth code for one ticket is refused, even if it is right", async () => {
    const its = codeSite();
    const { code } = await requestCode(its);
    for (let attempt = 0; attempt < 5; attempt++) {
      expectRefusedCode(await its.client.post(CODE, { code: changeDigit(code) }));
    }
    expectRefusedCode(await its.client.post(CODE, { code }));
    expect(its.happened()).toContain("token_refused:too_many_attempts");
  });

  it("a code is refused once the account has changed", async () => {
    const its = codeSite();
    const { code } = await requestCode(its);
    its.users.set({ ...MIKE, passwordHash: "another-hash" });
    expectRefusedCode(await its.client.post(CODE, { code }));
  });

  it("a code is refused once it has expired", async () => {
    const its = codeSite();
    const { code } = await requestCode(its);
    its.clock.now += 600_000;
    expectRefusedCode(await its.client.post(CODE, { code }));
  });

  it("a limiter that fails is our failure, and no code is redeemed", async () => {
    const fail = async (): Promise<never> => {
      throw new Error("connect ECONNREFUSED");
    };
    let isBroken = false;
    const limiter = memoryRateLimiter();
    const its = codeSite({
      limits: {
        rateLimiter: { consume: (key, rule) => (isBroken ? fail() : limiter.consume(key, rule)) },
        onUnavailable: "allow",
      },
    });
    const { code } = await requestCode(its);
    isBroken = true;
    const answer = await its.client.post(CODE, { code });
    expect([answer.status, answer.cookies]).toEqual([503, []]);
  });

  it("an unknown address gets no ticket if unknown addresses are revealed", async () => {
    const its = codeSite({ routes: { revealUnknownAccounts: async (email) => email === MIKE.email } });
    const refused = await its.client.post(RESET, { email: "nobody@example.org" });
    expect([refused.status, refused.cookies, errorAt(refused, "email")]).toEqual([400, [], "unknown_email"]);
    expect((await requestCode(its)).ticket).toMatch(/^[\w-]{95}$/);
  });
});

/** Tickets as nobody was given them, made from one that works. */
async function listBadTickets(good: string): Promise<[string, string][]> {
  const other = codeSite({ keys: [new Uint8Array(32).fill(8)] });
  const ofOtherKey = await requestCode(other);
  const shared = { tenants: ["acme"], accounts: [{ ...MIKE, tenant: "acme" }] };
  const ofTenant = codeSite({ ...shared, visitor: { tenant: "acme" } });
  return [
    ["cut off", good.slice(0, -1)],
    ["with one more sign", `${good}A`],
    ["10 KB long", good.padEnd(10_240, "A")],
    ["all zero", SOME_TICKET],
    ["of another key", ofOtherKey.ticket],
    ["of a tenant", (await requestCode(ofTenant)).ticket],
    ["with another sign in its MAC", good.slice(0, -3) + (good.at(-3) === "A" ? "B" : "A") + good.slice(-2)],
    ["with a percent sign", "%"],
    ["empty", ""],
  ];
}

const BAD_CODES: [string, string][] = [
  ["empty", ""],
  ["letters", "ABCDEFGH"],
  ["emoji", "🔑🔑🔑🔑"],
  ["65 digits", "1".repeat(65)],
  ["8 digits among 65 signs", "1".repeat(8).padEnd(65, " ")],
  ["seven digits", "1234567"],
  ["eleven digits", "12345678901"],
  ["10 KB long", "1".repeat(10_000)],
  ["lone surrogates", "\ud800"],
  ["a zero byte", "1234567\u00008"],
];

describe("tickets and codes as they should not be", () => {
  it("no ticket but the one of the request opens anything, on the page and in the JSON API", async () => {
    const its = codeSite();
    const { code, ticket } = await requestCode(its);
    for (const [name, bad] of await listBadTickets(ticket)) {
      const answer = await its.newClient().post(CODE, { code }, { Cookie: `${TICKET}=${bad}` });
      expect(() => expectRefusedCode(answer), name).not.toThrow();
      const refused = await its.newClient().json(CODE, { ticket: bad, code });
      expect([name, refused.status, JSON.parse(refused.body).reason]).toEqual([name, 400, "invalid_or_expired_token"]);
    }
    for (const Cookie of [
      "",
      `${TICKET}=${ticket}; ${TICKET}=${ticket}`,
      `${TICKET}=${SOME_TICKET}; ${TICKET}=${ticket}`,
      `password_reset_ticket=${ticket}`,
      `__Host-password_reset=${ticket}`,
    ]) {
      expectRefusedCode(await its.newClient().post(CODE, { code }, { Cookie }));
    }
    // None of these cost an attempt.
    expect((await its.client.post(CODE, { code })).headers.location).toBe(OPENED);
  });

  it.each(BAD_CODES)("a code that is %s is refused without an attempt", async (_, bad) => {
    const its = codeSite();
    const { code, ticket } = await requestCode(its);
    for (let attempt = 0; attempt < 6; attempt++) {
      expectRefusedCode(await its.client.post(CODE, { code: bad }));
      const refused = await its.client.json(CODE, { ticket, code: bad });
      expect([refused.status, JSON.parse(refused.body).reason]).toEqual([400, "invalid_or_expired_token"]);
    }
    expect((await its.client.post(CODE, { code })).headers.location).toBe(OPENED);
  });

  it("two codes in one form are refused as a whole", async () => {
    const its = codeSite();
    const { code } = await requestCode(its);
    const answer = await its.client.post(CODE, [
      ["code", code],
      ["code", code],
    ]);
    expect(answer.status).toBe(400);
    expect(answer.cookies).toEqual([]);
  });

  it.each([null, 7, true, [], ["01234567"], {}, { code: "01234567" }, [[[]]], "", "\ud800"])(
    "the JSON API refuses the ticket, the code and the method %j",
    async (junk) => {
      const its = codeSite();
      for (const fields of [
        { ticket: junk, code: "01234567" },
        { ticket: SOME_TICKET, code: junk },
        { ticket: junk, code: junk },
      ]) {
        const answer = await its.client.json(CODE, fields);
        expect([answer.status, JSON.parse(answer.body).reason]).toEqual([400, "invalid_or_expired_token"]);
      }
      const asked = await its.client.json(RESET, { email: MIKE.email, method: junk });
      expect([asked.status, JSON.parse(asked.body).reason]).toEqual([400, "invalid_request"]);
      await its.passwordReset.drain();
      expect([its.mailer.sent, its.faults]).toEqual([[], []]);
    },
  );
});

describe("codes in the JSON API", () => {
  it("the JSON API offers links and codes, whatever the pages ask for, and without pages", async () => {
    for (const options of [{}, { routes: { method: "link" } }, { pages: false }] as const) {
      const its = codeSite(options);
      const sent = await its.client.json(RESET, { email: MIKE.email, method: "code" });
      expect([sent.status, JSON.parse(sent.body), sent.cookies]).toEqual([
        200,
        { ok: true, ticket: expect.stringMatching(/^[\w-]{95}$/) },
        [],
      ]);
      await its.passwordReset.drain();
      const code = its.mailer.lastCode(MIKE.email);
      const redeemed = await its.client.json(CODE, { ticket: JSON.parse(sent.body).ticket, code });
      expect([redeemed.status, JSON.parse(redeemed.body), redeemed.cookies]).toEqual([
        200,
        { ok: true, token: expect.stringMatching(/^[\w-]{43}$/) },
        [],
      ]);
      const { token } = JSON.parse(redeemed.body);
      const verified = await its.client.json(VERIFY, { token });
      expect(JSON.parse(verified.body)).toMatchObject({ ok: true, email: MIKE.email });
      for (const method of ["link", undefined]) {
        const asked = await its.client.json(RESET, { email: MIKE.email, method });
        expect([asked.status, JSON.parse(asked.body)]).toEqual([200, { ok: true }]);
      }
    }
  });

  it("the JSON API reads no ticket from a cookie", async () => {
    const its = codeSite();
    const { code, ticket } = await requestCode(its);
    const refused = await its.client.json(CODE, { code }, { Cookie: `${TICKET}=${ticket}` });
    expect([refused.status, refused.cookies]).toEqual([400, []]);
  });

  it("a refused code is called a code and not a link", async () => {
    const its = codeSite();
    const refused = await its.client.json(CODE, { ticket: SOME_TICKET, code: "01234567" });
    expect(JSON.parse(refused.body)).toEqual({
      title: "Bad Request",
      status: 400,
      detail: "This code is wrong or no longer works. Check it, or get a new one.",
      reason: "invalid_or_expired_token",
    });
  });

  it('without the option codes, method: "code" is refused before anything is asked', async () => {
    const its = site();
    const refused = await its.client.json(RESET, { email: MIKE.email, method: "code" });
    expect([refused.status, JSON.parse(refused.body).reason]).toEqual([400, "invalid_request"]);
    const lost = await its.client.json(CODE, { ticket: SOME_TICKET, code: "01234567" });
    expect([lost.status, JSON.parse(lost.body).reason]).toEqual([404, "not_found"]);
    await its.passwordReset.drain();
    expect([its.mailer.sent, its.events, its.faults]).toEqual([[], [], []]);
  });

  it("the path of the code allows POST alone without pages, and the methods of pages with them", async () => {
    for (const [pages, allow] of [
      [false, "POST"],
      [plainPages, "GET, HEAD, POST"],
    ] as const) {
      const its = codeSite({ pages });
      for (const method of ["PUT", "DELETE", "OPTIONS"]) {
        const answer = await its.client.send(method, CODE);
        expect([answer.status, answer.headers.allow]).toEqual([405, allow]);
      }
    }
  });

  it("a tenant's code is redeemed with the tenant's ticket only", async () => {
    const tenants = ["acme", "globex"];
    const accounts = tenants.map((tenant) => ({ ...MIKE, id: tenant, tenant }));
    const visitor = { tenant: "acme" };
    const its = codeSite({ tenants, accounts, visitor });
    const { code, ticket } = await requestCode(its);
    const at = async (tenant: string) => {
      const init = {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ticket, code }),
      };
      return its.routes.handle(new Request(`https://app.example.com${CODE}`, init), { ip: false, tenant });
    };
    expect((await at("globex")).status).toBe(400);
    expect((await at("acme")).status).toBe(200);
  });
});

it("the address of the form for a new password contains neither the code nor the token", async () => {
  const its = codeSite();
  const { code } = await requestCode(its);
  const redeemed = await its.client.post(CODE, { code });
  expect(redeemed.headers.location).toBe(`${FORM}?opened=1`);
  expect(redeemed.body).toBe("");
});
