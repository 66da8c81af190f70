import fc from "fast-check";
import nodemailer from "nodemailer";
import PostalMime from "postal-mime";
import { afterEach, describe, expect, test, vi } from "vitest";
import { canonicalEmail } from "../src/email-address.ts";
import { combine } from "../src/mailers/combine.ts";
import { consoleMailer } from "../src/mailers/console.ts";
import { type NodemailerTransport, nodemailerMailer } from "../src/mailers/nodemailer.ts";
import type { Mailer, MailMessage } from "../src/types.ts";
import { WRONG_OPTIONS } from "./helpers/errors.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const MESSAGE: MailMessage = Object.freeze({
  to: "mike@example.org",
  subject: "Reset your Acme password",
  text: "Hello,\n\nhttps://app.example.com/password_reset/abc\n",
  html: "<p>Hello,</p>",
});
const ABOUT = Object.freeze({ userId: "42", locale: "en", kind: "reset_link" as const });
const FROM = "Acme <no-reply@acme.example>";

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
      [{ ...MESSAGE, from: FROM, headers: { "Auto-Submitted": "auto-generated" } }],
    ]);
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

  const refusal = (responseCode: unknown, code: unknown = "EENVELOPE") =>
    Object.assign(new Error("550 5.1.1 <mike@example.org>: unknown"), { code, responseCode });
  test.each([
    ["550: no such mailbox", refusal(550), true],
    ["551", refusal(551), true],
    ["552: mailbox full", refusal(552), true],
    ["553", refusal(553), true],
    ["554", refusal(554, "EMESSAGE"), true],
    ["421: shutting down", refusal(421, "ECONNECTION"), false],
    ["450: greylisted", refusal(450), false],
    ["452", refusal(452), false],
    ["530: our TLS", refusal(530, "EAUTH"), false],
    ["535: our credentials", refusal(535, "EAUTH"), false],
    ["a status in words", refusal("550"), false],
    ["no status", refusal(undefined, "ECONNREFUSED"), false],
    ["a time-out", refusal(undefined, "ETIMEDOUT"), false],
    ["no error at all", undefined, false],
    ["a string", "550", false],
  ])("fails with %s, permanently: %3$s", async (_, error, permanent) => {
    const { mailer } = fakeTransport(() => Promise.reject(error));
    const failure = await mailer.send(MESSAGE, ABOUT).then(
      () => undefined,
      (reason: unknown) => reason as Error & { permanent: boolean; code: unknown },
    );
    expect(failure).toBeInstanceOf(Error);
    expect(failure).toMatchObject({ permanent, cause: error });
    expect(failure?.code).toBe((error as { code?: unknown } | undefined)?.code);
    // The server's own words repeat the address.
    expect(failure?.message).not.toContain("mike");
  });

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
      ].sort(),
    );
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
  ])("refuses %s at construction", (_, transport, options) => {
    expect(() => nodemailerMailer(transport as never, options as never)).toThrow(WRONG_OPTIONS);
  });
});

describe("consoleMailer", () => {
  test("prints the whole mail, the link in one piece", async () => {
    const print = vi.fn();
    await consoleMailer(print).send(MESSAGE, ABOUT);
    const printed = String(print.mock.calls.flat().join("\n"));
    for (const part of [MESSAGE.to, MESSAGE.subject]) expect(printed).toContain(part);
    expect(printed).toMatch(/\shttps:\/\/app\.example\.com\/password_reset\/abc$/m);
    expect(printed).not.toContain("<p>");
  });

  test("to the console, unless told otherwise", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await consoleMailer().send(MESSAGE, ABOUT);
    expect(log).toHaveBeenCalledOnce();
  });
});

describe("combine", () => {
  const taking = () => vi.fn<Mailer["send"]>(async () => "taken");
  const failing = (error: unknown) => vi.fn<Mailer["send"]>(() => Promise.reject(error));

  test("sends through each of them, with the same arguments", async () => {
    const sends = [taking(), taking(), taking()] as const;
    await combine({ send: sends[0] }, { send: sends[1] }, { send: sends[2] }).send(MESSAGE, ABOUT);
    for (const send of sends) expect(send.mock.calls).toEqual([[MESSAGE, ABOUT]]);
  });

  test.each([
    ["rejects", failing(new Error("away"))],
    [
      "throws at once",
      vi.fn<Mailer["send"]>(() => {
        throw new Error("away");
      }),
    ],
  ])("fails when one of them %s, and asks the others all the same", async (_, failure) => {
    const [before, after] = [taking(), taking()];
    const mailer = combine({ send: before }, { send: failure }, { send: after });
    await expect(mailer.send(MESSAGE, ABOUT)).rejects.toThrow("away");
    expect([before.mock.calls.length, after.mock.calls.length]).toEqual([1, 1]);
  });

  test("calls each as its own method", async () => {
    class Counting {
      sent = 0;
      async send() {
        this.sent += 1;
      }
    }
    const counting = new Counting();
    await combine(counting).send(MESSAGE, ABOUT);
    expect(counting.sent).toBe(1);
  });

  test("a refusal by one is final only when nothing else is worth another try", async () => {
    const refused = Object.assign(new Error("refused"), { permanent: true });
    const away = new Error("away");
    for (const [one, other] of [
      [refused, away],
      [away, refused],
    ]) {
      const failure = combine({ send: failing(one) }, { send: failing(other) }).send(MESSAGE, ABOUT);
      await expect(failure).rejects.toSatisfy((error: { permanent?: boolean }) => error.permanent !== true);
    }
    const both = combine({ send: failing(refused) }, { send: failing(refused) }).send(MESSAGE, ABOUT);
    await expect(both).rejects.toMatchObject({ permanent: true });
  });

  test.each([
    ["no mailer, which would lose every mail without a word", []],
    ["what is none", [{}]],
    ["nothing", [undefined]],
  ])("refuses %s at construction", (_, mailers) => {
    expect(() => combine(...(mailers as unknown as [Mailer]))).toThrow(WRONG_OPTIONS);
  });
});
