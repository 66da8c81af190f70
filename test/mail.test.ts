import { ar, en, type Language, ru } from "relatch/languages";
import { describe, expect, test } from "vitest";
import { inertAppName, inertName, inertSubject } from "../src/mail/inert.ts";
import { chooseLanguage } from "../src/mail/language.ts";
import { escapeHtml } from "../src/mail/layout.ts";
import { type MessageContent, standardMessages } from "../src/mail/messages.ts";
import { durationInWords, instantInWords } from "../src/mail/words.ts";
import { parseHtml } from "./helpers/html.ts";
import { languages as allLanguages } from "./mail/samples.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("chooseLanguage", () => {
  const stub = (tag: string): Language => ({ ...en, tag });
  const languages = [en, ...["de", "pt-BR", "zh-CN", "sr-Latn", "he"].map(stub)] as [Language, ...Language[]];
  const choose = (...wishes: unknown[]) => chooseLanguage(languages, ...(wishes as string[])).tag;

  test.each([
    ["de", "de"],
    ["DE", "de"],
    ["de-AT", "de"],
    ["de-Latn-CH-1996", "de"],
    ["pt-br", "pt-BR"],
    ["pt", "pt-BR"],
    ["pt-PT", "pt-BR"],
    ["zh", "zh-CN"],
    ["zh-SG", "zh-CN"],
    ["zh-Hans-TW", "zh-CN"],
    ["zh-Hant", "en"],
    ["zh-TW", "en"],
    ["sr-Latn-RS", "sr-Latn"],
    ["sr", "en"],
    ["iw", "he"],
    ["fr", "en"],
    ["xx-nonsense-tag", "en"],
  ])("for %s: %s", (wish, tag) => {
    expect(choose(wish)).toBe(tag);
  });

  test("an exact match before one of another region", () => {
    const both = [stub("pt-PT"), stub("pt-BR")] as [Language, Language];
    expect(chooseLanguage(both, "pt-BR").tag).toBe("pt-BR");
    expect(chooseLanguage(both, "pt-AO").tag).toBe("pt-PT");
  });

  test.each([
    ["fr-CH, fr;q=0.9, de;q=0.7, *;q=0.5", "de"],
    ["de;q=0.1, pt-PT;q=0.9", "pt-BR"],
    ["de;q=0.5,zh-CN", "zh-CN"],
    ["pt, de", "pt-BR"],
    ["de;q=0, pt;q=0.1", "pt-BR"],
    ["de;q=0", "en"],
    ["de ; q=0.2 , pt ; q=0.8", "pt-BR"],
    ["de;Q=0.2, pt;q=0.8", "pt-BR"],
    ["*", "en"],
    ["*;q=1, de;q=0.5", "de"],
  ])("for the header %j: %s", (header, tag) => {
    expect(choose(header)).toBe(tag);
  });

  test("wishes in their order: the account's before the browser's", () => {
    expect(choose("de", "pt-BR")).toBe("de");
    expect(choose("fr", "pt-BR, de")).toBe("pt-BR");
    expect(choose(undefined, "de")).toBe("de");
    expect(choose()).toBe("en");
  });

  test.each([
    ["nothing", ""],
    ["separators", ",;,;=q,,"],
    ["weights that are none", "de;q=abc, de;q=, de;q=-1, de;q=NaN"],
    ["tags that are none", "de_DE_, 1234567890, \u0000, <script>, d".concat(",é".repeat(20))],
    ["prototypes", "__proto__, constructor, toString"],
    ["a line break", "de\r\nX-Evil: 1"],
    ["an over-long header", `${"fr,".repeat(200)}de`],
    ["a megabyte", "de,".repeat(400_000)],
    ["no string: a number", 1],
    ["no string: a list", ["de"]],
    ["no string: an object", { toString: () => "de" }],
    ["null", null],
  ])("%s is no wish", (_, wish) => {
    expect(choose(wish)).toBe("en");
  });

  test("a header of 512 characters is read, and a longer one is not", () => {
    const header = (length: number) => `de${" ".repeat(length - 2)}`;
    expect([choose(header(512)), choose(header(513))]).toEqual(["de", "en"]);
  });

  test("garbage spoils nothing beside it", () => {
    expect(choose("\u0000;q=1, a_b, de;q=0.3, *")).toBe("de");
  });

  test("a language with a tag that is none is no match for garbage", () => {
    expect(chooseLanguage([en, stub("not a tag")], "neither is this").tag).toBe("en");
  });
});

describe("durationInWords", () => {
  test.each([
    [HOUR, "1 hour", "1 час"],
    [24 * HOUR, "24 hours", "24 часа"],
    [5 * HOUR, "5 hours", "5 часов"],
    [90 * MINUTE, "90 minutes", "90 минут"],
    [30 * MINUTE, "30 minutes", "30 минут"],
    [21 * MINUTE, "21 minutes", "21 минута"],
    [MINUTE, "1 minute", "1 минута"],
    // Never longer than it is.
    [2 * MINUTE - 1, "1 minute", "1 минута"],
    [HOUR - 1, "59 minutes", "59 минут"],
    [61 * MINUTE + 59_999, "61 minutes", "61 минута"],
  ])("%i ms: %s, %s", (duration, english, russian) => {
    expect(durationInWords(duration, en)).toBe(english);
    expect(durationInWords(duration, ru).replaceAll("\u00a0", " ")).toBe(russian);
  });

  test("does not promise a minute where there is less", () => {
    expect(durationInWords(30_000, en)).toBe("30 seconds");
  });
});

test("an instant in words says its time zone", () => {
  const instant = new Date(Date.UTC(2026, 10, 22, 23, 5));
  expect(instantInWords(instant, en)).toMatch(/^November 22, 2026.* 11:05\sPM UTC$/);
  expect(instantInWords(instant, ru)).toMatch(/^22 ноября 2026.* 23:05 UTC$/);
});

describe("inert.ts", () => {
  test.each([
    ["Mike", "Mike"],
    ["Anna-Maria O'Neill", "Anna-Maria O'Neill"],
    ["Dr. J. R. R. Tolkien", "Dr. J. R. R. Tolkien"],
    ["J.R.R. Tolkien", "J.R.R. Tolkien"],
    ["Жанна д’Арк", "Жанна д’Арк"],
    ["李 小龍", "李 小龍"],
    ["क्षत्रिय", "क्षत्रिय"],
    ["José", "José"],
    ["  Mike \t Stone ", "Mike Stone"],
    ["Mike 🐴", "Mike 🐴"],
    ['AT&T <x> "y"', 'AT&T <x> "y"'],
  ])("inertName leaves %j readable", (name, text) => {
    expect(inertName(name)).toBe(text);
    expect(inertAppName(name)).toBe(text);
  });

  const CONTROLS = {
    CRLF: "\r\n",
    NUL: "\0",
    ESC: "\x1b",
    "U+0085": "\u0085",
    "U+2028": "\u2028",
    "U+2029": "\u2029",
    "right-to-left override": "\u202e",
    "right-to-left isolate": "\u2067",
    "right-to-left mark": "\u200f",
    "zero width space": "\u200b",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "tag character": "\u{e0041}",
    "private use": "\ue000",
    "lone surrogate": "\ud800",
  };
  test.each(Object.entries(CONTROLS))("%s goes", (_, control) => {
    const hostile = `${control}Mi${control}${control}ke${control}`;
    expect(inertName(hostile)).toBe("Mi ke");
    expect(inertAppName(hostile)).toBe("Mi ke");
    expect(inertName(control)).toBeUndefined();
  });

  test.each(["\u3164", "\u115f", "\u034f"])("%j, which nobody sees, is no name", (invisible) => {
    expect(inertName(invisible.repeat(3))).toBeUndefined();
  });

  test("subjects are one line, and nothing else of them changes", () => {
    expect(inertSubject(" Your «Acme» password 🐴\u200d:\r\n\tBcc: x\u2028y\u2029z\u0085\0 ")).toBe(
      "Your «Acme» password 🐴\u200d: Bcc: x y z",
    );
  });

  test("nor is there an encoded word in them, which a mailer would pass on as it is", () => {
    // https://evil.example
    expect(inertSubject("Your =?utf-8?B?aHR0cHM6Ly9ldmlsLmV4YW1wbGU=?= password")).toBe(
      "Your  ?utf-8?B?aHR0cHM6Ly9ldmlsLmV4YW1wbGU ?= password",
    );
    expect(inertSubject("==??=\0?")).toBe("= ??= ?");
    expect(inertSubject("Why? 2 + 2 = 4?")).toBe("Why? 2 + 2 = 4?");
  });

  test("names are cut to 64 characters, none of them in two", () => {
    expect(inertName("🐴".repeat(100))).toBe("🐴".repeat(64));
    expect(inertAppName("x".repeat(100))).toBe("x".repeat(64));
    expect(inertName(`${"x".repeat(63)} y`)).toBe("x".repeat(63));
    expect(inertName("x".repeat(1_000_000))).toHaveLength(64);
  });

  const LINKS = [
    "https://evil.example",
    "Hello, see http://evil.example/x",
    "www.evil.example",
    "evil.example",
    "EVIL.COM",
    "Your account is at risk, see evil.example now",
    "evil.xn--p1ai",
    "evil.рф",
    "evil.भारत",
    "evil.ไทย",
    "evil。example",
    "evil．example",
    "ｅｖｉｌ．ｃｏｍ",
    "http：／／evil",
    "mike@evil.example",
    "mike＠localhost",
    "mailto:mike",
    "tel:+15550100",
    "//evil",
    "\\\\evil\\share",
    "a/b",
    "evil.e\u0301x",
    "evil.c\u200bom",
    "javascript:alert(1)",
  ];
  test.each(LINKS)("a name that a mail client may link is none: %j", (name) => {
    // Taken apart by a space it is no link any more.
    expect(inertName(name) ?? "").toMatch(/^$|^evil\. ?c om$/);
  });

  test.each([
    "+1 (555) 123-4567",
    "Call 0 8 0 0 1 2 3",
    "٠٨٠٠١٢٣٤٥٦٧",
    "１８００５５５１２３４",
    "1-2 3,4 (5) 6+7",
  ])("a name that a telephone may call is none: %j", (name) => {
    expect(inertName(name)).toBeUndefined();
  });

  test.each(["Mike 123456", "Louis XIV", "R2D2 and C3PO, 1977 to 1983"])(
    "fewer digits are one: %j",
    (name) => {
      expect(inertName(name)).toBe(name);
    },
  );

  test.each([...LINKS, "Booking.com", "Acme: Tools", "Node.js", "me@work"])(
    "an application's name stays, and makes no link: %j",
    (name) => {
      const text = inertAppName(name);
      expect(text).not.toBe("");
      // As another one would look for links: dots, slashes, colons, at signs, also full-width.
      expect(text.replaceAll("\u2024", "").normalize("NFKC")).not.toMatch(/[:/\\@]|[.。]\S\S/);
      expect(inertAppName(text)).toBe(text);
    },
  );

  test.each([
    ["Booking.com", "Booking\u2024com"],
    ["Acme: Tools", "Acme Tools"],
    ["https://acme.example/app", "https acme\u2024example app"],
    ["me@work", "me work"],
  ])("an application's name stays readable: %s", (name, text) => {
    expect(inertAppName(name)).toBe(text);
  });

  test("escapeHtml leaves nothing that HTML would read, in text or in quotes", () => {
    expect(escapeHtml(`<a href="x" title='y'>&amp;`)).toBe(
      "&#60;a href=&#34;x&#34; title=&#39;y&#39;&#62;&#38;amp;",
    );
    expect(escapeHtml("Zoë 🐴")).toBe("Zoë 🐴");
  });
});

describe.each(allLanguages)("the standard mails ($tag)", (language) => {
  const messages = standardMessages();
  const URL_IN_MAIL = `https://app.example.com/password_reset/${"A".repeat(43)}?a=1&b='2'`;
  const compose = async (
    kind: "link" | "notice",
    { name, appName = "Acme" }: { name?: string; appName?: string },
  ) => {
    const input = {
      to: { userId: "42", name: inertName(name), locale: language.tag },
      appName: inertAppName(appName),
      language,
    };
    return kind === "link"
      ? messages.resetLink({ ...input, url: URL_IN_MAIL, lifetime: HOUR })
      : messages.passwordChanged({ ...input, changedAt: new Date(Date.UTC(2026, 10, 22, 23, 5)) });
  };
  const htmlOf = ({ html }: MessageContent) => parseHtml(html ?? "");
  /** Names may stand in elements of their own, or between invisible isolates. */
  const squashed = (text: string) => text.replace(/[\s\u2068\u2069]+/g, "");

  test("the link: text and HTML say the same, and all of it", async () => {
    const mail = await compose("link", { name: "Mike" });
    expect(mail.subject).toContain("Acme");
    const words = language.resetLink;
    const sentences = [
      language.greeting("Mike"),
      words.intro("Acme"),
      words.lifetime(durationInWords(HOUR, language)),
      words.notYou,
      "Acme",
    ];
    const shown = squashed(htmlOf(mail).text.join(""));
    for (const sentence of sentences) {
      expect(squashed(mail.text)).toContain(squashed(sentence));
      expect(shown).toContain(squashed(sentence));
    }
    expect(htmlOf(mail).text).toContain(words.action);
    expect(`${mail.subject}${mail.text}${mail.html}`).not.toMatch(/undefined|\[object|NaN|\$\{/);
  });

  test("the link stands once in the text, and twice in the HTML: behind the button and in plain sight", async () => {
    const mail = await compose("link", { name: "Mike" });
    expect(mail.text.split(URL_IN_MAIL)).toHaveLength(2);
    expect(mail.text.split("\n")).toContain(URL_IN_MAIL);
    const { elements, text } = htmlOf(mail);
    expect(elements.filter(({ name }) => name === "a").map(({ attributes }) => attributes["href"])).toEqual([
      URL_IN_MAIL,
    ]);
    expect(text.filter((part) => part.includes("https:"))).toEqual([URL_IN_MAIL]);
    expect(mail.subject).not.toContain("http");
  });

  test("the notice says when, and holds no link: whoever reads the mailbox is handed no next step", async () => {
    const mail = await compose("notice", { name: "Mike" });
    expect(mail.text).toContain(language === ar ? "٢٠٢٦" : "2026");
    expect(mail.text).toContain("UTC");
    for (const part of [mail.subject, mail.text, htmlOf(mail).text.join("\n")]) {
      expect(part).not.toMatch(/https?:|www\.|\/|@/);
    }
    expect(
      htmlOf(mail).elements.filter(({ name, attributes }) => name === "a" || "href" in attributes),
    ).toEqual([]);
  });

  test("the notice names the address for help where there is one", async () => {
    const input = {
      to: { userId: "42", locale: language.tag },
      appName: "Acme",
      language,
      changedAt: new Date(),
    };
    const mail = await standardMessages({ supportAddress: "help@acme.example" }).passwordChanged(input);
    expect(mail.text).toContain("help@acme.example");
    expect(htmlOf(mail).text.join("\n")).toContain("help@acme.example");
    expect(mail.text).not.toBe((await messages.passwordChanged(input)).text);
  });

  test("greets somebody without a name", async () => {
    expect((await compose("link", {})).text.startsWith(`${language.greeting(undefined)}\n`)).toBe(true);
  });

  test("loads nothing from anywhere, runs nothing, and says its language", async () => {
    const { elements } = htmlOf(await compose("link", { name: "Mike" }));
    const names = new Set(elements.map(({ name }) => name));
    for (const active of ["script", "img", "link", "iframe", "form", "input", "object", "base"]) {
      expect(names).not.toContain(active);
    }
    const attributes = elements.flatMap((element) => Object.entries(element.attributes));
    expect(
      attributes.filter(([name]) => name.startsWith("on") || name === "src" || name === "background"),
    ).toEqual([]);
    expect(JSON.stringify(elements)).not.toMatch(/url\(|@import/);
    const attributesOfAll = { lang: language.tag, dir: language.direction };
    expect(elements[0]).toEqual({ name: "html", attributes: attributesOfAll });
    // Webmail leaves that one out.
    expect(elements.find(({ name }) => name === "div")?.attributes).toMatchObject(attributesOfAll);
  });

  // GHSA-4hmq-ggrm-qfc6, CVE-2022-1274, CVE-2024-55224, CVE-2017-18892, CVE-2024-6923
  const hostile = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><a href='https://evil.example'>click</a>",
    "' onmouseover='alert(1)",
    "</td></tr></table><h1>Hacked</h1>",
    "<!--",
    "-->",
    "]]>",
    "</style><style>*{display:none}",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "&amp;",
    "& &",
    "`$\u007b7*7}`",
    "{{7*7}} {%x%} <%= 7*7 %>",
    "%0d%0aBcc: evil@example.com",
    "Mike\r\nBcc: evil@example.com\r\n\r\nHello",
    "Mike\u2028https://evil.example",
    "\u202egro.live//:sptth",
    "\u0000\u0001\u001b[2J",
    "\ud800<\udc00",
    "https://evil.example",
    "www.evil.example",
    "Your account is at risk, see evil.example",
    "[click](https://evil.example)",
    "x".repeat(10_000),
    "<".repeat(10_000),
    "__proto__",
  ];
  test.each(hostile)("a name of %j changes no element, link or header", async (name) => {
    for (const kind of ["link", "notice"] as const) {
      const harmless = await compose(kind, { name: "Mike" });
      // In Arabic a name has an element of its own, and one that is refused has none.
      const trees = [harmless, await compose(kind, {})].map((mail) => htmlOf(mail).tree);
      for (const hostileInput of [{ name }, { appName: name, name: "Mike" }]) {
        const mail = await compose(kind, hostileInput);
        const page = htmlOf(mail);
        expect(trees).toContain(page.tree);
        const hrefs = page.elements
          .filter((element) => element.name === "a")
          .map((a) => a.attributes["href"]);
        expect(hrefs).toEqual(kind === "link" ? [URL_IN_MAIL] : []);
        for (const words of [
          mail.subject,
          mail.text.replace(URL_IN_MAIL, ""),
          page.text.join(" ").replace(URL_IN_MAIL, ""),
        ]) {
          expect(words).not.toMatch(/https?:|www\.|evil\.ex|:\/\//);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
          expect(words).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066\u2067]/);
          expect(words.split("\u2068")).toHaveLength(words.split("\u2069").length);
        }
        expect(mail.subject).not.toContain("\n");
        expect(mail.text.split("\n")).toHaveLength(harmless.text.split("\n").length);
      }
    }
  });

  test("no line is too long for SMTP (RFC 5322 §2.1.1), whoever writes to whom", async () => {
    for (const long of ["🐴".repeat(64), "&".repeat(64), "'".repeat(64), "щ".repeat(64)]) {
      for (const kind of ["link", "notice"] as const) {
        const { subject, text, html } = await compose(kind, { name: long, appName: long });
        const lines = [subject, ...text.split("\n"), ...(html ?? "").split("\n")];
        expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(998);
      }
    }
  });
});

test("a language reads from right to left, and what is Latin in it from left to right", async () => {
  const arabic: Language = { ...en, tag: "ar", direction: "rtl" };
  const input = {
    to: { userId: "42", locale: "ar" },
    appName: "Acme",
    language: arabic,
    url: "https://x.example/t",
  };
  const { html = "" } = await standardMessages().resetLink({ ...input, lifetime: HOUR });
  const { elements } = parseHtml(html);
  expect(elements[0]?.attributes).toEqual({ lang: "ar", dir: "rtl" });
  expect(html.match(/<span dir="ltr"[^>]*>[^<]*/g)).toEqual([
    '<span dir="ltr">Acme',
    '<span dir="ltr">Acme',
    '<span dir="ltr" style="word-break:break-all">https://x.example/t',
  ]);
});
