import * as languages from "relatch/languages";
import { defaultPages } from "relatch/pages";
import { describe, expect, it } from "vitest";
import { prefersJson } from "../../../src/http/guards.ts";
import { type Site, site } from "../../helpers/site.ts";
import { FORM, RESET, SOME_TOKEN, VERIFY } from "../../system/http/contract/helpers.ts";

// Nothing that a stranger sends may take more than linear time. Patterns that go back and forth over a long header take
// hundreds of milliseconds for these.

const LENGTH = 15_000;
const LIMIT_MS = 20;
const UNITS = [
  " ",
  "\t",
  ",",
  ";",
  "=",
  "-",
  "a",
  "a-",
  "a,",
  "a;",
  ";q=",
  "q=0.1,",
  "*/*,",
  "%",
  '"',
  "(",
  "a=b;",
  "x-",
];
const VALUES = UNITS.map((unit) => `a${unit.repeat(LENGTH / unit.length)}b`);
const HEADERS = ["Accept", "Accept-Language", "Cookie", "Content-Type", "Content-Encoding", "Origin", "Sec-Fetch-Site"];

/** Returns the processor time of a call in milliseconds, the least of a few. */
async function measure(call: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5 && least > LIMIT_MS; attempt++) {
    const before = process.cpuUsage();
    await call();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

const start = (): Site => site({ pages: defaultPages(), languages: Object.values(languages) as [typeof languages.en] });

describe("the time of a response", () => {
  it.each(HEADERS)("no value of the header %s makes a page or the JSON API slow", { timeout: 60_000 }, async (name) => {
    const { handle } = start();
    for (const value of VALUES) {
      const own = { "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded" };
      const headers = { ...own, [name]: name === "Cookie" ? `__Host-password_reset=${value}` : value };
      for (const path of [RESET, FORM, `${RESET}/${SOME_TOKEN}`]) {
        expect(await measure(() => handle(path, { headers })), path).toBeLessThan(LIMIT_MS);
      }
      for (const path of [RESET, VERIFY]) {
        expect(await measure(() => handle(path, { method: "POST", headers, body: "email=x" })), path).toBeLessThan(
          LIMIT_MS,
        );
      }
    }
  });

  it("no path and no query makes a page slow", { timeout: 60_000 }, async () => {
    const { handle } = start();
    for (const value of VALUES) {
      for (const length of [2000, LENGTH]) {
        const text = encodeURI(value.slice(0, length).replace(/[%?#]/g, "-"));
        for (const path of [
          `${RESET}/${text}`,
          `${RESET}/${SOME_TOKEN}${text}`,
          `${RESET}?${text}`,
          `${FORM}?opened=${text}`,
        ]) {
          expect(await measure(() => handle(path)), path.slice(0, 60)).toBeLessThan(LIMIT_MS);
        }
      }
    }
  });

  it("no field makes a form or the JSON API slow", { timeout: 60_000 }, async () => {
    const { handle } = start();
    const own = { "Sec-Fetch-Site": "same-origin" };
    for (const value of VALUES) {
      const forms = [
        value,
        `email=${encodeURIComponent(value).slice(0, LENGTH)}`,
        `${value}=${value}`.slice(0, LENGTH),
      ];
      for (const body of forms.map((each) => each.replace(/%.?$/, ""))) {
        const headers = { ...own, "Content-Type": "application/x-www-form-urlencoded" };
        for (const path of [RESET, FORM]) {
          expect(await measure(() => handle(path, { method: "POST", headers, body })), body.slice(0, 40)).toBeLessThan(
            LIMIT_MS,
          );
        }
      }
      const members = [
        `{"email":${JSON.stringify(value)}}`,
        `{${JSON.stringify(value)}:1}`,
        `{"email"${" ".repeat(LENGTH)}:1}`,
      ];
      for (const body of [...members, `{"a":[${'"b",'.repeat(3000)}"b"]}`, `{"a":"${'\\"'.repeat(7000)}"}`]) {
        const init = { method: "POST", headers: { ...own, "Content-Type": "application/json" }, body };
        for (const path of [RESET, VERIFY]) expect(await measure(() => handle(path, init))).toBeLessThan(LIMIT_MS);
      }
    }
  });

  it("the control: a quadratic pattern over such a header is seen, and prefersJson is not one", async () => {
    const value = VALUES[0] ?? "";
    expect(await measure(() => /\s+$/.test(value))).toBeGreaterThan(LIMIT_MS);
    const request = new Request("https://app.example.com/", { headers: { Accept: value } });
    expect(await measure(() => prefersJson(request))).toBeLessThan(LIMIT_MS);
  });
});
