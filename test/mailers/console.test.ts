import { consoleMailer } from "relatch/console";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ABOUT, MESSAGE } from "./message.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("consoleMailer", () => {
  test("prints the whole mail, the link in one piece", async () => {
    const print = vi.fn();
    await consoleMailer(print).send(MESSAGE, ABOUT);
    const printed = String(print.mock.calls.flat().join("\n"));
    for (const part of [MESSAGE.to, MESSAGE.subject]) expect(printed).toContain(part);
    expect(printed).toMatch(/\shttps:\/\/app\.example\.com\/password_reset\/abc$/m);
    expect(printed).not.toContain("<p>");
  });

  test("to the console, unless told otherwise", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await consoleMailer().send(MESSAGE, ABOUT);
    expect(log).toHaveBeenCalledOnce();
  });
});
