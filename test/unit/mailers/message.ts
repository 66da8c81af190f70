import type { MailContext, MailMessage } from "relatch";
import { createHeaders } from "../../../src/mailers/headers.ts";

export const FROM = "Acme <no-reply@acme.example>";
export const KEY = "kEy_0-123456789abcdefghijklmnopqrstuvwxyzAB";

/** The header fields of {@link MESSAGE}, without its Message-ID, and its Message-ID. */
export const HEADERS = {
  "Auto-Submitted": "auto-generated",
  "X-Auto-Response-Suppress": "OOF, AutoReply",
  "X-Entity-Ref-ID": KEY,
  References: `<about-${KEY}@acme.example>`,
};
export const MESSAGE_ID = `<${KEY}@acme.example>`;

export const MESSAGE = Object.freeze({
  from: FROM,
  to: "mike@example.org",
  subject: "Reset your Acme password",
  text: "Hello,\n\nhttps://app.example.com/password_reset/abc\n",
  html: "<p>Hello,</p>",
  headers: createHeaders(KEY, FROM),
  variables: Object.freeze({
    kind: "reset_link",
    appName: "Acme",
    url: "https://app.example.com/password_reset/abc",
    expiresAt: new Date(Date.UTC(2026, 0, 1)),
    validFor: "1 hour",
  }),
}) satisfies MailMessage;

/** As an application may write it by hand. */
export const BARE: MailMessage = (({ headers: _, variables: __, ...rest }) => rest as MailMessage)(MESSAGE);

export const ABOUT: MailContext = Object.freeze({
  userId: "42",
  locale: "en",
  kind: "reset_link",
  jobId: "00000000-0000-4000-8000-000000000000",
  idempotencyKey: KEY,
});

/** The properties of a mailer's failure. */
export interface Failure extends Error {
  code?: unknown;
  responseCode?: unknown;
  permanent?: unknown;
  retryAfterSeconds?: unknown;
}

/** Returns the error that a promise rejects with. */
export const failureOf = (sending: Promise<unknown>): Promise<Failure> =>
  sending.then(
    () => {
      throw new Error("it was sent");
    },
    (reason: Failure) => reason,
  );
