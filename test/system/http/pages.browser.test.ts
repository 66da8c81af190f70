import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  click,
  expectNoLeak,
  expectWellMade,
  fillIn,
  launch,
  NEW_PASSWORD,
  openFromWebmail,
  visit,
} from "./browser.ts";
import { findChromium, launchChromium } from "./chromium.ts";
import { linkTo } from "./contract/helpers.ts";
import { startExpress } from "./start-express.ts";
import { startHono } from "./start-hono.ts";

const executablePath = findChromium();

describe.skipIf(!executablePath).each([
  ["express", startExpress],
  ["hono", startHono],
])("%s in a browser", (framework, start) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath ?? "");
  });
  afterAll(() => browser?.close());

  it.each([
    ["phone, light", { viewport: { width: 320, height: 640 }, colorScheme: "light" }],
    ["desktop, dark, in Russian", { viewport: { width: 1280, height: 800 }, colorScheme: "dark", locale: "ru" }],
  ] as const)(
    "the demo's own pages are accessible and fit, and the flow goes through them (%s)",
    async (name, options) => {
      const app = await launch(start);
      const [mike] = app.accounts;
      const { page, complaints } = await visit(browser, options);
      const inspect = (step: string) => expectWellMade(page, `${framework} ${name} ${step}`);

      await page.goto(`${app.origin}/login`);
      await inspect("login");
      await fillIn(page, { email: mike.email, password: "wrong" });
      await click(page, "form button");
      await inspect("login refused");
      await click(page, "a[href='/password_reset']");
      await fillIn(page, { email: mike.email });
      await click(page, "form button");

      const link = await linkTo(app, mike.email);
      await openFromWebmail(page, link);
      expect(page.url()).toBe(`${app.origin}/password_reset/new_password`);
      await fillIn(page, { password: NEW_PASSWORD, password_confirmation: NEW_PASSWORD });
      await click(page, "form button");
      expect(page.url()).toBe(`${app.origin}/login?notice=password_set`);
      await inspect("password set");

      // The address is there already, and the cursor is in the field for the password.
      expect(await page.locator("#email").inputValue()).toBe(mike.email);
      await page.locator("#password:focus").waitFor();
      await page.keyboard.type(NEW_PASSWORD);
      await click(page, "form button");
      expect(page.url()).toBe(`${app.origin}/`);
      await inspect("home");
      await click(page, "form button");
      await openFromWebmail(page, link);
      expect(page.url()).toBe(`${app.origin}/password_reset?notice=invalid_or_expired_token`);
      for (const path of ["/dev/mail", "/dev/mail/1", "/nowhere"]) {
        await page.goto(app.origin + path);
        await inspect(path);
      }

      expect(complaints).toEqual([]);
      expectNoLeak(app, link, 2);
    },
  );

  it("signing out of the demo on the way to the form comes back to it", async () => {
    const app = await launch(start);
    const [mike, jane] = app.accounts;
    const { page, complaints } = await visit(browser);
    await page.goto(`${app.origin}/password_reset`);
    await fillIn(page, { email: mike.email });
    await click(page, "form button");
    await page.goto(`${app.origin}/login`);
    await fillIn(page, { email: jane.email, password: jane.password });
    await click(page, "form button");
    await openFromWebmail(page, await linkTo(app, mike.email));
    await page.getByText("already signed in").waitFor();
    await click(page, "form button");
    await page.getByText(mike.email).waitFor();
    expect(page.url()).toBe(`${app.origin}/password_reset/new_password`);
    expect(complaints).toEqual([]);
  });

  it("a link in the development inbox opens in the whole window", async () => {
    const app = await launch(start);
    const { page, complaints } = await visit(browser);
    await page.goto(`${app.origin}/password_reset`);
    await fillIn(page, { email: app.accounts[0].email });
    await click(page, "form button");
    await app.mails();
    await page.goto(`${app.origin}/dev/mail`);
    await click(page, ".emails a");
    await page.frameLocator("iframe").getByRole("link", { name: "new password" }).click();
    await page.waitForURL(`${app.origin}/password_reset/new_password`);
    expect(complaints).toEqual([]);
  });
});
