import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { TimeSpan } from "relatch";
import { type Fetch, fetchMailer, type MailService } from "relatch/fetch";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { answering, startHttpService } from "./http-service.ts";
import { ABOUT, FROM, failureOf, MESSAGE } from "./message.ts";

const SECRET = "key_Secret.1234-abcd";

let service: Awaited<ReturnType<typeof startHttpService>> | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await service?.close();
  service = undefined;
});

const to =
  (url: string, more: object = {}): MailService =>
  ({ to: recipient, subject }) => ({
    url,
    headers: { Authorization: `Bearer ${SECRET}` },
    body: `${recipient}: ${subject}`,
    ...more,
  });

async function mailerTo(answer: Parameters<typeof startHttpService>[0], more: object = {}) {
  service = await startHttpService(answer);
  return fetchMailer(to(`${service.url}/send`, more), { from: FROM, timeout: new TimeSpan(5, "s") });
}

test("posts what the service makes of a mail, once", async () => {
  const mailer = await mailerTo(answering(202));
  await mailer.send(MESSAGE, ABOUT);
  expect(service?.requests).toMatchObject([
    {
      method: "POST",
      path: "/send",
      body: `${MESSAGE.to}: ${MESSAGE.subject}`,
      headers: { authorization: `Bearer ${SECRET}`, "user-agent": "relatch" },
    },
  ]);
});

test("tells the service everything, and nothing that somebody put beside it (CVE-2017-18908)", async () => {
  const seen: unknown[] = [];
  service = await startHttpService(answering(200));
  const { url } = service;
  const spy: MailService = (mail) => {
    seen.push(mail);
    return { url, headers: {}, body: "" };
  };
  const from = ({ tenant }: { tenant?: string | undefined }) => `Acme <no-reply@${tenant}.example>`;
  const about = { ...ABOUT, tenant: "blue" };
  await fetchMailer(spy, { from }).send({ ...MESSAGE, cc: "evil@example.com" } as never, about);
  expect(seen).toEqual([
    {
      ...MESSAGE,
      from: {
        name: "Acme",
        address: "no-reply@blue.example",
        domain: "blue.example",
        header: "Acme <no-reply@blue.example>",
      },
      headers: {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Message-ID": `<${ABOUT.idempotencyKey}@blue.example>`,
      },
      about,
    },
  ]);
});

describe("an answer", () => {
  test.each([
    [400, "refused"],
    [422, "refused"],
    [401, "unsent"],
    [403, "unsent"],
    [404, "unsent"],
    [408, "unsent"],
    [413, "unsent"],
    [429, "unsent"],
    [409, "unknown"],
    [500, "unknown"],
    [502, "unknown"],
    [503, "unknown"],
    [504, "unknown"],
  ])("of %i: %s", async (status, outcome) => {
    const failure = await failureOf((await mailerTo(answering(status))).send(MESSAGE, ABOUT));
    expect(failure).toMatchObject({
      responseCode: status,
      permanent: outcome === "refused",
      unsent: outcome !== "unknown",
    });
  });

  test("is judged by the service's own rule, where it has one", async () => {
    const seen: unknown[] = [];
    const isRefusal = (...input: unknown[]) => {
      seen.push(input);
      return input[0] === 404;
    };
    const mailer = await mailerTo(answering(404, "no such mailbox"), { isRefusal });
    expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({ permanent: true, unsent: true });
    expect(seen).toEqual([[404, "no such mailbox"]]);
  });

  test("is no refusal when the rule throws", async () => {
    const isRefusal = () => {
      throw new Error("no JSON");
    };
    const mailer = await mailerTo(answering(400), { isRefusal });
    expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({ permanent: false, unsent: true });
  });

  test.each([
    [{ ErrorCode: 406, Message: `Inactive: ${MESSAGE.to}` }, 406],
    [{ name: "validation_error", message: MESSAGE.to }, "VALIDATION_ERROR"],
    [{ name: MESSAGE.to }, undefined],
    ["<html>", undefined],
    ["null", undefined],
  ])("leaves a short code of its own: %j", async (body, code) => {
    const failure = await failureOf((await mailerTo(answering(422, body))).send(MESSAGE, ABOUT));
    expect(failure.code).toBe(code);
    // Its sentences repeat the address.
    expect(inspect(failure, { depth: 9 })).not.toContain(MESSAGE.to);
  });

  test.each([
    ["in two minutes", "120", 120],
    ["at once", "0", undefined],
    ["at no time", "soon", undefined],
    ["before now", "-1", undefined],
    ["at a date", new Date(Date.now() + 3_600_000).toUTCString(), expect.closeTo(3600, -2)],
    ["at a date that is past", new Date(Date.now() - 3_600_000).toUTCString(), undefined],
  ])("says when to come back: %s", async (_when, header, seconds) => {
    const mailer = await mailerTo(answering(429, {}, { "Retry-After": header }));
    expect((await failureOf(mailer.send(MESSAGE, ABOUT))).retryAfterSeconds).toEqual(seconds);
  });

  test("that redirects is not followed: the key is for one host", async () => {
    const elsewhere = await startHttpService(answering(200));
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        const mailer = await mailerTo(answering(status, {}, { Location: elsewhere.url }));
        expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({
          responseCode: status,
          permanent: false,
          unsent: true,
        });
        await service?.close();
      }
      expect(elsewhere.requests).toEqual([]);
    } finally {
      service = undefined;
      await elsewhere.close();
    }
  });
});

describe("no answer", () => {
  const short = { from: FROM, timeout: new TimeSpan(200, "ms") };

  test("in time: nobody knows whether it went out", async () => {
    service = await startHttpService(() => {});
    const failure = await failureOf(fetchMailer(to(service.url), short).send(MESSAGE, ABOUT));
    expect(failure).toMatchObject({ code: "ETIMEDOUT", unsent: false });
    expect(failure.permanent).not.toBe(true);
    expect(service.requests).toHaveLength(1);
  });

  test("to its end, after the status: what the status says holds", async () => {
    const half = (status: number) => startHttpService((response) => response.writeHead(status).write("{"));
    service = await half(200);
    await fetchMailer(to(service.url), short).send(MESSAGE, ABOUT);
    await service.close();
    service = await half(500);
    const failure = await failureOf(fetchMailer(to(service.url), short).send(MESSAGE, ABOUT));
    expect(failure).toMatchObject({ responseCode: 500, permanent: false, unsent: false });
  });

  test("but a connection that is dropped", async () => {
    const mailer = await mailerTo((response) => response.destroy());
    const failure = await failureOf(mailer.send(MESSAGE, ABOUT));
    expect(failure).toMatchObject({ unsent: false });
    expect(failure.permanent).not.toBe(true);
  });

  test("but no service there at all: certainly nothing went out", async () => {
    const gone = await startHttpService(answering(200));
    await gone.close();
    const failure = await failureOf(fetchMailer(to(gone.url), { from: FROM }).send(MESSAGE, ABOUT));
    expect(failure).toMatchObject({ code: "ECONNREFUSED", unsent: true });
    expect(failure.permanent).not.toBe(true);
  });
});

describe("the key is in no error", () => {
  const broken = { "X-Key": `${SECRET}\nX-Evil: 1` };

  test("though it is in the runtime's, where no header can hold it", async () => {
    const error = await failureOf(fetch("http://127.0.0.1:9", { headers: broken }));
    expect(inspect(error)).toContain(SECRET);
  });

  test.each([
    ["a status that repeats it", answering(401, SECRET), {}],
    ["a time-out", () => {}, {}],
    ["a connection that is dropped", (response: ServerResponse) => response.destroy(), {}],
    ["a header that no request can hold", answering(200), { headers: broken }],
    ["a URL that is none", answering(200), { url: `https://[${SECRET}` }],
    ["credentials in the URL", answering(200), { url: `https://${SECRET}@api.example.com` }],
    ["plain http to another machine", answering(200), { url: `http://api.example.com/${SECRET}` }],
  ])("%s", async (_, answer, more) => {
    service = await startHttpService(answer);
    const mailer = fetchMailer(to(service.url, more), { from: FROM, timeout: new TimeSpan(200, "ms") });
    const failure = await failureOf(mailer.send(MESSAGE, ABOUT));
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain(SECRET);
    expect(JSON.stringify(failure)).not.toContain(SECRET);
  });
});

describe("the fetch of the application", () => {
  const answer = { status: 200, headers: { get: () => null }, text: async () => "" };

  test("is used instead of the runtime's", async () => {
    const own = vi.fn<Fetch>(async () => answer);
    const runtimes = vi.spyOn(globalThis, "fetch");
    await fetchMailer(to("https://api.example.com"), { from: FROM, fetch: own }).send(MESSAGE, ABOUT);
    expect(own.mock.calls).toMatchObject([
      ["https://api.example.com", { method: "POST", redirect: "manual", signal: expect.any(AbortSignal) }],
    ]);
    expect(runtimes).not.toHaveBeenCalled();
  });

  test("may be the runtime's own", async () => {
    service = await startHttpService(answering(200));
    await fetchMailer(to(service.url), { from: FROM, fetch }).send(MESSAGE, ABOUT);
    expect(service.requests).toHaveLength(1);
  });

  test.each([
    [
      "throws at once",
      () => {
        throw new Error("broken");
      },
    ],
    ["rejects with nothing", () => Promise.reject(undefined)],
    ["answers nothing", async () => undefined],
  ])("fails the mail when it %s", async (_, own) => {
    const mailer = fetchMailer(to("https://api.example.com"), { from: FROM, fetch: own as never });
    expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({ unsent: false });
  });
});

test("a service that cannot word the mail sends nothing", async () => {
  const own = vi.fn<Fetch>();
  const broken = () => {
    throw new Error("no template");
  };
  for (const make of [broken, () => undefined, () => ({})]) {
    const mailer = fetchMailer(make as never, { from: FROM, fetch: own });
    expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({ unsent: true });
  }
  expect(own).not.toHaveBeenCalled();
});

test.each([
  ["no service", undefined, { from: FROM }],
  ["a service that is no function", {}, { from: FROM }],
  ["no options", to("https://api.example.com"), undefined],
  ["no sender", to("https://api.example.com"), {}],
  ["a time-out that is none", to("https://api.example.com"), { from: FROM, timeout: 5000 }],
  ["a fetch that is none", to("https://api.example.com"), { from: FROM, fetch: {} }],
  ["an option that it has not", to("https://api.example.com"), { from: FROM, timeoutMs: 5000 }],
])("refuses %s at construction", (_, make, options) => {
  expect(() => fetchMailer(make as never, options as never)).toThrow(WRONG_OPTIONS);
});
