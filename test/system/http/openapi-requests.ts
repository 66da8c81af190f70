import fc from "fast-check";
import { TimeSpan } from "relatch";
import { type PasswordResetRoutesOptions, passwordResetRoutes, type Visitor } from "relatch/http";
import { createTicket } from "../../../src/links/ticket.ts";
import { GOOD_PASSWORD, type HarnessOptions, harness, KEYS, MIKE } from "../../helpers/harness.ts";
import { plainPages } from "../../helpers/pages.ts";
import { type Exchange, findSurprises, nameOutcome, type OpenApi } from "./openapi.ts";

// Requests to the JSON API in process: one for each outcome, and random ones.

/** The path of the routes. */
export const BASE = "/password_reset";
const SPA = "https://spa.example.com";
const LONG = "x".repeat(17 * 1024);
const MALFORMED = "not-a-token";
/** Has the form of a token, so that the store is asked. */
const SOME_TOKEN = "A".repeat(43);
/** Has the form of a ticket, and was given to nobody. */
const SOME_TICKET = "A".repeat(95);
/** Shown in the document in place of random ones. */
const SHOWN = {
  ticket: "AQpTyGJMuHbEL31IeL2HPcHyGcFRl1SPnXNYvMIHa-2o76umfXfKm-r5kJP1VrT_1FJors-6ILi8IHn5kxsC7tVO-HbkQfy",
  token: "CsgMKCxHVQh6_WUj1-8zAzFQJIgCTiFfQ9AUz4sGZ8M",
};
/** Stands for a link that was sent. */
const VALID = "valid-token";

interface Sent {
  method?: string;
  path?: string;
  body?: unknown;
  headers?: Record<string, string>;
  visitor?: Partial<Visitor>;
}

const fail = async (): Promise<never> => {
  throw new Error("connect ECONNREFUSED");
};

/** An application whose JSON API is called in process. */
export function serve(options: HarnessOptions = {}, routesOptions: Partial<PasswordResetRoutesOptions> = {}) {
  const its = harness({ keys: KEYS, codes: true, ...options });
  const { passwordReset } = its;
  const fixed = { pages: false, allowedOrigins: [SPA], onError: () => {} } as const;
  const routes = passwordResetRoutes({ passwordReset, ...fixed, ...routesOptions });

  async function send({ method = "POST", path = "", body, headers = {}, visitor = {} }: Sent): Promise<Exchange> {
    const isStream = body instanceof ReadableStream;
    const sent = isStream || body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    const request = new Request(`https://app.example.com${BASE}${path}`, {
      method,
      headers: { ...(method === "POST" && { "Content-Type": "application/json" }), ...headers },
      ...(method === "POST" && { body: isStream ? body : (sent ?? null), duplex: "half" }),
    } as RequestInit);
    const response = await routes.handle(request, { ip: false, ...visitor } as Visitor);
    return { request, sent, response, text: await response.text() };
  }
  return { ...its, send };
}

const brokenStream = () => new ReadableStream({ pull: (controller) => controller.error(new Error("aborted")) });

/** Sends a request whose body the application has read before. */
async function sendTwice(path: string): Promise<Exchange> {
  const { passwordReset } = harness({ keys: KEYS, codes: true });
  const routes = passwordResetRoutes({ passwordReset, pages: false, onError: () => {} });
  const headers = { "Content-Type": "application/json" };
  const request = new Request(`https://app.example.com${BASE}${path}`, { method: "POST", headers, body: "{}" });
  const sent = await request.text();
  const response = await routes.handle(request, { ip: false });
  return { request, sent, response, text: await response.text() };
}

/** Sends a request while a function of the settings throws. */
async function sendUnderBrokenSettings(sent: Sent): Promise<Exchange> {
  let isBroken = false;
  const appName = () => {
    if (isBroken) throw new Error("The brands cannot be read.");
    return "Acme";
  };
  const { send } = serve({ appName });
  isBroken = true;
  return send(sent);
}

/** The requests of one path that lead to every outcome that all paths have. */
function shared(path: string, body: object): Record<string, () => Promise<Exchange>> {
  const tenants = { tenants: ["acme", "globex"], accounts: [{ ...MIKE, tenant: "acme" }] };
  const other = { visitor: { tenant: "initech" as never } };
  const preflight = {
    path,
    method: "OPTIONS",
    headers: { Origin: SPA, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" },
  };
  const post = `POST ${BASE}${path}`;
  const options = `OPTIONS ${BASE}${path}`;
  return {
    [`${post} 400 invalid_request`]: () => serve().send({ path, body: brokenStream() }),
    [`${post} 400 invalid_json`]: () => serve().send({ path, body: '{"email":' }),
    [`${post} 403 cross_site`]: () => serve().send({ path, body, headers: { Origin: "https://evil.example" } }),
    [`${post} 404 text/plain`]: () => serve(tenants).send({ path, body, ...other }),
    [`${post} 413 too_large`]: () => serve().send({ path, body: { ...body, more: LONG } }),
    [`${post} 415 unsupported_media_type`]: () => serve().send({ path, body, headers: { "Content-Type": "text/xml" } }),
    [`${post} 500 fault`]: () => sendTwice(path),
    [`${post} 500 text/plain`]: () => sendUnderBrokenSettings({ path, body }),
    [`${options} 204`]: () => serve().send(preflight),
    [`${options} 404 text/plain`]: () => serve(tenants).send({ ...preflight, ...other }),
    [`${options} 405 method_not_allowed`]: () => serve().send({ path, method: "OPTIONS" }),
    [`${options} 500 text/plain`]: () => sendUnderBrokenSettings(preflight),
  };
}

const request = { email: MIKE.email };
const malformed = { token: MALFORMED, newPassword: GOOD_PASSWORD };
const guess = { ticket: SOME_TICKET, code: "01234567" };
const unknown = { token: SOME_TOKEN, newPassword: GOOD_PASSWORD };

async function withToken(path: string, fields: object = {}): Promise<Exchange> {
  const { requestToken, send } = serve();
  return send({ path, body: { token: await requestToken(), ...fields } });
}

/** Puts the ticket and the token that the document shows in place of random ones. */
const showSecrets = (exchange: Exchange): Exchange => ({
  ...exchange,
  text: exchange.text.replace(/(?<="(ticket|token)":")[\w-]+/, (_, name: keyof typeof SHOWN) => SHOWN[name]),
});

/** Requests a code, redeems it, and returns both exchanges. */
async function useCode(): Promise<[Exchange, Exchange]> {
  const { passwordReset, mailer, send } = serve();
  const requested = await send({ body: { ...request, method: "code" } });
  await passwordReset.drain();
  const { ticket } = JSON.parse(requested.text);
  const redeemed = await send({ path: "/code", body: { ticket, code: mailer.lastCode(MIKE.email) } });
  return [showSecrets(requested), showSecrets(redeemed)];
}

const secondFactor = { methods: async () => ["totp", "recovery_code"], verify: async () => false };

/** Completes with a second factor. */
async function withSecondFactor(response: string): Promise<Exchange> {
  const { requestToken, send } = serve({ secondFactor });
  const proof = { method: "totp", response };
  const body = { token: await requestToken(), newPassword: GOOD_PASSWORD, secondFactor: proof };
  return send({ path: "/complete", body });
}

/** Asks for a second link within the minute for which a client may ask once. */
async function askTwice(): Promise<Exchange> {
  const { send } = serve({ limits: { client: { max: 1, window: new TimeSpan(1, "m") } } });
  const sent = { body: request, visitor: { ip: "203.0.113.7" } };
  await send(sent);
  return send(sent);
}

/** Redeems a code while the limiter fails, which refuses. */
async function redeemWithoutLimiter(): Promise<Exchange> {
  const { send } = serve({ limits: { client: false, rateLimiter: { consume: fail } } });
  const { ticket } = createTicket(KEYS[0] as Uint8Array, Date.UTC(2026, 0, 1, 0, 10), undefined);
  return send({ path: "/code", body: { ticket, code: "01234567" } });
}

const withoutStore = (): ReturnType<typeof serve> =>
  serve({ tokens: { save: fail, find: fail, deleteByUser: fail, deleteExpired: fail } as never });

/** One request for each outcome, by its name. */
export const scenarios: Record<string, () => Promise<Exchange>> = {
  ...shared("", request),
  [`POST ${BASE} 200 application/json`]: () => serve().send({ body: request }),
  [`POST ${BASE} 400 invalid_email`]: () => serve().send({ body: { email: "nonsense" } }),
  [`POST ${BASE} 400 unknown_email`]: () =>
    serve({}, { revealUnknownAccounts: async () => false }).send({ body: { email: "nobody@example.org" } }),
  [`POST ${BASE} 409 signed_in`]: () => serve().send({ body: request, visitor: { isSignedIn: true } }),
  [`POST ${BASE} 429 throttled`]: askTwice,
  [`POST ${BASE} 503 unavailable`]: () => serve({ dispatcher: { dispatch: fail } }).send({ body: request }),

  ...shared("/code", guess),
  [`POST ${BASE}/code 200 application/json`]: async () => (await useCode())[1],
  [`POST ${BASE}/code 400 invalid_or_expired_token`]: () => serve().send({ path: "/code", body: guess }),
  [`POST ${BASE}/code 404 not_found`]: () => serve({ codes: false }).send({ path: "/code", body: guess }),
  [`OPTIONS ${BASE}/code 404 not_found`]: () => serve({ codes: false }).send({ path: "/code", method: "OPTIONS" }),
  [`POST ${BASE}/code 503 unavailable`]: redeemWithoutLimiter,

  ...shared("/verify", { token: MALFORMED }),
  [`POST ${BASE}/verify 200 application/json`]: () => withToken("/verify"),
  [`POST ${BASE}/verify 400 invalid_or_expired_token`]: () => serve().send({ path: "/verify", body: malformed }),
  [`POST ${BASE}/verify 503 unavailable`]: () => withoutStore().send({ path: "/verify", body: unknown }),

  ...shared("/complete", malformed),
  [`POST ${BASE}/complete 200 application/json`]: () => withToken("/complete", { newPassword: GOOD_PASSWORD }),
  [`POST ${BASE}/complete 400 invalid_or_expired_token`]: () => serve().send({ path: "/complete", body: malformed }),
  [`POST ${BASE}/complete 422 password_rejected`]: () => withToken("/complete", { newPassword: "vq7Kd2x" }),
  [`POST ${BASE}/complete 422 second_factor_required`]: () => withSecondFactor(""),
  [`POST ${BASE}/complete 422 second_factor_rejected`]: () => withSecondFactor("000000"),
  [`POST ${BASE}/complete 503 unavailable`]: () => withoutStore().send({ path: "/complete", body: unknown }),
};

/** Requests whose outcome has the name of another one. */
export const variants: (() => Promise<Exchange>)[] = [async () => (await useCode())[0]];

/** Mostly one of the usual values, so that random requests get past the first check. */
const usually = <T, U>(usual: T, ...others: fc.Arbitrary<U>[]) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 3 }, ...others);

const somePath = fc.constantFrom("", "/", "/code", "/verify", "/verify/", "/complete");
const someMethod = usually("POST", fc.constantFrom("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"));
const someOrigin = fc.constantFrom(
  "https://app.example.com",
  SPA,
  "https://evil.example",
  "null",
  `${SPA}.evil.example`,
);
const someHeaders = fc.record(
  {
    "Content-Type": usually(
      "application/json",
      fc.constantFrom("application/json; charset=utf-8", "application/json; charset=utf-16", "text/plain", "text/html"),
    ),
    Origin: someOrigin,
    Accept: fc.constantFrom("*/*", "application/json", "text/html"),
    "Accept-Language": fc.constantFrom("en", "ru", "ar;q=0.5, pt-BR", "*", "not a language"),
    "Access-Control-Request-Method": fc.constantFrom("POST", "GET"),
    "Content-Encoding": usually("identity", fc.constant("gzip")),
    "Content-Length": fc.constantFrom("1", "99999", "-1"),
    "Sec-Fetch-Site": usually("same-origin", fc.constantFrom("cross-site", "none")),
    Cookie: fc.constant(`__Host-password_reset=${SOME_TOKEN}`),
  },
  { requiredKeys: ["Content-Type"] },
);
const someText = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constant(LONG));
const someFields = fc.record(
  {
    email: usually(MIKE.email, fc.constantFrom("nobody@example.org", "nonsense"), someText, fc.jsonValue()),
    method: usually("link", fc.constant("code"), fc.jsonValue()),
    ticket: usually(SOME_TICKET, someText, fc.jsonValue()),
    code: usually("01234567", someText, fc.jsonValue()),
    secondFactor: usually({ method: "totp", response: "123456" }, fc.jsonValue()),
    token: usually(VALID, fc.constantFrom(SOME_TOKEN, MALFORMED), someText, fc.jsonValue()),
    newPassword: usually(GOOD_PASSWORD, fc.constantFrom("vq7Kd2x", "password1"), someText, fc.jsonValue()),
    more: fc.jsonValue(),
  },
  { requiredKeys: ["email", "token", "newPassword"] },
);
const someBody = fc.oneof(
  { arbitrary: someFields.map((fields) => JSON.stringify(fields)), weight: 8 },
  fc.json(),
  fc.string(),
  fc.constantFrom("", "{", '{"email":"a@example.org","email":"b@example.org"}', "[]", "null", "\uFEFF{}"),
);
const someVisitor = fc.record({
  ip: fc.constantFrom(false, null, "203.0.113.7", "nonsense"),
  isSignedIn: usually(undefined, fc.boolean()),
});

/** Codes need limits, so nothing is ever over one. */
const NO_LIMITS = {
  client: false,
  rateLimiter: { consume: async () => ({ allowed: true, retryAfterSeconds: 0 }) },
} as const;

/** Applications that respond differently to the same request. */
const applications = (): Record<string, ReturnType<typeof serve>> => ({
  "without limits": serve({ limits: NO_LIMITS }),
  "without codes": serve({ limits: false, keys: undefined, codes: false }),
  "with a second factor": serve({ limits: NO_LIMITS, secondFactor }),
  "with limits": serve({ limits: { client: { max: 1, window: new TimeSpan(1, "m") } } }),
  "that reveals accounts": serve(
    { limits: NO_LIMITS },
    { revealUnknownAccounts: async (email) => email === MIKE.email },
  ),
  "without a store": withoutStore(),
  "without a dispatcher": serve({ limits: NO_LIMITS, dispatcher: { dispatch: fail } }),
  "with a function that throws": serve({ limits: NO_LIMITS }, { revealUnknownAccounts: fail }),
  "with a rule that throws": serve({ limits: NO_LIMITS, passwordRules: [fail] }),
  "with pages": serve({ limits: NO_LIMITS }, { pages: plainPages }),
});

/**
 * Sends random requests until a response is not as the document says. Returns what was found, and all outcomes that were
 * seen.
 */
export async function fuzz(document: OpenApi): Promise<{ surprise: string | undefined; seen: Set<string> }> {
  const apps = applications();
  const seen = new Set<string>();
  let surprise: string | undefined;
  const isDescribed = fc.asyncProperty(
    ...([fc.constantFrom(...Object.keys(apps)), someMethod, somePath, someHeaders, someBody, someVisitor] as const),
    async (name, method, path, headers, body, visitor) => {
      const isJson = method === "POST" && headers["Content-Type"].startsWith("application/json");
      // Everything else is for the page at this path.
      if (name === "with pages" && ["", "/", "/code"].includes(path) && !isJson) return true;
      const { send, requestToken } = apps[name]!;
      const token = body.includes(VALID) ? await requestToken().catch(() => SOME_TOKEN) : VALID;
      const exchange = await send({ method, path, headers, body: body.replace(VALID, token), visitor } as Sent);
      seen.add(nameOutcome(exchange));
      [surprise] = findSurprises(document, exchange);
      return surprise === undefined;
    },
  );
  const { failed, counterexample } = await fc.check(isDescribed, { numRuns: 600, endOnFailure: true });
  return { surprise: failed ? `${surprise} ${JSON.stringify(counterexample)}` : undefined, seen };
}
