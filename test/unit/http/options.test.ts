import { passwordResetRoutes } from "relatch/http";
import { describe, expect, it } from "vitest";
import { harness } from "../../helpers/harness.ts";
import { plainPages } from "../../helpers/pages.ts";

const { passwordReset } = harness();
const create = (options: object) => passwordResetRoutes({ passwordReset, pages: plainPages, ...options } as never);
const refusal = expect.objectContaining({ name: "RelatchError", code: "ERR_OPTIONS" });

const GOOD: Record<string, unknown[]> = {
  pages: [plainPages, { ...plainPages, contentSecurityPolicy: { "style-src": "'self'", "font-src": "'self' data:" } }],
  loginPath: [
    "/",
    "/login?tab=1#x",
    "https://id.example.com",
    "https://id.example.com/x?y=z",
    "http://localhost:3000/",
    "http://app.localhost/",
  ],
  homePath: ["/", "/home?x=1"],
  signOutPath: ["/logout", undefined],
  changePasswordPath: ["/settings#password"],
  basePath: ["/password_reset", "/a/b-c/d.e~f"],
  allowedOrigins: [
    [],
    ["https://spa.example.com", "https://spa.example.com:8443", "http://localhost:5173", "http://[::1]:5173"],
    ["capacitor://localhost", "ionic://localhost", "tauri://localhost", "chrome-extension://abcdefghijklmnop"],
  ],
  revealUnknownAccounts: [async () => true, undefined],
  onError: [() => {}, undefined],
};

const NO_PATHS = [
  ...[
    "",
    "login",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/ x",
    "/ü",
    "/\n",
    "javascript:alert(1)",
    null,
    1,
  ],
  ...[true, {}, ["/login"], () => "/login"],
];
const NO_URLS = [
  "http://example.com",
  "https://",
  "https://user@example.com",
  "https://:pw@example.com",
  "ftp://x.example",
  "data:,x",
];
const { problem: _, ...fourPages } = plainPages;
const BAD: Record<string, unknown[]> = {
  passwordReset: [undefined, null, {}, { ...passwordReset, settings: undefined }],
  pages: [undefined, null, true, "default", {}, fourPages, () => plainPages],
  loginPath: [...NO_PATHS, ...NO_URLS],
  homePath: [...NO_PATHS, "https://example.com"],
  signOutPath: [...NO_PATHS, "https://example.com"],
  changePasswordPath: [...NO_PATHS, "https://example.com"],
  basePath: [...NO_PATHS, "/", "/x/", "/x//y", "/x?y", "/x#y", "/%41", "https://example.com"],
  allowedOrigins: [
    ...["https://spa.example.com", null, {}],
    ...[
      "*",
      "null",
      "",
      "https://*.example.com",
      "https://spa.example.com/",
      "https://spa.example.com/x",
      "spa.example.com",
    ].map((origin) => [origin]),
    ...["http://spa.example.com", "https://SPA.example.com", "https://spa.example.com:443", "file://", "file://x"].map(
      (origin) => [origin],
    ),
    ...["https://u:p@spa.example.com", "capacitor://", "capacitor://localhost/", "javascript:x", 1, null].map(
      (origin) => [origin],
    ),
  ],
  revealUnknownAccounts: [null, true, "yes"],
  onError: [null, "log", {}],
};
const BAD_POLICIES = [
  { "style-src": "'self'; script-src *" },
  { "style-src": "'self', default-src *" },
  { "style-src": "'self'\r\nSet-Cookie: x" },
  { "style-src": "" },
  { "style-src": ["'self'"] },
  { "Style Src": "'self'" },
  { "style-src;": "'self'" },
];

const cases = (table: Record<string, unknown[]>) =>
  Object.entries(table).flatMap(([name, values]) => values.map((value) => [name, value] as const));

describe("the options of passwordResetRoutes", () => {
  it.each(cases(GOOD))("%s may be %j", (name, value) => {
    expect(() => create({ [name]: value })).not.toThrow();
  });

  it.each(cases(BAD))("%s may not be %j", (name, value) => {
    expect(() => create({ [name]: value })).toThrow(refusal);
    expect(() => create({ [name]: value })).toThrow(name);
  });

  it.each(BAD_POLICIES)("pages.contentSecurityPolicy may not be %j", (contentSecurityPolicy) => {
    expect(() => create({ pages: { ...plainPages, contentSecurityPolicy } })).toThrow(refusal);
  });

  it("a misspelled option is refused with the right one", () => {
    expect(() => create({ loginpath: "/login" })).toThrow('Did you mean "loginPath"?');
  });

  it.each([
    ["https://app.example.com/:token", "at the root, the routes would replace the application"],
    ["https://app.example.com//reset/:token", "two slashes, which lead to another host"],
    ["https://app.example.com/reset?token=:token", "the token in the query"],
    ["https://app.example.com/reset#:token", "the token in the fragment"],
    ["https://app.example.com/reset/:token/", "something behind the token"],
    ["https://app.example.com/reset/x-:token", "a segment that is more than the token"],
    ["https://app.example.com/reset/:token?x=1", "a query"],
  ])("the pages cannot serve the links %s (%s), and the error says what they need", (resetUrl) => {
    const { passwordReset: other } = harness({ resetUrl });
    for (const basePath of [undefined, "/reset"]) {
      const start = () => passwordResetRoutes({ passwordReset: other, pages: plainPages, basePath });
      expect(start).toThrow(refusal);
      expect(start).toThrow(/resetUrl.*:token/);
    }
    expect(() => passwordResetRoutes({ passwordReset: other, pages: false, basePath: "/reset" })).not.toThrow();
  });

  it("a site whose links cannot be served in one of its languages is refused at the start", async () => {
    const { en, ru } = await import("relatch/languages");
    const resetUrl = ({ locale }: { locale: string }) =>
      `https://app.example.com/${locale === "ru" ? "" : "reset/"}:token`;
    const { passwordReset: other } = harness({ languages: [en, ru], resetUrl });
    expect(() => passwordResetRoutes({ passwordReset: other, pages: plainPages })).toThrow(refusal);
  });

  it("the routes are frozen", () => {
    expect(Object.isFrozen(create({}))).toBe(true);
  });
});
