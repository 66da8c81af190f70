import { consoleMailer } from "relatch/console";
import { expect, test, vi } from "vitest";
import { ABOUT, MESSAGE } from "./message.ts";

test("consoleMailer prints the whole email, with the link in one piece", async () => {
  const print = vi.fn();
  await consoleMailer(print).send(MESSAGE, ABOUT);
  const printed = String(print.mock.calls.flat().join("\n"));
  for (const part of [MESSAGE.to, MESSAGE.subject]) expect(printed).toContain(part);
  expect(printed).toMatch(/\shttps:\/\/app\.example\.com\/password_reset\/abc$/m);
  expect(printed).not.toContain("<p>");
});

test("consoleMailer prints to the console by default", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await consoleMailer().send(MESSAGE, ABOUT);
  expect(log).toHaveBeenCalledOnce();
  log.mockRestore();
});
