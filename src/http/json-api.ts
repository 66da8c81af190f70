import { readOwnField } from "../lib/untrusted-input.ts";
import { assertJson, type Fields, isJson, readJson } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { assertOwnJson } from "./guards.ts";
import { Problem } from "./problem.ts";
import { isAllowedOrigin, respondToPreflight, respondWithJson } from "./responses.ts";
import { isUnknownAccount } from "./unknown-account.ts";

/** The paths that only programs use. */
export const JSON_PATHS = ["/verify", "/complete"];
/** The paths that programs and pages use. */
const SHARED_PATHS = ["", "/code"];

/**
 * The JSON API: the same calls, for programs. Token and ticket come in the body, and no cookie is read or set. Returns
 * `undefined` if the request is for a page.
 */
export async function handleJson(exchange: Exchange): Promise<Response | undefined> {
  const { request, below, config, settings } = exchange;
  const isShared = SHARED_PATHS.includes(below) && config.pages !== false;
  if (!JSON_PATHS.includes(below) && !SHARED_PATHS.includes(below)) return undefined;
  if (below === "/code" && !settings.codes) throw new Problem("not_found");
  if (isPreflight(exchange)) return respondToPreflight(exchange);
  if (isShared && !(request.method === "POST" && isJson(request))) return undefined;
  if (request.method !== "POST") throw new Problem("method_not_allowed", { allow: "POST" });

  assertOwnJson(request, (origin) => isAllowedOrigin(exchange, origin));
  assertJson(request);
  if (below === "" && exchange.visitor.isSignedIn === true) throw new Problem("signed_in");
  const fields = await readJson(request);
  if (below === "/code") return redeem(exchange, fields);
  if (below === "/verify") return verify(exchange, fields);
  return below === "/complete" ? complete(exchange, fields) : requestReset(exchange, fields);
}

/** Reports whether a browser asks if a page of an allowed origin may post JSON here. */
function isPreflight(exchange: Exchange): boolean {
  const { method, headers } = exchange.request;
  const isAsked = method === "OPTIONS" && headers.has("Access-Control-Request-Method");
  return isAsked && isAllowedOrigin(exchange, headers.get("Origin"));
}

async function requestReset(exchange: Exchange, fields: Fields): Promise<Response> {
  const { config, call, locale, visitor, settings } = exchange;
  const email = readOwnField(fields, "email");
  const { method = "link" } = { method: readOwnField(fields, "method") };
  // A client that asks for anything else must not wait for it.
  if (method !== "link" && !(method === "code" && settings.codes)) throw new Problem("invalid_request");
  const result = await config.passwordReset.requestReset({ email, method, ip: visitor.ip, locale, ...call });
  if (!result.ok) {
    throw new Problem(
      result.reason,
      "retryAfterSeconds" in result ? { retryAfterSeconds: result.retryAfterSeconds } : {},
    );
  }
  if (await isUnknownAccount(exchange, email)) throw new Problem("unknown_email");
  return respondWithJson(exchange, result);
}

async function redeem(exchange: Exchange, fields: Fields): Promise<Response> {
  const { config, call } = exchange;
  const input = { ticket: readOwnField(fields, "ticket"), code: readOwnField(fields, "code") };
  const result = await config.passwordReset.redeemCode({ ...input, ...call });
  if (!result.ok) throw new Problem(result.reason);
  return respondWithJson(exchange, { ok: true, token: result.token });
}

async function verify(exchange: Exchange, fields: Fields): Promise<Response> {
  const { config, call } = exchange;
  const link = await config.passwordReset.verifyToken({ token: readOwnField(fields, "token"), ...call });
  if (!link.ok) throw new Problem(link.reason);
  const { email, isInvitation, expiresAt, secondFactors = [] } = link;
  return respondWithJson(exchange, { ok: true, email, isInvitation, expiresAt, secondFactors });
}

async function complete(exchange: Exchange, fields: Fields): Promise<Response> {
  const { config, call, locale, visitor } = exchange;
  const [token, newPassword, secondFactor] = ["token", "newPassword", "secondFactor"].map((name) =>
    readOwnField(fields, name),
  );
  const input = { token, newPassword, secondFactor, ip: visitor.ip, locale, ...call };
  const result = await config.passwordReset.completeReset(input);
  if (!result.ok) {
    const { ok: _, reason, ...facts } = result;
    throw new Problem(reason, facts);
  }
  return respondWithJson(exchange, { ok: true, sessionsRevoked: result.sessionsRevoked });
}
