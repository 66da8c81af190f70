import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { onTestFinished } from "vitest";

const CANDIDATES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Returns the path of Chromium on this machine. `RELATCH_CHROMIUM` names it if it is in an unusual place. */
export function findChromium(): string | undefined {
  const given = process.env["RELATCH_CHROMIUM"];
  const path = (given ? [given] : CANDIDATES).find(existsSync);
  if (path === undefined) {
    const message = "The browser tests need Chromium. Install it, or set RELATCH_CHROMIUM to its path.";
    if (process.env["RELATCH_REQUIRE"] === "all") throw new Error(message);
    console.warn(`${message} Skipped.`);
  }
  return path;
}

// Every name of a host leads to the loopback, and so no request leaves this machine.
const args = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
  ...["--no-proxy-server", "--host-resolver-rules=MAP * 127.0.0.1"],
];

/** The same browser without a window. It loads pages in half the time. */
const HEADLESS = "/usr/bin/chromium-headless-shell";

export function launchChromium(executablePath: string): Promise<Browser> {
  const hasHeadless = executablePath === "/usr/bin/chromium" && existsSync(HEADLESS);
  return chromium.launch({ executablePath: hasHeadless ? HEADLESS : executablePath, args });
}

/** Starts a whole browser with these settings, as its user would make them. */
export async function launchWithPreferences(executablePath: string, preferences: object): Promise<BrowserContext> {
  const folder = mkdtempSync(join(tmpdir(), "relatch-browser-"));
  mkdirSync(join(folder, "Default"));
  writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify(preferences));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const options = { executablePath, args, locale: "en-GB", ignoreHTTPSErrors: true };
  const context = await chromium.launchPersistentContext(folder, options);
  onTestFinished(() => context.close());
  return context;
}
