import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { TimeSpan } from "relatch";
import { type Fetch, fetchMailer, type MailService } from "relatch/fetch";
import { describe, expect, test, vi } from "vitest";
import { WRONG_OPTIONS } from "../../helpers/errors.ts";
import { respondWith, serve } from "./http-service.ts";
import { ABOUT, BARE, FROM, failureOf, MESSAGE } from "./message.ts";

type Respond = Parameters<typeof serve>[0];
const SECRET = "key_Secret.1234-abcd";
const short = { timeout: new TimeSpan(200, "ms") };
const hangUp = (response: ServerResponse) => response.destroy();
const fail = () => expect.fail("broken");

const to =
  (url: string, more: object = {}): MailService =>
  ({ to: recipient, subject }) => ({
    url,
    headers: { Authorization: `Bearer ${SECRET}` },
    body: `${recipient}: ${subject}`,
    ...more,
  });

/** Sends an email to a service that responds like this, and returns the requests it got. */
async function send(respond: Respond, more: object = {}, options = {}) {
  const service = await serve(respond);
  await fetchMailer(to(`${service.url}/send`, more), options).send(MESSAGE, ABOUT);
  return service.requests;
}
const failureWith = (...input: Parameters<typeof send>) => failureOf(send(...input));

test("fetchMailer posts the request of the service once, with the runtime's fetch or without the option", async () => {
  const headers = { authorization: `Bearer ${SECRET}`, "user-agent": "relatch" };
  const request = { method: "POST", path: "/send", body: `${MESSAGE.to}: ${MESSAGE.subject}`, headers };
  expect(await send(respondWith(202))).toMatchObject([request]);
  expect(await send(respondWith(200), {}, { fetch })).toMatchObject([request]);
});

test("fetchMailer passes only the documented fields to the service (CVE-2017-18908)", async () => {
  const { url } = await serve(respondWith(200));
  const make = vi.fn<MailService>(() => ({ url, headers: {}, body: "" }));
  const about = { ...ABOUT, tenant: "blue" };
  const header = "Acme <no-reply@blue.example>";
  const mailer = fetchMailer(make);
  expect(mailer.needsFrom).toBe(true);
  await mailer.send({ ...MESSAGE, from: header, cc: "evil@example.com" } as never, about);
  const from = { name: "Acme", address: "no-reply@blue.example", domain: "blue.example", header };
  await mailer.send(BARE, ABOUT);
  expect(make.mock.calls).toEqual([
    [{ ...MESSAGE, from, about }],
    [{ ...BARE, from: expect.objectContaining({ header: FROM }), headers: {}, variables: undefined, about: ABOUT }],
  ]);
});

describe("a response", () => {
  test.each([
    ...[400, 422].map((status) => [status, true] as const),
    ...[401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504].map((status) => [status, false] as const),
  ])("a response with status %i is a failure, permanent: %s", async (responseCode, permanent) => {
    expect(await failureWith(respondWith(responseCode))).toMatchObject({ responseCode, permanent });
  });

  test("a response is judged by isRefusal if the service has it", async () => {
    const isRefusal = vi.fn((status: number) => status === 404);
    const failure = await failureWith(respondWith(404, "no such mailbox"), { isRefusal });
    expect(failure).toMatchObject({ permanent: true });
    expect(isRefusal.mock.calls).toEqual([[404, "no such mailbox"]]);
  });

  test("a response counts as sent if isSent returns true, and not if isSent throws", async () => {
    const isSent = (status: number, text: string) => status === 409 && text === "sent before";
    expect(await send(respondWith(409, "sent before"), { isSent })).toHaveLength(1);
    expect(await failureWith(respondWith(409, "busy"), { isSent })).toMatchObject({ responseCode: 409 });
    expect(await failureWith(respondWith(409, "sent before"), { isSent: fail })).toMatchObject({ permanent: false });
  });

  test("a response is not a refusal if isRefusal throws", async () => {
    const failure = await failureWith(respondWith(400), { isRefusal: fail });
    expect(failure).toMatchObject({ permanent: false });
  });

  test.each([
    [{ ErrorCode: 406, Message: `Inactive: ${MESSAGE.to}` }, 406],
    [{ name: "validation_error", message: MESSAGE.to }, "VALIDATION_ERROR"],
    [{ name: MESSAGE.to }, undefined],
    ["<html>", undefined],
    ["null", undefined],
  ])("a failure has the code of the response if it is one word: %j", async (body, code) => {
    const failure = await failureWith(respondWith(422, body));
    expect(failure.code).toBe(code);
    // Sentences of the service repeat the address.
    expect(inspect(failure, { depth: 9 })).not.toContain(MESSAGE.to);
  });

  test.each([
    ["two minutes", "120", 120],
    ["zero", "0", undefined],
    ["not a number", "soon", undefined],
    ["negative", "-1", undefined],
    ["a date", new Date(Date.now() + 3_600_000).toUTCString(), expect.closeTo(3600, -2)],
    ["a date in the past", new Date(Date.now() - 3_600_000).toUTCString(), undefined],
  ])("a failure has retryAfterSeconds if Retry-After is %s", async (_when, header, seconds) => {
    const failure = await failureWith(respondWith(429, {}, { "Retry-After": header }));
    expect(failure.retryAfterSeconds).toEqual(seconds);
  });

  test.each([301, 302, 303, 307, 308])(
    "a redirect (%i) is not followed, because the key is for one host",
    async (status) => {
      const elsewhere = await serve(respondWith(200));
      const failure = await failureWith(respondWith(status, {}, { Location: elsewhere.url }));
      expect(failure).toMatchObject({ responseCode: status, permanent: false });
      expect(elsewhere.requests).toEqual([]);
    },
  );
});

describe("no response", () => {
  test.each<[string, Respond, unknown]>([
    ["a timeout", () => {}, "ETIMEDOUT"],
    ["a dropped connection", hangUp, expect.not.stringMatching("ECONNREFUSED")],
    ["a refused connection", hangUp, "ECONNREFUSED"],
  ])("a failure after %s leads to another attempt", async (what, respond, code) => {
    const service = await serve(respond);
    const refused = what === "a refused connection";
    if (refused) await service.close();
    const failure = await failureOf(fetchMailer(to(service.url), short).send(MESSAGE, ABOUT));
    expect([failure.code, failure.permanent]).toEqual([code, undefined]);
    expect(service.requests).toHaveLength(refused ? 0 : 1);
  });

  test("the status counts if the response does not end", async () => {
    const half = (status: number) => (response: ServerResponse) => response.writeHead(status).write("{");
    expect(await send(half(200), {}, short)).toHaveLength(1);
    expect(await failureWith(half(500), {}, short)).toMatchObject({ permanent: false, responseCode: 500 });
  });
});

describe("fetchMailer keeps the key out of errors", () => {
  const broken = { "X-Key": `${SECRET}\nX-Evil: 1` };

  test("fetch itself puts a key that does not fit into a header into its error (control)", async () => {
    const error = await failureOf(fetch("http://127.0.0.1:9", { headers: broken }));
    expect(inspect(error)).toContain(SECRET);
  });

  test.each<[string, Respond, object]>([
    ["a status that repeats it", respondWith(401, SECRET), {}],
    ["a timeout", () => {}, {}],
    ["a connection that is dropped", hangUp, {}],
    ["a header that does not fit into a request", respondWith(200), { headers: broken }],
    ["an invalid URL", respondWith(200), { url: `https://[${SECRET}` }],
    ["credentials in the URL", respondWith(200), { url: `https://${SECRET}@api.example.com` }],
    ["plain http to another machine", respondWith(200), { url: `http://api.example.com/${SECRET}` }],
  ])("the key is not in the error after %s", async (_, respond, more) => {
    const failure = await failureWith(respond, more, short);
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain(SECRET);
    expect(JSON.stringify(failure)).not.toContain(SECRET);
  });
});

describe("the options of fetchMailer", () => {
  const service = to("https://api.example.com");

  test("the option fetch replaces the runtime's", async () => {
    const own = vi.fn<Fetch>(async () => ({ status: 200, headers: { get: () => null }, text: async () => "" }));
    const runtimes = vi.spyOn(globalThis, "fetch");
    await fetchMailer(service, { fetch: own }).send(MESSAGE, ABOUT);
    const request = { method: "POST", redirect: "manual", signal: expect.any(AbortSignal) };
    expect(own.mock.calls).toMatchObject([["https://api.example.com", request]]);
    expect(runtimes).not.toHaveBeenCalled();
    runtimes.mockRestore();
  });

  test.each([
    ["throws at once", fail],
    ["rejects with nothing", () => Promise.reject(undefined)],
    ["returns nothing", async () => undefined],
  ])("fetchMailer fails if the option fetch %s", async (_, own) => {
    const mailer = fetchMailer(service, { fetch: own as never });
    expect(await failureOf(mailer.send(MESSAGE, ABOUT))).not.toMatchObject({ permanent: true });
  });

  test.each([
    ["throws", fail],
    ["returns nothing", () => undefined],
    ["returns something else", () => ({})],
  ])("fetchMailer sends nothing if the service %s", async (_, make) => {
    const own = vi.fn<Fetch>();
    const mailer = fetchMailer(make as never, { fetch: own });
    expect(await failureOf(mailer.send(MESSAGE, ABOUT))).not.toMatchObject({ permanent: true });
    expect(own).not.toHaveBeenCalled();
  });

  test.each([
    ["no service", undefined, {}],
    ["a service that is not a function", {}, {}],
    ["a sender, which is an option of createPasswordReset", service, { from: FROM }],
    ["a timeout in milliseconds", service, { timeout: 5000 }],
    ["a fetch that is not a function", service, { fetch: {} }],
    ["an unknown option", service, { timeoutMs: 5000 }],
  ])("fetchMailer refuses %s at construction", (_, make, options) => {
    expect(() => fetchMailer(make as never, options as never)).toThrow(WRONG_OPTIONS);
  });
});
