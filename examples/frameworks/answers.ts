import {
  type CompleteResetResult,
  RelatchError,
  type RequestResetResult,
  type VerifyTokenResult,
} from "relatch";
import { emailOf, origin } from "./password-reset.ts";

// What the three calls answer, as JSON over HTTP, and what is refused before them. Nothing in here knows a framework.

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: object;
}

export function requested(result: RequestResetResult): Answer {
  if (result.ok) return done({});
  if (result.reason !== "throttled") return problem(result.reason);
  const { retryAfterSeconds } = result;
  return problem("throttled", { retryAfterSeconds }, { "Retry-After": String(retryAfterSeconds) });
}

export async function verified(result: VerifyTokenResult): Promise<Answer> {
  if (!result.ok) return problem(result.reason);
  // Picked by hand: the results also hold the user's id.
  const { userId, expiresAt } = result;
  return done({ email: (await emailOf(userId)) ?? null, expiresAt: expiresAt.toISOString() });
}

export function completed(result: CompleteResetResult): Answer {
  if (result.ok) return done({ sessionsRevoked: result.sessionsRevoked });
  if (result.reason !== "password_rejected") return problem(result.reason);
  return problem("password_rejected", { violations: result.violations });
}

/** More than an address, or a token and a password, can need. */
export const MAX_BODY_BYTES = 16 * 1024;

type HeaderValue = string | string[] | null | undefined;

/** Lets JSON pass, from the application's own pages and from clients that are no browsers. */
export function checkSender(header: (name: string) => HeaderValue): void {
  const site = header("sec-fetch-site") ?? undefined;
  const sender = header("origin") ?? undefined;
  // Neither of them: no browser posts JSON like that, and nothing here acts on a cookie.
  const isOwn = site === undefined ? sender === undefined || sender === origin : site === "same-origin";
  if (!isOwn) throw new Refusal("cross_site");
  const isJson = /^application\/json\s*(;|$)/i.test(String(header("content-type")));
  if (!isJson) throw new Refusal("unsupported_media_type");
}

/** What was posted. Anything may be in the fields: the three calls take them as they are. */
export function fieldsOf(body: unknown): Record<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refusal("invalid_json");
  return body as Record<string, unknown>;
}

/** The answer to an error. It tells nothing of what is in it; that goes to `report`, for the server's own faults. */
export function failed(error: unknown, report: (error: unknown) => void = console.error): Answer {
  if (error instanceof Refusal) return problem(error.reason);
  // A body parser's, or of whatever else stands before the routes: a guard, a rate limit.
  const { statusCode, status = statusCode } = Object(error) as Record<string, unknown>;
  if (status === 400) return problem("invalid_json");
  if (status === 413) return problem("too_large");
  if (status === 415) return problem("unsupported_media_type");
  if (typeof status === "number" && status > 400 && status < 500) return problem("refused", { status });
  report(error);
  return problem(error instanceof RelatchError ? "unavailable" : "fault");
}

/** Thrown to refuse a request. */
export class Refusal extends Error {
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

type Reason = keyof typeof PROBLEMS;

const PROBLEMS = {
  invalid_json: [400, "Bad Request", "The body is no JSON object."],
  invalid_email: [400, "Bad Request", "This is no e-mail address."],
  invalid_or_expired_token: [400, "Bad Request", "This link cannot be used any more. Ask for a new one."],
  cross_site: [403, "Forbidden", "This came from another site."],
  not_found: [404, "Not Found", "There is nothing here."],
  too_large: [413, "Content Too Large", "The body is too large."],
  unsupported_media_type: [415, "Unsupported Media Type", "The body has to be application/json."],
  password_rejected: [422, "Unprocessable Content", "This password cannot be used."],
  throttled: [429, "Too Many Requests", "Too many requests. Try again later."],
  refused: [400, "Refused", "This request was refused."],
  fault: [500, "Internal Server Error", "Something went wrong here."],
  unavailable: [503, "Service Unavailable", "This does not work at the moment. Try again later."],
} as const;

const done = (members: object): Answer => ({
  status: 200,
  headers: { ...HEADERS, "Content-Type": "application/json" },
  body: { ok: true, ...members },
});

/** RFC 9457, with the member `reason` for programs. */
function problem(reason: Reason, members: object = {}, headers: Record<string, string> = {}): Answer {
  const [status, title, detail] = PROBLEMS[reason];
  const body = { title, status: status as number, detail, reason, ...members };
  return {
    status: body.status,
    headers: { ...HEADERS, "Content-Type": "application/problem+json", ...headers },
    body,
  };
}

const HEADERS = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };
