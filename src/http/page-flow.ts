import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import type { VerifyTokenResult } from "../core/api.ts";
import { concatBytes, utf8 } from "../lib/bytes.ts";
import { readOwnField, readSafely } from "../lib/untrusted-input.ts";
import type { PasswordViolation } from "../passwords/rules.ts";
import { assertForm, type Fields, readForm } from "./body.ts";
import { clearGrant, clearTicket, readCookie, readGrant, setEmail, setGrant, setTicket } from "./cookies.ts";
import { type Exchange, isOwnOrigin, pageInput } from "./exchange.ts";
import { assertOwnForm } from "./guards.ts";
import { REQUEST_NOTICES, type RequestNotice, type SecondFactorForm } from "./pages.ts";
import { Problem } from "./problem.ts";
import { type Fields as Headers, redirectTo, respondWithPage } from "./responses.ts";
import { isUnknownAccount } from "./unknown-account.ts";

/**
 * The pages. A link is opened, moves into a cookie, and leads to the form: so the token leaves the address bar, the history
 * and every later Referer. That may happen any number of times, because email scanners open links too.
 */
export function handlePage(exchange: Exchange): Promise<Response> {
  const { request, below } = exchange;
  if (!["GET", "HEAD", "POST"].includes(request.method)) {
    throw new Problem("method_not_allowed", { allow: "GET, HEAD, POST" });
  }
  const isPost = request.method === "POST";
  if (below === "") return isPost ? submitRequest(exchange) : showRequest(exchange);
  if (below === "/code")
    return isPost && exchange.config.method === "code" ? submitCode(exchange) : leaveCode(exchange);
  if (below === "/new_password") return isPost ? submitForm(exchange) : showForm(exchange);
  const segment = below.slice(1);
  if (segment.includes("/")) throw new Problem("not_found");
  return isPost ? submitToLink(exchange, segment) : openLink(exchange, segment);
}

async function showRequest(exchange: Exchange): Promise<Response> {
  const { config, query, visitor } = exchange;
  const notice = REQUEST_NOTICES.find((known) => known === query.get("notice"));
  // Somebody who opened a link must hear why it does not work, signed in or not.
  if (visitor.isSignedIn === true && !notice) return redirectTo(exchange, config.homePath);
  const input = { ...pageInput(exchange), method: config.method, notice, error: undefined, email: "" };
  return respondWithPage(exchange, 200, (pages) => pages.request(input));
}

async function submitRequest(exchange: Exchange): Promise<Response> {
  const { config, call, locale, visitor } = exchange;
  const fields = await readOwnForm(exchange);
  if (visitor.isSignedIn === true) throw new Problem("signed_in");
  const { method } = config;
  const typed = readOwnField(fields, "email");
  const email = readEmail(fields);
  const result = await config.passwordReset.requestReset({ email: typed, method, ip: visitor.ip, locale, ...call });
  if (!result.ok && result.reason === "throttled") {
    throw new Problem("throttled", { retryAfterSeconds: result.retryAfterSeconds });
  }
  const refuse = (error: "invalid_email" | "unknown_email") => {
    const input = { ...pageInput(exchange), method, notice: undefined, error, email };
    return respondWithPage(exchange, 400, (pages) => pages.request(input));
  };
  if (!result.ok) return refuse(result.reason);
  if (await isUnknownAccount(exchange, typed)) return refuse("unknown_email");
  const ticket = "ticket" in result ? [writeTicket(exchange, result.ticket)] : [];
  return renderSent(exchange, { email, isRefused: false }, 200, ticket);
}

/** The address as it was typed, to show it again. */
function readEmail(fields: Fields): string {
  const email = readOwnField(fields, "email");
  return typeof email === "string" ? email.slice(0, 320) : "";
}

/** The page after a request, which has the form for the code. */
function renderSent(
  exchange: Exchange,
  { email, isRefused }: { email: string; isRefused: boolean },
  status: number,
  headers: Headers = [],
): Promise<Response> {
  const { config, requestPath, settings } = exchange;
  const code =
    config.method === "code" && settings.codes
      ? { action: `${requestPath}/code`, ...settings.codes, isRefused }
      : undefined;
  return respondWithPage(exchange, status, (pages) => pages.sent({ ...pageInput(exchange), email, code }), headers);
}

const writeTicket = ({ cookies, settings }: Exchange, ticket: string): Headers[number] => [
  "Set-Cookie",
  setTicket(cookies, ticket, (settings.codes?.lifetime.milliseconds() ?? 0) / 1000),
];

/** The page with the form for a code exists only as the response to a form. */
const leaveCode = async (exchange: Exchange): Promise<Response> => redirectTo(exchange, exchange.requestPath);

/** Exchanges a code for its link, and goes on as if the link had been opened. */
async function submitCode(exchange: Exchange): Promise<Response> {
  const { config, call, cookies, request } = exchange;
  const fields = await readOwnForm(exchange);
  const ticket = readCookie(request.headers.get("Cookie"), cookies.ticket);
  const redeemed = await config.passwordReset.redeemCode({ ticket, code: readOwnField(fields, "code"), ...call });
  const link = redeemed.ok ? await verify(exchange, redeemed.token) : undefined;
  if (!redeemed.ok || !link) return renderSent(exchange, { email: readEmail(fields), isRefused: true }, 400);
  return moveToForm(exchange, { token: redeemed.token, link }, [["Set-Cookie", clearTicket(cookies)]]);
}

/** Opens a link: the token moves into the cookie. */
async function openLink(exchange: Exchange, segment: string): Promise<Response> {
  const found = await findLink(exchange, segment);
  return found ? moveToForm(exchange, found) : refuseSegment(exchange, segment);
}

function moveToForm(exchange: Exchange, { token, link }: OpenedLink, headers: Headers = []): Response {
  const grant = setGrant(exchange.cookies, token, link.expiresAt, new Date());
  // The query says that the link was opened just now: then a missing cookie means that this browser keeps none.
  return redirectTo(exchange, `${exchange.formPath}?opened=1`, [["Set-Cookie", grant], ...headers]);
}

async function showForm(exchange: Exchange): Promise<Response> {
  const { query, request, cookies, visitor, config, formPath } = exchange;
  const token = readGrant(cookies, request.headers.get("Cookie"));
  if (token === undefined) {
    return redirectToRequest(exchange, query.has("opened") ? "cookies_needed" : "open_link_again");
  }
  // The cookie came back. It expires, and then a reload must not say that this browser keeps none.
  if (query.has("opened")) return redirectTo(exchange, formPath);
  if (visitor.isSignedIn === true && !query.has("continue")) {
    const { signOutPath } = config;
    const input = { ...pageInput(exchange), continuePath: `${formPath}?continue=1`, returnPath: formPath, signOutPath };
    return respondWithPage(exchange, 200, (pages) => pages.signedIn(input));
  }
  const link = await verify(exchange, token);
  return link ? renderForm(exchange, { token, link }, 200) : refuseLink(exchange);
}

async function submitForm(exchange: Exchange): Promise<Response> {
  const { request, cookies } = exchange;
  const fields = await readOwnForm(exchange);
  const token = readGrant(cookies, request.headers.get("Cookie"));
  // Two links in two tabs share the cookie: a form must not set the password of the other link's account.
  if (token === undefined || readOwnField(fields, "handle") !== createHandle(token)) {
    return redirectToRequest(exchange, "open_link_again");
  }
  const link = await verify(exchange, token);
  return link ? setPassword(exchange, { token, link }, fields) : refuseLink(exchange);
}

/** Both passwords posted straight to the link, for clients that are not browsers. */
async function submitToLink(exchange: Exchange, segment: string): Promise<Response> {
  const fields = await readOwnForm(exchange);
  const found = await findLink(exchange, segment);
  return found ? setPassword(exchange, found, fields) : refuseSegment(exchange, segment);
}

async function setPassword(exchange: Exchange, { token, link }: OpenedLink, fields: Fields): Promise<Response> {
  const { config, call, cookies, locale, visitor } = exchange;
  const newPassword = readOwnField(fields, "password");
  const secondFactor = {
    method: readOwnField(fields, "second_factor_method"),
    response: readOwnField(fields, "second_factor"),
  };
  const form = { token, link, method: secondFactor.method };
  const isMismatch = newPassword !== readOwnField(fields, "password_confirmation");
  if (isMismatch) return renderForm(exchange, { ...form, isMismatch }, 400);
  const input = { token, newPassword, secondFactor, ip: visitor.ip, locale, ...call };
  const result = await config.passwordReset.completeReset(input);
  if (result.ok) {
    const login = addNotice(config.loginPath, "password_set");
    return redirectTo(exchange, login, [
      ["Set-Cookie", clearGrant(cookies)],
      ["Set-Cookie", setEmail(cookies, link.email)],
    ]);
  }
  if (result.reason === "invalid_or_expired_token") return refuseLink(exchange);
  if (result.reason === "password_rejected") {
    return renderForm(exchange, { ...form, violations: result.violations }, 400);
  }
  // The account may have got its second factor, or another one, while the form was open.
  const { reason: error, secondFactors } = result;
  return renderForm(exchange, { ...form, link: { ...link, secondFactors }, error }, 400);
}

type ValidLink = Extract<VerifyTokenResult, { ok: true }> & { secondFactors?: readonly string[] };

interface OpenedLink {
  token: string;
  link: ValidLink;
}

async function verify({ config, call }: Exchange, token: string): Promise<ValidLink | undefined> {
  const link = await config.passwordReset.verifyToken({ token, ...call });
  return link.ok ? link : undefined;
}

/** Finds the valid link in a path segment. */
async function findLink(exchange: Exchange, segment: string): Promise<OpenedLink | undefined> {
  for (const token of readTokens(segment)) {
    const link = await verify(exchange, token);
    if (link) return { token, link };
  }
  return undefined;
}

interface Form extends OpenedLink {
  violations?: readonly PasswordViolation[];
  isMismatch?: boolean;
  /** The method of the second factor that was chosen, as it arrived. */
  method?: unknown;
  error?: SecondFactorForm["error"];
}

/** Renders the form, and keeps its link in the cookie: the client may have posted to the link itself. */
function renderForm(exchange: Exchange, form: Form, status: number): Promise<Response> {
  const { token, link, violations = [], isMismatch = false, method, error } = form;
  const { email, isInvitation, expiresAt, secondFactors } = link;
  const handle = createHandle(token);
  const input = {
    ...pageInput(exchange),
    action: exchange.formPath,
    handle,
    email,
    isInvitation,
    violations,
    isMismatch,
    secondFactor: askSecondFactor(secondFactors, method, error),
  };
  const grant = setGrant(exchange.cookies, token, expiresAt, new Date());
  return respondWithPage(exchange, status, (pages) => pages.newPassword(input), [["Set-Cookie", grant]]);
}

/** An account without a second factor is not asked for one. */
function askSecondFactor(
  [first, ...others]: readonly string[] = [],
  chosen: unknown,
  error: SecondFactorForm["error"],
): SecondFactorForm | undefined {
  if (first === undefined) return undefined;
  const methods = [first, ...others] as const;
  return { methods, method: methods.find((each) => each === chosen) ?? first, error };
}

async function readOwnForm(exchange: Exchange): Promise<Fields> {
  assertOwnForm(exchange.request, (origin) => isOwnOrigin(exchange, origin));
  assertForm(exchange.request);
  return readForm(exchange.request);
}

const redirectToRequest = (exchange: Exchange, notice: RequestNotice, headers: Headers = []): Response =>
  redirectTo(exchange, addNotice(exchange.requestPath, notice), headers);

/** Refuses a link in the path. One in the cookie may be another and still valid. */
function refuseSegment(exchange: Exchange, segment: string): Response {
  const isComplete = couldBeToken(segment) || exchange.settings.hasLegacyTokens;
  return redirectToRequest(exchange, isComplete ? "invalid_or_expired_token" : "malformed_link");
}

/** The link in the cookie is not valid any more, so the browser can forget it. */
const refuseLink = (exchange: Exchange): Response =>
  redirectToRequest(exchange, "invalid_or_expired_token", [["Set-Cookie", clearGrant(exchange.cookies)]]);

/** Adds `notice` to the query of a path or a URL. */
function addNotice(target: string, notice: string): string {
  const url = new URL(target, "http://localhost");
  url.searchParams.set("notice", notice);
  return target.startsWith("/") ? url.pathname + url.search + url.hash : url.href;
}

/**
 * Reads the token in a path segment, with the likeliest reading first. Email programs and people add signs behind a link: a
 * dot, a bracket, a space and a word. Our own tokens contain no such sign and do not end in `-` or `_`. A token of an older
 * flow may, so the text without signs at its end comes second, and the text as it is comes last.
 */
function readTokens(segment: string): string[] {
  const text = readSafely(() => decodeURIComponent(segment)) ?? segment;
  const [start = ""] = /^[\w-]*/.exec(text) ?? [];
  const trimEnd = (whole: string) => whole.replace(/[^A-Za-z0-9]{1,64}$/, "");
  return [...new Set([trimEnd(start), trimEnd(text), text])];
}

/** Reports whether a path segment can be one of our own tokens as a whole: 43 characters, or 78 and more if it is signed. */
const couldBeToken = (segment: string): boolean => /^[\w-]{43}$|^[\w-]{78,246}$/.test(readTokens(segment)[0] ?? "");

const HANDLE_PREFIX = utf8("relatch/v2/handle\0");

/** Names a link in its form without giving it away. */
const createHandle = (token: string): string =>
  encodeHexLowerCase(sha256(concatBytes(HANDLE_PREFIX, utf8(token))).subarray(0, 16));
