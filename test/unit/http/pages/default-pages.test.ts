import { createHash } from "node:crypto";
import { TimeSpan } from "relatch";
import { type Pages, passwordResetRoutes, type SecondFactorForm } from "relatch/http";
import { ru } from "relatch/languages";
import { defaultPages } from "relatch/pages";
import { describe, expect, test } from "vitest";
import { relatchError } from "../../../helpers/errors.ts";
import { harness } from "../../../helpers/harness.ts";
import { type Document, type Element, parseHtml } from "../../../helpers/html.ts";
import { SCRIPTS } from "../../../helpers/typography.ts";
import { english, languages } from "../texts/languages.ts";
import {
  codeInput,
  factorForm,
  pageInput,
  passwordInput,
  requestInput,
  samplePages,
  sentInput,
  signedInInput,
} from "./samples.ts";

const pages = defaultPages();

const find = ({ elements }: Document, name: string, attribute = "", value = ""): Element[] =>
  elements.filter((element) => element.name === name && (attribute === "" || element.attributes[attribute] === value));
const byId = (document: Document, id: string) => document.elements.find(({ attributes }) => attributes["id"] === id);
const titleOf = (document: Document) => document.textOf(find(document, "title")[0]);
const headingOf = (document: Document) => document.textOf(find(document, "h1")[0]);
const focusOf = ({ elements }: Document) => elements.find(({ attributes }) => "autofocus" in attributes);
/** Returns the sentences that a screen reader says about a field, besides its label. */
const descriptionOf = (document: Document, field: Element | undefined) =>
  (field?.attributes["aria-describedby"] ?? "").split(" ").map((id) => document.textOf(byId(document, id)).trim());
const parse = async (html: string | Promise<string>) => parseHtml(await html);

/** Every page in every state, parsed. */
async function renderAll(locale: string) {
  const samples = Object.entries(samplePages(pages, locale));
  const sources = await Promise.all(samples.map(async ([name, render]) => [name, await render()] as const));
  return sources.map(([name, source]) => ({ name, source, document: parseHtml(source) }));
}
const inEnglish = await renderAll("en");

describe.each(languages.map((language) => [language.tag, language] as const))("in %s", async (tag, language) => {
  const rendered = await renderAll(tag);

  test("every page is a whole document in the language, with one heading", () => {
    for (const { name, source, document } of rendered) {
      expect(source, name).toMatch(/^<!doctype html>\n<html [\s\S]*<\/html>\n$/);
      expect(source, name).not.toMatch(/undefined|\[object|NaN|\$\{|<script|javascript:| style="| on[a-z]+="/);
      expect(document.elements[0]?.attributes, name).toEqual({ lang: tag, dir: tag === "ar" ? "rtl" : "ltr" });
      for (const landmark of ["h1", "main", "header", "title", "style"]) {
        expect(find(document, landmark), `${name}: ${landmark}`).toHaveLength(1);
      }
      expect(titleOf(document), name).toMatch(/ · Acme$/);
      expect(titleOf(document), name).toContain(headingOf(document));
    }
  });

  test("every page has a label for each field, and ids that exist once", () => {
    for (const { name, document } of rendered) {
      const ids = document.elements.flatMap(({ attributes }) => attributes["id"] ?? []);
      expect(new Set(ids).size, name).toBe(ids.length);
      for (const { attributes } of [...find(document, "input"), ...find(document, "select")]) {
        if (attributes["type"] === "hidden" || attributes["aria-label"]) continue;
        const labels = find(document, "label", "for", attributes["id"]).map(document.textOf);
        expect(labels, name).toEqual([expect.stringMatching(/\p{L}/u)]);
      }
      for (const { attributes } of document.elements) {
        for (const id of (attributes["aria-describedby"] ?? "").split(" ")) if (id) expect(ids, name).toContain(id);
      }
    }
  });

  test("no page has untranslated words", () => {
    // A method that the texts do not know is shown by its own name.
    const shared = new Set(["Acme", "mike@example.org", "# 1 #", "# 2 #", "Password", "Code", ",", "hardware_key"]);
    for (const [index, { name, document }] of rendered.entries()) {
      const visible = document.text.filter((text) => !shared.has(text) && !text.endsWith("· Acme"));
      expect(visible.length, name).toBeGreaterThan(2);
      const untranslated = visible.filter((text) => inEnglish[index]?.document.text.includes(text));
      if (tag !== "en") expect(untranslated, name).toEqual([]);
      for (const text of visible) {
        if (/\p{L}{3}/u.test(text)) expect(text, name).toMatch(SCRIPTS[tag] ?? /\p{Script=Latin}/u);
      }
    }
  });

  test("the length of a password, the lifetime of a link and the wait are in the numbers of the language", async () => {
    const three = tag === "ar" ? /٣/ : /3/;
    const password = await parse(pages.newPassword({ ...passwordInput(tag), minPasswordLength: 3 }));
    expect(password.textOf(byId(password, "password-hint"))).toMatch(three);
    const sent = await parse(pages.sent({ ...sentInput(tag), tokenLifetime: new TimeSpan(3, "h") }));
    expect(sent.text.join("\n")).toMatch(three);
    const form = { action: "/c", digits: 3, lifetime: new TimeSpan(3, "m"), isRefused: false };
    const code = await parse(pages.sent({ ...sentInput(tag), code: form }));
    expect(code.textOf(byId(code, "code-hint")).match(new RegExp(three, "g"))).toHaveLength(2);
    const problem = { ...pageInput(tag), status: 429, reason: "throttled", retryAfterSeconds: 180 } as const;
    const throttled = await parse(pages.problem(problem));
    expect(throttled.text.join("\n")).toMatch(three);
  });

  test("an error comes first in the title, and the focused field is described by it", async () => {
    const { invalid_email } = language.request.errors;
    const document = await parse(pages.request({ ...requestInput(tag), error: "invalid_email", email: "mike@" }));
    expect(titleOf(document)).toBe(`${language.errorTitle(language.request.title)} · Acme`);
    expect(descriptionOf(document, focusOf(document))).toEqual([invalid_email]);
    expect(focusOf(document)?.attributes).toMatchObject({ id: "email", value: "mike@", "aria-invalid": "true" });
    expect(byId(document, "email-error")?.attributes["role"]).toBe("alert");
  });

  test("a notice comes first in the title, and the focused field is described by it", async () => {
    const { title, detail } = language.request.notices.malformed_link;
    const document = await parse(pages.request({ ...requestInput(tag), notice: "malformed_link" }));
    expect(titleOf(document)).toBe(`${title} · ${language.request.title} · Acme`);
    expect(descriptionOf(document, focusOf(document))).toEqual([title + detail]);
    expect(focusOf(document)?.attributes["aria-invalid"]).toBeUndefined();
    expect(byId(document, "notice")?.attributes["role"]).toBe("alert");
  });
});

test("the form for an address is posted to the page itself, with the address under its name", async () => {
  const document = await parse(pages.request(requestInput()));
  expect(find(document, "form")[0]?.attributes).toEqual({ method: "post", action: "/password_reset", novalidate: "" });
  expect(find(document, "input").map(({ attributes }) => attributes)).toEqual([
    {
      ...{ id: "email", name: "email", type: "email", autocomplete: "username", required: "", dir: "auto" },
      autofocus: "",
    },
  ]);
  expect(find(document, "a", "href", "/login")).toHaveLength(1);
});

test("the form for a password tells a password manager the account, and is posted without it", async () => {
  const document = await parse(pages.newPassword(passwordInput()));
  const fields = find(document, "input").map(({ attributes }) => attributes);
  expect(fields).toMatchObject([
    { type: "hidden", name: "handle", value: passwordInput().handle },
    { autocomplete: "username", value: "mike@example.org", readonly: "", tabindex: "-1" },
    { id: "password", name: "password", type: "password", autocomplete: "new-password", minlength: "8" },
    { id: "password_confirmation", name: "password_confirmation", type: "password", autocomplete: "new-password" },
  ]);
  expect(fields[1]).not.toHaveProperty("name");
  expect(document.text).toContain("mike@example.org");
  expect(find(document, "form")[0]?.attributes["action"]).toBe("/password_reset/new_password");
});

test("the form for a code has a field for digits, and tells the address again", async () => {
  const document = await parse(pages.sent(codeInput()));
  expect(find(document, "form")[0]?.attributes).toEqual({
    ...{ method: "post", action: "/password_reset/code", novalidate: "" },
  });
  expect(find(document, "input").map(({ attributes }) => attributes)).toEqual([
    { type: "hidden", name: "email", value: "mike@example.org" },
    {
      ...{ id: "code", name: "code", type: "text", autocomplete: "one-time-code", required: "", dir: "ltr" },
      ...{ autocapitalize: "none", spellcheck: "false", inputmode: "numeric", autofocus: "" },
      "aria-describedby": "code-hint",
    },
  ]);
  expect(descriptionOf(document, focusOf(document))).toEqual(["8 digits.The code works for 10 minutes."]);
  expect(document.text).toContain(english.code.orLink);
  expect(find(document, "a").map(({ attributes }) => attributes["href"])).toEqual(["/", "/password_reset", "/login"]);
});

test("a refused code is explained at its field, which is empty and has the focus", async () => {
  const { code } = codeInput();
  const document = await parse(pages.sent({ ...codeInput(), code: code && { ...code, isRefused: true } }));
  expect(titleOf(document)).toBe("Error: Check your email · Acme");
  expect(focusOf(document)?.attributes).toMatchObject({ id: "code", "aria-invalid": "true" });
  expect(focusOf(document)?.attributes).not.toHaveProperty("value");
  expect(descriptionOf(document, focusOf(document))[1]).toBe(english.code.refused);
});

test("the form for a code does without the address if it is not known any more", async () => {
  const document = await parse(pages.sent({ ...codeInput(), email: "" }));
  expect(document.text).toContain(english.code.leadWithoutAddress);
  expect(find(document, "bdi").map(document.textOf)).toEqual(["Acme"]);
});

test("the page that asks for an address says whether a link or a code is sent", async () => {
  const { lead, submit, leadForCode, submitForCode } = english.request;
  const byLink = await parse(pages.request(requestInput()));
  const byCode = await parse(pages.request({ ...requestInput(), method: "code" }));
  expect(byLink.text.filter((text) => [lead, submit, leadForCode, submitForCode].includes(text))).toEqual([
    lead,
    submit,
  ]);
  expect(byCode.text.filter((text) => [lead, submit, leadForCode, submitForCode].includes(text))).toEqual([
    leadForCode,
    submitForCode,
  ]);
});

const withFactor = (secondFactor: SecondFactorForm) => parse(pages.newPassword({ ...passwordInput(), secondFactor }));
const labelOf = (document: Document, id: string) => document.textOf(find(document, "label", "for", id)[0]);

test.each([
  ["totp", english.secondFactor.methods["totp"], true],
  ["sms", english.secondFactor.methods["sms"], true],
  ["recovery_code", english.secondFactor.methods["recovery_code"], false],
  ["hardware_key", "hardware_key", false],
  ["constructor", "constructor", false],
  ["__proto__", "__proto__", false],
])("the only method %s is a hidden field, and its name is the label", async (method, name, isNumeric) => {
  const document = await withFactor(factorForm(method));
  expect(find(document, "select")).toEqual([]);
  expect(find(document, "input", "name", "second_factor_method")[0]?.attributes).toEqual({
    ...{ type: "hidden", name: "second_factor_method", value: method },
  });
  expect(labelOf(document, "second_factor")).toBe(name);
  expect(byId(document, "second_factor")?.attributes).toEqual({
    ...{ id: "second_factor", name: "second_factor", type: "text", autocomplete: "one-time-code", required: "" },
    ...{ dir: "ltr", autocapitalize: "none", spellcheck: "false" },
    ...(isNumeric && { inputmode: "numeric" }),
  });
  expect(focusOf(document)?.attributes["id"]).toBe("password");
});

test("several methods are a choice, with the one that was chosen before", async () => {
  const methods = ["totp", "recovery_code", "hardware_key"] as const;
  const document = await withFactor({ ...factorForm(...methods), method: "recovery_code" });
  expect(labelOf(document, "second_factor_method")).toBe(english.secondFactor.choice);
  expect(labelOf(document, "second_factor")).toBe(english.secondFactor.response);
  expect(find(document, "option").map(({ attributes }) => attributes)).toEqual([
    { value: "totp" },
    { value: "recovery_code", selected: "" },
    { value: "hardware_key" },
  ]);
  const { totp, recovery_code } = english.secondFactor.methods;
  expect(find(document, "option").map(document.textOf)).toEqual([totp, recovery_code, "hardware_key"]);
});

test.each(["second_factor_required", "second_factor_rejected"] as const)(
  "%s is explained at its field and at the one with the focus",
  async (error) => {
    const document = await withFactor({ ...factorForm("totp"), error });
    const sentence = english.secondFactor.errors[error];
    expect(titleOf(document)).toBe("Error: Set a new password · Acme");
    const invalid = document.elements.filter(({ attributes }) => "aria-invalid" in attributes);
    expect(invalid.map(({ attributes }) => attributes["id"])).toEqual(["second_factor"]);
    expect(descriptionOf(document, invalid[0])).toEqual([sentence]);
    expect(focusOf(document)?.attributes["id"]).toBe("password");
    expect(descriptionOf(document, focusOf(document))).toContain(sentence);
    expect(byId(document, "second_factor-error")?.attributes["role"]).toBe("alert");
  },
);

test("own texts can name methods, and need the sections for codes and second factors", async () => {
  const { secondFactor } = english;
  const texts = { ...english, secondFactor: { ...secondFactor, methods: { hardware_key: "Security key" } } };
  const own = defaultPages({ texts: { en: texts } });
  const document = await parse(own.newPassword({ ...passwordInput(), secondFactor: factorForm("hardware_key") }));
  expect(labelOf(document, "second_factor")).toBe("Security key");
  for (const section of ["code", "secondFactor"]) {
    expect(() => defaultPages({ texts: { en: { ...english, [section]: undefined } } })).toThrow(
      relatchError("ERR_OPTIONS", section),
    );
  }
});

test("a refused password is explained at its field, which has the focus", async () => {
  const violations = ["First.", "Second."].map((message) => ({ code: "own", message, params: {} }));
  const document = await parse(pages.newPassword({ ...passwordInput(), violations }));
  const [, errors] = descriptionOf(document, focusOf(document));
  expect(errors).toBe("First.Second.");
  expect(titleOf(document)).toMatch(/^Error: /);
  const invalid = document.elements.filter(({ attributes }) => "aria-invalid" in attributes);
  expect(invalid.map(({ attributes }) => attributes["id"])).toEqual(["password"]);
});

test("two different passwords are both to be entered again, and the first field says why", async () => {
  const document = await parse(pages.newPassword({ ...passwordInput(), isMismatch: true }));
  const focused = focusOf(document);
  expect(focused?.attributes["id"]).toBe("password");
  expect(descriptionOf(document, focused)).toContain(english.newPassword.mismatch);
  expect(descriptionOf(document, byId(document, "password_confirmation"))).toEqual([english.newPassword.mismatch]);
  const invalid = document.elements.filter(({ attributes }) => attributes["aria-invalid"] === "true");
  expect(invalid).toHaveLength(2);
  expect(titleOf(document)).toMatch(/^Error: /);
});

test("the hint names no length if no rule asks for one", async () => {
  const document = await parse(pages.newPassword({ ...passwordInput(), minPasswordLength: undefined }));
  expect(document.textOf(byId(document, "password-hint"))).toBe(english.newPassword.advice);
  expect(byId(document, "password")?.attributes).not.toHaveProperty("minlength");
});

test("an invitation sets a first password, which signs nobody out", async () => {
  const document = await parse(pages.newPassword({ ...passwordInput(), isInvitation: true }));
  const { title, password, confirmation, submit } = english.invitation;
  expect(headingOf(document)).toBe(title);
  expect(find(document, "label").map(document.textOf)).toEqual([password, confirmation]);
  expect(document.textOf(find(document, "button")[0])).toBe(submit);
  expect(document.text).not.toContain(english.newPassword.aftermath);
});

test("the sent page shows the address, how long the link is valid, and the ways back", async () => {
  const document = await parse(pages.sent({ ...sentInput(), email: "mike@example.org" }));
  expect(document.text).toEqual(expect.arrayContaining(["mike@example.org", "The link works once, for 1 hour."]));
  expect(find(document, "a").map(({ attributes }) => attributes["href"])).toEqual(["/", "/password_reset", "/login"]);
});

test("a visitor who is signed in can sign out and come back, or go on", async () => {
  const document = await parse(pages.signedIn(signedInInput()));
  expect(find(document, "form")[0]?.attributes).toEqual({ method: "post", action: "/logout" });
  expect(find(document, "input").map(({ attributes }) => attributes)).toEqual([
    { type: "hidden", name: "return_to", value: "/password_reset/new_password" },
  ]);
  expect(find(document, "a", "href", signedInInput().continuePath)).toHaveLength(1);
  const alone = await parse(pages.signedIn({ ...signedInInput(), signOutPath: undefined }));
  expect(find(alone, "form")).toEqual([]);
  expect(find(alone, "a", "href", signedInInput().continuePath)).toHaveLength(1);
});

test("a problem page leads home, and back to the start where that helps", async () => {
  const linksOf = async (status: number) => {
    const document = await parse(
      pages.problem({ ...pageInput(), status, reason: "fault", retryAfterSeconds: undefined }),
    );
    return find(document, "a").map(({ attributes }) => attributes["href"]);
  };
  expect(await linksOf(403)).toEqual(["/", "/password_reset", "/"]);
  for (const status of [429, 500, 503]) expect(await linksOf(status)).toEqual(["/", "/"]);
});

test("a problem with a status that has no text counts as our failure", async () => {
  const input = { ...pageInput(), status: 418, reason: "fault", retryAfterSeconds: undefined } as const;
  expect(headingOf(await parse(pages.problem(input)))).toBe(english.problems[500].title);
});

describe("values from outside", () => {
  const HOSTILE: Record<string, string> = {
    markup: `</title></style></main><script>alert(1)</script><img src=x onerror=alert(1)>`,
    quotes: `" onfocus="alert(1)" x='1' \` &quot; &#34; &lt;`,
    comment: "--><!--/email_off--><!--",
    bidi: "\u202egro.elpmaxe\u2066\u202d\u200f",
    long: "a".repeat(320),
    controls: "a\0b\u0001c\u001bd\u007fe\u0085f",
    surrogates: "\ud800x\udc00",
    lines: "a\r\nSet-Cookie: x=1\tb",
    template: "{{1+1}} <%= 1 %> $& $1 $` $$",
    empty: " ",
  };
  /** Returns the part of a value that is shown: browsers do not read control characters, and the parser of the test decodes the rest. */
  const inert = (value: string) => value.replace(/(?![\t\r\n])\p{Cc}/gu, "\ufffd");

  /** Every page with this value in every string that is not chosen by relatch. */
  function renderWith(value: string): Record<string, () => string | Promise<string>> {
    const input = { ...pageInput(), appName: value, paths: { request: value, login: value, home: value } };
    const violations = [{ code: value, message: value, params: {} }];
    return {
      request: () =>
        pages.request({ ...input, method: "link", notice: undefined, error: "invalid_email", email: value }),
      sent: () => pages.sent({ ...input, email: value, code: undefined }),
      code: () => pages.sent({ ...codeInput(), ...input, email: value }),
      secondFactor: () => pages.newPassword({ ...passwordInput(), ...input, secondFactor: factorForm(value) }),
      secondFactors: () => pages.newPassword({ ...passwordInput(), ...input, secondFactor: factorForm(value, "totp") }),
      newPassword: () =>
        pages.newPassword({ ...passwordInput(), ...input, action: value, handle: value, email: value, violations }),
      signedIn: () => pages.signedIn({ ...input, continuePath: value, returnPath: value, signOutPath: value }),
      problem: () => pages.problem({ ...input, status: 404, reason: "not_found", retryAfterSeconds: undefined }),
    };
  }

  test.each(Object.keys(HOSTILE))("are inert in every page: %s", async (name) => {
    const value = HOSTILE[name] ?? "";
    const plain = renderWith("plain");
    for (const [page, render] of Object.entries(renderWith(value))) {
      const [document, expected] = [await parse(render()), await parse(plain[page]?.() ?? "")];
      expect(document.tree, page).toBe(expected.tree);
      const count = (values: readonly string[], needle: string) => values.filter((each) => each === needle).length;
      const attributes = (each: Document) => each.elements.flatMap((element) => Object.values(element.attributes));
      expect(count(attributes(document), inert(value)), page).toBe(count(attributes(expected), "plain"));
      expect(count(document.text, inert(value).trim()), page).toBeGreaterThanOrEqual(
        value.trim() === "" ? 0 : count(expected.text, "plain"),
      );
      expect(titleOf(document), page).toContain(inert(value));
    }
  });

  test("the parser finds markup in a page that does not escape (control)", async () => {
    const html = await pages.sent({ ...sentInput(), email: "plain" });
    expect(() => parseHtml(html.replace("plain", HOSTILE["markup"] ?? ""))).toThrow();
    expect(parseHtml(html.replace("plain", "<b>plain</b>")).tree).not.toBe(parseHtml(html).tree);
  });

  test("an address is isolated from the direction of the sentence around it", async () => {
    for (const render of [() => pages.sent(sentInput("ar")), () => pages.newPassword(passwordInput("ar"))]) {
      const document = await parse(render());
      expect(find(document, "bdi").map(document.textOf)).toContain("mike@example.org");
    }
  });

  test("no proxy takes addresses out of the page: everything visible is marked for Cloudflare", async () => {
    for (const render of Object.values(samplePages(pages))) {
      const html = await render();
      const outside = html.replace(/<!--email_off-->[\s\S]*<!--\/email_off-->/, "").replace(/^[\s\S]*<body>/, "");
      expect(outside.replace(/<[^<>]*>/g, "").trim()).toBe("");
      expect(html.split("email_off")).toHaveLength(3);
    }
  });
});

describe("the policy", () => {
  /** The hash of the style sheet in a page, as a browser computes it. */
  function hashStyle(html: string): string {
    const [, style = ""] = /<style>([\s\S]*)<\/style>/.exec(html) ?? [];
    expect(style.length).toBeGreaterThan(1000);
    return `'sha256-${createHash("sha256").update(style).digest("base64")}'`;
  }

  test.each([
    [{}, "", "'self' data:"],
    [{ accent: "#0f766e" }, "", "'self' data:"],
    [{ logoUrl: "/logo.svg" }, "", "'self'"],
    [{ logoUrl: "https://cdn.example.com/logo.svg?v=1" }, "", "'self' https://cdn.example.com"],
    [{ stylesheet: "/reset.css" }, " 'self'", "'self' data:"],
    [{ stylesheet: "https://CDN.example.com:443/a.css" }, " https://cdn.example.com", "'self' data:"],
  ])("admits the style sheet of the pages by its hash, and what else they load: %j", async (options, style, images) => {
    const styled = defaultPages(options);
    const { contentSecurityPolicy } = styled;
    for (const render of Object.values(samplePages(styled))) {
      const html = await render();
      expect(contentSecurityPolicy).toEqual({ "style-src": hashStyle(html) + style, "img-src": images });
    }
  });

  test("is sent with the page, and the page is found by the handler in the visitor's language", async () => {
    const { passwordReset } = harness({ languages: [ru] });
    const routes = passwordResetRoutes({ passwordReset, pages });
    const request = new Request("https://app.example.com/password_reset?notice=malformed_link");
    const response = await routes.handle(request, { ip: false });
    const html = await response.text();
    expect(response.headers.get("Content-Security-Policy")).toContain(`style-src ${hashStyle(html)};`);
    expect(html).toContain("Ссылка неполная");
  });

  test("a page loads nothing but what the options name", async () => {
    const styled = defaultPages({ logoUrl: "https://cdn.example.com/logo.png", stylesheet: "/reset.css" });
    const loadedBy = async (each: Pages) => {
      const { elements } = await parse(each.request(requestInput()));
      const loading = elements.filter(({ name }) => ["link", "img", "script", "iframe"].includes(name));
      return loading.map(({ attributes }) => attributes["href"] ?? attributes["src"]);
    };
    expect(await loadedBy(pages)).toEqual(["data:,"]);
    const logo = "https://cdn.example.com/logo.png";
    expect(await loadedBy(styled)).toEqual([logo, "/reset.css", logo]);
    expect(await pages.request(requestInput())).not.toMatch(/url\(|@import/);
  });
});

test("a logo has the name of the application as its text", async () => {
  const document = await parse(defaultPages({ logoUrl: "/logo.svg" }).request(requestInput()));
  expect(find(document, "img").map(({ attributes }) => attributes)).toEqual([{ src: "/logo.svg", alt: "Acme" }]);
});

test("own texts replace those of a language, or add one", async () => {
  const dutch = { ...english, back: "Terug naar inloggen", direction: undefined };
  const own = defaultPages({ texts: { nl: dutch } });
  const [dutchPage, germanPage] = [await own.request(requestInput("nl-BE")), await own.request(requestInput("de"))];
  expect(dutchPage).toContain('<html lang="nl" dir="ltr">');
  expect(dutchPage).toContain("Terug naar inloggen");
  expect(germanPage).toContain('<html lang="de" dir="ltr">');
  expect(await pages.request(requestInput("nl"))).toContain('<html lang="en" dir="ltr">');
});

test("pages are replaced one by one", async () => {
  const own: Pages = { ...pages, sent: async ({ email }) => `<p>Sent to ${email}</p>` };
  expect(await own.sent({ ...sentInput(), email: "x@y.z" })).toBe("<p>Sent to x@y.z</p>");
  const { request } = own;
  expect(await request(requestInput())).toContain("<h1>Reset your password</h1>");
});
