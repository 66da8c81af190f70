import type { Browser, Page } from "playwright-core";
import { defaultPages } from "relatch/pages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIKE } from "../../helpers/harness.ts";
import { type AskedFor, click, expectFit, fillIn, NEW_PASSWORD, openPage, tabTo, visit } from "./browser.ts";
import { findChromium, launchChromium, launchWithPreferences } from "./chromium.ts";
import { JANE, type RunningPages, startPages } from "./start-pages.ts";

const executablePath = findChromium();
const PHONE = { viewport: { width: 320, height: 640 }, colorScheme: "dark", javaScriptEnabled: false } as const;
const TITLES = {
  form: "Set a new password · Acme",
  again: "Open the link again · Reset your password · Acme",
  used: "This link no longer works · Reset your password · Acme",
  malformed: "This link is incomplete · Reset your password · Acme",
  cookies: "Your browser is blocking cookies · Reset your password · Acme",
  signedIn: "You’re already signed in · Acme",
};
const BOTH = { password: NEW_PASSWORD, password_confirmation: NEW_PASSWORD };

/** Fills in the form for the new password, sends it, and waits for the next page. */
async function setPassword(page: Page): Promise<void> {
  await fillIn(page, BOTH);
  await click(page, "main form button");
}

/** Clicks the link in the webmail, and returns the tab that opens. */
async function openFromWebmail(page: Page, { webmail }: RunningPages): Promise<Page> {
  await page.goto(webmail);
  const [tab] = await Promise.all([page.context().waitForEvent("page"), page.locator("#link").click()]);
  await tab.waitForLoadState();
  return tab;
}

/** Lists the requests that carried a token, except those for the link itself. */
function listLeaks(requests: readonly AskedFor[], link: string): AskedFor[] {
  const { pathname, host } = new URL(link);
  const token = pathname.slice(pathname.lastIndexOf("/") + 1);
  const isLink = (asked: AskedFor) => asked.host === host && asked.url.startsWith(pathname);
  expect(requests.filter(isLink)).not.toEqual([]);
  return requests.filter((asked) => asked.referer?.includes(token) || (!isLink(asked) && asked.url.includes(token)));
}

describe.skipIf(!executablePath)("the package's pages in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath ?? "");
  });
  afterAll(() => browser?.close());

  it.each(["ru", "ar"])("the keyboard alone resets a password without JavaScript, at 320 px (%s)", async (locale) => {
    const site = await startPages();
    const { page, complaints } = await visit(browser, { ...PHONE, locale });
    const type = async (field: string, text: string) => {
      await page.locator(`#${field}:focus`).waitFor();
      await page.keyboard.type(text);
    };
    const press = (key: string) => page.keyboard.press(key);
    await page.goto(`${site.origin}/login`);
    await tabTo(page, "#forgotten");
    await press("Enter");
    await page.locator(`html[lang=${locale}]`).waitFor();
    await expectFit(page, "request");
    await type("email", "mike@");
    await press("Enter");
    await page.locator("#email-error").waitFor();
    await expectFit(page, "invalid address");
    await press("Control+a");
    await type("email", MIKE.email);
    await press("Enter");
    await page.locator(".mark").waitFor();
    await expectFit(page, "sent");
    await site.passwordReset.drain();
    await page.goto(site.mailer.lastLink(MIKE.email) ?? "");
    await expectFit(page, "form");
    await type("password", NEW_PASSWORD);
    await press("Tab");
    await type("password_confirmation", "another one");
    await press("Enter");
    await page.locator("#password_confirmation-error").waitFor();
    await expectFit(page, "different passwords");
    await type("password", "1234567");
    await press("Tab");
    await type("password_confirmation", "1234567");
    // The button is next.
    await press("Tab");
    await press("Space");
    await page.locator("#password-error").waitFor();
    await expectFit(page, "refused password");
    await type("password", NEW_PASSWORD);
    await press("Tab");
    await type("password_confirmation", NEW_PASSWORD);
    await press("Enter");
    await page.waitForURL(`${site.origin}/login?notice=password_set`);
    expect(await page.locator("#known").textContent()).toBe(MIKE.email);
    expect(await site.hasPassword(MIKE.id, NEW_PASSWORD)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it("a link that a webmail opens in a new tab leads to the form, and its token goes nowhere", async () => {
    const site = await startPages({ isLogoElsewhere: true });
    const link = await site.requestLink();
    const { page, complaints } = await visit(browser);
    const tab = await openFromWebmail(page, site);
    expect([tab.url(), await tab.title()]).toEqual([`${site.origin}/password_reset/new_password`, TITLES.form]);
    await setPassword(tab);
    expect(tab.url()).toBe(`${site.origin}/login?notice=password_set`);
    expect(await site.hasPassword(MIKE.id, NEW_PASSWORD)).toBe(true);
    expect(listLeaks(site.requests, link)).toEqual([]);
    const logo = site.requests.filter(({ url }) => url === "/logo.svg");
    expect([...new Set(logo.map(({ referer }) => referer))]).toEqual([undefined]);
    expect(complaints).toEqual([]);
  });

  it("the webmail keeps no handle on the tab with the form, which it keeps on other pages", async () => {
    const site = await startPages();
    await site.requestLink();
    const { page } = await visit(browser);
    const tab = await openFromWebmail(page, site);
    expect(await tab.evaluate("window.opener")).toBeNull();
    await page.evaluate(`document.querySelector("#link").href = "${site.origin}/login"`);
    const [other] = await Promise.all([page.context().waitForEvent("page"), page.locator("#link").click()]);
    await other.waitForLoadState();
    expect(await other.evaluate("window.opener !== null")).toBe(true);
  });

  it("a page at the address of the link, after a form was posted there, names only its origin", async () => {
    const site = await startPages({ isLogoElsewhere: true });
    const link = await site.requestLink();
    const { page } = await visit(browser);
    await page.goto(`${site.origin}/home`);
    const posted = page.waitForURL(link);
    const form = `<form method="post" action="${link}"><input name="password"></form>`;
    await page.evaluate(`document.body.innerHTML = '${form}'; document.forms[0].submit()`);
    await posted;
    expect(await page.title()).toBe(`Error: ${TITLES.form}`);
    const referersOf = (path: string) => site.requests.filter(({ url }) => url === path).map(({ referer }) => referer);
    expect([...new Set(referersOf("/logo.svg"))]).toEqual([`${site.origin}/`]);
    expect(listLeaks(site.requests, link)).toEqual([]);
    // An image that asks for it gets the whole address.
    await page.evaluate(`const image = new Image(); image.referrerPolicy = "unsafe-url";
      image.src = "${site.login}/other.svg"; document.body.append(image)`);
    await expect.poll(() => referersOf("/other.svg")).toEqual([link]);
    expect(listLeaks(site.requests, link)).toHaveLength(1);
  });

  it("a link with signs or words behind it leads to the form", async () => {
    const site = await startPages();
    const { page, complaints } = await visit(browser);
    const link = await site.requestLink();
    for (const junk of [".", ")", ">", "%20", "=", "%C2%BB", "%22%20and%20more", "...", "%0A", "*", "%3E,", "?utm=1"]) {
      await page.goto(link + junk);
      expect(await page.title(), junk).toBe(TITLES.form);
    }
    expect(complaints).toEqual([]);
  });

  it("a link that was cut off says that a part is missing", async () => {
    const site = await startPages();
    const { page } = await visit(browser);
    await page.goto((await site.requestLink()).slice(0, -1));
    expect(await page.title()).toBe(TITLES.malformed);
  });

  it("two links in two tabs set no password of the other account", async () => {
    const site = await startPages();
    const { page: first, complaints } = await visit(browser);
    const second = await first.context().newPage();
    await first.goto(await site.requestLink(MIKE.email));
    await second.goto(await site.requestLink(JANE.email));
    await setPassword(first);
    expect(await first.title()).toBe(TITLES.again);
    expect([site.users.get(MIKE.id), site.users.get(JANE.id)]).toEqual([MIKE, JANE]);
    await setPassword(second);
    expect(await second.title()).toBe("Sign in");
    expect(site.users.get(MIKE.id)).toEqual(MIKE);
    expect(await site.hasPassword(JANE.id, NEW_PASSWORD)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it.each([
    ["blocked", 2, TITLES.cookies],
    ["allowed", 1, TITLES.form],
  ])("a link opened while cookies are %s says so or shows the form", async (_, setting, title) => {
    const site = await startPages();
    const link = await site.requestLink();
    const preferences = { profile: { default_content_setting_values: { cookies: setting } } };
    const { page, complaints } = await openPage(await launchWithPreferences(executablePath ?? "", preferences));
    await page.goto(link);
    expect(await page.title()).toBe(title);
    expect(complaints).toEqual([]);
  });

  it("going back and reloading at every step do no harm", async () => {
    const site = await startPages();
    const { page, complaints } = await visit(browser);
    const expectTitle = async (title: string) => expect(await page.title()).toBe(title);
    await page.goto(`${site.origin}/password_reset`);
    await page.reload();
    await fillIn(page, { email: "mike@" });
    await click(page, "main form button");
    await page.reload();
    await expectTitle("Error: Reset your password · Acme");
    await page.goBack();
    await expectTitle("Reset your password · Acme");
    await fillIn(page, { email: MIKE.email });
    await click(page, "main form button");
    await page.reload();
    await expectTitle("Check your email · Acme");
    await site.passwordReset.drain();
    expect(site.mailer.sent).toHaveLength(1);

    await page.goto(site.mailer.lastLink(MIKE.email) ?? "");
    await page.reload();
    await expectTitle(TITLES.form);
    await fillIn(page, { password: NEW_PASSWORD, password_confirmation: "another one" });
    await click(page, "main form button");
    await page.reload();
    await expectTitle(`Error: ${TITLES.form}`);
    await page.goBack();
    await expectTitle(TITLES.form);
    await setPassword(page);
    await page.reload();
    await expectTitle("Sign in");
    await page.goBack();
    await expectTitle(TITLES.again);
    await page.reload();
    await expectTitle(TITLES.again);
    await page.goto(site.mailer.lastLink(MIKE.email) ?? "");
    await expectTitle(TITLES.used);
    expect(complaints).toEqual([]);
  });

  it("a double click sets the password and ends on the sign-in page or at a used link", async () => {
    const site = await startPages();
    const { page } = await visit(browser);
    await page.goto(await site.requestLink());
    await fillIn(page, BOTH);
    await page.locator("main form button").dblclick();
    // Asked again and again, because the second click aborts the navigation of the first.
    await expect.poll(() => new URL(page.url()).searchParams.has("notice"), { timeout: 30_000 }).toBe(true);
    await expect.poll(() => site.hasPassword(MIKE.id, NEW_PASSWORD), { timeout: 30_000 }).toBe(true);
  });

  it("signing out on the way to the form comes back to it", async () => {
    const site = await startPages({ routes: { signOutPath: "/logout" } });
    await site.requestLink();
    const { page, complaints } = await visit(browser);
    await page.goto(`${site.origin}/session`);
    const tab = await openFromWebmail(page, site);
    expect(await tab.title()).toBe(TITLES.signedIn);
    const sessionOf = async () => (await tab.context().cookies()).find(({ name }) => name === "__Host-session");
    expect(await sessionOf()).toBeDefined();
    await click(tab, "main form button");
    expect(await tab.title()).toBe(TITLES.form);
    expect(await sessionOf()).toBeUndefined();
    await setPassword(tab);
    expect(await site.hasPassword(MIKE.id, NEW_PASSWORD)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it("somebody who is signed in can go on without signing out, with and without a way to sign out", async () => {
    for (const signOutPath of ["/logout", undefined]) {
      const site = await startPages({ routes: { signOutPath } });
      const { page, complaints } = await visit(browser);
      await page.goto(`${site.origin}/session`);
      await page.goto(await site.requestLink());
      expect(await page.locator("main form").count()).toBe(signOutPath === undefined ? 0 : 1);
      await click(page, "main a");
      await setPassword(page);
      expect(await page.title()).toBe("Sign in");
      expect(await site.hasPassword(MIKE.id, NEW_PASSWORD)).toBe(true);
      expect(complaints).toEqual([]);
    }
  });

  it("the form ends on a sign-in page of another origin", async () => {
    const site = await startPages({ foreignLogin: "/auth?tab=login" });
    const { page, complaints } = await visit(browser);
    await page.goto(await site.requestLink());
    await setPassword(page);
    expect(page.url()).toBe(`${site.login}/auth?tab=login&notice=password_set`);
    expect(site.requests.at(-1)).toMatchObject({ url: "/auth?tab=login&notice=password_set", referer: undefined });
    expect(complaints).toEqual([]);
  });

  it("a policy that names no other origin keeps the browser on the form after the password is set", async () => {
    const standard = defaultPages();
    const contentSecurityPolicy = { ...standard.contentSecurityPolicy, "form-action": "'self'" };
    const site = await startPages({ foreignLogin: "/auth", routes: { pages: { ...standard, contentSecurityPolicy } } });
    const { page, complaints } = await visit(browser);
    await page.goto(await site.requestLink());
    await fillIn(page, BOTH);
    await page.locator("main form button").click();
    await expect.poll(() => complaints.join()).toContain("form-action");
    expect(page.url()).toBe(`${site.origin}/password_reset/new_password`);
  });

  it("the whole flow works behind a proxy that strips a prefix", async () => {
    const site = await startPages({
      path: "/app/password_reset",
      strippedPrefix: "/app",
      routes: { basePath: "/password_reset", loginPath: "/app/login", homePath: "/app/" },
    });
    const { page, complaints } = await visit(browser);
    await page.goto(`${site.origin}/app/login`);
    await click(page, "#forgotten");
    await fillIn(page, { email: MIKE.email });
    await click(page, "main form button");
    await click(page, "main a[href$=password_reset]");
    expect(page.url()).toBe(`${site.origin}/app/password_reset`);
    await site.passwordReset.drain();
    await page.goto(site.mailer.lastLink(MIKE.email) ?? "");
    expect(page.url()).toBe(`${site.origin}/app/password_reset/new_password`);
    await setPassword(page);
    expect(page.url()).toBe(`${site.origin}/app/login?notice=password_set`);
    await page.goBack();
    expect(page.url()).toBe(`${site.origin}/app/password_reset?notice=open_link_again`);
    const outside = site.requests.filter(({ url }) => !url.startsWith("/app/"));
    expect(outside).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
