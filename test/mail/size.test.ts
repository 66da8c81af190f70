import { createTransport } from "nodemailer";
import PostalMime from "postal-mime";
import type { MailMessage } from "relatch";
import { nodemailerMailer } from "relatch/nodemailer";
import { describe, expect, test, vi } from "vitest";
import { kinds, languages, type Persona, samplesOf } from "./samples.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// What a mail looks like on the wire: through nodemailer's composer, and read again by another program.

const KILOBYTE = 1024;
const host = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(50)}.example`;

/** As long as a signed one gets. */
const TOKEN = "Ab-_0".repeat(49).slice(0, 244);

const URLS: Record<string, string> = {
  "a signed token": `https://app.example.com/password_reset/${TOKEN}`,
  "a long host": `https://${host}/password_reset/${TOKEN}`,
  "a query with equals signs": `https://app.example.com/reset?a=3D&b==20&token=${TOKEN}&c='x'`,
  "dots where lines may begin": `https://app.example.com/${".a".repeat(200)}`,
  "percent signs and other scripts": `https://app.example.com/${encodeURIComponent("сброс/паролей ".repeat(8))}`,
};

/** The mail as it goes out, and as it is read again. */
async function throughMime({ subject, text, html }: Omit<MailMessage, "to">) {
  const raws: Buffer[] = [];
  const transport = createTransport({ streamTransport: true, buffer: true });
  const mailer = nodemailerMailer(
    {
      async sendMail(mail) {
        const { message } = await transport.sendMail(mail);
        raws.push(message as Buffer);
      },
    },
    { from: "Acme <noreply@example.com>" },
  );
  const about = { userId: "42", locale: "en", kind: "reset_link", idempotencyKey: "a-job" } as const;
  await mailer.send({ to: "mike@example.org", subject, text, html }, about);
  const [raw = Buffer.alloc(0)] = raws;
  return { raw, parsed: await PostalMime.parse(raw) };
}

const LONGEST: Persona = {
  name: "&".repeat(64),
  appName: "🐴".repeat(64),
  url: `https://${host}/${TOKEN}`,
  options: {
    supportAddress: "a-rather-long-address-for-help@support.example.com",
    logoUrl: `https://example.com/${"l".repeat(490)}`,
    accent: "#0af",
    signInWith: "&".repeat(64),
  },
};

describe.each(languages)("$tag", (language) => {
  test("every mail is below 20 KB, its lines fit into SMTP, and it says what was written", async () => {
    for (const persona of [{ name: "Mike" }, LONGEST]) {
      const samples = await samplesOf(language, persona);
      expect(samples.map(({ kind }) => kind)).toEqual(kinds);
      for (const { kind, content } of samples) {
        const { subject, text, html = "" } = content;
        expect(Buffer.byteLength(html), kind).toBeLessThan(20 * KILOBYTE);
        expect(Buffer.byteLength(text), kind).toBeLessThan(4 * KILOBYTE);
        const longest = Math.max(...`${text}\n${html}`.split("\n").map((line) => Buffer.byteLength(line)));
        expect(longest, `${kind}: RFC 5322 §2.1.1`).toBeLessThanOrEqual(998);

        const { raw, parsed } = await throughMime(content);
        const wire = Math.max(
          ...raw
            .toString("latin1")
            .split("\r\n")
            .map((line) => line.length),
        );
        expect(wire, kind).toBeLessThanOrEqual(998);
        expect(parsed.subject, kind).toBe(subject);
        expect(lines(parsed.text), kind).toEqual(lines(text));
        expect(lines(parsed.html), kind).toEqual(lines(html));
      }
    }
  });

  test.each(Object.entries(URLS))("the link with %s arrives byte by byte", async (_, url) => {
    const [link] = await samplesOf(language, { url });
    const { parsed } = await throughMime(link?.content ?? { subject: "", text: "" });
    expect(lines(parsed.text)).toContain(url);
    const escaped = url.replace(/[&']/g, (sign) => `&#${sign.charCodeAt(0)};`);
    expect(parsed.html).toContain(`href="${escaped}"`);
    expect(parsed.html).toContain(`>${escaped}</span>`);
  });
});

/** The stream transport ends lines with CRLF, and the parser adds one at the end. */
const lines = (text: string | undefined): string[] =>
  (text ?? "").replaceAll("\r\n", "\n").trimEnd().split("\n");
