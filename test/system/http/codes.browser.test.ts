import type { Browser, Page } from "playwright-core";
import type { SecondFactor } from "relatch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KEYS, MIKE } from "../../helpers/harness.ts";
import { click, expectWellMade, fillIn, NEW_PASSWORD, visit } from "./browser.ts";
import { findChromium, launchChromium } from "./chromium.ts";
import { type PagesOptions, startPages } from "./start-pages.ts";

const executablePath = findChromium();
// axe is a script, so scripts are not switched off. That the pages need none is tested with the link.
const PHONE = { viewport: { width: 320, height: 640 }, bypassCSP: true } as const;

const secondFactor: SecondFactor<string> = {
  methods: async () => ["totp", "recovery_code"],
  verify: async (_, { method, response }) => method === "recovery_code" && response === "k7xq-m2pd",
};
const CODES: PagesOptions = { keys: KEYS, codes: true, secondFactor, routes: { method: "code" } };
const changeDigit = (code: string): string => code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));

describe.skipIf(!executablePath)("codes and a second factor in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath ?? "");
  });
  afterAll(() => browser?.close());

  /** Types into the field that has the focus by itself. */
  async function type(page: Page, field: string, text: string): Promise<void> {
    await page.locator(`#${field}:focus`).waitFor();
    await page.keyboard.type(text);
  }

  it.each(["de", "ar", "ja"])(
    "the keyboard alone resets a password with a code and a recovery code, on pages in which axe finds nothing (%s)",
    async (locale) => {
      const site = await startPages(CODES);
      const { page, complaints } = await visit(browser, { ...PHONE, locale });
      const press = (key: string) => page.keyboard.press(key);
      await page.goto(`${site.origin}/password_reset`);
      await page.locator(`html[lang=${locale}]`).waitFor();
      await expectWellMade(page, `${locale} request for a code`);
      await type(page, "email", MIKE.email);
      await press("Enter");
      await page.locator("#code:focus").waitFor();
      await expectWellMade(page, `${locale} code`);
      await site.passwordReset.drain();
      const code = site.mailer.lastCode(MIKE.email) ?? "";
      await type(page, "code", changeDigit(code));
      await press("Enter");
      await page.locator("#code-error").waitFor();
      await expectWellMade(page, `${locale} refused code`);
      expect(await page.locator("main bdi").textContent()).toBe(MIKE.email);
      // As it is written in the email, which no limit of the field may cut.
      await type(page, "code", `${code.slice(0, 4)} ${code.slice(4)}`);
      await press("Enter");
      await page.waitForURL(`${site.origin}/password_reset/new_password`);
      await expectWellMade(page, `${locale} second factor`);

      await type(page, "password", NEW_PASSWORD);
      await press("Tab");
      await type(page, "password_confirmation", NEW_PASSWORD);
      await press("Enter");
      await page.locator("#second_factor-error").waitFor();
      await expectWellMade(page, `${locale} second factor missing`);
      await type(page, "password", NEW_PASSWORD);
      await press("Tab");
      await type(page, "password_confirmation", NEW_PASSWORD);
      await press("Tab");
      await page.locator("#second_factor_method:focus").waitFor();
      await press("ArrowDown");
      expect(await page.locator("#second_factor_method").inputValue()).toBe("recovery_code");
      await press("Tab");
      await type(page, "second_factor", "k7xq-m2pd");
      await press("Enter");
      await page.waitForURL(`${site.origin}/login?notice=password_set`);
      expect(await site.hasPassword(MIKE.id, NEW_PASSWORD)).toBe(true);
      expect(complaints).toEqual([]);
    },
  );

  it("the ticket stays in the browser that asked, is Strict, and is gone once the code was redeemed", async () => {
    const site = await startPages({ ...CODES, secondFactor: undefined });
    const { page } = await visit(browser);
    const cookieNames = async () => (await page.context().cookies()).map(({ name }) => name).sort();
    await page.goto(`${site.origin}/password_reset`);
    await fillIn(page, { email: MIKE.email });
    await click(page, "main form button");
    const [ticket] = await page.context().cookies();
    expect(ticket).toMatchObject({
      ...{ name: "__Host-password_reset_ticket", httpOnly: true, secure: true, sameSite: "Strict", path: "/" },
    });
    await site.passwordReset.drain();
    const code = site.mailer.lastCode(MIKE.email) ?? "";

    const { page: elsewhere } = await visit(browser);
    await elsewhere.goto(`${site.origin}/password_reset`);
    await fillIn(elsewhere, { email: "nobody@example.org" });
    await click(elsewhere, "main form button");
    await fillIn(elsewhere, { code });
    await click(elsewhere, "main form button");
    expect(await elsewhere.title()).toBe("Error: Check your email · Acme");

    await fillIn(page, { code });
    await click(page, "main form button");
    expect(await page.title()).toBe("Set a new password · Acme");
    expect(await cookieNames()).toEqual(["__Host-password_reset"]);
  });

  it("reloading and typing the address of the form for a code do no harm", async () => {
    const site = await startPages({ ...CODES, secondFactor: undefined });
    const { page, complaints } = await visit(browser);
    await page.goto(`${site.origin}/password_reset`);
    await fillIn(page, { email: MIKE.email });
    await click(page, "main form button");
    await site.passwordReset.drain();
    const code = site.mailer.lastCode(MIKE.email) ?? "";
    await fillIn(page, { code: changeDigit(code) });
    await click(page, "main form button");
    await page.reload();
    expect(await page.title()).toBe("Error: Check your email · Acme");
    await fillIn(page, { code });
    await click(page, "main form button");
    await page.reload();
    expect(await page.title()).toBe("Set a new password · Acme");
    await page.goto(`${site.origin}/password_reset/code`);
    expect([page.url(), await page.title()]).toEqual([`${site.origin}/password_reset`, "Reset your password · Acme"]);
    expect(complaints).toEqual([]);
  });
});
