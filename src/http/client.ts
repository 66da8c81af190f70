/**
 * A client of the JSON API, for browsers and for mobile apps in JavaScript.
 *
 *     const client = passwordResetClient({ url: "/password_reset" });
 */
import type { PasswordViolation } from "../passwords/rules.ts";

/** A call that did not succeed. `detail` is one sentence for the visitor, in the language of the request. */
export interface ClientRefusal<Reason extends string> {
  ok: false;
  /** For programs. */
  reason: Reason;
  /** One sentence for the visitor. */
  detail: string;
}

/**
 * Failures of every call. `unreachable`: there was no response, or one that is not of this API, such as the page of a
 * proxy. Its `detail` is in English, because it does not come from the server.
 */
export type ClientFailure =
  | ClientRefusal<
      | "unreachable"
      | "unavailable"
      | "fault"
      | "cross_site"
      | "signed_in"
      | "not_found"
      | "invalid_request"
      | "invalid_json"
      | "method_not_allowed"
      | "too_large"
      | "unsupported_media_type"
    >
  | (ClientRefusal<"throttled"> & { retryAfterSeconds: number });

/** Reasons that come without further facts. */
const FAILURES = [
  "unavailable",
  "fault",
  "cross_site",
  "signed_in",
  "not_found",
  "invalid_request",
  "invalid_json",
  "method_not_allowed",
  "too_large",
  "unsupported_media_type",
] satisfies ClientFailure["reason"][];

/** The calls of the JSON API. None of them rejects. */
export interface PasswordResetClient {
  /**
   * Requests a link, or with `method: "code"` a code as well, if the server has the option `codes`. The result is the same
   * whether or not the address has an account. Keep the ticket in memory until the code has been typed. Never rejects.
   *
   * @example
   * const result = await client.requestReset({ email: form.email, method: "code" });
   * const ticket = result.ok ? result.ticket : undefined; // for redeemCode
   */
  requestReset<const M extends "link" | "code" = "link">(input: {
    email: string;
    method?: M | undefined;
  }): Promise<
    | (M extends "code" ? { ok: true; ticket: string } : { ok: true })
    | ClientRefusal<"invalid_email" | "unknown_email">
    | ClientFailure
  >;
  /**
   * Exchanges a code for a token, as if a link had been opened. Never rejects.
   *
   * @example
   * const redeemed = await client.redeemCode({ ticket, code: form.code });
   * if (redeemed.ok) await client.verifyToken({ token: redeemed.token });
   */
  redeemCode(input: {
    ticket: string;
    code: string;
  }): Promise<{ ok: true; token: string } | ClientRefusal<"invalid_or_expired_token"> | ClientFailure>;
  /**
   * Reports whether a link can still be used, and whose it is. Never rejects.
   *
   * @example
   * const link = await client.verifyToken({ token });
   * show(link.ok ? link.email : link.detail);
   */
  verifyToken(input: { token: string }): Promise<
    | {
        ok: true;
        email: string;
        isInvitation: boolean;
        expiresAt: Date;
        /** The methods of the account, of which `completeReset` needs one. Empty: none is needed. */
        secondFactors: string[];
      }
    | ClientRefusal<"invalid_or_expired_token">
    | ClientFailure
  >;
  /**
   * Sets the new password. Never rejects.
   *
   * @example
   * const result = await client.completeReset({ token, newPassword: form.password });
   * if (!result.ok) show(result.detail); // result.reason is "password_rejected", for example
   */
  completeReset(input: {
    token: string;
    newPassword: string;
    secondFactor?: { method: string; response: string } | undefined;
  }): Promise<
    | { ok: true; sessionsRevoked: boolean }
    | ClientRefusal<"invalid_or_expired_token">
    | (ClientRefusal<"password_rejected"> & { violations: PasswordViolation[] })
    | (ClientRefusal<"second_factor_required" | "second_factor_rejected"> & { secondFactors: string[] })
    | ClientFailure
  >;
}

/** The part of the standard `fetch` that is used. */
export type ClientFetch = (
  url: string,
  init: {
    method: "POST";
    headers: Record<string, string>;
    body: string;
    credentials: "omit";
    redirect: "manual";
    referrerPolicy: "strict-origin";
  },
) => Promise<{ ok: boolean; json(): Promise<unknown> }>;

/** Options of {@link passwordResetClient}. */
export interface PasswordResetClientOptions {
  /** The address of the routes: a path, or a URL if they are on another origin. */
  url: string;
  /** Default: the runtime's `fetch`, which waits as long as the server does. */
  fetch?: ClientFetch | undefined;
  /** The language of `detail` and of emails, a BCP 47 tag. Default: that of the browser. */
  locale?: string | undefined;
}

/** One call: its path, its fields, the reasons that only it has, and a reader of its result. */
interface Call {
  path: string;
  /** Also the fields of objects among them. Nothing else is sent. */
  fields: string[];
  reasons: readonly string[];
  readResult(body: Body, input: Body): object | undefined;
}

type Body = Readonly<Record<string, unknown>>;

const isString = (value: unknown): value is string => typeof value === "string";
const areStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every(isString);

const REQUEST: Call = {
  path: "",
  fields: ["email", "method"],
  reasons: ["invalid_email", "unknown_email"],
  readResult({ ticket }, { method }) {
    if (method !== "code") return { ok: true };
    return isString(ticket) ? { ok: true, ticket } : undefined;
  },
};

const REDEEM: Call = {
  path: "/code",
  fields: ["ticket", "code"],
  reasons: ["invalid_or_expired_token"],
  readResult: ({ token }) => (isString(token) ? { ok: true, token } : undefined),
};

const VERIFY: Call = {
  path: "/verify",
  fields: ["token"],
  reasons: ["invalid_or_expired_token"],
  readResult({ email, isInvitation, expiresAt, secondFactors }) {
    if (!isString(email) || typeof isInvitation !== "boolean" || !isString(expiresAt)) return;
    const date = new Date(expiresAt);
    if (Number.isNaN(date.getTime()) || !areStrings(secondFactors)) return;
    return { ok: true, email, isInvitation, expiresAt: date, secondFactors };
  },
};

const COMPLETE: Call = {
  path: "/complete",
  fields: ["token", "newPassword", "secondFactor", "method", "response"],
  reasons: ["invalid_or_expired_token", "password_rejected", "second_factor_required", "second_factor_rejected"],
  readResult: ({ sessionsRevoked }) =>
    typeof sessionsRevoked === "boolean" ? { ok: true, sessionsRevoked } : undefined,
};

/**
 * Creates a client of the JSON API. It sends no cookies, follows no redirects, and tells the server nothing of the page's
 * address but its origin, because the address may contain the token.
 *
 * @example
 * const client = passwordResetClient({ url: "https://api.example.com/password_reset" });
 * const result = await client.requestReset({ email });
 * if (!result.ok) show(result.detail);
 */
export function passwordResetClient({ url, fetch: send, locale }: PasswordResetClientOptions): PasswordResetClient {
  const base = url.replace(/\/$/, "");

  async function post(call: Call, input: Body): Promise<never> {
    let result: object | undefined;
    try {
      // Browsers refuse to run their `fetch` as the method of another object.
      const response = await (send ?? fetch)(base + call.path, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...(locale && { "Accept-Language": locale }) },
        body: JSON.stringify(input, call.fields),
        credentials: "omit",
        redirect: "manual",
        referrerPolicy: "strict-origin",
      });
      const body = (await response.json()) as Body;
      if (!response.ok) result = readRefusal(body, call);
      else if (body["ok"] === true) result = call.readResult(body, input);
    } catch {
      // No connection, or a response that is not JSON.
    }
    const detail = "The server cannot be reached. Check your connection and try again.";
    return (result ?? { ok: false, reason: "unreachable", detail }) as never;
  }

  return {
    requestReset: (input) => post(REQUEST, input),
    redeemCode: (input) => post(REDEEM, input),
    verifyToken: (input) => post(VERIFY, input),
    completeReset: (input) => post(COMPLETE, input),
  };
}

/** Reads problem details. A reason that this call does not have comes from another program, so it counts as none. */
function readRefusal(body: Body, { reasons }: Call): object | undefined {
  const { reason, detail, retryAfterSeconds, violations, secondFactors } = body;
  const refusal = { ok: false, reason, detail };
  if (!isString(detail)) return undefined;
  if (reason === "throttled") {
    return typeof retryAfterSeconds === "number" ? { ...refusal, retryAfterSeconds } : undefined;
  }
  if (![...reasons, ...FAILURES].includes(reason as never)) return undefined;
  if (/^second_factor_/.test(reason as string)) {
    return areStrings(secondFactors) ? { ...refusal, secondFactors } : undefined;
  }
  if (reason !== "password_rejected") return refusal;
  return Array.isArray(violations) && violations.every(isViolation) ? { ...refusal, violations } : undefined;
}

const isViolation = ({ code, message, params }: Body): boolean =>
  isString(code) && isString(message) && typeof params === "object" && params !== null;
