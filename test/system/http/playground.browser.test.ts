import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writePlayground } from "../../../docs/site/playground.ts";
import { expectWellMade, NEW_PASSWORD, tabTo, visit } from "./browser.ts";
import { findChromium, launchChromium } from "./chromium.ts";

const executablePath = findChromium();
const root = join(import.meta.dirname, "..", "..", "..");

// The actions of a visitor of the playground, and what the page shows.

async function ask(page: Page, email: string): Promise<void> {
  await page.locator("#email").fill(email);
  await page.getByRole("button", { name: "Ask" }).click();
  await waitForResponse(page, "ask", '"ok": true');
}

async function setPassword(page: Page, password: string): Promise<void> {
  await page.locator("#password").fill(password);
  await page.getByRole("button", { name: "Set password" }).click();
}

const waitForResponse = (page: Page, where: "ask" | "link", text: string) =>
  page.locator(`#${where}-answer`).filter({ hasText: text }).waitFor(); // english-check-ignore

const hasEvent = (page: Page, pattern: RegExp) =>
  page.locator("#event-list li", { hasText: pattern }).first().waitFor();

/** Waits until all jobs are done and asserts the number of emails. */
async function mailCount(page: Page, count: number): Promise<void> {
  await page.locator(`#strip-jobs:text-matches("^[0-9]+$")`).waitFor();
  await page.locator("#strip-mails", { hasText: String(count) }).waitFor();
  expect(await page.locator("#mail-list li").count()).toBe(count);
}

async function tokenOfMail(page: Page): Promise<string> {
  const href = await page.locator("#mail-link").getAttribute("href");
  return href?.match(/[\w-]{43}$/)?.[0] ?? expect.unreachable("a link with a token");
}

const readServerState = async (page: Page): Promise<string> =>
  (await page.locator("#jobs, #tokens, #users, #events").allInnerTexts()).join("\n");

const recordStates = (page: Page) =>
  page.evaluate(`window.states = [];
    new MutationObserver(() => {
      const state = document.querySelector("#job-list .state")?.textContent;
      if (state !== window.states.at(-1)) window.states.push(state);
    }).observe(document.querySelector("#job-list"), { childList: true });`);

const recordedStates = (page: Page) => page.evaluate("window.states");

describe.skipIf(!executablePath)("the playground", () => {
  let folder: string;
  let file: string;
  let browser: Browser;
  let server: Server;
  let address: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "relatch-playground-test-"));
    file = join(folder, "index.html");
    await writePlayground(root, folder);
    const page = readFileSync(file);
    server = createServer((_, res) => {
      res.setHeader("Content-Type", "text/html; charset=utf-8");
      res.end(page);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await launchChromium(executablePath ?? "");
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  async function open(options: BrowserContextOptions = {}, url = address) {
    const { page, complaints } = await visit(browser, options);
    await page.goto(url);
    await page.locator("#user-list li").first().waitFor();
    return { page, complaints };
  }

  /** Opens the playground and requests a link. */
  async function openWithMail(options?: BrowserContextOptions, url?: string) {
    const visit = await open(options, url);
    await ask(visit.page, "mike@example.org");
    await mailCount(visit.page, 1);
    return visit;
  }

  it.each([
    ["phone, dark", { viewport: { width: 320, height: 640 }, colorScheme: "dark" }],
    ["desktop, light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
  ] as const)("the playground is accessible and fits, and a link works once (%s)", async (name, options) => {
    const { page, complaints } = await open(options);
    const inspect = (step: string) => expectWellMade(page, `playground ${name} ${step}`);
    await recordStates(page);
    await ask(page, "mike@example.org");
    await mailCount(page, 1);
    expect(await recordedStates(page)).toEqual(["waiting", "running", "done"]);
    const token = await tokenOfMail(page);
    expect(await page.locator("#token-list").innerText()).toMatch(/tokenHash\s+[0-9a-f]{64}/);
    expect(await readServerState(page)).not.toContain(token);

    await page.frameLocator("#mail-html").getByRole("link").click();
    await waitForResponse(page, "link", '"ok": true');
    expect(page.url()).toBe(address);
    for (const summary of await page.locator("summary").all()) await summary.click();
    // With all details open, every target is visible.
    await inspect("with the link open");
    await setPassword(page, "password");
    await waitForResponse(page, "link", "password_rejected");
    await inspect("with a password refused");
    await setPassword(page, NEW_PASSWORD);
    await waitForResponse(page, "link", '"sessionsRevoked": true');
    await mailCount(page, 2);
    expect(await page.locator("#mail-head").innerText()).toContain("password was changed");
    await setPassword(page, NEW_PASSWORD);
    await waitForResponse(page, "link", "invalid_or_expired_token");
    await hasEvent(page, /token_refused.*"account_changed"/);
    await page.locator("#mail-list button").last().click();
    await inspect("with the link spent");
    expect(await readServerState(page)).not.toContain(NEW_PASSWORD);
    expect(complaints).toEqual([]);
  });

  it("an unknown address gets the same response and no email", async () => {
    const { page, complaints } = await openWithMail();
    const known = await page.locator("#ask-answer").innerText();
    await ask(page, "nobody@example.org");
    expect(await page.locator("#ask-answer").innerText()).toBe(known);
    await hasEvent(page, /request_skipped.*unknown_account/);
    await mailCount(page, 1);
    expect(complaints).toEqual([]);
  });

  it("a second request within a minute sends nothing, and both links of a later one work until one is used", async () => {
    const { page, complaints } = await openWithMail();
    await ask(page, "mike@example.org");
    await hasEvent(page, /request_throttled.*address/);
    await mailCount(page, 1);
    const first = await page.locator("#mail-link").getAttribute("href");

    await page.getByRole("button", { name: "+ 1 minute" }).click();
    await ask(page, "mike@example.org");
    await mailCount(page, 2);
    expect(await page.locator("#token-list li").count()).toBe(2);
    expect(await page.locator("#mail-link").getAttribute("href")).not.toBe(first);
    await page.locator("#mail-list button").last().click();
    expect(await page.locator("#mail-link").getAttribute("href")).toBe(first);
    await page.locator("#mail-link").click();
    await waitForResponse(page, "link", '"ok": true');
    await setPassword(page, NEW_PASSWORD);
    await waitForResponse(page, "link", '"sessionsRevoked": true');
    await mailCount(page, 3);
    await page.locator("#mail-list button").nth(1).click();
    await page.locator("#mail-link").click();
    await waitForResponse(page, "link", "invalid_or_expired_token");
    expect(complaints).toEqual([]);
  });

  it.each([
    ["the address changed", "Move to mike@example.net", "account_changed"],
    ["the account was suspended", "Suspend", "not_allowed"],
    ["its hour is over", "+ 1 hour", "expired"],
  ])("a link is invalid once %s", async (_, action, reason) => {
    const { page, complaints } = await openWithMail();
    await page.locator("#mail-link").click();
    await waitForResponse(page, "link", '"ok": true');
    await page.getByRole("button", { name: action }).first().click();
    await setPassword(page, NEW_PASSWORD);
    await waitForResponse(page, "link", "invalid_or_expired_token");
    await hasEvent(page, new RegExp(`token_refused.*${reason}`));

    if (action === "Suspend") {
      await page.getByRole("button", { name: "Allow again" }).click();
      await page.getByRole("button", { name: "Look again" }).click();
      await waitForResponse(page, "link", '"ok": true');
    }
    if (action === "+ 1 hour") {
      await page.locator("#token-list .state").waitFor();
      await page.getByRole("button", { name: "Purge" }).click();
      await page.locator("#tokens-empty").waitFor();
    }
    expect(complaints).toEqual([]);
  });

  it("a held job waits and contains no token", async () => {
    const { page, complaints } = await open();
    await page.getByRole("button", { name: "Hold the jobs" }).click();
    await ask(page, "jane@example.org");
    await page.locator("#job-list .state.held").waitFor();
    expect(await page.locator("#job-list pre").innerText()).toMatch(
      /^\{ "v": 2, "id": "[0-9a-f-]{36}", "at": \d+, "email": "jane@example.org", "locale": "en" \}$/,
    );
    expect(await page.locator("#token-list li").count()).toBe(0);
    await page.getByRole("button", { name: "Hold the jobs" }).click();
    await mailCount(page, 1);
    expect(complaints).toEqual([]);
  });

  it("the playground works by keyboard", async () => {
    const { page, complaints } = await open();
    const press = (key: string) => page.keyboard.press(key);
    await tabTo(page, "#email");
    await press("Enter");
    await mailCount(page, 1);
    await tabTo(page, "#mail-link");
    await press("Enter");
    await waitForResponse(page, "link", '"ok": true');
    await tabTo(page, "#user-list button");
    await press("Enter");
    await page.getByText("Move to mike@example.org").waitFor();
    expect(await page.locator("#user-list button:focus").innerText()).toBe("Move to mike@example.org");
    await press("Enter");
    await page.locator("#link").focus();
    await tabTo(page, "#password");
    await page.keyboard.type(NEW_PASSWORD);
    await press("Enter");
    await waitForResponse(page, "link", '"sessionsRevoked": true');
    expect(complaints).toEqual([]);
  });

  it("the playground opens links from a file as well", async () => {
    const { page } = await openWithMail({}, pathToFileURL(file).href);
    await page.locator("#mail-link").click();
    await waitForResponse(page, "link", '"ok": true');
  });

  it("the policy blocks scripts and requests, and the email has no origin", async () => {
    const { page, complaints } = await openWithMail();
    expect(complaints).toEqual([]);
    const outcome = await page.evaluate(`(async () => {
      const script = document.createElement("script");
      let html = "read";
      try { script.text = "window.ran = true"; document.body.append(script); } catch { html = "refused"; }
      try { document.body.insertAdjacentHTML("beforeend", "<p>x</p>"); } catch { html += ", refused"; }
      const fetched = await fetch(location.href).then(() => "fetched", () => "refused");
      return { html, ran: window.ran === true, fetched, frame: document.querySelector("iframe").contentDocument };
    })()`);
    expect(outcome).toEqual({ html: "refused, refused", ran: false, fetched: "refused", frame: null });
    expect(complaints.join("\n")).toMatch(/Content Security Policy/);
  });
});
