import { fetchMailer, type MailService, mailgun, postmark, resend, sendgrid } from "relatch/fetch";
import { afterEach, describe, expect, test } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { answering, startHttpService } from "./http-service.ts";
import { ABOUT, FROM, failureOf, KEY, MESSAGE } from "./message.ts";

const API_KEY = "key_Secret.1234-abcd";
const MESSAGE_ID = `<${KEY}@acme.example>`;

let service: Awaited<ReturnType<typeof startHttpService>> | undefined;
afterEach(async () => {
  await service?.close();
  service = undefined;
});

type Make = (url: string) => MailService;
const services: Record<string, Make> = {
  resend: (url) => resend({ apiKey: API_KEY, url }),
  postmark: (url) => postmark({ apiKey: API_KEY, url }),
  sendgrid: (url) => sendgrid({ apiKey: API_KEY, url }),
  mailgun: (url) => mailgun({ apiKey: API_KEY, url, domain: "mg.acme.example" }),
};

/** What a service is asked when this mail is sent. */
async function asked(make: Make, message = MESSAGE, from = FROM) {
  service = await startHttpService(answering(200, { id: "1" }));
  await fetchMailer(make(`${service.url}/`), { from }).send(message, ABOUT);
  const [request, ...more] = service.requests;
  if (!request || more.length > 0) throw new Error(`${more.length + 1} requests`);
  const { method, path, body } = request;
  const header = (name: string) => request.headers[name];
  return { method, path, body, header, json: () => JSON.parse(body) as Record<string, unknown> };
}

const { html: _, ...TEXT_ONLY } = MESSAGE;

describe("resend", () => {
  test("asks for exactly this mail", async () => {
    const { method, path, header, json } = await asked(services["resend"]!);
    expect([method, path]).toEqual(["POST", "/emails"]);
    expect(header("authorization")).toBe(`Bearer ${API_KEY}`);
    expect(header("content-type")).toBe("application/json");
    expect(header("idempotency-key")).toBe(KEY);
    // It refuses requests without one.
    expect(header("user-agent")).toBe("relatch");
    expect(json()).toEqual({
      from: FROM,
      to: [MESSAGE.to],
      subject: MESSAGE.subject,
      text: MESSAGE.text,
      html: MESSAGE.html,
      headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply" },
    });
  });

  test("without HTML, and with the sender's name as it reads it", async () => {
    const { json } = await asked(
      services["resend"]!,
      TEXT_ONLY,
      '"Acme \\"A\\" Ltd." <no-reply@acme.example>',
    );
    expect(json()).toMatchObject({ from: "Acme A Ltd. <no-reply@acme.example>" });
    expect(Object.keys(json())).not.toContain("html");
  });
});

describe("postmark", () => {
  test("asks for exactly this mail, with its own Message-ID and no tracking", async () => {
    const { method, path, header, json } = await asked(services["postmark"]!);
    expect([method, path]).toEqual(["POST", "/email"]);
    expect(header("x-postmark-server-token")).toBe(API_KEY);
    expect(header("authorization")).toBeUndefined();
    expect([header("content-type"), header("accept")]).toEqual(["application/json", "application/json"]);
    expect(json()).toEqual({
      From: FROM,
      To: MESSAGE.to,
      Subject: MESSAGE.subject,
      TextBody: MESSAGE.text,
      HtmlBody: MESSAGE.html,
      Headers: [
        { Name: "Auto-Submitted", Value: "auto-generated" },
        { Name: "X-Auto-Response-Suppress", Value: "OOF, AutoReply" },
        { Name: "Message-ID", Value: MESSAGE_ID },
        { Name: "X-PM-KeepID", Value: "true" },
      ],
      TrackOpens: false,
      TrackLinks: "None",
    });
  });
});

describe("sendgrid", () => {
  test("asks for exactly this mail, the text first, and no tracking", async () => {
    const { method, path, header, json } = await asked(services["sendgrid"]!);
    expect([method, path]).toEqual(["POST", "/v3/mail/send"]);
    expect(header("authorization")).toBe(`Bearer ${API_KEY}`);
    expect(header("content-type")).toBe("application/json");
    expect(json()).toEqual({
      personalizations: [{ to: [{ email: MESSAGE.to }] }],
      from: { email: "no-reply@acme.example", name: "Acme" },
      subject: MESSAGE.subject,
      content: [
        { type: "text/plain", value: MESSAGE.text },
        { type: "text/html", value: MESSAGE.html },
      ],
      headers: {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Message-ID": MESSAGE_ID,
      },
      tracking_settings: {
        click_tracking: { enable: false, enable_text: false },
        open_tracking: { enable: false },
      },
    });
  });

  test("without HTML and without a name", async () => {
    const { json } = await asked(services["sendgrid"]!, TEXT_ONLY, "no-reply@acme.example");
    expect(json()).toMatchObject({
      from: { email: "no-reply@acme.example" },
      content: [{ type: "text/plain", value: MESSAGE.text }],
    });
  });
});

describe("mailgun", () => {
  test("asks for exactly this mail, as a form, and no tracking", async () => {
    const { method, path, header, body } = await asked(services["mailgun"]!);
    expect([method, path]).toEqual(["POST", "/v3/mg.acme.example/messages"]);
    expect(header("authorization")).toBe(`Basic ${Buffer.from(`api:${API_KEY}`).toString("base64")}`);
    expect(header("content-type")).toBe("application/x-www-form-urlencoded");
    expect([...new URLSearchParams(body)]).toEqual([
      ["from", FROM],
      ["to", MESSAGE.to],
      ["subject", MESSAGE.subject],
      ["text", MESSAGE.text],
      ["o:tracking", "no"],
      ["html", MESSAGE.html],
      ["h:Auto-Submitted", "auto-generated"],
      ["h:X-Auto-Response-Suppress", "OOF, AutoReply"],
      ["h:Message-ID", MESSAGE_ID],
    ]);
  });

  test("without HTML", async () => {
    const { body } = await asked(services["mailgun"]!, TEXT_ONLY);
    expect(new URLSearchParams(body).has("html")).toBe(false);
  });

  test.each([undefined, "", "../v3/other.example", "a.example/b", "a@b.example", 7])(
    "refuses the domain %j at construction",
    (domain) => {
      expect(() => mailgun({ apiKey: API_KEY, domain } as never)).toThrow(WRONG_OPTIONS);
    },
  );
});

describe.each(Object.entries(services))("%s", (name, make) => {
  test("is asked for an internationalised host in Punycode, and for the local part as it stands", async () => {
    const { body } = await asked(make, { ...MESSAGE, to: "José+a@münchen.de" });
    const asText = name === "mailgun" ? new URLSearchParams(body).get("to") : body;
    expect(asText).toContain("José+a@xn--mnchen-3ya.de");
  });

  test.each([undefined, "", "sk 1", "sk\r\nX-Evil: 1", "ключ", 7])(
    "refuses the key %j at construction",
    (apiKey) => {
      const makers = { resend, postmark, sendgrid, mailgun };
      const options = { apiKey, ...(name === "mailgun" ? { domain: "mg.acme.example" } : {}) };
      expect(() => makers[name as keyof typeof makers](options as never)).toThrow(WRONG_OPTIONS);
    },
  );

  test.each([
    ["an option it has not", { apikey: API_KEY }],
    ["a URL that is none", { apiKey: API_KEY, url: "api.example.com" }],
    ["no options", undefined],
  ])("refuses %s at construction", (_, options) => {
    const makers = { resend, postmark, sendgrid, mailgun };
    expect(() => makers[name as keyof typeof makers](options as never)).toThrow(WRONG_OPTIONS);
  });
});

// What each says of a recipient that will never be taken, and of things that are the sender's to mend.
const answers: [service: string, status: number, body: unknown, permanent: boolean][] = [
  [
    "resend",
    422,
    { name: "validation_error", message: "Invalid `to` field. The email address needs …" },
    true,
  ],
  ["resend", 400, { name: "validation_error", message: "Invalid `to` field." }, true],
  ["resend", 422, { name: "invalid_from_address", message: "Invalid `from` field." }, false],
  ["resend", 403, { name: "validation_error", message: "The domain is not verified: change `to`" }, false],
  ["resend", 409, { name: "concurrent_idempotent_requests" }, false],
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
test.each(answers)("%s answers %i %j: for good %s", async (name, status, body, permanent) => {
  service = await startHttpService(answering(status, body));
  const mailer = fetchMailer(services[name]!(service.url), { from: FROM });
  expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({ permanent, responseCode: status });
});
