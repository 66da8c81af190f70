import type { MailMessage } from "relatch";
import { fetchMailer, mailgun, postmark, resend, sendgrid } from "relatch/fetch";
import { describe, expect, test } from "vitest";
import { WRONG_OPTIONS } from "../../helpers/errors.ts";
import { harness, MIKE } from "../../helpers/harness.ts";
import { respondWith, serve } from "./http-service.ts";
import { ABOUT, BARE, FROM, failureOf, HEADERS, KEY, MESSAGE, MESSAGE_ID } from "./message.ts";

const API_KEY = "key_Secret.1234-abcd";
const domain = "mg.acme.example";
const services = { resend, postmark, sendgrid, mailgun };
type Name = keyof typeof services;
const names = Object.keys(services) as Name[];
const make = (name: Name, options: unknown) => services[name](options as never);

const optionsOf = (name: Name, options: object) => ({ ...options, ...(name === "mailgun" && { domain }) });
const mailerOf = (name: Name, url: string) => fetchMailer(make(name, optionsOf(name, { apiKey: API_KEY, url })));

/** Sends an email and returns the request that the service gets, with its parsed body. */
async function requestOf(name: Name, message: MailMessage = MESSAGE) {
  const { url, requests } = await serve(respondWith(200, { id: "1" }));
  await mailerOf(name, `${url}/`).send(message, ABOUT);
  expect(requests).toHaveLength(1);
  const { method, path, headers, body } = requests[0]!;
  return { method, path, headers, body: name === "mailgun" ? [...new URLSearchParams(body)] : JSON.parse(body) };
}

const { to, subject, text, html } = MESSAGE;
const IDENTIFIED = { ...HEADERS, "Message-ID": MESSAGE_ID };
const json = { "content-type": "application/json" };
const bearer = { ...json, authorization: `Bearer ${API_KEY}` };

/** The whole request of each service. None of them tracks, and the text comes first. */
const REQUESTS: [Name, path: string, headers: Record<string, string | undefined>, body: unknown][] = [
  [
    "resend",
    "/emails",
    // Resend refuses requests without a user agent.
    { ...bearer, "idempotency-key": KEY, "user-agent": "relatch" },
    { from: FROM, to: [to], subject, text, html, headers: HEADERS },
  ],
  [
    "postmark",
    "/email",
    { ...json, accept: "application/json", "x-postmark-server-token": API_KEY, authorization: undefined },
    {
      ...{ From: FROM, To: to, Subject: subject, TextBody: text, HtmlBody: html },
      Headers: Object.entries({ ...IDENTIFIED, "X-PM-KeepID": "true" }).map(([Name, Value]) => ({ Name, Value })),
      ...{ TrackOpens: false, TrackLinks: "None" },
    },
  ],
  [
    "sendgrid",
    "/v3/mail/send",
    bearer,
    {
      personalizations: [{ to: [{ email: to }] }],
      from: { email: "no-reply@acme.example", name: "Acme" },
      subject,
      content: Object.entries({ "text/plain": text, "text/html": html }).map(([type, value]) => ({ type, value })),
      headers: IDENTIFIED,
      tracking_settings: {
        click_tracking: { enable: false, enable_text: false },
        open_tracking: { enable: false },
      },
    },
  ],
  [
    "mailgun",
    `/v3/${domain}/messages`,
    {
      authorization: `Basic ${Buffer.from(`api:${API_KEY}`).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    [
      ...Object.entries({ from: FROM, to, subject, text, "o:tracking": "no", html }),
      ...Object.entries(IDENTIFIED).map(([name, value]) => [`h:${name}`, value]),
    ],
  ],
];

test.each(REQUESTS)("%s sends exactly this request to %s", async (name, path, headers, body) => {
  const request = await requestOf(name);
  expect(request).toMatchObject({ method: "POST", path });
  for (const [header, value] of Object.entries(headers)) expect(request.headers[header], header).toBe(value);
  expect(request.body).toEqual(body);
});

// SendGrid reserves x-sg-id, x-sg-eid, received, dkim-signature, content-type, content-transfer-encoding and the fields of
// addresses and subject.
test("no header field of an email is one that a service keeps for itself", () => {
  const reserved =
    /^(x-sg-|x-pm-|x-mailgun-|received|dkim-|content-|mime-|to$|from$|subject$|reply-to$|cc$|bcc$|date$)/i;
  expect(Object.keys(MESSAGE.headers).filter((name) => reserved.test(name))).toEqual([]);
});

/** Reads the header fields of an email from the request that sends it. */
function headersIn(name: Name, body: string): Record<string, string> {
  if (name === "mailgun") {
    const fields = [...new URLSearchParams(body)].filter(([field]) => field.startsWith("h:"));
    return Object.fromEntries(fields.map(([field, value]) => [field.slice(2), value]));
  }
  const { headers, Headers }: Record<string, { Name: string; Value: string }[]> = JSON.parse(body);
  return name === "postmark"
    ? Object.fromEntries(Headers!.map(({ Name, Value }) => [Name, Value]))
    : (headers as never);
}

test.each(names)("%s gets three conversations for three requests within an hour", async (name) => {
  const service = await serve(respondWith(200, { id: "1" }));
  const { passwordReset, clock } = harness({ from: FROM, mailer: mailerOf(name, service.url) });
  for (let nth = 0; nth < 3; nth++, clock.now += 19 * 60_000) {
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await passwordReset.drain();
  }
  const fields = ["References", "X-Entity-Ref-ID", ...(name === "resend" ? [] : ["Message-ID"])];
  const ids = service.requests.flatMap(({ body }) => fields.map((field) => headersIn(name, body)[field]));
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBe(3 * fields.length);
});

test.each(names)("%s sends an email that was written by hand, without header fields", async (name) => {
  const { body } = await requestOf(name, BARE);
  expect(JSON.stringify(body)).toContain(MESSAGE.subject);
  expect(JSON.stringify(body)).not.toMatch(/Message-ID|References|undefined|null/);
});

test("resend gets the sender's name without quotes", async () => {
  const { body } = await requestOf("resend", { ...MESSAGE, from: '"Acme \\"A\\" Ltd." <no-reply@acme.example>' });
  expect(body).toMatchObject({ from: "Acme A Ltd. <no-reply@acme.example>" });
});

test("sendgrid gets no name if the sender has none", async () => {
  const { body } = await requestOf("sendgrid", { ...MESSAGE, from: "no-reply@acme.example" });
  expect(body.from).toEqual({ email: "no-reply@acme.example" });
});

describe.each(names)("%s", (name) => {
  test(`${name} gets an internationalized host in Punycode, and the local part as it is`, async () => {
    const { body } = await requestOf(name, { ...MESSAGE, to: "José+a@münchen.de" });
    expect(JSON.stringify(body)).toContain('"José+a@xn--mnchen-3ya.de"');
  });

  test.each([
    ...[undefined, "", "sk 1", "sk\r\nX-Evil: 1", "ключ", 7].map((apiKey) => ({ apiKey })),
    ...[{ apikey: API_KEY }, { apiKey: API_KEY, url: "api.example.com" }, { apiKey: API_KEY, tracking: true }],
    undefined,
  ])(`${name} refuses the options %j at construction`, (options) => {
    expect(() => make(name, options && optionsOf(name, options))).toThrow(WRONG_OPTIONS);
  });
});

test.each([undefined, "", "../v3/other.example", "a.example/b", "a@b.example", 7])(
  "mailgun refuses the domain %j at construction",
  (wrong) => {
    expect(() => make("mailgun", { apiKey: API_KEY, domain: wrong })).toThrow(WRONG_OPTIONS);
  },
);

// Responses about a recipient that is refused for good, and about problems that only the sender can fix.
const responses: [Name, status: number, body: unknown, permanent: boolean][] = [
  ["resend", 422, { name: "validation_error", message: "Invalid `to` field. The email address needs …" }, true],
  ["resend", 400, { name: "validation_error", message: "Invalid `to` field." }, true],
  ["resend", 422, { name: "invalid_from_address", message: "Invalid `from` field." }, false],
  ["resend", 403, { name: "validation_error", message: "The domain is not verified: change `to`" }, false],
  ["resend", 409, { name: "concurrent_idempotent_requests" }, false],
  ["resend", 500, { name: "invalid_idempotent_request" }, false],
  ["postmark", 422, { ErrorCode: 406, Message: "You tried to send to an inactive recipient." }, true],
  ["postmark", 422, { ErrorCode: 300, Message: "Invalid 'To' address: 'mike@example'." }, true],
  ["postmark", 422, { ErrorCode: 300, Message: "Invalid 'From' address: 'x'." }, false],
  ["postmark", 422, { ErrorCode: 400, Message: "Sender signature not found" }, false],
  ["postmark", 401, { ErrorCode: 10, Message: "Bad or missing API token" }, false],
  ["sendgrid", 400, { errors: [{ field: "personalizations.0.to.0.email", message: "no address" }] }, true],
  ["sendgrid", 400, { errors: [{ field: "from.email", message: "no address" }] }, false],
  ["sendgrid", 403, { errors: [{ field: "from", message: "not a verified identity" }] }, false],
  ["mailgun", 400, { message: "to parameter is not a valid address. please check documentation" }, true],
  ["mailgun", 400, { message: "'to' parameter is not a valid address" }, true],
  ["mailgun", 400, { message: "from parameter is not a valid address" }, false],
  ["mailgun", 401, "Forbidden", false],
  ["mailgun", 404, { message: "Domain not found: mg.acme.example" }, false],
];
test.each(responses)("%s with status %i and %j is permanent: %s", async (name, status, body, permanent) => {
  const { url } = await serve(respondWith(status, body));
  const failure = await failureOf(mailerOf(name, url).send(MESSAGE, ABOUT));
  expect(failure).toMatchObject({ permanent, responseCode: status });
});

// The controls are among the responses above: the same status with another name, and another status with that name.
test("resend counts a repeated email with another link as sent, because the first link is valid", async () => {
  const { url, requests } = await serve(respondWith(409, { name: "invalid_idempotent_request", message: "…" }));
  await mailerOf("resend", url).send(MESSAGE, ABOUT);
  expect(requests).toHaveLength(1);
});
