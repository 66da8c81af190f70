import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished, vi } from "vitest";
import type { RunningOnNode, StartOnNode } from "./start-node.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const NEW_PASSWORD = "a-quiet-harbour-at-dawn";

/** One request, as a server saw it. */
export interface AskedFor {
  method: string;
  url: string;
  host: string;
  referer: string | undefined;
  cookie: string | undefined;
}

/** A running example with its events and everything that it wrote to the console. */
export interface WatchedApp extends RunningOnNode {
  lines: readonly string[];
}

export async function launch(start: StartOnNode): Promise<WatchedApp> {
  const lines: string[] = [];
  const write = (...values: unknown[]) => void lines.push(inspect(values, { depth: 9 }));
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    const spy = vi.spyOn(console, method).mockImplementation(write);
    onTestFinished(() => spy.mockRestore());
  }
  const app = await start({ onEvent: write });
  onTestFinished(() => app.close());
  return { ...app, lines };
}

export interface Visit {
  page: Page;
  /** Messages of the console and requests to other sites. Has to stay empty. */
  complaints: string[];
}

/** Matches the URLs that the tests serve themselves. */
const OURS = /^(http:\/\/(localhost|127\.0\.0\.1):|https:\/\/\w+\.example\.(com|net|org):|data:)/;

/** Opens a page in a new browser profile. */
export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: "en-GB", ignoreHTTPSErrors: true, ...options });
  onTestFinished(() => context.close());
  return openPage(context);
}

/** Opens a page in a browser profile. */
export async function openPage(context: BrowserContext): Promise<Visit> {
  context.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  context.on("page", (page) => {
    page.on("console", (message) => {
      // Chromium reports each page with a status of 4xx, which forms with a mistake have.
      if (!/status of 4\d\d/.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!OURS.test(request.url())) complaints.push(request.url());
    });
  });
  return { page: await context.newPage(), complaints };
}

/** Clicks and waits for the next page. */
export async function click(page: Page, selector: string): Promise<void> {
  await Promise.all([page.waitForEvent("load"), page.locator(selector).click()]);
}

/** Fills in fields, by their ids. */
export async function fillIn(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [id, text] of Object.entries(fields)) await page.locator(`#${id}`).fill(text);
}

/** Presses Tab until the element has the focus. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if ((await page.locator(`${selector}:focus`).count()) > 0) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${selector} cannot be reached by keyboard.`);
}

/** Asserts that axe finds nothing. */
async function expectNoViolations(page: Page, name: string, options: object = {}): Promise<void> {
  // Half a megabyte, once for each page.
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe);
  // Frames of another origin do not respond to axe.
  const all = { resultTypes: ["violations"], preload: false, iframes: false, ...options };
  const violations = await page.evaluate(`axe.run(${JSON.stringify(all)})
    .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`);
  expect(violations, name).toEqual([]);
}

/** Asserts that every text can be read in the colors of this moment, of a page that is otherwise well made. */
export const expectContrast = (page: Page, name: string): Promise<void> =>
  expectNoViolations(page, name, { runOnly: ["color-contrast"] });

/** Asserts that axe finds nothing, that nothing is wider than the window, and that all targets are large enough. */
export async function expectWellMade(page: Page, name: string): Promise<void> {
  const folder = process.env["RELATCH_SCREENSHOTS"];
  if (folder) await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, "-")}.png`), fullPage: true });

  await expectNoViolations(page, name);
  await expectFit(page, name);
  const small =
    await page.evaluate(`[...document.querySelectorAll("a, button, select, input:not([type=hidden], .username)")]
    .filter((element) => element.getBoundingClientRect().height < 44).map((element) => element.outerHTML)`);
  expect(small, `${name}: targets below 44 px`).toEqual([]);
}

/** Asserts that nothing scrolls sideways or is cut off there, in either direction of writing. */
export async function expectFit(page: Page, name: string): Promise<void> {
  const outside = await page.evaluate(`[...document.querySelectorAll("body *")].filter((element) => {
    const { left, right } = element.getBoundingClientRect();
    return left < 0 || right > window.innerWidth;
  }).map((element) => element.outerHTML)`);
  expect(outside, `${name}: outside of the window`).toEqual([]);
  const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
  expect(overflow, `${name}: wider than the window`).toBeLessThanOrEqual(0);
}

/** Clicks the link on a page of another site, because 127.0.0.1 is not localhost. */
export async function openFromWebmail(page: Page, link: string): Promise<void> {
  const webmail = createServer((_req, res) => {
    res.setHeader("Content-Type", "text/html");
    res.end(`<!doctype html><title>Webmail</title><link rel="icon" href="data:,"><a href="${link}">Open</a>`);
  });
  await new Promise<void>((resolve) => webmail.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void webmail.close().closeAllConnections());
  await page.goto(`http://127.0.0.1:${(webmail.address() as AddressInfo).port}/`);
  await click(page, "a");
}

/** Asserts that the server saw the token only in the link itself and wrote it nowhere. */
export function expectNoLeak({ requests, lines }: WatchedApp, link: string, visits = 1): void {
  const { pathname } = new URL(link);
  const token = pathname.slice(pathname.lastIndexOf("/") + 1);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => line.includes(token) || line.includes(NEW_PASSWORD))).toEqual([]);
  expect(requests.filter(({ url }) => url === pathname)).toHaveLength(visits);
  const leaks = requests.filter(
    ({ url, referer = "" }) => (url !== pathname && url.includes(token)) || referer.includes(token),
  );
  expect(leaks).toEqual([]);
}
