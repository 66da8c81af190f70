import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CANDIDATES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Where a Chromium is on this machine; `RELATCH_CHROMIUM` says where, if not in a usual place. */
export function findChromium(): string | undefined {
  const given = process.env["RELATCH_CHROMIUM"];
  const path = (given ? [given] : CANDIDATES).find(existsSync);
  if (path === undefined) {
    const message = "Browser tests: no Chromium found. Install one, or say where it is in RELATCH_CHROMIUM.";
    if (process.env["RELATCH_REQUIRE"] === "all") throw new Error(message);
    console.warn(`${message} Skipped.`);
  }
  return path;
}

export const launchChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
