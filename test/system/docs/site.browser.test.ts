import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { findChromium, launchChromium } from "../http/chromium.ts";
import { buildSite, REPOSITORY } from "./site.ts";

const executablePath = findChromium();

test.skipIf(!executablePath)(
  "the site works in a browser from files, with its menu and its search over guides and reference",
  async () => {
    const { site } = await buildSite(REPOSITORY);
    const browser = await launchChromium(executablePath ?? "");
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(join(site, "index.html")).href);

    await page.getByRole("link", { name: "Changelog" }).waitFor();
    const menu = await page.locator("#tsd-nav-container > li").allInnerTexts();
    const guides = ["Guides", "Queues", "Zebra", "Explanation", "Guide", "Project", "Changelog"];
    expect(menu).toEqual([...guides, "API reference", "relatch"]);
    for (const [words, result] of [
      ["ladder", "Queues"],
      ["hatch", "relatch.openHatch"],
    ] as const) {
      await page.locator("#tsd-search-trigger").click();
      await page.locator("#tsd-search-input").fill(words);
      await page.locator("#tsd-search-results a", { hasText: result }).waitFor();
      await page.keyboard.press("Escape");
    }
    expect(requests.filter((url) => !/^(file|data):/.test(url))).toEqual([]);
  },
);
