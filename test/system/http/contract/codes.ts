import type { SecondFactor } from "relatch";
import { describe, expect } from "vitest";
import type { Client } from "../client.ts";
import type { Account, RunningApp } from "../http-contract.ts";
import {
  attributesOf,
  both,
  CODE,
  COMPLETE,
  comparable,
  errorAt,
  expectJson,
  expectPassword,
  expectPlainProblem,
  expectRefusal,
  expectStrictHeaders,
  FORM,
  handleIn,
  isDeleted,
  itAlone,
  type Launch,
  linkTo,
  mailsTo,
  NEW_PASSWORD,
  OPENED,
  openForm,
  RESET,
  requestToken,
  SIGN_IN,
  secureAt,
  submit,
  ticketAt,
  VERIFY,
} from "./helpers.ts";

const SOME_TICKET = "A".repeat(95);
const REFUSED = [400, "invalid_or_expired_token"] as const;

/** Returns the code in the newest email to this address. */
async function codeTo(app: RunningApp, { email }: Account): Promise<string> {
  const [mail] = await mailsTo(app, email, "reset_code");
  const code = mail?.text.match(/^\s*(\d[\d ]{6,12}\d)\s*$/m)?.[1];
  if (!code) throw new Error(`No code was sent to ${email}.`);
  return code;
}

const wrong = (code: string): string => code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));

/** Tests the reset with a code: on the pages, and as JSON. */
export function codesContract(name: string, launch: Launch): void {
  describe(`${name}: with a code`, () => {
    const it = itAlone(launch);

    it("a code that is typed on the page leads to the form, and sets the password once", async () => {
      const { app, mike, client, visitor } = await launch({ codes: true });
      const sent = await client.post(RESET, { email: mike.email });
      expectStrictHeaders(sent);
      expect([sent.status, sent.cookies.length]).toEqual([200, 1]);
      expect(sent.cookies[0]).toMatch(new RegExp(`^${ticketAt(app)}=[\\w-]{95};`));
      expect(attributesOf(sent.cookies[0])).toEqual({
        ...{ "Max-Age": "600", Path: "/", HttpOnly: true, SameSite: "Strict" },
        ...secureAt(app),
      });
      const code = await codeTo(app, mike);

      const refused = await client.post(CODE, { email: mike.email, code: wrong(code) });
      expectPlainProblem(refused, 400);
      expect(errorAt(refused, "code")).toBeTruthy();
      expect([refused.cookies, refused.body.includes(mike.email)]).toEqual([[], true]);

      const redeemed = await client.post(CODE, { email: mike.email, code });
      expect([redeemed.status, redeemed.headers.location]).toEqual([303, OPENED]);
      expect(redeemed.cookies).toHaveLength(2);
      expect(redeemed.cookies.filter((line) => isDeleted(line))).toEqual([expect.stringContaining(ticketAt(app))]);
      const done = await submit(client, await client.follow(redeemed), NEW_PASSWORD);
      expect(done.headers.location).toBe(SIGN_IN);
      await expectPassword(visitor(), { ...mike, password: NEW_PASSWORD });
      // Neither the code nor the link of the same email does anything now.
      expect(errorAt(await client.post(CODE, { code }), "code")).toBeTruthy();
      expect((await client.get(FORM)).headers.location).toBe(`${RESET}?notice=open_link_again`);
    });

    it("the link in the email works without the browser that asked for it", async () => {
      const { app, mike, client, visitor } = await launch({ codes: true });
      await client.post(RESET, { email: mike.email });
      const elsewhere = visitor();
      const form = await elsewhere.follow(await elsewhere.get(await linkTo(app, mike.email, "reset_code")));
      expect((await submit(elsewhere, form, NEW_PASSWORD)).headers.location).toBe(SIGN_IN);
    });

    it("the response tells nobody who has an account", async () => {
      const { mike, visitor } = await launch({ codes: true });
      const ask = async (email: string) => {
        const answer = comparable(await visitor().post(RESET, { email }));
        const text = JSON.stringify(answer).replaceAll(email, "E");
        return text.replace(/_ticket=[\w-]{95};/, "_ticket=T;");
      };
      const known = await ask(mike.email);
      // The second request of a minute is over the limit of the address.
      expect(await ask(mike.email)).toBe(known);
      // As long, because so is the Content-Length.
      expect(await ask(`x${mike.email.slice(1)}`)).toBe(known);
    });

    it("no ticket but that of the request, and no junk, opens anything", async () => {
      const { app, mike, client, visitor } = await launch({ codes: true });
      const sent = await client.post(RESET, { email: mike.email });
      const ticket = /_ticket=([\w-]+)/.exec(sent.cookies.join())?.[1] ?? "";
      const code = await codeTo(app, mike);
      const cookie = `${ticketAt(app)}=`;
      for (const Cookie of [
        "",
        cookie,
        `${cookie}${SOME_TICKET}`,
        `${cookie}${ticket.slice(1)}`,
        `${cookie}${ticket.padEnd(10_240, "A")}`,
        `${cookie}${ticket}; ${cookie}${ticket}`,
      ]) {
        const answer = await visitor().post(CODE, { code }, { Cookie });
        expectPlainProblem(answer, 400);
        expect(errorAt(answer, "code")).toBeTruthy();
        expect(answer.cookies).toEqual([]);
      }
      for (const junk of ["", "abcdefgh", "🔑".repeat(8), "1".repeat(65), "1".repeat(10_000), "<b>12345678</b>"]) {
        const answer = await client.post(CODE, { code: junk });
        expectPlainProblem(answer, 400);
        expect(answer.body).not.toContain("<b>12345678");
      }
      for (const junk of [null, 12345678, true, ["1"], {}, [[]], "", "x".repeat(9000)]) {
        expectRefusal(await client.json(CODE, { ticket: junk, code }), ...REFUSED);
        expectRefusal(await client.json(CODE, { ticket, code: junk }), ...REFUSED);
      }
      expect((await client.post(CODE, { code })).headers.location).toBe(OPENED);
    });

    it("the path of the code shows no page, and takes forms of this origin only", async () => {
      const { client } = await launch({ codes: true });
      const opened = await client.get(CODE);
      expect([opened.status, opened.headers.location]).toEqual([303, RESET]);
      expectStrictHeaders(opened);
      expectPlainProblem(await client.post(CODE, { code: "01234567" }, { Origin: "https://evil.example" }), 403);
      const headers = { "Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain" };
      expectPlainProblem(await client.send("POST", CODE, { headers, body: "code=01234567" }), 415);
      const put = await client.send("PUT", CODE);
      expectPlainProblem(put, 405);
      expect(put.headers.allow).toBe("GET, HEAD, POST");
      expectRefusal(await client.json(CODE, {}, { Origin: "https://evil.example" }), 403, "cross_site");
    });

    it("as JSON, a ticket and a code are exchanged for a token, and no cookie is read or set", async () => {
      const { app, mike, client } = await launch({ codes: true });
      const sent = await client.json(RESET, { email: mike.email, method: "code" });
      const { ticket } = JSON.parse(sent.body);
      expectJson(sent, { ok: true, ticket: expect.stringMatching(/^[\w-]{95}$/) });
      const code = await codeTo(app, mike);
      const Cookie = `${ticketAt(app)}=${ticket}`;
      expectRefusal(await client.json(CODE, { code }, { Cookie }), ...REFUSED);
      expectRefusal(await client.json(CODE, { ticket, code: wrong(code) }), ...REFUSED);
      const redeemed = await client.json(CODE, { ticket, code });
      const { token } = JSON.parse(redeemed.body);
      expectJson(redeemed, { ok: true, token: expect.stringMatching(/^[\w-]{43}$/) });
      const completed = await client.json(COMPLETE, { token, newPassword: NEW_PASSWORD });
      expectJson(completed, { ok: true, sessionsRevoked: true });
      expectRefusal(await client.json(CODE, { ticket, code: "" }), ...REFUSED);
    });

    it("an application without codes has neither the method nor the path", async () => {
      const { app, mike, client } = await launch();
      expectRefusal(await client.json(RESET, { email: mike.email, method: "code" }), 400, "invalid_request");
      expectRefusal(await client.json(CODE, { ticket: SOME_TICKET, code: "01234567" }), 404, "not_found");
      expectPlainProblem(await client.get(CODE), 404);
      expect(await app.mails()).toEqual([]);
    });
  });
}

const RIGHT = "123456";
const SECOND_FACTOR: SecondFactor<string> = {
  methods: async () => ["totp", "recovery_code"],
  verify: async (_, { method, response }) => method === "totp" && response === RIGHT,
};

/** Tests the second factor: on the form for the new password, and as JSON. */
export function secondFactorContract(name: string, launch: Launch): void {
  describe(`${name}: with a second factor`, () => {
    const it = itAlone(launch);
    const start = () => launch({ secondFactor: SECOND_FACTOR });
    const factor = (response: string) => ({ second_factor_method: "totp", second_factor: response });

    it("the form asks for it after the passwords, and names what is missing or wrong", async () => {
      const { app, mike, client, visitor } = await start();
      const form = await openForm(app, client, mike);
      const post = (fields: Record<string, string>) => client.post(FORM, { handle: handleIn(form), ...fields });
      const short = await post({ ...both("q7-zxk"), ...factor("000000") });
      expect([short.status, errorAt(short, "password") !== undefined]).toEqual([400, true]);
      expect(errorAt(short, "second_factor")).toBeUndefined();
      for (const response of ["", "000000"]) {
        const refused = await post({ ...both(NEW_PASSWORD), ...factor(response) });
        expectPlainProblem(refused, 400);
        expect(errorAt(refused, "second_factor")).toBeTruthy();
        expect(refused.body).not.toContain(NEW_PASSWORD);
      }
      await expectPassword(visitor(), mike);
      expect((await post({ ...both(NEW_PASSWORD), ...factor(RIGHT) })).headers.location).toBe(SIGN_IN);
      await expectPassword(visitor(), { ...mike, password: NEW_PASSWORD });
    });

    it("as JSON, verify names the methods, and complete refuses without a right response", async () => {
      const { app, mike, client } = await start();
      const token = await requestToken(app, client, mike);
      const secondFactors = ["totp", "recovery_code"];
      expect(JSON.parse((await client.json(VERIFY, { token })).body)).toMatchObject({ ok: true, secondFactors });
      const complete = (secondFactor: unknown) => completeWith(client, token, secondFactor);
      for (const junk of [undefined, null, 7, "totp", [], {}, { method: "totp", response: [RIGHT] }]) {
        expectRefusal(await complete(junk), 422, "second_factor_required", { secondFactors });
      }
      for (const proof of [
        { method: "totp", response: "000000" },
        { method: "__proto__", response: RIGHT },
        { method: "totp", response: "x".repeat(9000) },
      ]) {
        expectRefusal(await complete(proof), 422, "second_factor_rejected", { secondFactors });
      }
      expectJson(await complete({ method: "totp", response: RIGHT }), { ok: true, sessionsRevoked: true });
    });
  });
}

const completeWith = (client: Client, token: string, secondFactor: unknown) =>
  client.json(COMPLETE, { token, newPassword: NEW_PASSWORD, secondFactor });
