import { createTransport } from "nodemailer";
import PostalMime from "postal-mime";
import { nodemailerMailer } from "relatch/nodemailer";
import { describe, expect, test, vi } from "vitest";
import { isWithLink, kinds, languages, type Persona, type Sample, samplesOf } from "../../system/email/samples.ts";
import { ABOUT, MESSAGE } from "../mailers/message.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const KILOBYTE = 1024;
/** The longest line of SMTP in bytes (RFC 5322 §2.1.1). */
const MAX_LINE = 998;
const host = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(50)}.example`;
/** As long as the longest signed token. */
const TOKEN = "Ab-_0".repeat(49).slice(0, 244);

const URLS: Record<string, string> = {
  "a signed token": `https://app.example.com/password_reset/${TOKEN}`,
  "a long host": `https://${host}/password_reset/${TOKEN}`,
  "a query with equals signs": `https://app.example.com/reset?a=3D&b==20&token=${TOKEN}&c='x'`,
  "dots where lines may start": `https://app.example.com/${".a".repeat(200)}`,
  "percent signs and other scripts": `https://app.example.com/${encodeURIComponent("сброс/паролей ".repeat(8))}`,
};

const LONGEST: Persona = {
  name: "&".repeat(64),
  appName: "🐴".repeat(64),
  url: `https://${host}/${TOKEN}`,
  mention: "2001:4860:4860:1234:5678:9abc:def0:8888",
  options: {
    supportAddress: "a-rather-long-address-for-help@support.example.com",
    logoUrl: `https://example.com/${"l".repeat(490)}`,
    accent: "#0af",
    signInWith: "&".repeat(64),
  },
};

/** Composes the email with nodemailer and parses it with another program. */
async function sendThroughMime({ subject, text, html }: Sample["content"]) {
  const raws: Buffer[] = [];
  const transport = createTransport({ streamTransport: true, buffer: true });
  const mailer = nodemailerMailer({
    sendMail: async (mail) => raws.push((await transport.sendMail(mail)).message as Buffer),
  });
  await mailer.send({ ...MESSAGE, subject, text, html }, ABOUT);
  const [raw = Buffer.alloc(0)] = raws;
  return { raw, parsed: await PostalMime.parse(raw) };
}

/** The stream transport ends lines with CRLF, and the parser adds one at the end. */
const linesOf = (text: string | undefined): string[] => (text ?? "").replaceAll("\r\n", "\n").trimEnd().split("\n");

describe.each(languages)("the emails in $tag", (language) => {
  test("have at most 20 KB, lines that fit into SMTP, and arrive unchanged", async () => {
    for (const persona of [{ name: "Mike" }, LONGEST]) {
      const samples = await samplesOf(language, persona);
      expect(samples.map(({ kind }) => kind)).toEqual(kinds);
      for (const { kind, content } of samples) {
        const { subject, text, html = "" } = content;
        expect(Buffer.byteLength(html), kind).toBeLessThan(20 * KILOBYTE);
        expect(Buffer.byteLength(text), kind).toBeLessThan(4 * KILOBYTE);
        const lines = [subject, ...text.split("\n"), ...html.split("\n")];
        expect(Math.max(...lines.map((line) => Buffer.byteLength(line))), kind).toBeLessThanOrEqual(MAX_LINE);

        const { raw, parsed } = await sendThroughMime(content);
        const wire = raw.toString("latin1").split("\r\n");
        expect(Math.max(...wire.map(({ length }) => length)), kind).toBeLessThanOrEqual(MAX_LINE);
        expect(parsed.subject, kind).toBe(subject);
        expect(linesOf(parsed.text), kind).toEqual(linesOf(text));
        expect(linesOf(parsed.html), kind).toEqual(linesOf(html));
      }
    }
  });

  test.each(Object.entries(URLS))("deliver a link with %s unchanged", async (_, url) => {
    const escaped = url.replace(/[&']/g, (sign) => `&#${sign.charCodeAt(0)};`);
    for (const { kind, content } of await samplesOf(language, { url })) {
      if (!isWithLink(kind)) continue;
      const { parsed } = await sendThroughMime(content);
      expect(linesOf(parsed.text)).toContain(url);
      expect(parsed.html).toContain(`href="${escaped}"`);
      expect(parsed.html).toContain(`>${escaped}</span>`);
    }
  });
});
