import { de, en } from "relatch/languages";
import { type StandardNoticeOptions, standardMessages, standardNotices } from "relatch/messages";
import { describe, expect, test, vi } from "vitest";
import { relatchError } from "../../helpers/errors.ts";
import { parseHtml } from "../../helpers/html.ts";
import { isWithLink, samplesOf } from "../../system/email/samples.ts";

const to = { userId: "42", locale: "en" };
const INPUT = { to, appName: "Acme", language: en };
const NO_PASSWORD = { ...INPUT, kind: "no_password" } as const;

const REFUSED = Object.entries({
  supportAddress: [
    ...["", "Support", "Help <help@acme.example>", "help@acme.example\nBcc: x@evil.example"],
    ...[
      " help@acme.example",
      "help@acme.example\u00a0",
      "\u200bhelp@acme.example",
      "https://acme.example/help",
      "a@acme.example, b@acme.example",
      42,
    ],
  ],
  logoUrl: [
    ...["http://acme.example/logo.png", "data:image/png;base64,AA==", "javascript:alert(1)", "/logo.png"],
    ...["https://a@acme.example/logo.png", "https://:b@acme.example/logo.png"],
    ...[new URL("https://acme.example/l.png")],
    // Too long for a line of an email.
    `https://acme.example/${"a".repeat(600)}`,
  ],
  accent: ["teal", "#1234", "#112233;background:url(x)", "#112233\n", 0x112233, null],
}).flatMap(([option, values]) => values.map((value) => [option, value] as const));

describe.each([
  ["standardMessages", standardMessages],
  ["standardNotices", standardNotices],
])("%s", (_name, create) => {
  test.each(REFUSED)("refuses the %s %j", (option, value) => {
    expect(() => create({ [option]: value })).toThrow(relatchError("ERR_OPTIONS", option) as Error);
  });

  test("refuses an unknown option and options that are not an object", () => {
    const unknown = relatchError("ERR_OPTIONS", 'Did you mean "logoUrl"') as Error;
    expect(() => create({ logoURL: "x" } as object)).toThrow(unknown);
    expect(() => create(null as never)).toThrow(relatchError("ERR_OPTIONS", "object") as Error);
  });

  test("takes every option, undefined, or no options at all", () => {
    const logoUrl = "https://a.example/l.png";
    expect(() => create({ supportAddress: "hilfe@büro.example", logoUrl, accent: "#0AF" })).not.toThrow();
    expect(() => create({ supportAddress: undefined, logoUrl: undefined, accent: undefined })).not.toThrow();
    expect(() => create()).not.toThrow();
  });
});

test("options that change after they were read change no email", async () => {
  const options = { supportAddress: "help@acme.example" };
  const messages = standardMessages(options);
  options.supportAddress = "evil@evil.example";
  const { text } = await messages.passwordChanged({ ...INPUT, kind: "password_changed", changedAt: new Date(0) });
  expect(text).toContain("help@acme.example");
});

describe("supportAddress", () => {
  test("has a line to itself in every email but the link, and is not linked", async () => {
    const supportAddress = "hilfe@acme.example";
    for (const { kind, content } of await samplesOf(de, { options: { supportAddress } })) {
      const { text, elements } = parseHtml(content.html ?? "");
      const shown = [content.text.split("\n"), text].map((lines) => lines.includes(supportAddress));
      const links = elements.filter(({ name }) => name === "a").length;
      expect([...shown, links], kind).toEqual(isWithLink(kind) ? [false, false, 1] : [true, true, 0]);
    }
  });

  test("is not introduced if there is none", async () => {
    for (const { content } of await samplesOf(de)) expect(content.text).not.toContain(de.contact);
  });
});

describe("logoUrl", () => {
  const logoUrl = "https://cdn.acme.example/logo.png?v=1&w='2'";

  test("is the only resource that is loaded, with the name as its text and a limited size", async () => {
    for (const { content } of await samplesOf(en, { appName: `A "quoted" <name>`, options: { logoUrl } })) {
      const { elements } = parseHtml(content.html ?? "");
      const loading = elements.filter(({ attributes }) => "src" in attributes || "background" in attributes);
      const style: unknown = expect.stringMatching(/max-width:160px.*max-height:64px/);
      const attributes = { src: new URL(logoUrl).href, alt: `A "quoted" <name>`, width: "120", style };
      expect(loading).toEqual([{ name: "img", attributes }]);
      expect(content.html?.match(/https:[^"]+png/g)).toHaveLength(1);
    }
  });

  test("changes no word, so the email is complete without it", async () => {
    const [plain, withLogo] = await Promise.all([samplesOf(en), samplesOf(en, { options: { logoUrl } })]);
    expect(withLogo.map(({ content }) => content.text)).toEqual(plain.map(({ content }) => content.text));
    for (const { content } of withLogo) expect(parseHtml(content.html ?? "").text.join(" ")).toContain("Acme");
  });
});

test("accent colors the button, and its default is blue", async () => {
  const colorOf = async (accent?: string) => {
    const link = { url: "https://app.example.com/t", expiresAt: new Date(0), validFor: "1 hour" };
    const input = { ...INPUT, kind: "reset_link", ...link } as const;
    const { html } = await standardMessages({ accent } as object).resetLink(input);
    return /bgcolor="(.+?)"/.exec(html ?? "")?.[1];
  };
  expect([await colorOf("#14B"), await colorOf()]).toEqual(["#1144bb", "#1d4ed8"]);
});

describe("signInWith", () => {
  const paragraphsOf = async (options: object) =>
    (await standardNotices(options).noPassword(NO_PASSWORD)).text.split("\n\n");

  test("is a name, or a function that is called with the recipient for each email", async () => {
    expect(await paragraphsOf({ signInWith: "Google" })).toContain("To sign in, use Google.");
    const signInWith = vi.fn(async () => "Okta");
    expect(await paragraphsOf({ signInWith })).toContain("To sign in, use Okta.");
    expect(signInWith.mock.calls).toEqual([[to]]);
    expect(await paragraphsOf({ signInWith: () => "GitHub" })).toContain("To sign in, use GitHub.");
  });

  test.each([[undefined], [() => undefined], [async () => undefined], [() => null]])(
    "may be nothing: %s",
    async (signInWith) => {
      const text = await paragraphsOf({ signInWith });
      expect(text).toContain(en.noPassword.signIn);
      expect(text.join()).not.toContain("To sign in, use");
    },
  );

  test("a constant is printed in one line as it is written, and the name from a function without a link", async () => {
    expect(await paragraphsOf({ signInWith: "Login.gov" })).toContain("To sign in, use Login.gov.");
    expect(await paragraphsOf({ signInWith: " a\r\nb\u202e " })).toContain("To sign in, use a b.");
    expect(await paragraphsOf({ signInWith: () => "Login.gov" })).toContain("To sign in, use Login\u2024gov.");
  });

  test("is sanitized: no link, no markup, no second line", async () => {
    const signInWith = () => `<b>https://evil.example</b>\nBcc: x`;
    const { text, html = "" } = await standardNotices({ signInWith }).noPassword(NO_PASSWORD);
    expect(text).not.toMatch(/https?:|evil\.example|\nBcc/);
    expect(parseHtml(html).elements.filter(({ name }) => name === "b")).toEqual([]);
  });

  test.each([[42], [""], ["\u200b"], [{}], [true]])("refuses %j, also from the function", async (name) => {
    const options = (signInWith: unknown) => ({ signInWith }) as StandardNoticeOptions;
    const error = relatchError("ERR_OPTIONS", "signInWith") as Error;
    expect(() => standardNotices(options(name))).toThrow(error);
    await expect(standardNotices(options(() => name)).noPassword(NO_PASSWORD)).rejects.toThrow(error);
  });
});

test("the notice about an unknown address contains neither a name nor an id", async () => {
  const { text } = await standardNotices().noAccount({
    ...INPUT,
    kind: "no_account",
    to: { ...to, userId: "secret-id" },
  });
  expect(text).toMatch(/^Hello,\n/);
  expect(text).not.toContain("secret-id");
});
