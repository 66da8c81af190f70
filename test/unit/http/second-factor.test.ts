import type { SecondFactor } from "relatch";
import type { NewPasswordPageInput } from "relatch/http";
import { describe, expect, it, vi } from "vitest";
import { GOOD_PASSWORD, MIKE } from "../../helpers/harness.ts";
import { plainPages } from "../../helpers/pages.ts";
import { type Site, type SiteOptions, site } from "../../helpers/site.ts";
import type { Answer, Client } from "../../system/http/client.ts";
import {
  both,
  COMPLETE,
  errorAt,
  FORM,
  handleIn,
  INVALID_LOCATION,
  RESET,
  SIGN_IN,
  VERIFY,
} from "../../system/http/contract/helpers.ts";

// The second factor over HTTP: on the form for the new password, and in the JSON API.

const RIGHT = "123456";

/** A site whose only account has these methods. */
function factorSite({ methods = ["totp", "recovery_code"], ...options }: SiteOptions & { methods?: string[] } = {}) {
  const verify = vi.fn<SecondFactor["verify"]>(async (_, { method, response }) => {
    return method === methods[0] && response === RIGHT;
  });
  const its = site({ secondFactor: { methods: async () => methods, verify }, ...options });
  return { ...its, verify, methods };
}

async function openForm(its: Site): Promise<Answer> {
  return its.client.follow(await its.client.get(`${RESET}/${await its.requestToken()}`));
}

/** Posts the form with a second factor, and with two passwords. */
const submitWith = (client: Client, form: Answer, fields: Record<string, string>, password = GOOD_PASSWORD) =>
  client.post(FORM, { handle: handleIn(form), ...both(password), ...fields });

const factor = (response: string, method = "totp") => ({ second_factor_method: method, second_factor: response });
const isUnchanged = (its: Site) => its.users.get(MIKE.id)?.passwordHash === MIKE.passwordHash;

describe("the form for the new password of an account with a second factor", () => {
  it("the right response sets the new password", async () => {
    const its = factorSite();
    const form = await openForm(its);
    expect(form.body).toContain('name="second_factor"');
    const done = await submitWith(its.client, form, factor(RIGHT));
    expect([done.status, done.headers.location]).toEqual([303, SIGN_IN]);
    expect(isUnchanged(its)).toBe(false);
    expect(its.verify.mock.calls).toEqual([[MIKE.id, { method: "totp", response: RIGHT }]]);
  });

  it("an account without a second factor is not asked for one, and what is sent all the same is not verified", async () => {
    const its = factorSite({ methods: [] });
    const form = await openForm(its);
    expect(form.body).not.toContain("second_factor");
    expect((await submitWith(its.client, form, factor("000000"))).headers.location).toBe(SIGN_IN);
    expect(its.verify).not.toHaveBeenCalled();
  });

  it("a site without the port asks for nothing, and what is sent all the same does not matter", async () => {
    const its = site();
    const form = await openForm(its);
    expect(form.body).not.toContain("second_factor");
    expect((await submitWith(its.client, form, factor("000000"))).headers.location).toBe(SIGN_IN);
  });

  it.each([
    ["no response", {}, "second_factor_required"],
    ["an empty response", factor(""), "second_factor_required"],
    ["a response without a method", { second_factor: RIGHT }, "second_factor_required"],
    ["a wrong response", factor("000000"), "second_factor_rejected"],
    ["a method that the account does not have", factor(RIGHT, "sms"), "second_factor_rejected"],
    ["a method that objects inherit", factor(RIGHT, "__proto__"), "second_factor_rejected"],
  ])("%s is an error at the field, and the link still works", async (_, fields, error) => {
    const its = factorSite();
    const form = await openForm(its);
    const refused = await submitWith(its.client, form, fields);
    expect([refused.status, errorAt(refused, "second_factor")]).toEqual([400, error]);
    expect(errorAt(refused, "password")).toBeUndefined();
    expect(isUnchanged(its)).toBe(true);
    // The passwords and the response have to be entered again.
    expect(refused.body).not.toContain(GOOD_PASSWORD);
    expect(refused.body).not.toContain(RIGHT);
    expect((await submitWith(its.client, refused, factor(RIGHT))).headers.location).toBe(SIGN_IN);
  });

  it("passwords are judged first, so a refused one costs no response", async () => {
    const its = factorSite();
    const form = await openForm(its);
    const short = await submitWith(its.client, form, factor(RIGHT), "1234567");
    expect([short.status, errorAt(short, "password") !== undefined]).toEqual([400, true]);
    expect(errorAt(short, "second_factor")).toBeUndefined();
    const different = await submitWith(its.client, form, { ...factor(RIGHT), password_confirmation: "another" });
    expect([different.status, errorAt(different, "password_confirmation")]).toEqual([400, "different"]);
    expect(errorAt(different, "second_factor")).toBeUndefined();
    expect(its.verify).not.toHaveBeenCalled();
  });

  it("the method that was chosen stays chosen, also if only the password was refused", async () => {
    const forms: NewPasswordPageInput["secondFactor"][] = [];
    const pages = {
      ...plainPages,
      newPassword(input: NewPasswordPageInput) {
        forms.push(input.secondFactor);
        return plainPages.newPassword(input);
      },
    };
    const its = factorSite({ pages });
    const form = await openForm(its);
    await submitWith(its.client, form, factor("x", "recovery_code"));
    await submitWith(its.client, form, factor("x", "recovery_code"), "1234567");
    await submitWith(its.client, form, factor("x", "sms"), "1234567");
    const methods = ["totp", "recovery_code"];
    expect(forms).toEqual([
      { methods, method: "totp", error: undefined },
      { methods, method: "recovery_code", error: "second_factor_rejected" },
      { methods, method: "recovery_code", error: undefined },
      { methods, method: "totp", error: undefined },
    ]);
  });

  it("an account that got its second factor while the form was open is asked for it", async () => {
    const methods: string[] = [];
    const its = factorSite({ methods });
    const form = await openForm(its);
    methods.push("totp");
    const refused = await submitWith(its.client, form, {});
    expect([refused.status, errorAt(refused, "second_factor")]).toEqual([400, "second_factor_required"]);
    expect((await submitWith(its.client, refused, factor(RIGHT))).headers.location).toBe(SIGN_IN);
  });

  it("after five responses the link is refused, even with the right one", async () => {
    const its = factorSite();
    const form = await openForm(its);
    for (let attempt = 0; attempt < 5; attempt++) {
      expect((await submitWith(its.client, form, factor("000000"))).status).toBe(400);
    }
    const refused = await submitWith(its.client, form, factor(RIGHT));
    expect([refused.status, refused.headers.location]).toEqual([303, INVALID_LOCATION]);
    expect([its.verify.mock.calls.length, isUnchanged(its)]).toEqual([5, true]);
  });

  it("passwords that are posted to the link itself need the second factor as well", async () => {
    const its = factorSite();
    const link = `${RESET}/${await its.requestToken()}`;
    const refused = await its.client.post(link, both(GOOD_PASSWORD));
    expect([refused.status, errorAt(refused, "second_factor")]).toEqual([400, "second_factor_required"]);
    const done = await its.client.post(link, { ...both(GOOD_PASSWORD), ...factor(RIGHT) });
    expect(done.headers.location).toBe(SIGN_IN);
  });

  it.each([
    ["methods fails", { methods: async () => Promise.reject(new Error("connect ECONNREFUSED")) }],
    ["methods returns no array", { methods: async () => "totp" as never }],
  ])("if %s, the page says that it is our failure", async (_, port) => {
    const its = site({ secondFactor: { verify: async () => true, ...port } });
    const answer = await its.client.get(`${RESET}/${await its.requestToken()}`);
    expect([answer.status, answer.cookies]).toEqual([503, []]);
  });
});

describe("the second factor in the JSON API", () => {
  const complete = (its: Site, token: string, secondFactor?: unknown) =>
    its.client.json(COMPLETE, { token, newPassword: GOOD_PASSWORD, secondFactor });

  it("verify names the methods, and complete takes a response to one of them", async () => {
    const its = factorSite();
    const token = await its.requestToken();
    const verified = await its.client.json(VERIFY, { token });
    expect(JSON.parse(verified.body)).toMatchObject({ ok: true, secondFactors: ["totp", "recovery_code"] });
    const done = await complete(its, token, { method: "totp", response: RIGHT });
    expect([done.status, JSON.parse(done.body)]).toEqual([200, { ok: true, sessionsRevoked: true }]);
  });

  it("refusals have the status 422, a reason and the methods", async () => {
    const its = factorSite();
    const token = await its.requestToken();
    const refusal = { title: "Unprocessable Content", status: 422, secondFactors: ["totp", "recovery_code"] };
    for (const [secondFactor, reason, detail] of [
      [undefined, "second_factor_required", "The account has a second factor, and none was given."],
      [{ method: "totp", response: "000000" }, "second_factor_rejected", "The response to the second factor is wrong."],
    ] as const) {
      const refused = await complete(its, token, secondFactor);
      expect([refused.status, JSON.parse(refused.body), refused.cookies]).toEqual([
        422,
        { ...refusal, reason, detail },
        [],
      ]);
    }
    expect(isUnchanged(its)).toBe(true);
  });

  it.each([
    null,
    7,
    "totp",
    [],
    ["totp", RIGHT],
    {},
    { method: "totp" },
    { response: RIGHT },
    { method: ["totp"], response: RIGHT },
    { method: "totp", response: 123_456 },
    { method: "totp", response: { $ne: "" } },
    { method: { toString: "totp" }, response: [[RIGHT]] },
    { method: "totp", response: "" },
  ])("the second factor %j counts as none", async (secondFactor) => {
    const its = factorSite();
    const refused = await complete(its, await its.requestToken(), secondFactor);
    expect([refused.status, JSON.parse(refused.body).reason]).toEqual([422, "second_factor_required"]);
    expect([its.verify.mock.calls, its.faults]).toEqual([[], []]);
  });

  it("the longest response, of 8,192 characters with quotes in it, fits into a body", async () => {
    const assertion = JSON.stringify({ id: "x", response: { signature: "", clientDataJSON: "" } });
    const longest = assertion.padEnd(8192, '"');
    // Every third sign is escaped, which is more than in any JSON of an authenticator.
    const quoted = assertion.padEnd(8192, 'aa"');
    const its = factorSite();
    const token = await its.requestToken();
    await complete(its, token, { method: "totp", response: quoted });
    expect(its.verify.mock.calls).toEqual([[MIKE.id, { method: "totp", response: quoted }]]);
    const tooLong = await complete(its, token, { method: "totp", response: `${quoted}x` });
    expect([tooLong.status, JSON.parse(tooLong.body).reason]).toEqual([422, "second_factor_rejected"]);
    const escaped = await complete(its, token, { method: "totp", response: longest });
    expect([escaped.status, JSON.parse(escaped.body).reason]).toEqual([413, "too_large"]);
    expect(its.verify).toHaveBeenCalledOnce();
  });

  it("without the port, complete ignores a second factor", async () => {
    const its = site();
    const done = await complete(its, await its.requestToken(), { method: "totp", response: "x" });
    expect(done.status).toBe(200);
  });
});
