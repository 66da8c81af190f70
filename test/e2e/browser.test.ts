import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  click,
  expectNoLeak,
  expectWellMade,
  launch,
  NEW_PASSWORD,
  openFromWebmail,
  visit,
} from "./browser.ts";
import { findChromium, launchChromium } from "./chromium.ts";
import { linkTo } from "./contract/helpers.ts";
import type { Account } from "./http-contract.ts";
import { startExpress } from "./start-express.ts";
import { startHono } from "./start-hono.ts";

const executablePath = findChromium();

describe.skipIf(!executablePath).each([
  ["express", startExpress],
  ["hono", startHono],
])("%s in a browser", { timeout: 60_000 }, (framework, start) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath ?? "");
  });
  afterAll(() => browser?.close());

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
      const app = await launch(start);
      const [mike] = app.accounts;
      const { page, complaints } = await visit(browser, options);
      const inspect = (step: string) => expectWellMade(page, `${framework} ${name} ${step}`);

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
      expectNoLeak(app, link, 2);
    },
  );

  it.each([
    ["", {}],
    [
      ", at 320 px, in dark mode, in Russian",
      { viewport: { width: 320, height: 640 }, colorScheme: "dark", locale: "ru" },
    ],
  ] as const)("works without JavaScript, by keyboard alone%s", async (_, options) => {
    const app = await launch(start);
    const [mike] = app.accounts;
    const { page, complaints } = await visit(browser, { ...options, javaScriptEnabled: false });
    const type = async (field: string, text: string) => {
      await page.locator(`#${field}:focus`).waitFor();
      await page.keyboard.type(text);
    };
    const press = (key: string) => page.keyboard.press(key);
    const tabTo = async (selector: string) => {
      for (let presses = 0; presses < 20; presses++) {
        if ((await page.locator(`${selector}:focus`).count()) > 0) return;
        await press("Tab");
      }
      throw new Error(`no way to ${selector} by keyboard`);
    };

    await page.goto(`${app.origin}/login`);
    await tabTo("a[href='/password_reset']");
    await press("Enter");
    await type("email", mike.email);
    await press("Enter");
    await page.locator(".mark").waitFor();
    const link = await linkTo(app, mike.email);
    await page.goto(link);
    await type("password", NEW_PASSWORD);
    await press("Tab");
    await type("password_confirmation", "another one");
    await tabTo("form button");
    await press("Enter");
    await page.locator("#password_confirmation-error").waitFor();
    await tabTo("#password");
    await page.keyboard.type(NEW_PASSWORD);
    await press("Tab");
    await page.keyboard.type(NEW_PASSWORD);
    await press("Enter");
    await page.waitForURL(`${app.origin}/login?notice=password_set`);
    await type("email", mike.email);
    await press("Tab");
    await type("password", NEW_PASSWORD);
    await press("Enter");
    await page.waitForURL(`${app.origin}/`);
    expect(complaints).toEqual([]);
    expectNoLeak(app, link);
  });

  it("going back, reloading and double-clicking do no harm", async () => {
    const app = await launch(start);
    const [mike, jane] = app.accounts;
    const { page, complaints } = await visit(browser);
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

  it("two links in two tabs: each form sets its own account's password, or none", async () => {
    const app = await launch(start);
    const [mike, jane] = app.accounts;
    const { page: first, complaints } = await visit(browser);
    const second = await first.context().newPage();
    const open = async (page: Page, email: string) => {
      await page.goto(`${app.origin}/password_reset`);
      await page.locator("#email").fill(email);
      await click(page, "form button");
      await page.goto(await linkTo(app, email));
      await page.locator(`.account:has-text("${email}")`).waitFor();
    };
    const submit = async (page: Page, password: string) => {
      await page.locator("#password").fill(password);
      await page.locator("#password_confirmation").fill(password);
      await click(page, "form button");
    };
    const signsIn = async ({ email }: Account, password: string) => {
      const { page } = await visit(browser);
      await page.goto(`${app.origin}/login`);
      await page.locator("#email").fill(email);
      await page.locator("#password").fill(password);
      await click(page, "form button");
      return page.url() === `${app.origin}/`;
    };

    await open(first, mike.email);
    await open(second, jane.email);
    // The cookie is that of the link opened last.
    await submit(first, NEW_PASSWORD);
    expect(first.url()).toBe(`${app.origin}/password_reset?notice=open_link_again`);
    await submit(second, `${NEW_PASSWORD}-2`);
    expect(second.url()).toBe(`${app.origin}/login?notice=password_set`);
    expect([await signsIn(mike, mike.password), await signsIn(mike, NEW_PASSWORD)]).toEqual([true, false]);
    expect([await signsIn(jane, NEW_PASSWORD), await signsIn(jane, `${NEW_PASSWORD}-2`)]).toEqual([
      false,
      true,
    ]);
    await first.goto(await linkTo(app, mike.email));
    await submit(first, `${NEW_PASSWORD}-1`);
    expect(await signsIn(mike, `${NEW_PASSWORD}-1`)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it("opens the link of a mail in the development inbox in the whole window", async () => {
    const app = await launch(start);
    const { page, complaints } = await visit(browser);
    await page.goto(`${app.origin}/password_reset`);
    await page.locator("#email").fill(app.accounts[0].email);
    await click(page, "form button");
    await app.mails();
    await click(page, "footer a");
    await click(page, ".mails a");
    await page.frameLocator("iframe").getByRole("link", { name: "new password" }).click();
    await page.waitForURL(`${app.origin}/password_reset/new_password`);
    expect(complaints).toEqual([]);
  });
});
