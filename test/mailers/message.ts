import type { MailContext, MailMessage } from "relatch";

export const MESSAGE: MailMessage = Object.freeze({
  to: "mike@example.org",
  subject: "Reset your Acme password",
  text: "Hello,\n\nhttps://app.example.com/password_reset/abc\n",
  html: "<p>Hello,</p>",
});

export const KEY = "kEy_0-123456789abcdefghijklmnopqrstuvwxyzAB";

export const ABOUT: MailContext = Object.freeze({
  userId: "42",
  locale: "en",
  kind: "reset_link",
  idempotencyKey: KEY,
});

export const FROM = "Acme <no-reply@acme.example>";

/** What a mailer's failure says of itself. */
export interface Failure extends Error {
  code?: unknown;
  responseCode?: unknown;
  permanent?: unknown;
  unsent?: unknown;
  retryAfterSeconds?: unknown;
}

/** The reason for which a promise rejects. */
export const failureOf = (sending: Promise<unknown>): Promise<Failure> =>
  sending.then(
    () => {
      throw new Error("it was sent");
    },
    (reason: Failure) => reason,
  );
