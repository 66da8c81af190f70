import type { CodeForm, PageInput, Pages, SecondFactorForm, SentPageInput } from "relatch/http";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeHtml = (value: unknown): string => String(value).replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? "");

const page = ({ locale }: PageInput, title: string, body: string): string =>
  `<!doctype html><html lang="${escapeHtml(locale)}"><head><title>${escapeHtml(title)}</title></head><body>${body}</body></html>`;

/** Writes a field as accessible pages do: an error is tied to its field. */
const field = (name: string, type: string, autocomplete: string, value: string, error: string | undefined): string =>
  `<input name="${name}" type="${type}" autocomplete="${autocomplete}" value="${escapeHtml(value)}"` +
  (error === undefined
    ? ">"
    : ` aria-invalid="true" aria-describedby="${name}-error"><p id="${name}-error">${error}</p>`);

const codeForm = ({ email }: SentPageInput, { action, isRefused }: CodeForm): string =>
  `<form method="post" action="${escapeHtml(action)}"><input type="hidden" name="email" value="${escapeHtml(email)}">` +
  `${field("code", "text", "one-time-code", "", isRefused ? "refused" : undefined)}</form>`;

const factorFields = ({ methods, method, error }: SecondFactorForm): string =>
  `<select name="second_factor_method">${methods.map((each) => `<option${each === method ? " selected" : ""}>${each}</option>`).join("")}</select>` +
  field("second_factor", "text", "one-time-code", "", error);

/** The plainest pages that do everything: for tests of the handler, which must not depend on the wording of pages. */
export const plainPages: Pages = {
  request: (input) =>
    page(
      input,
      input.notice ?? "request",
      `<form method="post" action="${escapeHtml(input.paths.request)}">${field("email", "email", "username", input.email, input.error)}</form>`,
    ),
  sent: (input) =>
    page(input, "sent", `<p>${escapeHtml(input.email)}</p>${input.code ? codeForm(input, input.code) : ""}`),
  newPassword: (input) =>
    page(
      input,
      input.isInvitation ? "invitation" : "new password",
      `<form method="post" action="${escapeHtml(input.action)}"><input type="hidden" name="handle" value="${input.handle}">` +
        field("username", "email", "username", input.email, undefined) +
        field("password", "password", "new-password", "", input.violations[0]?.message) +
        field("password_confirmation", "password", "new-password", "", input.isMismatch ? "different" : undefined) +
        (input.secondFactor ? factorFields(input.secondFactor) : "") +
        "</form>",
    ),
  signedIn: (input) =>
    page(
      input,
      "signed in",
      (input.signOutPath === undefined
        ? ""
        : `<form method="post" action="${input.signOutPath}"><input type="hidden" name="return_to" value="${input.returnPath}"></form>`) +
        `<a href="${escapeHtml(input.continuePath)}">Go on</a>`,
    ),
  problem: (input) => page(input, `${input.status} ${input.reason}`, `<p>${input.retryAfterSeconds ?? ""}</p>`),
};
