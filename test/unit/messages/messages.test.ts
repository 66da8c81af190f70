import { TimeSpan } from "relatch";
import { ar, en, type Language } from "relatch/languages";
import { durationInWords, type MessageContent, standardMessages, standardNotices } from "relatch/messages";
import { describe, expect, test, vi } from "vitest";
import { instantInWords } from "../../../src/messages/in-words.ts";
import { escapeHtml } from "../../../src/messages/layout.ts";
import { sanitizeAppName, sanitizeName } from "../../../src/messages/sanitize.ts";
import { parseHtml } from "../../helpers/html.ts";
import { CODE_IN_MAIL, isWithLink, languages, samplesOf } from "../../system/email/samples.ts";

vi.setConfig({ testTimeout: 60_000 });

const HOUR = new TimeSpan(1, "h");
const TEN_MINUTES = new TimeSpan(10, "m");
const AT = new Date(Date.UTC(2026, 10, 22, 23, 5));
const URL_IN_EMAIL = `https://app.example.com/password_reset/${"A".repeat(43)}?a=1&b='2'`;

const messages = standardMessages();
const compose = async (
  kind: "resetLink" | "resetCode" | "invitation" | "passwordChanged",
  language: Language,
  { name, appName = "Acme" }: { name?: string | undefined; appName?: string },
) => {
  const to = { userId: "42", name: sanitizeName(name), locale: language.tag };
  const input = { to, appName: sanitizeAppName(appName), language };
  if (kind === "passwordChanged") return messages[kind]({ ...input, kind: "password_changed", changedAt: AT });
  const link = { ...input, url: URL_IN_EMAIL, expiresAt: AT, validFor: durationInWords(HOUR, language) };
  if (kind === "resetCode") {
    const code = { code: CODE_IN_MAIL, codeExpiresAt: AT, codeValidFor: durationInWords(TEN_MINUTES, language) };
    return messages.resetCode({ ...link, ...code, kind: "reset_code" });
  }
  return kind === "resetLink"
    ? messages.resetLink({ ...link, kind: "reset_link" })
    : messages.invitation({ ...link, kind: "invitation" });
};
const LINKS = ["resetLink", "invitation"] as const;
const WITH_LINK = [...LINKS, "resetCode"] as const;
const htmlOf = ({ html }: MessageContent) => parseHtml(html ?? "");
const anchorsOf = (content: MessageContent) => htmlOf(content).elements.filter(({ name }) => name === "a");
/** Names may be in elements by themselves, or between invisible isolates. */
const squash = (text: string) => text.replace(/[\s\u2068\u2069]+/g, "");

test("standardMessages contains no notice, and standardNotices contains only the two notices", () => {
  expect(Object.keys(standardMessages())).toEqual(["resetLink", "resetCode", "invitation", "passwordChanged"]);
  expect(Object.keys(standardNotices())).toEqual(["noAccount", "noPassword"]);
});

test("escapeHtml leaves nothing that HTML would interpret, in text or in quotes", () => {
  const escaped = "&#60;a href=&#34;x&#34; title=&#39;y&#39;&#62;&#38;amp;";
  expect(escapeHtml(`<a href="x" title='y'>&amp;`)).toBe(escaped);
  expect(escapeHtml("Zoë 🐴")).toBe("Zoë 🐴");
});

describe.each(languages)("the standard emails in $tag", (language) => {
  test.each(LINKS)("say the same in text and HTML, with every sentence about the link, in %s", async (kind) => {
    const email = await compose(kind, language, { name: "Mike" });
    expect(email.subject).toContain("Acme");
    const words = language[kind];
    const validity = words.lifetime(durationInWords(HOUR, language));
    const shown = squash(htmlOf(email).text.join(""));
    for (const sentence of [language.greeting("Mike"), words.intro("Acme"), validity, words.notYou, "Acme"]) {
      expect(squash(email.text)).toContain(squash(sentence));
      expect(shown).toContain(squash(sentence));
    }
    expect(htmlOf(email).text).toContain(words.action);
    expect(Object.values(email).join("")).not.toMatch(/undefined|\[object|NaN|\$\{/);
    expect((await compose(kind, language, {})).text.startsWith(`${language.greeting(undefined)}\n`)).toBe(true);
  });

  test("say the same in text and HTML, with every sentence about the code and the link", async () => {
    const email = await compose("resetCode", language, { name: "Mike" });
    const { resetCode, resetLink } = language;
    const shown = squash(htmlOf(email).text.join(""));
    for (const sentence of [
      ...[language.greeting("Mike"), resetCode.intro("Acme"), CODE_IN_MAIL],
      ...[resetCode.lifetime(durationInWords(TEN_MINUTES, language)), resetCode.secrecy("Acme"), resetCode.orLink],
      ...[resetLink.lifetime(durationInWords(HOUR, language)), resetCode.notYou],
    ]) {
      expect(squash(email.text)).toContain(squash(sentence));
      expect(shown).toContain(squash(sentence));
    }
    expect(htmlOf(email).text).toContain(resetLink.action);
    expect(Object.values(email).join("")).not.toMatch(/undefined|\[object|NaN|\$\{/);
  });

  test("contain the code on a line by itself, but not in the subject or the preview, which locked phones show", async () => {
    const { subject, text, html = "" } = await compose("resetCode", language, { name: "Mike" });
    expect(text.split("\n").filter((line) => line.includes(CODE_IN_MAIL))).toEqual([CODE_IN_MAIL]);
    expect(html.split(CODE_IN_MAIL)).toHaveLength(2);
    expect(html).toMatch(new RegExp(`<p class="[^"]*" dir="ltr" style="[^"]*">${CODE_IN_MAIL}</p>`));
    expect(squash(subject)).toBe(squash(language.resetLink.subject("Acme")));
    const preview = html.match(/display:none[^>]*>([^&]*)/)?.[1] ?? "";
    expect(squash(preview)).toBe(squash(language.resetCode.lifetime(durationInWords(TEN_MINUTES, language))));
  });

  test.each(WITH_LINK)("contain the link once in the text, and twice in the HTML of %s", async (kind) => {
    const email = await compose(kind, language, { name: "Mike" });
    expect(email.text.split(URL_IN_EMAIL)).toHaveLength(2);
    expect(email.text.split("\n")).toContain(URL_IN_EMAIL);
    expect(anchorsOf(email).map(({ attributes }) => attributes["href"])).toEqual([URL_IN_EMAIL]);
    expect(htmlOf(email).text.filter((part) => part.includes("https:"))).toEqual([URL_IN_EMAIL]);
    expect(email.subject).not.toContain("http");
  });

  test("say when the password changed, in UTC", async () => {
    const { text } = await compose("passwordChanged", language, {});
    expect(text).toContain(language === ar ? "٢٠٢٦" : "2026");
    expect(text).toContain("UTC");
  });

  test("contain no link and no address in the notices, so an intruder gets no next step", async () => {
    for (const { kind, content } of await samplesOf(language, { name: "Mike" })) {
      const words = [content.subject, content.text, ...htmlOf(content).text].join("\n");
      const found = [/https?:|www\.|\/|@/.test(words), anchorsOf(content).length];
      expect(found, kind).toEqual(isWithLink(kind) ? [true, 1] : [false, 0]);
    }
  });

  test("load nothing, run nothing, and declare their language twice, because webmail removes the first", async () => {
    const { elements } = htmlOf(await compose("invitation", language, { name: "Mike" }));
    const active = /^(script|img|link|iframe|form|input|object|base)$/;
    expect(elements.filter(({ name }) => active.test(name))).toEqual([]);
    const names = elements.flatMap(({ attributes }) => Object.keys(attributes));
    expect(names.filter((name) => /^(on|src$|background$)/.test(name))).toEqual([]);
    expect(JSON.stringify(elements)).not.toMatch(/url\(|@import/);
    const attributes = { lang: language.tag, dir: language === ar ? "rtl" : "ltr" };
    expect(elements[0]).toEqual({ name: "html", attributes });
    expect(elements.find(({ name }) => name === "div")?.attributes).toMatchObject(attributes);
  });
});

// GHSA-4hmq-ggrm-qfc6, CVE-2022-1274, CVE-2024-55224, CVE-2017-18892, CVE-2024-6923
test.each([
  ...["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "<!--", "-->"],
  ...["]]>", "\"><a href='https://evil.example'>click</a>", "</td></tr></table><h1>Hacked</h1>"],
  ...["</style><style>*{}", "&lt;b&gt;", "&#60;b&#62;", "&amp;", "& &", "`$\u007b7*7}`"],
  ...["{{7*7}} {%x%} <%= 7*7 %>", "__proto__", "%0d%0aBcc: evil@example.com"],
  ...["Mike\r\nBcc: evil@example.com\r\n\r\nHello", "Mike\u2028https://evil.example"],
  ...["\u202egro.live//:sptth", "\u0000\u0001\u001b[2J", "\ud800<\udc00", "https://evil.example"],
  ...["www.evil.example", "Your account is at risk, see evil.example", "[click](https://evil.example)"],
  ...["x".repeat(10_000), "<".repeat(10_000)],
])("a name of %j changes no element, link or header in any language", async (name) => {
  for (const language of languages) {
    for (const kind of [...WITH_LINK, "passwordChanged"] as const) {
      const harmless = await compose(kind, language, { name: "Mike" });
      // In Arabic a name has an element to itself, and a name that was removed has none.
      const trees = [harmless, await compose(kind, language, {})].map((email) => htmlOf(email).tree);
      for (const hostile of [{ name }, { appName: name, name: "Mike" }]) {
        const email = await compose(kind, language, hostile);
        const page = htmlOf(email);
        expect(trees).toContain(page.tree);
        const links = anchorsOf(email).map(({ attributes }) => attributes["href"]);
        expect(links).toEqual(isWithLink(kind) ? [URL_IN_EMAIL] : []);
        for (const part of [email.subject, email.text, page.text.join(" ")]) {
          const words = part.replace(URL_IN_EMAIL, "");
          expect(words).not.toMatch(/https?:|www\.|evil\.ex|:\/\//);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
          expect(words).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066\u2067]/);
          expect(words.split("\u2068")).toHaveLength(words.split("\u2069").length);
        }
        expect(email.subject).not.toContain("\n");
        expect(email.text.split("\n")).toHaveLength(harmless.text.split("\n").length);
      }
    }
  }
});

test("a language from right to left contains Latin names and addresses from left to right", async () => {
  const language: Language = { ...en, tag: "ar", direction: "rtl" };
  const input = { kind: "reset_link", to: { userId: "42", locale: "ar" }, appName: "Acme", language } as const;
  const link = { url: "https://x.example/t", expiresAt: AT, validFor: "1 hour" };
  const { html = "" } = await standardMessages().resetLink({ ...input, ...link });
  expect(parseHtml(html).elements[0]?.attributes).toEqual({ lang: "ar", dir: "rtl" });
  expect(html.match(/<span dir="ltr"[^>]*>[^<]*/g)).toEqual([
    '<span dir="ltr">Acme',
    '<span dir="ltr">Acme',
    '<span dir="ltr" style="word-break:break-all">https://x.example/t',
  ]);
});

describe.each(languages)("mentionRequest in $tag", (language) => {
  const paragraphs = ({ text }: MessageContent) => text.split("\n\n");
  const when = instantInWords(AT, language);

  test.each([
    ["an IPv4 address", "93.184.216.34"],
    ["an IPv6 address", "2001:4860:4860::8888"],
    ["no address", null],
  ])("adds one sentence before the one for others, with the time and %s", async (_, address) => {
    const plain = await samplesOf(language, { name: "Mike" });
    for (const [nth, { kind, content }] of (await samplesOf(language, { name: "Mike", mention: address })).entries()) {
      if (kind === "passwordChanged") continue;
      const before = paragraphs(plain[nth]!.content);
      const place = before.indexOf(language[kind].notYou);
      const [sentence = ""] = paragraphs(content).slice(place, place + 1);
      expect(paragraphs(content), kind).toEqual(before.toSpliced(place, 0, sentence));
      expect(sentence).toContain(when);
      expect(sentence.includes("IP")).toBe(address !== null);
      if (address !== null) expect(sentence).toContain(address);
      expect(squash(htmlOf(content).text.join(""))).toContain(squash(sentence));
    }
  });

  test("adds the address to the first sentences of the notice, and nothing else", async () => {
    const noticeOf = async (mention?: string | null) =>
      (await samplesOf(language, { mention })).find(({ kind }) => kind === "passwordChanged")!.content;
    const [plain, timeOnly, whole] = [await noticeOf(), await noticeOf(null), await noticeOf("93.184.216.34")];
    expect(timeOnly).toEqual(plain);
    const [greeting, intro = "", ...rest] = paragraphs(whole);
    expect([greeting, ...rest]).toEqual(paragraphs(plain).toSpliced(1, 1));
    expect(intro).toContain("IP");
    expect(intro).toContain("93.184.216.34");
    expect(intro.split(when)).toHaveLength(2);
    expect(whole.subject).toBe(plain.subject);
  });
});

test("an IP address in a text from right to left is isolated, and reads from left to right in HTML", async () => {
  const address = "2001:4860:4860::8888";
  for (const { kind, content } of await samplesOf(ar, { mention: address })) {
    expect(content.text.split(`\u2068${address}\u2069`), kind).toHaveLength(2);
    expect(content.html?.split(`<span dir="ltr">${address}</span>`), kind).toHaveLength(2);
  }
  for (const { content } of await samplesOf(en, { mention: address })) {
    expect(Object.values(content).join("")).not.toMatch(/[\u2068\u2069]/);
  }
});
