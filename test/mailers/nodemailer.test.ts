import fc from "fast-check";
import nodemailer from "nodemailer";
import PostalMime from "postal-mime";
import type { MailMessage } from "relatch";
import { type NodemailerTransport, nodemailerMailer } from "relatch/nodemailer";
import { afterEach, describe, expect, test, vi } from "vitest";
import { canonicalEmail } from "../../src/email-address.ts";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { ABOUT, FROM, failureOf, KEY, MESSAGE } from "./message.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const AUTOMATIC = { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply" };

describe("nodemailerMailer", () => {
  const fakeTransport = (answer: () => unknown = () => ({ accepted: [] })) => {
    const sendMail = vi.fn(async (_mail: Parameters<NodemailerTransport["sendMail"]>[0]) => answer());
    return { sendMail, mailer: nodemailerMailer({ sendMail }, { from: FROM }) };
  };

  test("hands over exactly these fields, from a fixed sender (CVE-2017-18908)", async () => {
    const { mailer, sendMail } = fakeTransport();
    const extra = {
      cc: "evil@example.com",
      envelope: { to: "evil@example.com" },
      headers: { "X-Evil": "1" },
    };
    await mailer.send({ ...MESSAGE, ...extra }, ABOUT);
    expect(sendMail.mock.calls).toEqual([
      [{ ...MESSAGE, from: FROM, messageId: `<${KEY}@acme.example>`, headers: AUTOMATIC }],
    ]);
  });

  test("leaves the Message-ID to the transport where there is no key, and lets no other text into it", async () => {
    const { mailer, sendMail } = fakeTransport();
    for (const idempotencyKey of [undefined, "", "a@evil.example>\r\nBcc: <eve", "k".repeat(129), 7]) {
      await mailer.send(MESSAGE, { ...ABOUT, idempotencyKey } as never);
    }
    expect(sendMail.mock.calls.map(([{ messageId }]) => messageId)).toEqual(Array(5).fill(undefined));
  });

  test("a mail without HTML", async () => {
    const { mailer, sendMail } = fakeTransport();
    const { html, ...plain } = MESSAGE;
    await mailer.send(plain, ABOUT);
    expect(sendMail.mock.calls[0]?.[0].html).toBeUndefined();
  });

  test("calls the transport as its own method", async () => {
    const transport = {
      sent: 0,
      async sendMail() {
        this.sent += 1;
      },
    };
    await nodemailerMailer(transport, { from: FROM }).send(MESSAGE, ABOUT);
    expect(transport.sent).toBe(1);
  });

  const smtp = (responseCode: unknown, command?: string, code = "EENVELOPE", response?: string) =>
    Object.assign(new Error("550 5.1.1 <mike@example.org>: unknown"), {
      code,
      responseCode,
      command,
      response,
    });
  const lost = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more });
  // What is refused for good went out as little as what is refused for now.
  test.each([
    ["550: no such mailbox", smtp(550, "RCPT TO"), "refused"],
    ["501: an address that is none", smtp(501, "RCPT TO"), "refused"],
    ["556: a domain that takes no mail", smtp(556, "RCPT TO"), "refused"],
    ["552: mailbox full", smtp(552, "RCPT TO"), "refused"],
    ["554: the content", smtp(554, "DATA", "EMESSAGE"), "refused"],
    ["552: too long, said of MAIL FROM", smtp(552, "MAIL FROM"), "refused"],
    ["a mail over the limit of the server", smtp(undefined, "MAIL FROM", "EMESSAGE"), "refused"],
    ["an address that makes no envelope", smtp(undefined, "API"), "refused"],
    ["550 of another transport", smtp(550), "refused"],
    ["571 of another transport", smtp(571), "unsent"],
    ["550: the sender is not allowed", smtp(550, "MAIL FROM"), "unsent"],
    ["550 5.1.8: the sender, said of the recipient", smtp(550, "RCPT TO", "", "550 5.1.8 <a@b>"), "unsent"],
    ["554: the server takes no mail at all", smtp(554, "CONN", "EPROTOCOL"), "unsent"],
    ["503: out of order", smtp(503, "RCPT TO"), "unsent"],
    ["530: our TLS", smtp(530, "MAIL FROM"), "unsent"],
    ["530 to RCPT TO", smtp(530, "RCPT TO"), "unsent"],
    ["535: our credentials", smtp(535, "AUTH PLAIN", "EAUTH"), "unsent"],
    ["550 to AUTH", smtp(550, "AUTH LOGIN", "EAUTH"), "unsent"],
    ["454 to STARTTLS", smtp(454, "STARTTLS", "ETLS"), "unsent"],
    ["421: shutting down", smtp(421, "CONN", "ECONNECTION"), "unsent"],
    ["450 and 451: greylisted", smtp(451, "RCPT TO"), "unsent"],
    ["452 after the mail", smtp(452, "DATA", "EMESSAGE"), "unsent"],
    ["a refused connection", lost("ESOCKET", { originalCode: "ECONNREFUSED", syscall: "connect" }), "unsent"],
    ["no such host", lost("EDNS"), "unsent"],
    ["a greeting that never came", lost("ETIMEDOUT", { timeoutType: "GREETING_TIMEOUT" }), "unsent"],
    ["a time-out later", lost("ETIMEDOUT", { timeoutType: "SOCKET_TIMEOUT" }), "unknown"],
    ["a time-out of an older version", lost("ETIMEDOUT"), "unknown"],
    ["a connection that was lost", lost("ECONNECTION"), "unknown"],
    ["a connection that was reset", lost("ESOCKET", { syscall: "read" }), "unknown"],
    ["a status in words", smtp("550"), "unsent"],
    ["no error at all", undefined, "unknown"],
    ["a string", "550", "unknown"],
  ])("fails with %s: %3$s", async (_, error, outcome) => {
    const { mailer } = fakeTransport(() => Promise.reject(error));
    const failure = await failureOf(mailer.send(MESSAGE, ABOUT));
    expect(failure).toBeInstanceOf(Error);
    expect(failure.cause).toBe(error);
    expect([failure.permanent, failure.unsent]).toEqual([outcome === "refused", outcome !== "unknown"]);
    expect(failure.code).toBe((error as { code?: unknown } | undefined)?.code);
    // The server's own words repeat the address.
    expect(failure.message).not.toContain("mike");
  });

  test.each([
    ["550", [smtp(550, "DATA", "EMESSAGE")], true],
    ["451", [smtp(451, "DATA", "EMESSAGE")], false],
    ["no reason", undefined, false],
  ])(
    "a recipient rejected after the mail, as over LMTP, is a failure: %s",
    async (_, rejectedErrors, permanent) => {
      const { mailer } = fakeTransport(() => ({ accepted: [], rejected: [MESSAGE.to], rejectedErrors }));
      expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({ permanent, unsent: true });
    },
  );

  test("fails as well when the transport throws at once", async () => {
    const transport = {
      sendMail: () => {
        throw new Error("broken");
      },
    };
    await expect(nodemailerMailer(transport, { from: FROM }).send(MESSAGE, ABOUT)).rejects.toMatchObject({
      permanent: false,
      cause: { message: "broken" },
    });
  });

  test("nodemailer itself takes the mail as it is: jsonTransport", async () => {
    const transport = nodemailer.createTransport({ jsonTransport: true });
    const sent = vi.spyOn(transport, "sendMail");
    await nodemailerMailer(transport, { from: FROM }).send(MESSAGE, ABOUT);
    const { message } = (await sent.mock.results[0]!.value) as { message: string };
    expect(JSON.parse(message)).toMatchObject({
      from: { address: "no-reply@acme.example", name: "Acme" },
      to: [{ address: "mike@example.org", name: "" }],
      subject: MESSAGE.subject,
      text: MESSAGE.text,
      html: MESSAGE.html,
    });
  });

  const mime = async (changes: Partial<MailMessage> = {}) => {
    const transport = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: "windows" });
    const sent = vi.spyOn(transport, "sendMail");
    await nodemailerMailer(transport, { from: FROM }).send({ ...MESSAGE, ...changes }, ABOUT);
    const { message, envelope } = (await sent.mock.results[0]!.value) as {
      message: Buffer;
      envelope: unknown;
    };
    return { raw: message.toString("latin1"), envelope, mail: await PostalMime.parse(message) };
  };
  const headerNames = (raw: string) =>
    (raw.split("\r\n\r\n")[0] ?? "")
      .split(/\r\n(?![ \t])/)
      .map((line) => line.split(":")[0])
      .sort();

  test("makes a mail with a fixed set of headers and both parts: streamTransport", async () => {
    const { raw, envelope, mail } = await mime();
    expect(envelope).toEqual({ from: "no-reply@acme.example", to: ["mike@example.org"] });
    expect(headerNames(raw)).toEqual(
      [
        "Auto-Submitted",
        "Content-Type",
        "Date",
        "From",
        "MIME-Version",
        "Message-ID",
        "Subject",
        "To",
        "X-Auto-Response-Suppress",
      ].sort(),
    );
    expect(mail.messageId).toBe(`<${KEY}@acme.example>`);
    expect(mail.subject).toBe(MESSAGE.subject);
    expect(mail.text?.trim()).toBe(MESSAGE.text.trim());
    expect(mail.html?.trim()).toBe(MESSAGE.html);
  });

  test.each([
    "CRLF\r\nBcc: evil@example.com",
    "LF\nBcc: evil@example.com",
    "CR\rBcc: evil@example.com",
    "U+0085\u0085Bcc: evil@example.com",
    "U+2028\u2028Bcc: evil@example.com",
    "%0d%0aBcc: evil@example.com",
    "=?utf-8?q?=0D=0ABcc:_evil@example.com?=",
  ])("no subject makes a header: %j (GHSA-268h-hp4c-crq3)", async (subject) => {
    const [{ raw, envelope, mail }, harmless] = [await mime({ subject }), await mime()];
    expect(headerNames(raw)).toEqual(headerNames(harmless.raw));
    expect(envelope).toEqual(harmless.envelope);
    expect(mail.bcc ?? []).toEqual([]);
  });

  test.each([
    ["a#b%c/d?e@x.com", "a#b%c/d?e@x.com"],
    ["'a'{b}|c@x.com", "'a'{b}|c@x.com"],
    ["=?utf-8?q?a?=@x.com", "=?utf-8?q?a?=@x.com"],
    ["josé@example.org", "josé@example.org"],
    ["mike@münchen.de", "mike@xn--mnchen-3ya.de"],
    // RFC 5321 §4.1.2: the same mailbox, spelled so that strict servers take it.
    ["a..b@x.com", '"a..b"@x.com'],
  ])("goes to %s as %s", async (to, recipient) => {
    expect((await mime({ to })).envelope).toMatchObject({ to: [recipient] });
  });

  test("nodemailer reads no accepted address as another one (CVE-2025-13033)", async () => {
    const transport = nodemailer.createTransport({ streamTransport: true, buffer: true });
    const part = (letters: string) =>
      fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 8 }).map((chosen) => chosen.join(""));
    const address = fc
      .tuple(part("aB.!#$%&'*+/=?^_`{|}~-éя"), part("aB.-üßя"))
      .map((parts) => parts.join("@"))
      .filter((candidate) => canonicalEmail(candidate) !== undefined);
    await fc.assert(
      fc.asyncProperty(address, async (to) => {
        const { envelope } = await transport.sendMail({ from: FROM, to, subject: "", text: "" });
        expect(envelope.to).toHaveLength(1);
        expect(canonicalEmail(envelope.to[0]?.replace(/^"(.*)"@/, "$1@"))).toBe(canonicalEmail(to));
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ["no transport", undefined, { from: FROM }],
    ["a transport that cannot send", {}, { from: FROM }],
    ["no options", { sendMail: async () => {} }, undefined],
    ["no sender", { sendMail: async () => {} }, {}],
    ["an empty sender", { sendMail: async () => {} }, { from: "" }],
    ["an option that it has not", { sendMail: async () => {} }, { from: FROM, form: FROM }],
  ])("refuses %s at construction", (_, transport, options) => {
    expect(() => nodemailerMailer(transport as never, options as never)).toThrow(WRONG_OPTIONS);
  });
});
