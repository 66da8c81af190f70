import { TimeSpan } from "relatch";
import type {
  NewPasswordPageInput,
  PageInput,
  Pages,
  RequestPageInput,
  SecondFactorForm,
  SentPageInput,
  SignedInPageInput,
} from "relatch/http";

/** Facts that every page is given. */
export const pageInput = (locale = "en"): PageInput => ({
  appName: "Acme",
  minPasswordLength: 8,
  tokenLifetime: new TimeSpan(1, "h"),
  locale,
  tenant: undefined,
  paths: { request: "/password_reset", login: "/login", home: "/" },
  request: new Request("https://app.example.com/password_reset"),
});

export const requestInput = (locale?: string): RequestPageInput => ({
  ...pageInput(locale),
  method: "link",
  notice: undefined,
  error: undefined,
  email: "",
});

export const sentInput = (locale?: string): SentPageInput => ({
  ...pageInput(locale),
  email: "mike@example.org",
  code: undefined,
});

export const codeInput = (locale?: string): SentPageInput => ({
  ...sentInput(locale),
  code: { action: "/password_reset/code", digits: 8, lifetime: new TimeSpan(10, "m"), isRefused: false },
});

export const factorForm = (...methods: [string, ...string[]]): SecondFactorForm => ({
  methods,
  method: methods[0],
  error: undefined,
});

export const passwordInput = (locale?: string): NewPasswordPageInput => ({
  ...pageInput(locale),
  action: "/password_reset/new_password",
  handle: "0123456789abcdef0123456789abcdef",
  email: "mike@example.org",
  isInvitation: false,
  violations: [],
  isMismatch: false,
  secondFactor: undefined,
});

export const signedInInput = (locale?: string): SignedInPageInput => ({
  ...pageInput(locale),
  continuePath: "/password_reset/new_password?continue=1",
  returnPath: "/password_reset/new_password",
  signOutPath: "/logout",
});

const violations = [
  { code: "too_short", message: "# 1 #", params: { min: 8 } },
  { code: "common", message: "# 2 #", params: {} },
];

/** Every page in every state, by name. */
export function samplePages(pages: Pages, locale?: string): Record<string, () => string | Promise<string>> {
  const [request, password, signedIn] = [requestInput(locale), passwordInput(locale), signedInInput(locale)];
  const code = codeInput(locale);
  const factors = factorForm("totp", "recovery_code", "sms", "hardware_key");
  const problem = (status: number, retryAfterSeconds?: number) => () =>
    pages.problem({ ...pageInput(locale), status, reason: "fault", retryAfterSeconds });
  const statuses = [400, 403, 404, 405, 409, 413, 415, 422, 500, 503];
  return {
    request: () => pages.request(request),
    "malformed link": () => pages.request({ ...request, notice: "malformed_link" }),
    "used link": () => pages.request({ ...request, notice: "invalid_or_expired_token" }),
    "open again": () => pages.request({ ...request, notice: "open_link_again" }),
    "cookies needed": () => pages.request({ ...request, notice: "cookies_needed" }),
    "invalid email": () => pages.request({ ...request, error: "invalid_email", email: "mike@" }),
    "unknown email": () => pages.request({ ...request, error: "unknown_email", email: "mike@example.org" }),
    "request for a code": () => pages.request({ ...request, method: "code" }),
    sent: () => pages.sent(sentInput(locale)),
    code: () => pages.sent(code),
    "refused code": () => pages.sent({ ...code, code: code.code && { ...code.code, isRefused: true } }),
    "code without an address": () => pages.sent({ ...code, email: "" }),
    "new password": () => pages.newPassword(password),
    "no minimum": () => pages.newPassword({ ...password, minPasswordLength: undefined }),
    "refused password": () => pages.newPassword({ ...password, violations }),
    "different passwords": () => pages.newPassword({ ...password, isMismatch: true }),
    "second factor": () => pages.newPassword({ ...password, secondFactor: factorForm("totp") }),
    "second factor of several": () => pages.newPassword({ ...password, secondFactor: factors }),
    "second factor missing": () =>
      pages.newPassword({ ...password, secondFactor: { ...factorForm("sms"), error: "second_factor_required" } }),
    "second factor refused": () =>
      pages.newPassword({ ...password, secondFactor: { ...factors, error: "second_factor_rejected" } }),
    invitation: () => pages.newPassword({ ...password, isInvitation: true }),
    "refused invitation": () => pages.newPassword({ ...password, isInvitation: true, violations }),
    "signed in": () => pages.signedIn(signedIn),
    "signed in, no way out": () => pages.signedIn({ ...signedIn, signOutPath: undefined }),
    throttled: problem(429, 890),
    ...Object.fromEntries(statuses.map((status) => [String(status), problem(status)])),
  };
}
