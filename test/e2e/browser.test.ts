import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { findChromium, launchChromium } from "./chromium.ts";
import { linkTo } from "./contract/helpers.ts";
import { type RunningExpress, startExpress } from "./start-express.ts";

const executablePath = findChromium();
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NEW_PASSWORD = "a-quiet-harbour-at-dawn";

interface Visit {
  page: Page;
  /** What the console said, and every request for something of another site. Has to stay empty. */
  complaints: string[];
}

describe.skipIf(!executablePath)("in a browser", { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath ?? "");
  });
  afterAll(() => browser?.close());

  async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await browser.newContext({ locale: "en-GB", ...options });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      // Chromium reports each page that answers 4xx, and forms with a mistake in them do.
      if (!/status of 4\d\d/.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!/^(http:\/\/(localhost|127\.0\.0\.1):|data:)/.test(request.url())) complaints.push(request.url());
    });
    return { page, complaints };
  }

  async function launch(): Promise<RunningExpress> {
    const app = await startExpress();
    onTestFinished(() => app.close());
    return app;
  }

  it.each([
    ["phone, light", { viewport: { width: 320, height: 640 }, colorScheme: "light" }],
    ["phone, dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
    ["desktop, light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
    [
      "desktop, dark, in Russian",
      { viewport: { width: 1280, height: 800 }, colorScheme: "dark", locale: "ru" },
    ],
  ] as const)(
    "%s: every page is accessible, fits, and the flow works from a webmail",
    async (name, options) => {
      const app = await launch();
      const [mike] = app.accounts;
      const { page, complaints } = await visit(options);
      const inspect = (step: string) => expectWellMade(page, `${name} ${step}`);

      await page.goto(`${app.origin}/login`);
      await inspect("login");
      await page.locator("#email").fill(mike.email);
      await page.locator("#password").fill("wrong");
      await click(page, "form button");
      await inspect("login refused");
      await click(page, "a[href='/password_reset']");
      await inspect("request");
      await page.locator("#email").fill("nonsense");
      await click(page, "form button");
      await inspect("request refused");
      await page.locator("#email").fill(mike.email);
      await click(page, "form button");
      await inspect("sent");

      const link = await linkTo(app, mike.email);
      await openFromWebmail(page, link);
      expect(page.url()).toBe(`${app.origin}/password_reset/new_password`);
      await inspect("form");
      await page.locator("#password").fill(NEW_PASSWORD);
      await page.locator("#password_confirmation").fill("different");
      await click(page, "form button");
      await inspect("form, different");
      await page.locator("#password").fill("1234567");
      await page.locator("#password_confirmation").fill("1234567");
      await click(page, "form button");
      await inspect("form, too short");
      await page.locator("#password").fill(NEW_PASSWORD);
      await page.locator("#password_confirmation").fill(NEW_PASSWORD);
      await click(page, "form button");
      expect(page.url()).toBe(`${app.origin}/login?notice=password_set`);
      await inspect("password set");

      await page.locator("#email").fill(mike.email);
      await page.locator("#password").fill(NEW_PASSWORD);
      await click(page, "form button");
      expect(page.url()).toBe(`${app.origin}/`);
      await inspect("home");
      await click(page, "form button");
      await openFromWebmail(page, link);
      expect(page.url()).toBe(`${app.origin}/password_reset?notice=invalid_or_expired_token`);
      await inspect("invalid link");
      for (const path of ["/dev/mail", "/dev/mail/1", "/nowhere"]) {
        await page.goto(app.origin + path);
        await inspect(path);
      }

      expect(complaints).toEqual([]);
      expectNoLeak(app, link);
    },
  );

  it("works without JavaScript, by keyboard alone", async () => {
    const app = await launch();
    const [mike] = app.accounts;
    const { page, complaints } = await visit({ javaScriptEnabled: false });
    const type = async (field: string, text: string) => {
      await page.locator(`#${field}:focus`).waitFor();
      await page.keyboard.type(text);
    };
    const press = (key: string) => page.keyboard.press(key);

    await page.goto(`${app.origin}/password_reset`);
    await type("email", mike.email);
    await press("Enter");
    await page.getByText("Check your mail").waitFor();
    await page.goto(await linkTo(app, mike.email));
    await type("password", NEW_PASSWORD);
    await press("Tab");
    await type("password_confirmation", NEW_PASSWORD);
    await press("Enter");
    await page.getByText("Your password was set. Try to log in.").waitFor();
    await type("email", mike.email);
    await press("Tab");
    await type("password", NEW_PASSWORD);
    await press("Enter");
    await page.getByText("You are signed in").waitFor();
    expect(complaints).toEqual([]);
  });

  it("going back, reloading and double-clicking do no harm", async () => {
    const app = await launch();
    const [mike, jane] = app.accounts;
    const { page, complaints } = await visit();
    const requestLink = async (email: string) => {
      await page.goto(`${app.origin}/password_reset`);
      await page.locator("#email").fill(email);
      await click(page, "form button");
      await page.reload();
      await page.getByText("Check your mail").waitFor();
      return linkTo(app, email);
    };
    const fillForm = async () => {
      await page.locator("#password").fill(NEW_PASSWORD);
      await page.locator("#password_confirmation").fill(NEW_PASSWORD);
    };

    await page.goto(await requestLink(mike.email));
    expect(await app.mails()).toHaveLength(1);
    await page.reload();
    await fillForm();
    await click(page, "form button");
    await page.goBack();
    await page.getByText("Open your link again").waitFor();

    await page.goto(await requestLink(jane.email));
    await fillForm();
    await page.locator("form button").dblclick();
    await page.waitForURL((url) => url.searchParams.has("notice"));
    await page.goto(`${app.origin}/login`);
    await page.locator("#email").fill(jane.email);
    await page.locator("#password").fill(NEW_PASSWORD);
    await click(page, "form button");
    await page.getByText("You are signed in").waitFor();
    expect(complaints).toEqual([]);
  });

  it("opens the link of a mail in the development inbox in the whole window", async () => {
    const app = await launch();
    const { page, complaints } = await visit();
    await page.goto(`${app.origin}/password_reset`);
    await page.locator("#email").fill(app.accounts[0].email);
    await click(page, "form button");
    await app.mails();
    await click(page, "footer a");
    await click(page, ".mails a");
    await page.frameLocator("iframe").locator("a.button").click();
    await page.waitForURL(`${app.origin}/password_reset/new_password`);
    expect(complaints).toEqual([]);
  });
});

/** Clicks, and waits for the page this leads to. */
async function click(page: Page, selector: string): Promise<void> {
  await Promise.all([page.waitForEvent("load"), page.locator(selector).click()]);
}

/** axe finds nothing, nothing sticks out at the side, everything to be hit is large enough to hit. */
async function expectWellMade(page: Page, name: string): Promise<void> {
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
async function openFromWebmail(page: Page, link: string): Promise<void> {
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

/** The server never saw the token but in the link itself. */
function expectNoLeak({ requests }: RunningExpress, link: string): void {
  const { pathname } = new URL(link);
  const token = pathname.slice(pathname.lastIndexOf("/") + 1);
  expect(requests.filter(({ url }) => url === pathname)).toHaveLength(2);
  const leaks = requests.filter(
    ({ url, referer = "" }) => (url !== pathname && url.includes(token)) || referer.includes(token),
  );
  expect(leaks).toEqual([]);
}
