import { mustBe, optional, type Reader, readOptions } from "../lib/shape.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import type { MailContext, MailMessage } from "../ports/contract.ts";
import { type Sender, toWireAddress } from "./sender.ts";

/** An email and everything that a service has to send with it. */
export interface OutgoingMail extends Omit<MailMessage, "from"> {
  from: Sender;
  about: MailContext;
}

/** The POST request that sends an email. */
export interface MailRequest {
  /** https. Plain http is allowed for a server on this machine. */
  url: string;
  headers: Record<string, string>;
  body: string;
  /**
   * Reports whether this response refuses the recipient or the email for good. Default: statuses 400 and 422. Nothing
   * else gets its text.
   */
  isRefusal?: ((status: number, text: string) => boolean) | undefined;
  /** Reports whether this response means that the email was sent before. Default: no response does. */
  isSent?: ((status: number, text: string) => boolean) | undefined;
}

/** Translates an email into the request of a mail service. */
export type MailService = (email: OutgoingMail) => MailRequest;

/** Options of a mail service. */
export interface ServiceOptions {
  /** The secret of your account at the service: visible ASCII characters. */
  apiKey: string;
  /** The base URL of the service, if your region has another one. Default: the one of the service's documentation. */
  url?: string | undefined;
}

/** Options of {@link mailgun}. */
export interface MailgunOptions extends ServiceOptions {
  /** The sending domain. */
  domain: string;
}

// No service counts clicks: a link that runs through someone else's server hands over the token.

/**
 * Sends through Resend. For 24 hours, the idempotency key keeps a repeated email from arriving twice. Click tracking is
 * a setting of your domain there: leave it off.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid.
 * @example
 * const mailer = fetchMailer(resend({ apiKey }));
 */
export function resend(options: ServiceOptions): MailService {
  const { apiKey, url } = readOptions("resend", options, shapeOf("https://api.resend.com"));
  return ({ from, to, subject, text, html, headers, about }) => {
    // Resend makes the Message-ID itself, and takes every other header field.
    const { "Message-ID": _, ...others } = headers;
    return {
      url: `${url}/emails`,
      headers: { ...JSON_TYPES, Authorization: `Bearer ${apiKey}`, "Idempotency-Key": about.idempotencyKey },
      body: JSON.stringify({ from: formatPlainly(from), to: [to], subject, text, html, headers: others }),
      isRefusal: (status, response) => (status === 400 || status === 422) && /`to`/.test(response),
      // An email with this key was sent before. Another attempt has another link in it, and the first is still valid.
      isSent: (status, response) => status === 409 && response.includes("invalid_idempotent_request"),
    };
  };
}

/**
 * Sends through Postmark, by its default transactional stream.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid.
 * @example
 * const mailer = fetchMailer(postmark({ apiKey }));
 */
export function postmark(options: ServiceOptions): MailService {
  const { apiKey, url } = readOptions("postmark", options, shapeOf("https://api.postmarkapp.com"));
  return ({ from, to, subject, text, html, headers }) => ({
    url: `${url}/email`,
    headers: { ...JSON_TYPES, "X-Postmark-Server-Token": apiKey },
    body: JSON.stringify({
      From: from.header,
      To: to,
      Subject: subject,
      TextBody: text,
      HtmlBody: html,
      // Without X-PM-KeepID, Postmark replaces the Message-ID.
      Headers: Object.entries({ ...headers, "X-PM-KeepID": "true" }).map(([Name, Value]) => ({ Name, Value })),
      TrackOpens: false,
      TrackLinks: "None",
    }),
    // 406: the recipient bounced or complained before. 300: a field is wrong, and the message says which one.
    isRefusal: (status, response) => status === 422 && /"ErrorCode":\s*406\b|'To'/.test(response),
  });
}

/**
 * Sends through SendGrid.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid.
 * @example
 * const mailer = fetchMailer(sendgrid({ apiKey }));
 */
export function sendgrid(options: ServiceOptions): MailService {
  const { apiKey, url } = readOptions("sendgrid", options, shapeOf("https://api.sendgrid.com"));
  return ({ from, to, subject, text, html, headers }) => ({
    url: `${url}/v3/mail/send`,
    headers: { ...JSON_TYPES, Authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({
      personalizations: [{ to: [{ email: to }] }],
      from: { email: from.address, name: from.name },
      subject,
      content: [
        { type: "text/plain", value: text },
        ...(html === undefined ? [] : [{ type: "text/html", value: html }]),
      ],
      headers,
      tracking_settings: { click_tracking: { enable: false, enable_text: false }, open_tracking: { enable: false } },
    }),
    isRefusal: (status, response) => status === 400 && /"field":\s*"personalizations/.test(response),
  });
}

/**
 * Sends through Mailgun. For its European region, use `url: "https://api.eu.mailgun.net"`.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid.
 * @example
 * const mailer = fetchMailer(mailgun({ apiKey, domain: "mg.example.com" }));
 */
export function mailgun(options: MailgunOptions): MailService {
  const shape = { ...shapeOf("https://api.mailgun.net"), domain: aDomain };
  const { apiKey, url, domain } = readOptions("mailgun", options, shape);
  const authorization = `Basic ${btoa(`api:${apiKey}`)}`;
  return ({ from, to, subject, text, html, headers }) => {
    const fields = new URLSearchParams({ from: from.header, to, subject, text, "o:tracking": "no" });
    if (html !== undefined) fields.set("html", html);
    for (const [name, value] of Object.entries(headers)) fields.set(`h:${name}`, value);
    return {
      url: `${url}/v3/${domain}/messages`,
      headers: { Authorization: authorization, "Content-Type": "application/x-www-form-urlencoded" },
      body: fields.toString(),
      isRefusal: (status, response) => status === 400 && /\bto['"]? parameter\b/.test(response),
    };
  };
}

const JSON_TYPES = { "Content-Type": "application/json", Accept: "application/json" };

/** Writes a sender as Resend reads it: the name without quotes. */
const formatPlainly = ({ name, address }: Sender): string =>
  name === undefined ? address : `${name.replaceAll(/["<>\\]/g, "")} <${address}>`;

/** A runtime would quote a key that does not fit into a header in its error. */
const anApiKey: Reader<string> = (value, path) => {
  if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return value;
  throw mustBe(path, "a string of visible ASCII characters", value);
};

const shapeOf = (defaultUrl: string) => {
  const aUrl: Reader<string> = (value, path) => {
    if (typeof value === "string" && readSafely(() => new URL(value))) return value.replace(/\/+$/, "");
    throw mustBe(path, "an absolute URL", value, `"${defaultUrl}"`);
  };
  return { apiKey: anApiKey, url: optional(aUrl, defaultUrl) };
};

/** Checked, because Mailgun responds with 200 to a path that it does not know. */
const aDomain: Reader<string> = (value, path) => {
  const address = typeof value === "string" ? toWireAddress(`mailgun@${value}`) : undefined;
  if (address === undefined) throw mustBe(path, "the domain that sends", value, '"mg.example.com"');
  return address.slice("mailgun@".length);
};
