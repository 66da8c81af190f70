import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { ar, de, en } from "relatch/languages";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findChromium, launchChromium } from "../http/chromium.ts";
import { isWithLink, languages, type Persona, samplesOf } from "./samples.ts";

const executablePath = findChromium();
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const LOGO_URL = "https://cdn.example.com/logo.svg";
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="600"><rect width="2000" height="600"/></svg>`;
const DRESSED: Persona = {
  name: "Mike",
  appName: `${"W".repeat(40)} & Söhne (Wien)`,
  mention: "2001:4860:4860:1234:5678:9abc:def0:8888",
  options: {
    supportAddress: `${"help".repeat(12)}@support.example.com`,
    logoUrl: LOGO_URL,
    accent: "#facc15",
    signInWith: "Google",
  },
};

// A webmail shows the email inside its page, which has the landmarks.
const AXE = `axe.run({ preload: false, rules: { region: { enabled: false }, "landmark-one-main": { enabled: false } } })
  .then(({ violations, incomplete, passes }) => ({
    violations: violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
    undecided: incomplete.filter(({ id }) => id === "color-contrast").flatMap(({ nodes }) => nodes.map(({ html }) => html)),
    passes: passes.map(({ id }) => id),
  }))`;

describe.skipIf(!executablePath)("in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath ?? "");
  });
  afterAll(() => browser?.close());

  /** A page and what it asked the network for. */
  async function open(options: BrowserContextOptions): Promise<{ page: Page; requests: string[] }> {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const requests: string[] = [];
    await context.route("**", (route) => {
      requests.push(route.request().url());
      return route.fulfill({ contentType: "image/svg+xml", body: LOGO });
    });
    const page = await context.newPage();
    await page.evaluate(axe);
    return { page, requests };
  }

  /** Shows the first email of a language, the link, and returns its source. */
  async function showLink(page: Page, language = en, persona: Persona = {}): Promise<string> {
    const html = (await samplesOf(language, persona))[0]?.content.html ?? "";
    await page.setContent(html, { waitUntil: "load" });
    return html;
  }
  const styleOf = (page: Page, selector: string, property: string) =>
    page.evaluate(`getComputedStyle(document.querySelector("${selector}")).${property}`);

  const phone = { viewport: { width: 320, height: 640 } };

  test.each([
    ["with default options in the light scheme", { name: "Mike Stone" }, "light"],
    ["with every option in the dark scheme", DRESSED, "dark"],
  ] as const)("every email %s is accessible and at most 320 px wide", async (_, persona, colorScheme) => {
    const { page, requests } = await open({ ...phone, colorScheme });
    for (const language of languages) {
      for (const { kind, content } of await samplesOf(language, persona)) {
        const name = `${language.tag}, ${kind}`;
        await page.setContent(content.html ?? "", { waitUntil: "load" });
        const { violations, undecided, passes } = (await page.evaluate(AXE)) as {
          violations: unknown[];
          undecided: string[];
          passes: string[];
        };
        expect(violations, name).toEqual([]);
        expect(undecided, name).toEqual([]);
        expect(passes, name).toEqual(expect.arrayContaining(["color-contrast", "html-has-lang"]));

        expect(await page.evaluate("document.documentElement.scrollWidth"), name).toBe(320);
        expect(await page.locator("h1").count(), name).toBe(1);
        expect(await page.locator("table:not([role=presentation])").count(), name).toBe(0);
        const links = page.locator("a[href]");
        expect(await links.count(), name).toBe(isWithLink(kind) ? 1 : 0);
        if (isWithLink(kind)) {
          expect((await links.boundingBox())?.height, name).toBeGreaterThanOrEqual(44);
        }
      }
    }
    expect(new Set(requests)).toEqual(new Set("options" in persona ? [LOGO_URL] : []));
  });

  test("low contrast and excessive width are found (control)", async () => {
    const { page } = await open(phone);
    const html = await showLink(page, en, { appName: "W".repeat(64) });
    await page.setContent(html.replaceAll("color:#1f2937", "color:#aaaaaa"));
    const { violations } = (await page.evaluate(AXE)) as { violations: [string, string[]][] };
    expect(violations.map(([id]) => id)).toEqual(["color-contrast"]);
    await page.setContent(html.replaceAll(/;(overflow-wrap:anywhere|word-break:break-word)/g, ""));
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeGreaterThan(320);
  });

  test("the preview text appears next to the subject and nowhere else", async () => {
    const { page } = await open(phone);
    await showLink(page);
    const shown = String(await page.evaluate("document.body.innerText"));
    expect(shown.split("The link works once")).toHaveLength(2);
    // A client shows the first words of the body, followed by enough blanks to hide the rest.
    const read = String(await page.evaluate("document.body.textContent")).trimStart();
    expect(read).toMatch(/^The link works once, for 1 hour\.\s*(?:\u034f\u200c\u00a0\s*){100,}/);
  });

  test.each([
    ["light", "rgb(253, 253, 253)"],
    ["dark", "rgb(31, 41, 55)"],
  ] as const)("an email has the %s scheme if the recipient prefers it", async (colorScheme, card) => {
    const { page } = await open({ colorScheme });
    await showLink(page);
    expect(await styleOf(page, ".card", "backgroundColor")).toBe(card);
    const blue = "rgb(29, 78, 216)";
    expect((await styleOf(page, ".button", "backgroundColor")) === blue).toBe(colorScheme === "light");
  });

  test("Outlook in dark mode shows the same colors", async () => {
    const { page } = await open({ colorScheme: "light" });
    await page.setContent((await showLink(page)).replace("<div lang", "<div data-ogsc='x' data-ogsb='x' lang"));
    expect(await styleOf(page, ".card", "backgroundColor")).toBe("rgb(31, 41, 55)");
    expect(await styleOf(page, "h1", "color")).toBe("rgb(243, 244, 246)");
  });

  test("a logo of any size is at most 160 by 64 px, with a light background in the dark scheme", async () => {
    const { page } = await open({ ...phone, colorScheme: "dark" });
    await showLink(page, de, DRESSED);
    expect(await page.locator("img").boundingBox()).toMatchObject({ width: 160, height: 48 });
    expect(await styleOf(page, ".logo", "backgroundColor")).toBe("rgb(253, 253, 253)");
  });

  /** Returns how far the first of each of these parts behind `start` is from the left edge. */
  async function orderOf(html: string, start: string, ...parts: string[]): Promise<number[]> {
    const { page } = await open({ viewport: { width: 1280, height: 800 } });
    await page.setContent(html);
    return (await page.evaluate(`(() => {
      const walker = document.createTreeWalker([...document.querySelectorAll("p")]
        .find((p) => p.textContent.includes("${start}") && p.textContent.includes(".")), NodeFilter.SHOW_TEXT);
      const seen = [];
      let text = "";
      for (let node; (node = walker.nextNode()); ) {
        for (let index = 0; index < node.data.length; index++) {
          const range = document.createRange();
          range.setStart(node, index);
          range.setEnd(node, index + 1);
          seen.push(range.getBoundingClientRect().left);
          text += node.data[index];
        }
      }
      const start = text.indexOf("${start}");
      return ${JSON.stringify(parts)}.map((part) => seen[text.indexOf(part, start)]);
    })()`)) as number[];
  }

  const noticeOf = async (persona: Persona): Promise<string> =>
    (await samplesOf(ar, persona)).find(({ kind }) => kind === "passwordChanged")?.content.html ?? "";

  test("a Latin name reads from left to right, with the full stop to its left", async () => {
    const html = await noticeOf({ appName: "Büro & Söhne (Wien) C++" });
    const order = (page: string) => orderOf(page, "Büro", "(Wien", ")", "+", ".");
    const [open_ = 0, close = 0, plus = 0, stop = 0] = await order(html);
    expect([open_ < close, close < plus, stop < open_]).toEqual([true, true, true]);

    // Control: without isolation the signs at the end move to the other side.
    const bare = html.replace(/<span dir="ltr">([^<]*)<\/span>/g, "$1");
    const [, bareClose = 0, barePlus = 0] = await order(bare);
    expect(bareClose < barePlus).toBe(false);
  });

  test("an IP address reads from left to right in Arabic, with its label to its right and the full stop to its left", async () => {
    const html = await noticeOf({ mention: "2001:4860:4860::8888" });
    const order = (page: string) => orderOf(page, "IP", "P", "2001", "8888", ".");
    const [label = 0, first = 0, last = 0, stop = 0] = await order(html);
    expect([first < last, last < label, stop < first]).toEqual([true, true, true]);

    const [bareLabel = 0, , bareLast = 0] = await order(html.replace(/<span dir="ltr">(2001[^<]*)<\/span>/g, "$1"));
    expect(bareLast < bareLabel).toBe(false);
  });
});
