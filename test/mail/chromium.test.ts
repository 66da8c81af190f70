import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { ar, de, en } from "relatch/languages";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { findChromium, launchChromium } from "../e2e/chromium.ts";
import { languages, type Persona, samplesOf } from "./samples.ts";

const executablePath = findChromium();
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const LOGO_URL = "https://cdn.example.com/logo.svg";
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="600"><rect width="2000" height="600"/></svg>`;
const DRESSED: Persona = {
  name: "Mike",
  appName: `${"W".repeat(40)} & Söhne (Wien)`,
  options: {
    supportAddress: `${"help".repeat(12)}@support.example.com`,
    logoUrl: LOGO_URL,
    accent: "#facc15",
    signInWith: "Google",
  },
};

// A mail is shown within the page of a webmail: landmarks are that page's.
const AXE = `axe.run({ preload: false, rules: { region: { enabled: false }, "landmark-one-main": { enabled: false } } })
  .then(({ violations, incomplete, passes }) => ({
    violations: violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
    undecided: incomplete.filter(({ id }) => id === "color-contrast").flatMap(({ nodes }) => nodes.map(({ html }) => html)),
    passes: passes.map(({ id }) => id),
  }))`;

describe.skipIf(!executablePath)("in a browser", { timeout: 300_000 }, () => {
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

  const phone = { viewport: { width: 320, height: 640 } };

  test.each([
    ["as it comes, in light", { name: "Mike Stone" }, "light"],
    ["with everything set, in dark", DRESSED, "dark"],
  ] as const)("every mail %s: accessible, and no wider than 320 px", async (_, persona, colorScheme) => {
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
        expect(await links.count(), name).toBe(kind === "resetLink" ? 1 : 0);
        if (kind === "resetLink") {
          expect((await links.boundingBox())?.height, name).toBeGreaterThanOrEqual(44);
        }
      }
    }
    expect(new Set(requests)).toEqual(new Set("options" in persona ? [LOGO_URL] : []));
  });

  test("the control: what is too pale or too wide is found", async () => {
    const { page } = await open(phone);
    const [{ content } = { content: { html: "" } }] = await samplesOf(en, { appName: "W".repeat(64) });
    const pale = content.html?.replaceAll("color:#1f2937", "color:#aaaaaa") ?? "";
    await page.setContent(pale);
    const { violations } = (await page.evaluate(AXE)) as { violations: [string, string[]][] };
    expect(violations.map(([id]) => id)).toEqual(["color-contrast"]);
    const wide = content.html?.replaceAll(/;(overflow-wrap:anywhere|word-break:break-word)/g, "") ?? "";
    await page.setContent(wide);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeGreaterThan(320);
  });

  test("the preview is seen beside the subject and nowhere else", async () => {
    const { page } = await open(phone);
    const [{ content } = { content: { html: "" } }] = await samplesOf(en);
    await page.setContent(content.html ?? "");
    const shown = String(await page.evaluate("document.body.innerText"));
    expect(shown.split("The link works once")).toHaveLength(2);
    // As a client reads it, the first words of the body are the preview, with enough blanks to hide the rest.
    const read = String(await page.evaluate("document.body.textContent")).trimStart();
    expect(read).toMatch(/^The link works once and for 1 hour\..*works\.\s*(?:\u034f\u200c\u00a0\s*){100,}/);
  });

  test.each([
    ["light", "rgb(253, 253, 253)", "rgb(29, 78, 216)"],
    ["dark", "rgb(31, 41, 55)", undefined],
  ] as const)("the %s scheme is the reader's", async (colorScheme, card, button) => {
    const { page } = await open({ colorScheme });
    const [{ content } = { content: { html: "" } }] = await samplesOf(en);
    await page.setContent(content.html ?? "");
    const backgroundOf = (selector: string) =>
      page.evaluate(`getComputedStyle(document.querySelector("${selector}")).backgroundColor`);
    expect(await backgroundOf(".card")).toBe(card);
    if (button) expect(await backgroundOf(".button")).toBe(button);
    else expect(await backgroundOf(".button")).not.toBe("rgb(29, 78, 216)");
  });

  test("Outlook's own dark mode gets the same colours", async () => {
    const { page } = await open({ colorScheme: "light" });
    const [{ content } = { content: { html: "" } }] = await samplesOf(en);
    await page.setContent((content.html ?? "").replace("<div lang", "<div data-ogsc='x' data-ogsb='x' lang"));
    const style = (selector: string, property: string) =>
      page.evaluate(`getComputedStyle(document.querySelector("${selector}")).${property}`);
    expect(await style(".card", "backgroundColor")).toBe("rgb(31, 41, 55)");
    expect(await style("h1", "color")).toBe("rgb(243, 244, 246)");
  });

  test("a logo of any size is shown at most 160 by 64 px, on a light ground in the dark", async () => {
    const { page } = await open({ ...phone, colorScheme: "dark" });
    const [{ content } = { content: { html: "" } }] = await samplesOf(de, DRESSED);
    await page.setContent(content.html ?? "", { waitUntil: "load" });
    expect(await page.locator("img").boundingBox()).toMatchObject({ width: 160, height: 48 });
    expect(await page.evaluate(`getComputedStyle(document.querySelector(".logo")).backgroundColor`)).toBe(
      "rgb(253, 253, 253)",
    );
  });

  describe("a Latin name in an Arabic sentence", () => {
    const appName = "Büro & Söhne (Wien) C++";

    /** Where the characters of the name, and the full stop after it, are seen from the left. */
    async function order(html: string): Promise<number[]> {
      const { page } = await open({ viewport: { width: 1280, height: 800 } });
      await page.setContent(html);
      return (await page.evaluate(`(() => {
        const walker = document.createTreeWalker([...document.querySelectorAll("p")]
          .find((p) => p.textContent.includes("(Wien)") && p.textContent.includes(".")), NodeFilter.SHOW_TEXT);
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
        const start = text.indexOf("Büro");
        return ["(Wien", ")", "+", "."].map((part) => seen[text.indexOf(part, start)]);
      })()`)) as number[];
    }

    test("is read from left to right as one, and the full stop stands to its left", async () => {
      const [, { content } = { content: { html: "" } }] = await samplesOf(ar, { appName });
      const html = content.html ?? "";
      const [open_ = 0, close = 0, plus = 0, stop = 0] = await order(html);
      expect([open_ < close, close < plus, stop < open_]).toEqual([true, true, true]);

      // The control: not isolated, the signs at the end go over to the other side.
      const bare = html.replace(/<span dir="ltr">([^<]*)<\/span>/g, "$1");
      const [, bareClose = 0, barePlus = 0] = await order(bare);
      expect(bareClose < barePlus).toBe(false);
    });
  });
});
