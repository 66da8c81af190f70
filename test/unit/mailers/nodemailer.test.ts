import fc from "fast-check";
import nodemailer from "nodemailer";
import PostalMime from "postal-mime";
import type { Mailer, MailMessage } from "relatch";
import { type NodemailerTransport, nodemailerMailer } from "relatch/nodemailer";
import { expect, test, vi } from "vitest";
import { canonicalEmail } from "../../../src/lib/email-address.ts";
import { WRONG_OPTIONS } from "../../helpers/errors.ts";
import { harness, MIKE } from "../../helpers/harness.ts";
import { ABOUT, BARE, FROM, failureOf, HEADERS, MESSAGE, MESSAGE_ID } from "./message.ts";

const fakeTransport = (respond: () => unknown = () => ({ accepted: [] })) => {
  const sendMail = vi.fn(async (_email: Parameters<NodemailerTransport["sendMail"]>[0]) => respond());
  return { sendMail, mailer: nodemailerMailer({ sendMail }) };
};

test("nodemailerMailer passes only the documented fields (CVE-2017-18908)", async () => {
  const { mailer, sendMail } = fakeTransport();
  await mailer.send({ ...MESSAGE, cc: "evil@example.com", envelope: { to: "evil@example.com" } } as never, ABOUT);
  expect(sendMail.mock.calls).toEqual([[{ ...BARE, messageId: MESSAGE_ID, headers: HEADERS }]]);
});

test("nodemailerMailer sends an email without header fields, and leaves the Message-ID to the transport", async () => {
  const { mailer, sendMail } = fakeTransport();
  await mailer.send(BARE, ABOUT);
  expect(sendMail.mock.calls).toEqual([[{ ...BARE, messageId: undefined, headers: {} }]]);
});

test("nodemailerMailer calls sendMail as a method of the transport", async () => {
  const transport = {
    sent: 0,
    async sendMail() {
      this.sent += 1;
    },
  };
  await nodemailerMailer(transport).send(MESSAGE, ABOUT);
  expect(transport.sent).toBe(1);
});

const smtp = (responseCode: unknown, command?: string, code = "EENVELOPE", response?: string) =>
  Object.assign(new Error("550 5.1.1 <mike@example.org>: unknown"), { code, responseCode, command, response });
const lost = (code: string) => Object.assign(new Error(code), { code });
test.each([
  ["550: no such mailbox", smtp(550, "RCPT TO"), "refused"],
  ["501: an invalid address", smtp(501, "RCPT TO"), "refused"],
  ["556: a domain without mail servers", smtp(556, "RCPT TO"), "refused"],
  ["552: mailbox full", smtp(552, "RCPT TO"), "refused"],
  ["554: the content", smtp(554, "DATA", "EMESSAGE"), "refused"],
  ["552 to MAIL FROM: too long", smtp(552, "MAIL FROM"), "refused"],
  ["an email over the limit of the server", smtp(undefined, "MAIL FROM", "EMESSAGE"), "refused"],
  ["an address that makes no envelope", smtp(undefined, "API"), "refused"],
  ["550 of another transport", smtp(550), "refused"],
  ["571 of another transport", smtp(571), "again"],
  ["550: the sender is not allowed", smtp(550, "MAIL FROM"), "again"],
  ["550 5.1.8 to RCPT TO: the sender", smtp(550, "RCPT TO", "", "550 5.1.8 <a@b>"), "again"],
  ["554: the server accepts nothing", smtp(554, "CONN", "EPROTOCOL"), "again"],
  ["503: out of order", smtp(503, "RCPT TO"), "again"],
  ["530: our TLS", smtp(530, "MAIL FROM"), "again"],
  ["530 to RCPT TO", smtp(530, "RCPT TO"), "again"],
  ["535: our credentials", smtp(535, "AUTH PLAIN", "EAUTH"), "again"],
  ["550 to AUTH", smtp(550, "AUTH LOGIN", "EAUTH"), "again"],
  ["454 to STARTTLS", smtp(454, "STARTTLS", "ETLS"), "again"],
  ["421: shutting down", smtp(421, "CONN", "ECONNECTION"), "again"],
  ["450 and 451: greylisted", smtp(451, "RCPT TO"), "again"],
  ["452 after DATA", smtp(452, "DATA", "EMESSAGE"), "again"],
  ["a refused connection", lost("ESOCKET"), "again"],
  ["no such host", lost("EDNS"), "again"],
  ["a timeout", lost("ETIMEDOUT"), "again"],
  ["a connection that was lost", lost("ECONNECTION"), "again"],
  ["a status as a string", smtp("550"), "again"],
  ["no error at all", undefined, "again"],
  ["a string", "550", "again"],
])("nodemailerMailer fails with %s", async (_, error, outcome) => {
  const { mailer } = fakeTransport(() => Promise.reject(error));
  const failure = await failureOf(mailer.send(MESSAGE, ABOUT));
  expect(failure).toBeInstanceOf(Error);
  expect(failure.cause).toBe(error);
  expect(failure.permanent).toBe(outcome === "refused");
  expect(failure.code).toBe((error as { code?: unknown } | undefined)?.code);
  // The server's response repeats the address.
  expect(failure.message).not.toContain("mike");
});

test.each([
  ["550", [smtp(550, "DATA", "EMESSAGE")], true],
  ["451", [smtp(451, "DATA", "EMESSAGE")], false],
  ["no reason", undefined, false],
])("a recipient rejected after DATA, as over LMTP, is a failure: %s", async (_, rejectedErrors, permanent) => {
  const { mailer } = fakeTransport(() => ({ accepted: [], rejected: [MESSAGE.to], rejectedErrors }));
  expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({ permanent });
});

test("nodemailerMailer rejects if the transport throws synchronously", async () => {
  const { send } = nodemailerMailer({ sendMail: () => expect.fail("broken") });
  expect(await failureOf(send(MESSAGE, ABOUT))).toMatchObject({ permanent: false, cause: { message: "broken" } });
});

/** Sends an email through a transport of nodemailer, and returns what the transport makes of it. */
async function sendBy(transport: { sendMail(email: object): Promise<unknown> }, changes: Partial<MailMessage> = {}) {
  const sent: unknown[] = [];
  const keeping: NodemailerTransport = { sendMail: async (email) => sent.push(await transport.sendMail(email)) };
  await nodemailerMailer(keeping).send({ ...MESSAGE, ...changes }, ABOUT);
  return sent[0] as { message: Buffer; envelope: unknown };
}

test("jsonTransport accepts the email as it is", async () => {
  const { message } = await sendBy(nodemailer.createTransport({ jsonTransport: true }));
  const { subject, text, html } = MESSAGE;
  const from = { address: "no-reply@acme.example", name: "Acme" };
  const to = [{ address: "mike@example.org", name: "" }];
  expect(JSON.parse(String(message))).toMatchObject({ from, to, subject, text, html });
});

const stream = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: "windows" });
async function mime(changes: Partial<MailMessage> = {}) {
  const { message, envelope } = await sendBy(stream, changes);
  return { raw: message.toString("latin1"), envelope, mail: await PostalMime.parse(message) };
}
const headerNames = (raw: string) =>
  (raw.split("\r\n\r\n")[0] ?? "")
    .split(/\r\n(?![ \t])/)
    .map((line) => line.split(":")[0])
    .sort();

test("streamTransport writes a fixed set of headers and both parts", async () => {
  const { raw, envelope, mail } = await mime();
  expect(envelope).toEqual({ from: "no-reply@acme.example", to: ["mike@example.org"] });
  const fixed = ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"];
  const names = ["Auto-Submitted", "References", "X-Auto-Response-Suppress", "X-Entity-Ref-ID"];
  expect(headerNames(raw)).toEqual([...fixed, ...names].sort());
  expect(mail.messageId).toBe(MESSAGE_ID);
  expect(mail.subject).toBe(MESSAGE.subject);
  expect(mail.text?.trim()).toBe(MESSAGE.text.trim());
  expect(mail.html?.trim()).toBe(MESSAGE.html);
});

test.each([
  ...["\r\n", "\n", "\r", "\u0085", "\u2028", "%0d%0a"].map((end) => `Line${end}Bcc: evil@example.com`),
  "=?utf-8?q?=0D=0ABcc:_evil@example.com?=",
])("the subject %j adds no header (GHSA-268h-hp4c-crq3)", async (subject) => {
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
])("an email to %s goes to %s", async (to, recipient) => {
  expect((await mime({ to })).envelope).toMatchObject({ to: [recipient] });
});

test("nodemailer reads no accepted address as another one (CVE-2025-13033)", async () => {
  const part = (letters: string) =>
    fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 8 }).map((chosen) => chosen.join(""));
  const address = fc
    .tuple(part("aB.!#$%&'*+/=?^_`{|}~-éя"), part("aB.-üßя"))
    .map((parts) => parts.join("@"))
    .filter((candidate) => canonicalEmail(candidate) !== undefined);
  await fc.assert(
    fc.asyncProperty(address, async (to) => {
      const { envelope } = await stream.sendMail({ from: FROM, to, subject: "", text: "" });
      expect(envelope.to).toHaveLength(1);
      expect(canonicalEmail(envelope.to[0]?.replace(/^"(.*)"@/, "$1@"))).toBe(canonicalEmail(to));
    }),
    { numRuns: 300 },
  );
});

// A transport with default header fields adds them to those of the email.
test.each([{}, { headers: { "X-Mine": "1" } }])(
  "a mailer of one line hands whole emails to nodemailer, whose defaults are %j",
  async (defaults) => {
    const transport = nodemailer.createTransport({ streamTransport: true, buffer: true }, defaults);
    const raws: Buffer[] = [];
    const mailer: Mailer = { send: async (email) => raws.push((await transport.sendMail(email)).message as Buffer) };
    const { passwordReset, events } = harness({ from: FROM, mailer });
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    await passwordReset.drain();
    expect(events).toMatchObject([{ type: "reset_requested" }, { type: "mail_sent" }]);
    const [raw = Buffer.alloc(0)] = raws;
    const { messageId = "", references, headers } = await PostalMime.parse(raw);
    const key = /^<([\w-]{43})@acme\.example>$/.exec(messageId)?.[1];
    expect(references).toBe(`<about-${key}@acme.example>`);
    const expected = {
      "x-entity-ref-id": key,
      "auto-submitted": "auto-generated",
      ...("headers" in defaults && { "x-mine": "1" }),
    };
    expect(Object.fromEntries(headers.map(({ key: name, value }) => [name, value]))).toMatchObject(expected);
    expect(String(raw)).not.toMatch(/variables|validFor|expiresAt/i);
  },
);

test("nodemailerMailer declares that it needs a sender", () => {
  expect(fakeTransport().mailer.needsFrom).toBe(true);
});

test.each([
  ["no transport", undefined],
  ["a transport that cannot send", {}],
])("nodemailerMailer refuses %s at construction", (_, transport) => {
  expect(() => nodemailerMailer(transport as never)).toThrow(WRONG_OPTIONS);
});
