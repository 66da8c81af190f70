import type { Page } from "playwright-core";
import { expect } from "vitest";

// What a visitor does in the playground, and what is to be seen there.

export async function ask(page: Page, email: string): Promise<void> {
  await page.locator("#email").fill(email);
  await page.getByRole("button", { name: "Ask" }).click();
  await answers(page, "ask", '"ok": true');
}

export async function setPassword(page: Page, password: string): Promise<void> {
  await page.locator("#password").fill(password);
  await page.getByRole("button", { name: "Set password" }).click();
}

export const answers = (page: Page, where: "ask" | "link", text: string) =>
  page.locator(`#${where}-answer`, { hasText: text }).waitFor();

export const hasEvent = (page: Page, pattern: RegExp) =>
  page.locator("#event-list li", { hasText: pattern }).first().waitFor();

/** Waits for so many mails, and for the jobs to be done, so that one more would have come. */
export async function mailCount(page: Page, count: number): Promise<void> {
  await page.locator(`#strip-jobs:text-matches("^[0-9]+$")`).waitFor();
  await page.locator("#strip-mails", { hasText: String(count) }).waitFor();
  expect(await page.locator("#mail-list li").count()).toBe(count);
}

export async function tokenOfMail(page: Page): Promise<string> {
  const href = await page.locator("#mail-link").getAttribute("href");
  return href?.match(/[\w-]{43}$/)?.[0] ?? expect.unreachable("a link with a token");
}

export const whatTheServerHolds = async (page: Page): Promise<string> =>
  (await page.locator("#jobs, #tokens, #users, #events").allInnerTexts()).join("\n");

export const recordStates = (page: Page) =>
  page.evaluate(`window.states = [];
    new MutationObserver(() => {
      const state = document.querySelector("#job-list .state")?.textContent;
      if (state !== window.states.at(-1)) window.states.push(state);
    }).observe(document.querySelector("#job-list"), { childList: true });`);

export const recordedStates = (page: Page) => page.evaluate("window.states");
