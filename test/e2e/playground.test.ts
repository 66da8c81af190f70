import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writePlayground } from "../../docs/site/playground.ts";
import { expectWellMade, NEW_PASSWORD, visit } from "./browser.ts";
import { findChromium, launchChromium } from "./chromium.ts";
import {
  answers,
  ask,
  hasEvent,
  mailCount,
  recordedStates,
  recordStates,
  setPassword,
  tokenOfMail,
  whatTheServerHolds,
} from "./playground.ts";

const executablePath = findChromium();
const root = join(import.meta.dirname, "..", "..");

describe.skipIf(!executablePath)("the playground", { timeout: 60_000 }, () => {
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

  it.each([
    ["phone, light", { viewport: { width: 320, height: 640 }, colorScheme: "light" }],
    ["phone, dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
    ["desktop, light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
    ["desktop, dark", { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }],
  ] as const)("%s: accessible, fits, and a link works once", async (name, options) => {
    const { page, complaints } = await open(options);
    const inspect = (step: string) => expectWellMade(page, `playground ${name} ${step}`);
    await recordStates(page);
    await ask(page, "mike@example.org");
    await mailCount(page, 1);
    expect(await recordedStates(page)).toEqual(["waiting", "running", "done"]);
    const token = await tokenOfMail(page);
    expect(await page.locator("#token-list").innerText()).toMatch(/tokenHash\s+[0-9a-f]{64}/);
    expect(await whatTheServerHolds(page)).not.toContain(token);

    await page.frameLocator("#mail-html").getByRole("link").click();
    await answers(page, "link", '"ok": true');
    expect(page.url()).toBe(address);
    for (const summary of await page.locator("summary").all()) await summary.click();
    // What is hidden has no height: here all that can be hit is in sight.
    await inspect("with the link open");
    await setPassword(page, "password");
    await answers(page, "link", "password_rejected");
    await inspect("with a password refused");
    await setPassword(page, NEW_PASSWORD);
    await answers(page, "link", '"sessionsRevoked": true');
    expect(await page.locator("#token-list li").count()).toBe(0);
    await mailCount(page, 2);
    expect(await page.locator("#mail-head").innerText()).toContain("password was changed");
    await setPassword(page, NEW_PASSWORD);
    await answers(page, "link", "invalid_or_expired_token");
    await hasEvent(page, /token_refused.*"unknown"/);
    await page.locator("#mail-list button").last().click();
    await inspect("with the link spent");
    expect(await whatTheServerHolds(page)).not.toContain(NEW_PASSWORD);
    expect(complaints).toEqual([]);
  });

  it("gives an unknown address the same answer, and no mail", async () => {
    const { page, complaints } = await open();
    await ask(page, "mike@example.org");
    const known = await page.locator("#ask-answer").innerText();
    await mailCount(page, 1);
    await ask(page, "nobody@example.org");
    expect(await page.locator("#ask-answer").innerText()).toBe(known);
    await hasEvent(page, /request_skipped.*unknown_account/);
    await mailCount(page, 1);
    expect(complaints).toEqual([]);
  });

  it("asked twice, only the newest link works; within a minute the second request is left at that", async () => {
    const { page, complaints } = await open();
    await ask(page, "mike@example.org");
    await mailCount(page, 1);
    await ask(page, "mike@example.org");
    await hasEvent(page, /request_throttled.*address/);
    await mailCount(page, 1);
    const first = await page.locator("#mail-link").getAttribute("href");

    await page.getByRole("button", { name: "+ 1 minute" }).click();
    await ask(page, "mike@example.org");
    await mailCount(page, 2);
    expect(await page.locator("#token-list li").count()).toBe(1);
    expect(await page.locator("#mail-link").getAttribute("href")).not.toBe(first);
    await page.locator("#mail-list button").last().click();
    expect(await page.locator("#mail-link").getAttribute("href")).toBe(first);
    await page.locator("#mail-link").click();
    await answers(page, "link", "invalid_or_expired_token");
    await page.locator("#mail-list button").first().click();
    await page.locator("#mail-link").click();
    await answers(page, "link", '"ok": true');
    expect(complaints).toEqual([]);
  });

  it.each([
    ["the address was changed", "Move to mike@example.net", "account_changed"],
    ["the password was changed", "Change password", "account_changed"],
    ["the account was suspended", "Suspend", "not_allowed"],
    ["it was revoked", "Revoke link", "unknown"],
    ["its hour is over", "+ 1 hour", "expired"],
  ])("a link is dead when %s", async (_, action, reason) => {
    const { page, complaints } = await open();
    await ask(page, "mike@example.org");
    await mailCount(page, 1);
    await page.locator("#mail-link").click();
    await answers(page, "link", '"ok": true');
    await page.getByRole("button", { name: action }).first().click();
    await setPassword(page, NEW_PASSWORD);
    await answers(page, "link", "invalid_or_expired_token");
    await hasEvent(page, new RegExp(`token_refused.*${reason}`));

    if (action === "Suspend") {
      await page.getByRole("button", { name: "Allow again" }).click();
      await page.getByRole("button", { name: "Look again" }).click();
      await answers(page, "link", '"ok": true');
    }
    if (action === "+ 1 hour") {
      await page.locator("#token-list .state").waitFor();
      await page.getByRole("button", { name: "Purge" }).click();
      await page.locator("#tokens-empty").waitFor();
    }
    expect(complaints).toEqual([]);
  });

  it("a held job waits, and holds no token", async () => {
    const { page, complaints } = await open();
    await page.getByRole("button", { name: "Hold the jobs" }).click();
    await ask(page, "jane@example.org");
    await page.locator("#job-list .state.held").waitFor();
    expect(await page.locator("#job-list pre").innerText()).toMatch(
      /^\{ "email": "jane@example.org", "locale": "en", "v": 1, "id": "[0-9a-f-]{36}", "at": \d+ \}$/,
    );
    expect(await page.locator("#token-list li").count()).toBe(0);
    await page.getByRole("button", { name: "Hold the jobs" }).click();
    await mailCount(page, 1);
    expect(complaints).toEqual([]);
  });

  it("works by keyboard alone", async () => {
    const { page, complaints } = await open();
    const press = (key: string) => page.keyboard.press(key);
    const tabTo = async (selector: string) => {
      for (let presses = 0; presses < 60; presses++) {
        if ((await page.locator(`${selector}:focus`).count()) > 0) return;
        await press("Tab");
      }
      throw new Error(`no way to ${selector} by keyboard`);
    };
    await tabTo("#email");
    await press("Enter");
    await mailCount(page, 1);
    await tabTo("#mail-link");
    await press("Enter");
    await answers(page, "link", '"ok": true');
    await tabTo("#user-list button");
    await press("Enter");
    await page.getByText("Move to mike@example.org").waitFor();
    expect(await page.locator("#user-list button:focus").innerText()).toBe("Move to mike@example.org");
    await press("Enter");
    await page.locator("#link").focus();
    await tabTo("#password");
    await page.keyboard.type(NEW_PASSWORD);
    await press("Enter");
    await answers(page, "link", '"sessionsRevoked": true');
    expect(complaints).toEqual([]);
  });

  it("opened as a file, the button leads to the link", async () => {
    const { page } = await open({}, pathToFileURL(file).href);
    await ask(page, "mike@example.org");
    await mailCount(page, 1);
    await page.locator("#mail-link").click();
    await answers(page, "link", '"ok": true');
  });

  it("the policy lets no script in and nothing out, and the mail is of no origin", async () => {
    const { page, complaints } = await open();
    await ask(page, "mike@example.org");
    await mailCount(page, 1);
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
