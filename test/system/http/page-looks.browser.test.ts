import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { TimeSpan } from "relatch";
import { defaultPages } from "relatch/pages";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { durationInWords } from "../../../src/messages/in-words.ts";
import { samplePages } from "../../unit/http/pages/samples.ts";
import { languages, TAGS } from "../../unit/http/texts/languages.ts";
import { expectContrast, expectFit, expectWellMade, visit } from "./browser.ts";
import { findChromium, launchChromium } from "./chromium.ts";

const executablePath = findChromium();
const PHONE = { viewport: { width: 320, height: 640 } };
const DESKTOP = { viewport: { width: 1280, height: 800 } };
/** These look like others. */
const TWINS = ["no minimum", "403", "405", "409", "413", "415", "422", "503"];

const pages = defaultPages();

/** Serves one page at the path of its language and name, with the policy of the pages. */
async function serveSamples(policy: Readonly<Record<string, string>> = pages.contentSecurityPolicy ?? {}) {
  const server = createServer(async (req, res) => {
    const [, locale = "", name = ""] = decodeURIComponent(req.url ?? "").split("/");
    const all = { "default-src": "'none'", "base-uri": "'none'", ...policy };
    res.setHeader(
      "Content-Security-Policy",
      Object.entries(all)
        .map((pair) => pair.join(" "))
        .join("; "),
    );
    res.setHeader("Content-Type", "text/html; charset=utf-8");
    res.end(await samplePages(pages, locale)[name]?.());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return (locale: string, name: string) => `http://127.0.0.1:${port}/${locale}/${encodeURIComponent(name)}`;
}

interface AccessibleNode {
  nodeId: string;
  childIds?: string[];
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
  description?: { value: string };
  properties?: { name: string; value: { value: unknown } }[];
}

/** Reads what a screen reader is told: the alerts, and the field with the focus. */
async function readForScreenReader(page: Page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = (await session.send("Accessibility.getFullAXTree")) as { nodes: AccessibleNode[] };
  await session.detach();
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const textsOf = ({ role, name, childIds = [] }: AccessibleNode): (string | undefined)[] =>
    role?.value === "StaticText" ? [name?.value] : childIds.flatMap((id) => textsOf(byId.get(id) as AccessibleNode));
  const alerts = nodes
    .filter(({ role, ignored }) => role?.value === "alert" && !ignored)
    .map((node) => textsOf(node).join(" "));
  const property = (node: AccessibleNode, wanted: string) =>
    node.properties?.find(({ name }) => name === wanted)?.value.value;
  const focused = nodes.find((node) => node.role?.value === "textbox" && property(node, "focused") === true);
  return {
    title: await page.title(),
    alerts,
    field: focused?.name?.value,
    description: focused?.description?.value ?? "",
    isInvalid: focused !== undefined && property(focused, "invalid") === "true",
  };
}

describe.skipIf(!executablePath)("the look of the package's pages", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath ?? "");
  });
  afterAll(() => browser?.close());

  it.each([
    ["phone, English", { ...PHONE, locale: "en" }],
    ["desktop, Arabic", { ...DESKTOP, locale: "ar" }],
  ])("axe finds nothing on any page in light and in dark (%s)", async (name, options) => {
    const urlOf = await serveSamples();
    const { page, complaints } = await visit(browser, options);
    for (const sample of Object.keys(samplePages(pages)).filter((each) => !TWINS.includes(each))) {
      await page.goto(urlOf(options.locale, sample));
      await page.emulateMedia({ colorScheme: "light" });
      await expectWellMade(page, `${name} ${sample}`);
      await page.emulateMedia({ colorScheme: "dark" });
      await expectContrast(page, `${name} ${sample}, dark`);
    }
    expect(complaints).toEqual([]);
  });

  it("axe and the check of sizes find a page with mistakes", async () => {
    const urlOf = await serveSamples();
    const { page } = await visit(browser, { ...PHONE, bypassCSP: true });
    const mistakes = {
      "color-contrast": ".quiet { color: #bbb }",
      "outside of the window": "main { min-width: 30rem }",
      "targets below 44 px": ".button { min-height: 1rem; padding: 0 }",
    };
    for (const [name, mistake] of Object.entries(mistakes)) {
      await page.goto(urlOf("en", "request"));
      await page.addStyleTag({ content: mistake });
      await expect(expectWellMade(page, "A page"), name).rejects.toThrow(name);
    }
  });

  it("no page in any language is wider than 320 pixels, with names and addresses of any length", async () => {
    const { page } = await visit(browser, PHONE);
    const long = { appName: "W".repeat(60), email: `${"w".repeat(64)}@${"w".repeat(63)}.example.org` };
    const longPages = Object.fromEntries(
      Object.entries(pages).map(([name, write]) => [
        name,
        typeof write === "function" ? (input: never) => write({ ...(input as object), ...long } as never) : write,
      ]),
    ) as unknown as typeof pages;
    for (const locale of TAGS) {
      const samples = {
        ...samplePages(pages, locale),
        ...(locale === "de" || locale === "ar" ? samplePages(longPages, locale) : {}),
      };
      const written = await Promise.all(Object.values(samples).map((write) => write()));
      // All of them at once, in frames that are as wide as the window.
      await page.setContent(
        "<style>body { margin: 0 } iframe { display: block; width: 320px; height: 600px; border: 0 }</style>",
      );
      const wide = await page.evaluate(`(async () => {
        const frames = ${JSON.stringify(written)}.map((html) => {
          const frame = document.createElement("iframe");
          frame.srcdoc = html;
          return frame;
        });
        const loaded = frames.map((frame) => new Promise((resolve) => frame.addEventListener("load", resolve)));
        document.body.append(...frames);
        await Promise.all(loaded);
        return frames.map(({ contentDocument: { documentElement, title } }) => {
          const outside = [...documentElement.querySelectorAll("body *")].filter((element) => {
            const { left, right } = element.getBoundingClientRect();
            return left < 0 || right > documentElement.clientWidth;
          });
          return [title, documentElement.scrollWidth > documentElement.clientWidth, outside.length];
        }).filter(([, isWide, count]) => isWide || count > 0);
      })()`);
      expect(wide, locale).toEqual([]);
    }
  });

  it.each(["en", "ru", "ar", "ja"])("a screen reader hears every notice and every error (%s)", async (locale) => {
    const urlOf = await serveSamples();
    const { page } = await visit(browser, { locale });
    const texts = languages.find(({ tag }) => tag === locale);
    if (!texts) throw new Error(`No texts in ${locale}.`);
    const { request, newPassword, invitation, errorTitle } = texts;
    const hear = async (name: string) => {
      await page.goto(urlOf(locale, name));
      // The browser focuses the field when it first renders the page.
      await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
      return readForScreenReader(page);
    };
    const notices = {
      "malformed link": "malformed_link",
      "used link": "invalid_or_expired_token",
      "open again": "open_link_again",
      "cookies needed": "cookies_needed",
    } as const;
    for (const [name, notice] of Object.entries(notices)) {
      const { title, detail } = request.notices[notice];
      expect(await hear(name), name).toEqual({
        title: `${title} · ${request.title} · Acme`,
        alerts: [`${title} ${detail}`],
        field: texts.email,
        description: `${title} ${detail}`,
        isInvalid: false,
      });
    }
    for (const [name, error] of [
      ["invalid email", "invalid_email"],
      ["unknown email", "unknown_email"],
    ] as const) {
      expect(await hear(name), name).toEqual({
        title: `${errorTitle(request.title)} · Acme`,
        alerts: [request.errors[error]],
        field: texts.email,
        description: request.errors[error],
        isInvalid: true,
      });
    }
    const hint = `${newPassword.minLength(8)} ${newPassword.advice}`;
    expect(await hear("different passwords")).toEqual({
      title: `${errorTitle(newPassword.title)} · Acme`,
      alerts: [newPassword.mismatch],
      field: newPassword.password,
      description: `${hint} ${newPassword.mismatch}`,
      isInvalid: true,
    });
    const { password } = { ...newPassword, ...invitation };
    for (const [name, field] of [
      ["refused password", newPassword.password],
      ["refused invitation", password],
    ] as const) {
      expect(await hear(name), name).toMatchObject({
        title: expect.stringContaining(" · Acme"),
        alerts: ["# 1 # # 2 #"],
        field,
        description: `${hint} # 1 # # 2 #`,
        isInvalid: true,
      });
    }
    const { code, secondFactor, sent } = texts;
    const codeHint = `${code.digits(8)} ${code.lifetime(durationInWords(new TimeSpan(10, "m"), texts))}`;
    expect(await hear("code")).toEqual({
      title: `${sent.title} · Acme`,
      alerts: [],
      field: code.label,
      description: codeHint,
      isInvalid: false,
    });
    expect(await hear("refused code")).toEqual({
      title: `${errorTitle(sent.title)} · Acme`,
      alerts: [code.refused],
      field: code.label,
      description: `${codeHint} ${code.refused}`,
      isInvalid: true,
    });
    for (const [name, error] of [
      ["second factor missing", "second_factor_required"],
      ["second factor refused", "second_factor_rejected"],
    ] as const) {
      expect(await hear(name), name).toEqual({
        title: `${errorTitle(newPassword.title)} · Acme`,
        alerts: [secondFactor.errors[error]],
        field: newPassword.password,
        description: `${hint} ${secondFactor.errors[error]}`,
        isInvalid: false,
      });
    }
    // Pages without a mistake interrupt nobody.
    for (const name of [
      ...["request", "sent", "code", "new password", "second factor of several", "invitation", "signed in", "404"],
      "throttled",
    ]) {
      expect((await hear(name)).alerts, name).toEqual([]);
    }
  });

  it("a page whose style is not the one of the policy stays bare, and the browser says so", async () => {
    const hash = pages.contentSecurityPolicy?.["style-src"] ?? "";
    const broken = { ...pages.contentSecurityPolicy, "style-src": hash.replace(/^'sha256-./, "'sha256-_") };
    const buttonHeight = async (policy?: Readonly<Record<string, string>>) => {
      const urlOf = await serveSamples(policy);
      const { page, complaints } = await visit(browser, PHONE);
      await page.goto(urlOf("en", "request"));
      const box = await page.locator("main .button").boundingBox();
      return { height: Math.round(box?.height ?? 0), complaints };
    };
    expect(await buttonHeight()).toEqual({ height: 48, complaints: [] });
    const bare = await buttonHeight(broken);
    expect(bare.height).toBeLessThan(30);
    expect(bare.complaints.join()).toMatch(/Content Security Policy/);
  });

  it("pages fit a window of 320 pixels with the text spacing of WCAG 1.4.12", async () => {
    const urlOf = await serveSamples();
    const { page } = await visit(browser, { ...PHONE, bypassCSP: true });
    for (const locale of ["de", "ar", "ja"]) {
      for (const name of ["refused password", "used link", "signed in", "refused code", "second factor refused"]) {
        await page.goto(urlOf(locale, name));
        await page.addStyleTag({
          content: `* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
            p { margin-bottom: 2em !important }`,
        });
        await expectFit(page, `${locale} ${name}`);
      }
    }
  });
});
