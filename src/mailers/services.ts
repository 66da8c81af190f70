import { section, wrong } from "../checks.ts";
import { attempt } from "../fields.ts";
import type { MailService } from "./fetch.ts";
import { wireAddress } from "./sender.ts";

/** Options of a mail service. */
export interface ServiceOptions {
  apiKey: string;
  /** Where its interface is, for a region of its own. */
  url?: string | undefined;
}

/** Options of {@link mailgun}. */
export interface MailgunOptions extends ServiceOptions {
  /** The sending domain, as it stands in the path. */
  domain: string;
}

// No click is counted in any of them: a link that runs through somebody else's server hands over the token.

/**
 * Resend. The idempotency key keeps a repeated mail from going out twice for 24 hours. Click tracking is a setting of
 * the domain there: leave it off.
 *
 * @throws RelatchError `ERR_OPTIONS` for options that are none.
 */
export function resend(options: ServiceOptions): MailService {
  const { apiKey, url } = checked("resend", options, "https://api.resend.com");
  return ({ from, to, subject, text, html, headers, about }) => {
    // It makes the Message-ID itself.
    const { "Message-ID": _, ...others } = headers;
    return {
      url: `${url}/emails`,
      headers: { ...json, Authorization: `Bearer ${apiKey}`, "Idempotency-Key": about.idempotencyKey },
      body: JSON.stringify({ from: plain(from), to: [to], subject, text, html, headers: others }),
      isRefusal: (status, answer) => (status === 400 || status === 422) && /`to`/.test(answer),
    };
  };
}

/**
 * Postmark, through its default transactional stream.
 *
 * @throws RelatchError `ERR_OPTIONS` for options that are none.
 */
export function postmark(options: ServiceOptions): MailService {
  const { apiKey, url } = checked("postmark", options, "https://api.postmarkapp.com");
  return ({ from, to, subject, text, html, headers }) => ({
    url: `${url}/email`,
    headers: { ...json, "X-Postmark-Server-Token": apiKey },
    body: JSON.stringify({
      From: from.header,
      To: to,
      Subject: subject,
      TextBody: text,
      HtmlBody: html,
      // Without X-PM-KeepID it makes up a Message-ID of its own.
      Headers: Object.entries({ ...headers, "X-PM-KeepID": "true" }).map(([Name, Value]) => ({
        Name,
        Value,
      })),
      TrackOpens: false,
      TrackLinks: "None",
    }),
    // 406: a recipient that bounced or complained before. 300: a field is wrong, and the words say which.
    isRefusal: (status, answer) =>
      status === 422 && (/"ErrorCode":\s*406\b/.test(answer) || /'To'/.test(answer)),
  });
}

/**
 * SendGrid.
 *
 * @throws RelatchError `ERR_OPTIONS` for options that are none.
 */
export function sendgrid(options: ServiceOptions): MailService {
  const { apiKey, url } = checked("sendgrid", options, "https://api.sendgrid.com");
  return ({ from, to, subject, text, html, headers }) => ({
    url: `${url}/v3/mail/send`,
    headers: { ...json, Authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({
      personalizations: [{ to: [{ email: to }] }],
      from: { email: from.address, name: from.name },
      subject,
      content: [
        { type: "text/plain", value: text },
        ...(html === undefined ? [] : [{ type: "text/html", value: html }]),
      ],
      headers,
      tracking_settings: {
        click_tracking: { enable: false, enable_text: false },
        open_tracking: { enable: false },
      },
    }),
    isRefusal: (status, answer) => status === 400 && /"field":\s*"personalizations/.test(answer),
  });
}

/**
 * Mailgun. For its European region: `url: "https://api.eu.mailgun.net"`.
 *
 * @throws RelatchError `ERR_OPTIONS` for options that are none.
 */
export function mailgun(options: MailgunOptions): MailService {
  const { apiKey, url, domain } = checked("mailgun", options, "https://api.mailgun.net", "domain");
  // It answers 200 for a path that it does not know.
  const host = typeof domain === "string" ? wireAddress(`mailgun@${domain}`)?.domain : undefined;
  if (host === undefined) throw wrong("mailgun needs the domain that sends");
  return ({ from, to, subject, text, html, headers }) => {
    const fields = new URLSearchParams({ from: from.header, to, subject, text, "o:tracking": "no" });
    if (html !== undefined) fields.set("html", html);
    for (const [name, value] of Object.entries(headers)) fields.set(`h:${name}`, value);
    return {
      url: `${url}/v3/${host}/messages`,
      headers: {
        Authorization: `Basic ${btoa(`api:${apiKey}`)}`,
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: fields.toString(),
      isRefusal: (status, answer) => status === 400 && /\bto['"]? parameter\b/.test(answer),
    };
  };
}

const json = { "Content-Type": "application/json", Accept: "application/json" };

/** As Resend reads a sender: the name without quotes. */
const plain = ({ name, address }: { name: string | undefined; address: string }): string =>
  name === undefined ? address : `${name.replaceAll(/["<>\\]/g, "")} <${address}>`;

function checked(name: string, options: unknown, standard: string, ...more: string[]) {
  const {
    apiKey,
    url = standard,
    domain,
  } = section(`options of ${name}`, options, ["apiKey", "url", ...more]);
  // What no header can hold would be quoted by the runtime in its error.
  if (typeof apiKey !== "string" || !/^[\x21-\x7e]+$/.test(apiKey)) throw wrong(`${name} needs an apiKey`);
  if (typeof url !== "string" || attempt(() => new URL(url)) === undefined)
    throw wrong(`${name}: url is a URL like "${standard}"`);
  return { apiKey, url: url.replace(/\/+$/, ""), domain };
}
