import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished, vi } from "vitest";
import type { RunningOnNode, StartOnNode } from "./start-node.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const NEW_PASSWORD = "a-quiet-harbour-at-dawn";

/** An example, with all that it wrote: its events, and what went to the console. */
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
  /** What the console said, and every request for something of another site. Has to stay empty. */
  complaints: string[];
}

/** A browser of somebody who was never there. */
export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  onTestFinished(() => context.close());
  const complaints: string[] = [];
  context.on("page", (page) => {
    page.on("console", (message) => {
      // Chromium reports each page that answers 4xx, and forms with a mistake in them do.
      if (!/status of 4\d\d/.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!/^(http:\/\/(localhost|127\.0\.0\.1):|data:)/.test(request.url())) complaints.push(request.url());
    });
  });
  return { page: await context.newPage(), complaints };
}

/** Clicks, and waits for the page this leads to. */
export async function click(page: Page, selector: string): Promise<void> {
  await Promise.all([page.waitForEvent("load"), page.locator(selector).click()]);
}

/** axe finds nothing, nothing sticks out at the side, everything to be hit is large enough to hit. */
export async function expectWellMade(page: Page, name: string): Promise<void> {
  const folder = process.env["RELATCH_SCREENSHOTS"];
  if (folder)
    await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, "-")}.png`), fullPage: true });

  const violations = await page.evaluate(`${axe}; axe.run({ resultTypes: ["violations"], preload: false })
    .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`);
  expect(violations, name).toEqual([]);

  const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
  expect(overflow, `${name}: wider than the window`).toBeLessThanOrEqual(0);
  const small =
    await page.evaluate(`[...document.querySelectorAll("a, button, input:not([type=hidden], .username)")]
    .filter((element) => element.getBoundingClientRect().height < 44).map((element) => element.outerHTML)`);
  expect(small, `${name}: targets below 44 px`).toEqual([]);
}

/** Clicks the link on a page of another site: 127.0.0.1 is not localhost. */
export async function openFromWebmail(page: Page, link: string): Promise<void> {
  const webmail = createServer((_req, res) => {
    res.setHeader("Content-Type", "text/html");
    res.end(
      `<!doctype html><html lang="en"><title>Mail</title><link rel="icon" href="data:,"><a href="${link}">Open</a>`,
    );
  });
  await new Promise<void>((resolve) => webmail.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void webmail.close().closeAllConnections());
  await page.goto(`http://127.0.0.1:${(webmail.address() as AddressInfo).port}/`);
  await click(page, "a");
}

/** The server never saw the token but in the link itself, and wrote it nowhere. */
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
