import type { TimeSpan } from "oslo";
import { aFunction, aTimeSpan, optional, optionError, readOptions } from "../lib/shape.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import type { Mailer, MailFailure } from "../ports/contract.ts";
import { createFailure } from "./failures.ts";
import { parseSender, type Sender, toWireAddress } from "./sender.ts";
import type { MailRequest, MailService, OutgoingMail } from "./services.ts";

export * from "./services.ts";
export type { Sender };

/** The part of the standard `fetch` that is used. `signal` is an `AbortSignal`, which some compilers do not know. */
export type Fetch = (
  url: string,
  init: { method: "POST"; headers: Record<string, string>; body: string; redirect: "manual"; signal: never },
) => Promise<{ status: number; headers: { get(name: string): string | null }; text(): Promise<string> }>;

/** Options of {@link fetchMailer}. */
export interface FetchMailerOptions {
  /** How long the service may take to respond completely. Default: 15 seconds. Keep it below `deliveryTimeout`. */
  timeout?: TimeSpan | undefined;
  /** Default: the runtime's `fetch`. */
  fetch?: Fetch | undefined;
}

/**
 * Sends through the HTTP interface of a mail service, with `fetch` alone: for runtimes without sockets, and for
 * services that are better at HTTP than at SMTP.
 *
 * The failure is `permanent` if the service refused the email or its recipient (400 or 422, depending on the service).
 * Everything else is attempted again: 429 after its Retry-After, 408, 5xx, a service that cannot be reached, and
 * problems that only you can fix (401, 403, a URL that redirects). Redirects are not followed, because the API key is
 * for one host. The key appears in no error.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid.
 * @example
 * const mailer = fetchMailer(resend({ apiKey }));
 */
export function fetchMailer(service: MailService, options: FetchMailerOptions = {}): Mailer {
  aFunction("resend({ apiKey })")(service, "fetchMailer.service");
  const { timeout, fetch: send } = readOptions("fetchMailer", options, {
    timeout: optional(aTimeSpan(), 15_000),
    fetch: optional<Fetch, Fetch>(aFunction(), (url, init) => fetch(url, init)),
  });

  return {
    needsFrom: true,
    async send({ from, to, subject, text, html, headers = {}, variables }, about) {
      const content = { subject, text, html, headers, variables };
      const email = { ...content, from: parseSender(from), to: toWireAddress(to) ?? to, about };
      const request = createRequest(service, email);
      const response = await post(send, request, timeout);
      const { status, text: body } = response;
      const isSent = (status >= 200 && status <= 299) || readSafely(() => request.isSent?.(status, body)) === true;
      if (!isSent) throw toRefusal(response, request);
    },
  };
}

function createRequest(service: MailService, email: OutgoingMail): MailRequest {
  try {
    const request = service(email);
    const { protocol, hostname, username } = readSafely(() => new URL(request.url)) ?? {};
    const isLocal = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname ?? "");
    if (username !== "" || (protocol !== "https:" && !(protocol === "http:" && isLocal))) {
      throw optionError(
        'The URL of a mail service must use https and contain no user name. Example: "https://api.example.com/send".',
      );
    }
    return { ...request, headers: { "User-Agent": "relatch", ...request.headers } };
  } catch (cause) {
    throw createFailure("The request to the mail service cannot be made.", {}, { cause });
  }
}

/** Sends the request, and reads the response to its end. */
async function post(send: Fetch, request: MailRequest, timeout: number) {
  const { url, headers, body } = request;
  // The timeout covers the body too, because a service may respond with 200 and then nothing.
  const signal = AbortSignal.timeout(timeout) as never;
  let status = 0;
  try {
    const response = await send(url, { method: "POST", headers, body, redirect: "manual", signal });
    status = response.status;
    return { status, text: await response.text(), retryAfter: response.headers.get("Retry-After") };
  } catch (error) {
    if (status !== 0) return { status, text: "", retryAfter: null };
    throw toConnectionFailure(error);
  }
}

/** Leaves out the cause, because a runtime may have put the headers into it, and with them the key. */
function toConnectionFailure(error: unknown): Error & MailFailure {
  const isTimeout = readSafely(() => (error as Error).name) === "TimeoutError";
  const given = readSafely(() => {
    const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
    return String(cause?.code ?? code);
  });
  const code = isTimeout ? "ETIMEDOUT" : /^[A-Z0-9_]{3,64}$/.test(given ?? "") ? given : undefined;
  return createFailure("The mail service cannot be reached.", { code });
}

type ServiceResponse = Awaited<ReturnType<typeof post>>;

function toRefusal({ status, text, retryAfter }: ServiceResponse, request: MailRequest): Error & MailFailure {
  const { isRefusal = (code: number) => code === 400 || code === 422 } = request;
  return createFailure("The mail service did not send the email.", {
    code: readCode(text),
    responseCode: status,
    permanent: readSafely(() => isRefusal(status, text)) === true,
    retryAfterSeconds: parseRetryAfter(retryAfter),
  });
}

/** Returns the service's code for the error if it is one word, because whole sentences repeat addresses. */
function readCode(text: string): string | number | undefined {
  const json: unknown = readSafely(() => JSON.parse(text));
  const { ErrorCode, name } = Object(json) as { ErrorCode?: unknown; name?: unknown };
  if (typeof ErrorCode === "number") return ErrorCode;
  return typeof name === "string" && /^[a-z_]{1,32}$/.test(name) ? name.toUpperCase() : undefined;
}

/** Reads seconds, or a date (RFC 9110 §10.2.3). */
function parseRetryAfter(value: string | null): number | undefined {
  if (!value) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000);
  return seconds > 0 ? seconds : undefined;
}
