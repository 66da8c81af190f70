import type { TimeSpan } from "oslo";
import { milliseconds, optionalFunction, section, wrong } from "../checks.ts";
import { attempt } from "../fields.ts";
import type { MailContext, Mailer, MailFailure } from "../types.ts";
import { NO_CONNECTION } from "./connection.ts";
import { AUTOMATIC, messageIdOf } from "./headers.ts";
import { type From, type Sender, senders, wireAddress } from "./sender.ts";

export { type MailgunOptions, mailgun, postmark, resend, type ServiceOptions, sendgrid } from "./services.ts";
export type { From, Sender };

/** A mail, as a service is asked to send it. */
export interface OutgoingMail {
  from: Sender;
  to: string;
  subject: string;
  text: string;
  html?: string | undefined;
  /** Header fields for the mail beside the usual ones, among them its Message-ID. */
  headers: Readonly<Record<string, string>>;
  about: MailContext;
}

/** The request that sends a mail: a POST. */
export interface MailRequest {
  /** https; plain http for a server on this machine. */
  url: string;
  headers: Record<string, string>;
  body: string;
  /**
   * Whether this answer says that the recipient or the mail will never be taken. Default: statuses 400 and 422. It gets
   * the answer's text, of which nothing goes anywhere else.
   */
  isRefusal?: ((status: number, text: string) => boolean) | undefined;
}

/** Puts a mail into the words of a service. */
export type MailService = (mail: OutgoingMail) => MailRequest;

/** As much of the standard `fetch` as is used. `signal` is an `AbortSignal`, which not every compiler knows. */
export type Fetch = (
  url: string,
  init: {
    method: "POST";
    headers: Record<string, string>;
    body: string;
    redirect: "manual";
    signal: never;
  },
) => Promise<{ status: number; headers: { get(name: string): string | null }; text(): Promise<string> }>;

/** Options of {@link fetchMailer}. */
export interface FetchMailerOptions {
  /** `"Acme <noreply@example.com>"`, or a function that chooses one for each mail, by its tenant for instance. */
  from: From;
  /** How long the service may take, the whole answer included. Default: 15 seconds. Keep it below `deliveryTimeout`. */
  timeout?: TimeSpan | undefined;
  /** Default: the runtime's own. */
  fetch?: Fetch | undefined;
}

/**
 * Sends through the HTTP interface of a mail service, with `fetch` alone: for runtimes without sockets, and for
 * services that are better at HTTP than at SMTP.
 *
 *     fetchMailer(resend({ apiKey }), { from: "Acme <noreply@example.com>" })
 *
 * A refusal of the mail or its recipient (400, 422, as the service words it) is `permanent`. Everything else is tried
 * again: 429 after its Retry-After, 408, 5xx, a service that is not there, and what is the sender's own to mend (401,
 * 403, an address that redirects). Redirects are not followed: the API key is for one host. It is in no error.
 *
 * @throws RelatchError `ERR_OPTIONS` for options that are none.
 */
export function fetchMailer(service: MailService, options: FetchMailerOptions): Mailer {
  if (typeof service !== "function") throw wrong("fetchMailer takes a service like resend({ apiKey })");
  const given = section("options of fetchMailer", options, ["from", "timeout", "fetch"]);
  const senderFor = senders(given.from);
  const timeout = milliseconds("timeout", given.timeout, 15_000);
  const ask = optionalFunction<Fetch>("fetch", given.fetch) ?? ((url, init) => fetch(url, init));

  return {
    async send({ to, subject, text, html }, about) {
      const from = await senderFor(about);
      const messageId = messageIdOf(about, from);
      const headers = { ...AUTOMATIC, ...(messageId === undefined ? {} : { "Message-ID": messageId }) };
      const request = checkedRequest(() =>
        service({ from, to: wireAddress(to)?.address ?? to, subject, text, html, headers, about }),
      );
      const answer = await post(ask, request, timeout);
      if (answer.status < 200 || answer.status > 299) throw refusal(answer, request);
    },
  };
}

/** An answer, read to its end. */
interface Answer {
  status: number;
  text: string;
  retryAfter: string | null;
}

async function post(ask: Fetch, { url, headers, body }: MailRequest, timeout: number): Promise<Answer> {
  // A time-out of one's own for the body too: a service may answer 200 and then nothing.
  const signal = AbortSignal.timeout(timeout) as never;
  let status = 0;
  try {
    const init = { method: "POST", headers, body, redirect: "manual", signal } as const;
    const answer = await ask(url, init);
    status = answer.status;
    return { status, text: await answer.text(), retryAfter: answer.headers.get("Retry-After") };
  } catch (error) {
    if (status !== 0) return { status, text: "", retryAfter: null };
    throw unreachable(error);
  }
}

/** Without its cause, in which a runtime may have put the headers, and with them the key. */
function unreachable(error: unknown): Error & MailFailure {
  const isTimeOut = attempt(() => (error as Error).name) === "TimeoutError";
  const code = attempt(() => {
    const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
    return String(cause?.code ?? code);
  });
  const known = isTimeOut ? "ETIMEDOUT" : /^[A-Z0-9_]{3,64}$/.test(code ?? "") ? code : undefined;
  return failure("The mail service cannot be reached.", {
    code: known,
    unsent: NO_CONNECTION.test(known ?? ""),
  });
}

function refusal({ status, text, retryAfter }: Answer, request: MailRequest): Error & MailFailure {
  const { isRefusal = (code: number) => code === 400 || code === 422 } = request;
  const permanent = attempt(() => isRefusal(status, text)) === true;
  return failure("The mail service did not take the mail.", {
    code: shortCode(text),
    responseCode: status,
    permanent,
    // 409: a request with this key is under way, or was. From 500 on nobody knows how far it came.
    unsent: permanent || (status < 500 && status !== 409),
    retryAfterSeconds: secondsUntil(retryAfter),
  });
}

const failure = (message: string, what: MailFailure & { code?: unknown; responseCode?: number }) =>
  Object.assign(new Error(message), what);

/** The service's own word for what is wrong, if it is a word: its sentences repeat addresses. */
function shortCode(text: string): string | number | undefined {
  const { ErrorCode, name } = Object(attempt(() => JSON.parse(text))) as {
    ErrorCode?: unknown;
    name?: unknown;
  };
  if (typeof ErrorCode === "number") return ErrorCode;
  return typeof name === "string" && /^[a-z_]{1,32}$/.test(name) ? name.toUpperCase() : undefined;
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function secondsUntil(retryAfter: string | null): number | undefined {
  if (!retryAfter) return undefined;
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : Math.ceil((Date.parse(retryAfter) - Date.now()) / 1000);
  return seconds > 0 ? seconds : undefined;
}

function checkedRequest(make: () => MailRequest): MailRequest {
  try {
    const request = make();
    const { protocol, hostname, username } = attempt(() => new URL(request.url)) ?? {};
    const isLocal = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname ?? "");
    if (username !== "" || (protocol !== "https:" && !(protocol === "http:" && isLocal)))
      throw wrong("a mail service has an https URL without credentials");
    return { ...request, headers: { "User-Agent": "relatch", ...request.headers } };
  } catch (cause) {
    const error = new Error("The request to the mail service cannot be made.", { cause });
    throw Object.assign(error, { unsent: true });
  }
}
