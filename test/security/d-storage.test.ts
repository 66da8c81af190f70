import type { RequestListener } from "node:http";
import fc from "fast-check";
import {
  canonicalEmail,
  type PasswordReset,
  type PasswordResetOptions,
  type RequestResetResult,
  type VerifyTokenResult,
} from "relatch";
import { mysqlTokensSql } from "relatch/mysql";
import { postgresTokensSql } from "relatch/postgres";
import { sqliteTokensSql } from "relatch/sqlite";
import { expect, expectTypeOf, vi } from "vitest";
import { schema as exampleSchema } from "../../examples/shared/database.ts";
import { GOOD_PASSWORD, type Harness, KEYS, MIKE } from "../helpers/harness.ts";
import {
  attributesOf,
  both,
  COMPLETE,
  FORM,
  NEW_PASSWORD,
  OPENED,
  RESET,
  tokenIn,
  VERIFY,
} from "../system/http/contract/helpers.ts";
import {
  everyFlawOf,
  flaw,
  flawIn,
  flawOverHttp,
  keepCause,
  override,
  REFUSED,
  RUNS,
  signedJob,
} from "./helpers/flaw.ts";
import { askBothWays, type Front, JANE, type Walk, walk } from "./helpers/front.ts";
import { findLeaks, print, spyOnAll } from "./helpers/watch.ts";

// The token is in the email, and in the requests of the person who has the email. It is nowhere else, and not stored.

const accounts = [MIKE, JANE];
const ask = ({ passwordReset }: Harness, email: unknown) => passwordReset.requestReset({ email, ip: null });

/** A link is asked for, looked at, used and used again. Returns the token, and what the calls returned. */
async function wholeFlow(app: Harness): Promise<{ token: string; results: unknown[] }> {
  const token = await app.requestToken();
  const results: unknown[] = [await app.passwordReset.verifyToken({ token })];
  for (const newPassword of ["short", GOOD_PASSWORD, GOOD_PASSWORD]) {
    results.push(await app.passwordReset.completeReset({ token, newPassword }));
  }
  results.push(await app.passwordReset.revokeTokens(MIKE.id), await ask(app, MIKE.email));
  results.push(await app.passwordReset.sendLink({ userId: MIKE.id }));
  await app.passwordReset.drain();
  return { token, results };
}

const findsByToken = override((core, { tokens }) => ({
  async verifyToken({ token }) {
    await tokens.find(token);
    return core.verifyToken({ token });
  },
}));

flaw("CVE-2026-62376", "No store or event gets the token or the password", findsByToken, async (app) => {
  const notes: unknown[] = [];
  const calls = new Set<string>();
  spyOnAll({ users: app.users, tokens: app.tokens }, (name, args) => {
    calls.add(name);
    notes.push(args);
  });
  const { token } = await wholeFlow(app);
  for (const call of ["tokens.save", "tokens.find", "tokens.deleteByUser", "users.replacePasswordHash"]) {
    expect(calls).toContain(call);
  }
  expect(findLeaks(print(notes, app.events, app.revoked), token, GOOD_PASSWORD)).toEqual([]);
});

const showsTheAddress = override((core) => ({
  requestReset: async (input) => ({ ...(await core.requestReset(input)), email: input.email }),
}));
const everybody = [MIKE, { ...JANE, resetAllowed: false }, { ...MIKE, id: "44", passwordHash: null }];
const TYPED = {
  "GHSA-wfm4-pq59-wg6r": fc.constantFrom(...everybody.map(({ email }) => email), "nobody@example.org"),
  "CVE-2022-40798": fc.oneof(fc.emailAddress(), fc.string({ unit: "binary", maxLength: 40 }), fc.anything()),
};

for (const [id, typed] of Object.entries(TYPED)) {
  const plan = {
    options: { accounts: everybody, limits: { client: false } } as const,
    mistake: showsTheAddress,
  };
  flaw(id, "The result of a request depends on the form of the address alone", plan, async (app) => {
    await fc.assert(
      fc.asyncProperty(typed, async (email) => {
        const isAddress = canonicalEmail(email) !== undefined;
        const due = isAddress ? { ok: true } : { ok: false, reason: "invalid_email" };
        expect(await ask(app, email)).toEqual(due);
      }),
      { numRuns: 3 * RUNS },
    );
    await app.passwordReset.drain();
  });
}

const waits = override((core) => ({
  async requestReset(input) {
    const result = await core.requestReset(input);
    await core.drain();
    return result;
  },
}));

flaw("CVE-2025-58434", "The result of a request is there before a token is", waits, async (app) => {
  expectTypeOf<Extract<RequestResetResult, { ok: true }>>().toEqualTypeOf<{ ok: true }>();
  type Verified = { ok: true; userId: string; email: string; isInvitation: boolean; expiresAt: Date };
  expectTypeOf<Extract<VerifyTokenResult, { ok: true }>>().toEqualTypeOf<Verified>();
  const save = vi.spyOn(app.tokens, "save");
  expect(Reflect.ownKeys(await ask(app, MIKE.email))).toEqual(["ok"]);
  expect(save).not.toHaveBeenCalled();
  await app.passwordReset.drain();
  expect(save).toHaveBeenCalledOnce();
});

/** The mistake: the name in all pages is the token. */
const saysTheToken = override((core, { mailer }) => ({
  settings: (input) => ({ ...core.settings(input), appName: tokenIn(mailer.lastLink(MIKE.email) ?? "") }),
}));

const sayingIt = { options: { accounts }, mistake: saysTheToken };

flawOverHttp("CVE-2026-26273", "No page for any address contains a token", sayingIt, async (app) => {
  const tokens = [await app.requestToken(), await app.requestToken(JANE.email)];
  const stranger = app.visitor();
  const answers: unknown[] = [];
  for (const email of [MIKE.email, JANE.email, "nobody@example.org"]) {
    const query = new URLSearchParams({ email, user: email, code: "", token: "" });
    answers.push(await stranger.get(`${RESET}?${query}`), await stranger.get(`${FORM}?${query}`));
    answers.push(await stranger.post(FORM, { email, ...both(NEW_PASSWORD) }));
    answers.push(await stranger.json(VERIFY, { email }), await stranger.json(COMPLETE, { email }));
    answers.push(...(await askBothWays(stranger, email)));
  }
  expect(findLeaks(print(answers), ...tokens)).toEqual([]);
});

const returnsTheToken = override((core) => ({
  verifyToken: async ({ token }) => ({ ...(await core.verifyToken({ token })), token }),
}));

flaw("CVE-2026-32865", "No call returns the token or the account", returnsTheToken, async (app) => {
  const { token, results } = await wholeFlow(app);
  const [, ...others] = results;
  expect(findLeaks(print(results), token, MIKE.passwordHash ?? "")).toEqual([]);
  // verifyToken alone says whose link it is.
  expect(findLeaks(print(others), MIKE.email)).toEqual([]);
  // No call lists, finds or shows anything.
  type Moment = "requestReset" | "redeemCode" | "verifyToken" | "completeReset";
  type Call = Moment | "sendLink" | "deliver" | "revokeTokens" | "drain";
  expectTypeOf<keyof PasswordReset>().toEqualTypeOf<Call | "settings" | "tenants">();
  expectTypeOf<PasswordResetOptions>().not.toHaveProperty("tokenLength");
});

/** Returns where in the responses of a walk the token of an email is. */
const placesOf = ({ answers, links }: Walk): string[] =>
  answers.flatMap(({ headers: { "set-cookie": _, ...headers }, cookies, body }, index) =>
    Object.entries({ headers: print(headers), cookies: cookies.join(), body })
      .filter(([, text]) => findLeaks(text, ...links.map(tokenIn)).length > 0)
      .map(([place]) => `${place} of response ${index}`),
  );

/** The mistake: the form shows the token. */
const showsTheToken = override((core) => ({
  verifyToken: async (input) => ({ ...(await core.verifyToken(input)), email: input.token }),
}));

for (const id of ["CVE-2026-32865", "X7"]) {
  const plan = { options: { accounts }, mistake: showsTheToken };
  flawOverHttp(id, "Only the first URL and a cookie have the token", plan, async (app: Front) => {
    const went = await walk(app);
    // The link, its form, and the form after a refused password.
    expect(placesOf(went)).toEqual([1, 2, 3].map((nth) => `cookies of response ${nth}`));
    const { "Max-Age": maxAge, ...attributes } = attributesOf(went.answers[1]?.cookies[0]);
    expect(Number(maxAge)).toBeLessThanOrEqual(15 * 60);
    expect(attributes).toMatchObject({ HttpOnly: true, SameSite: "Lax", Path: "/" });
  });
}

// ── Logs ──────────────────────────────────────────────────────────────────────────────────────────────────

const logs = (app: Harness) => {
  app.mailer.send = async ({ text }) => console.debug(text);
};

flaw("CVE-2021-39919", "Beside its listeners nothing is written to any log, whatever fails", logs, async (app) => {
  const written: unknown[] = [];
  const note = (...args: unknown[]): true => written.push(args) > 0 || true;
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockImplementation(note);
  for (const level of ["log", "info", "warn", "error", "debug", "trace"] as const) {
    vi.spyOn(console, level).mockImplementation(note);
  }
  await ask(app, MIKE.email);
  await app.passwordReset.drain();
  const token = tokenIn(app.mailer.lastLink(MIKE.email) ?? "");
  const fail = async () => Promise.reject(new Error("down"));
  for (const [port, method] of [
    ["hasher", "hash"],
    ["users", "findById"],
    ["users", "findByEmail"],
  ] as const) {
    Object.assign(app[port], { [method]: fail });
    app.clock.now += 60_000;
    await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }).catch(() => {});
    await ask(app, MIKE.email);
    await app.passwordReset.drain();
  }
  expect(written).toEqual([]);
});

const quoting = { options: { keys: KEYS }, mistake: { onError: keepCause } };

flaw("CVE-2021-39919", "A port's own words stay out of errors and events", quoting, async (app) => {
  const token = await app.requestToken();
  const secrets = [token, GOOD_PASSWORD];
  const fail = async () => {
    throw Object.assign(new Error(secrets.join()), { code: token, responseCode: token, name: token });
  };
  Object.assign(app.hasher, { hash: fail });
  Object.assign(app.mailer, { send: fail });
  const errors: Error[] = [];
  const keep = (error: Error) => errors.push(error);
  await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }).catch(keep);
  await app.passwordReset.deliver(signedJob(app, { type: "reset_requested", email: MIKE.email })).catch(keep);
  expect(errors).toHaveLength(2);
  expect(findLeaks(print(...errors, app.events), ...secrets)).toEqual([]);
});

// ── What is stored ────────────────────────────────────────────────────────────────────────────────────────

const tokenTables = [sqliteTokensSql(), postgresTokensSql(), mysqlTokensSql()];
const users = exampleSchema.find((statement) => /\busers\b/.test(statement)) ?? "";
const tables = [
  () => ({ tokenTables, users }),
  () => ({ tokenTables, users: users.replace("password_hash", "reset_token text, password_hash") }),
] as const;

flawIn("CVE-2023-22894", "Digests of tokens have their own table", tables, (schema) => {
  for (const sql of schema.tokenTables) {
    expect(sql).toMatch(/CREATE TABLE IF NOT EXISTS ["`]password_reset_tokens["`]/);
    expect(sql).not.toMatch(/users/i);
    const columns = sql.match(/(?<=^ {2})[a-z_]+(?= )/gm);
    expect(columns).toEqual(["token_hash", "user_id", "fingerprint", "expires_at"]);
  }
  expect(schema.users).toContain("password_hash");
  expect(schema.users).not.toMatch(/token|reset|code/i);
});

type Row = Record<"tokenHash" | "fingerprint" | "userId", string>;
const inBase64url = (hex: string) => Buffer.from(hex, "hex").toString("base64url");

/** By id: what a thief of the table tries, made from what is in it. */
const DUMPED: Record<string, (row: Row) => unknown[]> = {
  "CVE-2023-36472": ({ tokenHash: hash }) => [hash, inBase64url(hash), Buffer.from(hash, "hex"), hash.slice(0, 43)],
  "CVE-2024-56143": ({ fingerprint, tokenHash }) => [
    ...[fingerprint, inBase64url(fingerprint), { tokenHash }, { $lookup: tokenHash }],
    `${tokenHash}:${fingerprint}`,
  ],
  "CVE-2026-108337": (row) => [JSON.stringify(row), ...Object.values(row), [row.tokenHash], row],
};
const acceptsAnything = override(() => ({ verifyToken: async () => ({ ok: true }) }));

for (const [id, madeOf] of Object.entries(DUMPED)) {
  flaw(id, "Nothing in a stolen table opens an account", acceptsAnything, async (app) => {
    const rows: Row[] = [];
    spyOnAll({ tokens: app.tokens }, (name, [record]) => name === "tokens.save" && rows.push(record as Row));
    await app.requestToken();
    expect(rows).toHaveLength(1);
    for (const token of rows.flatMap(madeOf)) {
      expect(await app.passwordReset.verifyToken({ token })).toEqual(REFUSED);
      expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    }
    expect(app.users.get(MIKE.id)).toEqual(MIKE);
  });
}

// ── The Referer ───────────────────────────────────────────────────────────────────────────────────────────

/** The mistake: the URL of the link is a page that loads something from elsewhere. */
const isPage = {
  wrap:
    (inner: RequestListener): RequestListener =>
    (request, response) =>
      /\/[\w-]{43}$/.test(request.url ?? "")
        ? response.end('<img src="https://evil.example/pixel">')
        : inner(request, response),
};
/** Every place to which a page sends its reader, or from which it loads something. */
const placesIn = (body: string): string[] =>
  [...body.matchAll(/\b(?:href|src|action|srcset|data|poster|formaction)="([^"]*)"|url\(([^)]*)\)/g)].map(
    ([, attribute = "", css = ""]) => attribute + css,
  );

for (const id of ["CVE-2010-5080", "X6"]) {
  const plan = { options: { accounts }, mistake: isPage };
  flawOverHttp(id, "The URL of the link is never a page or a Referer", plan, async (app) => {
    const { answers } = await walk(app);
    const [, opened, form] = answers;
    expect([opened?.status, opened?.headers.location]).toEqual([303, OPENED]);
    expect(opened?.headers["referrer-policy"]).toBe("no-referrer");
    expect(form?.headers["referrer-policy"]).toBe("same-origin");
    // A page at that URL, for clients that post to it, must not tell where it is.
    app.clock.now += 60 * 60_000;
    const link = `${RESET}/${await app.requestToken(JANE.email)}`;
    const refused = await app.client.post(link, both("x"));
    expect([refused.status, refused.headers["referrer-policy"]]).toEqual([400, "strict-origin"]);
    const foreign = await app.client.send("POST", link, {
      form: {},
      headers: { "Sec-Fetch-Site": "cross-site" },
    });
    expect([foreign.status, foreign.headers["referrer-policy"]]).toEqual([403, "strict-origin"]);
    for (const { headers, body } of [...answers, refused, foreign]) {
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none';/);
      expect(headers["referrer-policy"]).toMatch(/^(?:no-referrer|same-origin|strict-origin)$/);
      // Nothing is loaded from elsewhere, and nothing leads there.
      expect(placesIn(body).filter((place) => !/^(?:\/(?!\/)|#|data:)/.test(place))).toEqual([]);
    }
  });
}

everyFlawOf("d-storage");
