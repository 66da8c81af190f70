import type { PasswordReset } from "relatch";
import type { Pages } from "relatch/http";
import { REFUSALS, type Refusal } from "./form-guard.ts";
import { INBOX_PATH } from "./inbox.ts";
import { styleSource } from "./styles.ts";

/** The header fields of pages with forms, for the demo's own pages and for those of the package that it shows there. */
export function pageHeaders({ contentSecurityPolicy = {} }: Pages): Record<string, string> {
  const policy = {
    ...contentSecurityPolicy,
    "default-src": "'none'",
    "style-src": [styleSource, contentSecurityPolicy["style-src"]].filter(Boolean).join(" "),
    "img-src": "'self' data:",
    "form-action": "'self'",
    "frame-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
  };
  return {
    "Cache-Control": "no-store",
    "Content-Security-Policy": Object.entries(policy)
      .map((directive) => directive.join(" "))
      .join("; "),
    "Cross-Origin-Opener-Policy": "same-origin",
    // Not no-referrer, because from such a page browsers post with "Origin: null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
  };
}

/** Adds a link to the development inbox to the page after a request. */
export const linkInbox = (pages: Pages): Pages => ({
  ...pages,
  async sent(input) {
    const link = `<p class="actions" lang="en"><a href="${INBOX_PATH}">Development inbox</a></p>`;
    return (await pages.sent(input)).replace("</main>", `${link}\n</main>`);
  },
});

/** Returns a function that renders a refusal outside of the reset's routes, with the package's page for it. */
export function createProblemPage(passwordReset: PasswordReset, pages: Pages) {
  return (reason: Refusal, locale: string | undefined, retryAfterSeconds?: number): string | Promise<string> => {
    const settings = passwordReset.settings({ locale });
    return pages.problem({
      ...settings,
      tenant: undefined,
      paths: { request: "/password_reset", login: "/login", home: "/" },
      // The page needs nothing of the request.
      request: new Request(new URL(settings.resetUrl).origin),
      status: REFUSALS[reason],
      reason,
      retryAfterSeconds,
    });
  };
}
