import { RelatchError } from "relatch";
import { de, en } from "relatch/languages";
import { type StandardNoticeOptions, standardMessages, standardNotices } from "relatch/messages";
import { describe, expect, test, vi } from "vitest";
import { parseHtml } from "../helpers/html.ts";
import { samplesOf } from "./samples.ts";

const to = { userId: "42", locale: "en" };
const INPUT = { to, appName: "Acme", language: en };
const LINK = { ...INPUT, url: "https://app.example.com/t", lifetime: 60_000 };

describe("what they are spread into", () => {
  test("the messages switch no notice on, and the notices are only those two", () => {
    expect(Object.keys(standardMessages())).toEqual(["resetLink", "passwordChanged"]);
    expect(Object.keys(standardNotices())).toEqual(["noAccount", "noPassword"]);
  });

  test("one of them altered, the other as it comes", async () => {
    const standard = standardMessages();
    const messages = {
      ...standard,
      resetLink: async (input: Parameters<typeof standard.resetLink>[0]) => ({
        ...(await standard.resetLink(input)),
        subject: "Another one",
      }),
    };
    expect(await messages.resetLink(LINK)).toMatchObject({
      subject: "Another one",
      text: expect.stringContaining(LINK.url),
    });
  });
});

describe.each([
  ["standardMessages", standardMessages],
  ["standardNotices", standardNotices],
])("%s refuses, with what to write instead,", (_name, make) => {
  const given: [string, unknown, RegExp][] = [
    ["an option that there is not", { logo: "x" }, /no "logo" among the options of/],
    ["no object", null, /is an object/],
    ["a support address that is a name", { supportAddress: "Support" }, /like "help@example\.com"/],
    ["one with a display name", { supportAddress: "Help <help@acme.example>" }, /one plain e-mail address/],
    ["one with a line break", { supportAddress: "help@acme.example\nBcc: x@evil.example" }, /plain/],
    ["one with a blank", { supportAddress: " help@acme.example" }, /plain/],
    ["an empty one", { supportAddress: "" }, /plain/],
    ["a page in its place", { supportAddress: "https://acme.example/help" }, /plain/],
    ["a logo on http", { logoUrl: "http://acme.example/logo.png" }, /like "https:/],
    ["a logo in the mail", { logoUrl: "data:image/png;base64,AA==" }, /like "https:/],
    ["a script in its place", { logoUrl: "javascript:alert(1)" }, /like "https:/],
    ["a logo of no host", { logoUrl: "/logo.png" }, /like "https:/],
    ["a logo with a password", { logoUrl: "https://a:b@acme.example/logo.png" }, /like "https:/],
    ["a logo too long for a line", { logoUrl: `https://acme.example/${"a".repeat(600)}` }, /512/],
    ["a logo that is no string", { logoUrl: new URL("https://acme.example/l.png") }, /like "https:/],
    ["a colour by name", { accent: "teal" }, /like "#1d4ed8"/],
    ["a colour of four digits", { accent: "#1234" }, /like "#1d4ed8"/],
    ["a colour with more to it", { accent: "#112233;background:url(x)" }, /like "#1d4ed8"/],
    ["a colour with a line after it", { accent: "#112233\n" }, /like "#1d4ed8"/],
    ["a number", { accent: 0x112233 }, /like "#1d4ed8"/],
    ["null", { accent: null }, /like "#1d4ed8"/],
  ];
  test.each(given)("%s", (_, options, message) => {
    const attempt = () => make(options as never);
    expect(attempt).toThrow(RelatchError);
    expect(attempt).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }));
    expect(attempt).toThrow(message);
  });

  test("nothing else", () => {
    const options = {
      supportAddress: "hilfe@büro.example",
      logoUrl: "https://a.example/l.png",
      accent: "#0AF",
    };
    expect(() => make(options)).not.toThrow();
    expect(() => make({ supportAddress: undefined, logoUrl: undefined, accent: undefined })).not.toThrow();
    expect(() => make()).not.toThrow();
  });
});

test("the options are read once: what happens to them later changes no mail", async () => {
  const options = { supportAddress: "help@acme.example" };
  const messages = standardMessages(options);
  options.supportAddress = "evil@evil.example";
  const { text } = await messages.passwordChanged({ ...INPUT, changedAt: new Date(0) });
  expect(text).toContain("help@acme.example");
});

describe("the address for help", () => {
  test("has a line of its own wherever it makes sense, and is no link", async () => {
    const samples = await samplesOf(de, { options: { supportAddress: "hilfe@acme.example" } });
    for (const { kind, content } of samples) {
      const isNamed = kind !== "resetLink";
      expect(content.text.split("\n").includes("hilfe@acme.example"), kind).toBe(isNamed);
      const { text, elements } = parseHtml(content.html ?? "");
      expect(text.includes("hilfe@acme.example"), kind).toBe(isNamed);
      expect(elements.filter(({ name }) => name === "a")).toHaveLength(kind === "resetLink" ? 1 : 0);
    }
  });

  test("without one, nothing leads to it", async () => {
    for (const { content } of await samplesOf(de)) expect(content.text).not.toContain(de.contact);
  });
});

describe("the logo", () => {
  const logoUrl = "https://cdn.acme.example/logo.png?v=1&w='2'";

  test("is the one thing loaded, named like the application and limited in size", async () => {
    for (const { content } of await samplesOf(en, { appName: `A "quoted" <name>`, options: { logoUrl } })) {
      const { elements } = parseHtml(content.html ?? "");
      const loading = elements.filter(({ attributes }) => "src" in attributes || "background" in attributes);
      expect(loading).toEqual([
        {
          name: "img",
          attributes: {
            src: new URL(logoUrl).href,
            alt: `A "quoted" <name>`,
            width: "120",
            style: expect.stringMatching(/max-width:160px.*max-height:64px/),
          },
        },
      ]);
      expect(content.html?.match(/https:[^"]+png/g)).toHaveLength(1);
      expect(content.text).not.toContain("logo.png");
    }
  });

  test("changes no word: the mail is complete without it", async () => {
    const [plain, withLogo] = await Promise.all([samplesOf(en), samplesOf(en, { options: { logoUrl } })]);
    expect(withLogo.map(({ content }) => content.text)).toEqual(plain.map(({ content }) => content.text));
    for (const { content } of withLogo) {
      expect(parseHtml(content.html ?? "").text.join(" ")).toContain("Acme");
    }
  });
});

describe("how somebody signs in", () => {
  const paragraphs = async (options: StandardNoticeOptions) => {
    const { text } = await standardNotices(options).noPassword(INPUT);
    return text.split("\n\n");
  };

  test("a name", async () => {
    expect(await paragraphs({ signInWith: "Google" })).toContain("You sign in to it with Google.");
  });

  test("a function of the recipient, asked for each mail, also later", async () => {
    const signInWith = vi.fn(async () => "Okta");
    expect(await paragraphs({ signInWith })).toContain("You sign in to it with Okta.");
    expect(signInWith.mock.calls).toEqual([[to]]);
    expect(await paragraphs({ signInWith: () => "GitHub" })).toContain("You sign in to it with GitHub.");
  });

  test.each([[undefined], [() => undefined], [async () => undefined], [() => null]])(
    "nothing: %s",
    async (signInWith) => {
      const text = await paragraphs({ signInWith });
      expect(text).toContain(en.noPassword.signIn);
      expect(text.join()).not.toContain("You sign in to it with");
    },
  );

  test("is inert: no link, no markup, no second line", async () => {
    const signInWith = () => `<b>https://evil.example</b>\nBcc: x`;
    const { text, html = "" } = await standardNotices({ signInWith }).noPassword(INPUT);
    expect(text).not.toMatch(/https?:|evil\.example|\nBcc/);
    expect(parseHtml(html).elements.filter(({ name }) => name === "b")).toEqual([]);
  });

  test.each([[42], [""], ["\u200b"], [{}], [true]])(
    "%j is none, as an option and as an answer",
    async (name) => {
      const options = (signInWith: unknown) => ({ signInWith }) as StandardNoticeOptions;
      const error = expect.objectContaining({
        code: "ERR_OPTIONS",
        message: expect.stringContaining("Google"),
      });
      expect(() => standardNotices(options(name))).toThrow(error);
      await expect(standardNotices(options(() => name)).noPassword(INPUT)).rejects.toThrow(error);
    },
  );
});

describe("the notices", () => {
  test("hold no link and promise nothing", async () => {
    for (const { kind, content } of await samplesOf(en, { name: "Mike" })) {
      if (kind === "resetLink") continue;
      const words = `${content.subject}\n${content.text}\n${parseHtml(content.html ?? "").text.join("\n")}`;
      expect(words).not.toMatch(/https?:|www\.|@|\/|href/);
    }
  });

  test("to an address without an account goes without a name, an id, or the address", async () => {
    const { text } = await standardNotices().noAccount({ ...INPUT, to: { ...to, userId: "secret-id" } });
    expect(text).toMatch(/^Hello,\n/);
    expect(text).not.toContain("secret-id");
  });
});
