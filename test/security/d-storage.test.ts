import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import Database from "libsql";
import {
  canonicalEmail,
  type PasswordReset,
  type PasswordResetOptions,
  type RequestResetResult,
  type VerifyTokenResult,
} from "relatch";
import { mysqlSchema } from "relatch/mysql";
import { postgresSchema } from "relatch/postgres";
import { sqliteSchema, sqliteTokens } from "relatch/sqlite";
import { afterEach, expect, expectTypeOf, test, vi } from "vitest";
import { schema as exampleSchema } from "../../examples/shared/database.ts";
import type { Answer } from "../e2e/client.ts";
import {
  attributesOf,
  both,
  COMPLETE,
  FORM,
  handleIn,
  NEW_PASSWORD,
  RESET,
  tokenIn,
  VERIFY,
} from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../harness.ts";
import { overHttp, overRoutes } from "./helpers/adapters.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";
import { type Walk, walk } from "./helpers/flow.ts";
import { askBothWays } from "./helpers/front.ts";
import { RUNS } from "./helpers/runs.ts";
import { leaked, printed, writeDown } from "./helpers/traces.ts";

// The token is in the mail, and in the request of who has the mail. Nowhere else, and nowhere stored.

afterEach(() => {
  vi.restoreAllMocks();
});

flaw("CVE-2026-62376", () => {
  test("no store, job or event ever gets the token or the password", async () => {
    const notes: unknown[] = [];
    const app = harness({ limits: { rateLimiter: { consume: async (...given) => take(given) } } });
    const take = (given: unknown) => {
      notes.push(given);
      return { allowed: true, retryAfterSeconds: 0 };
    };
    writeDown(notes, app.tokens, app.users);
    const token = await app.requestToken();
    await app.passwordReset.verifyToken(token);
    await app.passwordReset.completeReset({ token, newPassword: "short" });
    await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await app.passwordReset.revokeTokens("42");
    await app.passwordReset.drain();
    expect(notes.map((note) => (note as unknown[])[0])).toEqual(
      expect.arrayContaining(["save", "find", "deleteByUser", "findByEmail", "replacePasswordHash"]),
    );
    expect(leaked(printed(notes, app.events, app.revoked), token, GOOD_PASSWORD)).toEqual([]);
  });

  test("a database holds digests, and nothing to make the token of", async () => {
    const db = new Database(":memory:");
    const tokens = sqliteTokens(db);
    await tokens.createTable();
    const app = harness({ tokens });
    const token = await app.requestToken();
    const rows = db.prepare("SELECT * FROM password_reset_tokens").all() as Record<string, unknown>[];
    expect(rows).toEqual([
      {
        user_id: "42",
        token_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        expires_at: app.clock.now + 60 * 60_000,
      },
    ]);
    expect(leaked(printed(rows), token)).toEqual([]);
    db.close();
  });

  overHttp("nor does the database of an example", async ({ app, client, mike }) => {
    await client.post(RESET, { email: mike.email });
    const [mail] = await app.mails();
    const token = tokenIn(mail?.text.match(/https?:\/\/\S+/)?.[0] ?? "");
    expect(token).toMatch(/^[\w-]{43}$/);
    // What the development inbox shows is the mail; nothing else has it.
    for (const path of ["/", "/login", RESET, FORM, `${RESET}/${"A".repeat(43)}`]) {
      expect(leaked(printed(await client.get(path)), token)).toEqual([]);
    }
  });
});

/** A page without its style sheet, or whatever it is. */
const wordsOf = (body: string): string => /<main>.*<\/main>/s.exec(body)?.[0] ?? body;

const EVERYBODY = {
  known: MIKE,
  suspended: { ...MIKE, id: "43", email: "sue@example.org", resetAllowed: false },
  "without a password": { ...MIKE, id: "44", email: "kim@example.org", passwordHash: null },
  nobody: { email: "nobody@example.org" },
};
const ACCOUNTS = [EVERYBODY.known, EVERYBODY.suspended, EVERYBODY["without a password"]];

flaw("GHSA-wfm4-pq59-wg6r", () => {
  test("the answer is the same for everybody, and knows nothing", async () => {
    const app = harness({ accounts: ACCOUNTS });
    for (const { email } of Object.values(EVERYBODY)) {
      const answer = await app.passwordReset.requestReset({ email, ip: null });
      expect(answer).toEqual({ ok: true });
      expect(printed(answer)).not.toMatch(/@|4[234]|Mike/);
    }
  });

  overRoutes(
    "over HTTP as well, byte for byte",
    async (app) => {
      const answers = new Set<string>();
      for (const { email } of Object.values(EVERYBODY)) {
        for (const { status, headers, body } of await askBothWays(app.client, email)) {
          const { date: _, ...rest } = headers;
          answers.add(JSON.stringify([status, rest, body]));
          expect(wordsOf(body)).not.toMatch(/@|Mike/);
        }
      }
      // A page, and JSON.
      expect(answers.size).toBe(2);
    },
    { accounts: ACCOUNTS },
  );
});

flaw("CVE-2025-58434", () => {
  test("the answer of the request has one property, and its type has no place for a token", async () => {
    expectTypeOf<Extract<RequestResetResult, { ok: true }>>().toEqualTypeOf<{ ok: true }>();
    expectTypeOf<Extract<VerifyTokenResult, { ok: true }>>().toEqualTypeOf<{
      ok: true;
      userId: string;
      expiresAt: Date;
    }>();
    const app = harness();
    const answer = await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    expect(Reflect.ownKeys(answer)).toEqual(["ok"]);
  });

  test("it is there before a token is", async () => {
    const app = harness();
    const save = vi.spyOn(app.tokens, "save");
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    expect(save).not.toHaveBeenCalled();
    await app.passwordReset.drain();
    expect(save).toHaveBeenCalledOnce();
  });

  overRoutes("and over HTTP", async (app) => {
    const answers = await askBothWays(app.client, MIKE.email);
    await app.passwordReset.drain();
    const token = tokenIn(app.mailer.lastLink(MIKE.email) ?? "");
    expect(JSON.parse(answers[1]!.body)).toEqual({ ok: true });
    expect(leaked(printed(answers), token)).toEqual([]);
  });
});

/** Where in the answers of a walk the token of the mail is to be read. */
function placesOf({ answers, links }: Walk): string[] {
  return answers.flatMap(({ headers, cookies, body }, index) => {
    const { "set-cookie": _, ...others } = headers;
    const places = { headers: printed(others), cookies: cookies.join(), body };
    const tokens = links.map(tokenIn);
    return Object.entries(places)
      .filter(([, text]) => leaked(text, ...tokens).length > 0)
      .map(([place]) => `${place} of answer ${index}`);
  });
}

flaw("CVE-2026-26273", () => {
  overHttp("no page for any address holds a token", async ({ app, client, visitor, mike, jane }) => {
    for (const { email } of [mike, jane]) await client.post(RESET, { email });
    const tokens = (await app.mails()).map(({ text }) => tokenIn(text.match(/https?:\/\/\S+/)?.[0] ?? ""));
    expect(tokens).toHaveLength(2);
    const stranger = visitor();
    const pages: Answer[] = [];
    for (const { email } of [mike, jane, { email: "nobody@example.org" }]) {
      const query = new URLSearchParams({ email, user: email, code: "", token: "" });
      pages.push(await stranger.get(`${RESET}?${query}`), await stranger.get(`${FORM}?${query}`));
      pages.push(await stranger.post(FORM, { email, ...both(NEW_PASSWORD) }));
      pages.push(await stranger.json(VERIFY, { email }), await stranger.json(COMPLETE, { email }));
      pages.push(...(await askBothWays(stranger, email)));
    }
    expect(leaked(printed(pages), ...tokens)).toEqual([]);
  });
});

flaw("CVE-2026-32865", () => {
  overHttp("on the whole way the one answer with the token is the cookie for who had it", async (visit) => {
    expect(placesOf(await walk(visit))).toEqual(["cookies of answer 1"]);
  });

  test("no call of the library answers it", async () => {
    const app = harness();
    const token = await app.requestToken();
    const answers = [
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null }),
      await app.passwordReset.verifyToken(token),
      await app.passwordReset.completeReset({ token, newPassword: "short" }),
      await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
      await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
    ];
    expect(leaked(printed(answers), token)).toEqual([]);
  });
});

flaw("CVE-2021-39919", () => {
  const src = join(import.meta.dirname, "../../src");
  const sources = readdirSync(src, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && name !== "mailers/console.ts",
  );

  test("nothing in the library writes to a log", () => {
    expect(sources.length).toBeGreaterThan(50);
    for (const name of sources) {
      const code = readFileSync(join(src, name), "utf8").replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
      expect(
        code.match(/\bconsole\s*\.|\bdebuglog|\bprocess\s*[.[]|from "node:|NODE_DEBUG/),
        name,
      ).toBeNull();
    }
  });

  const everyPort = ["users.findById", "users.replacePasswordHash", "tokens.find", "tokens.deleteByUser"];
  test.each([...everyPort, "hasher.hash", "tokens.save", "users.findByEmail", "mailer.send", "none"])(
    "not even a fault of %s tells the token or the password",
    async (broken) => {
      const told: unknown[] = [];
      const app = harness({ dispatcher: { dispatch: async (job) => jobs.push(job) } });
      const jobs: unknown[] = [];
      const work = (run: () => Promise<unknown>) =>
        run().then(
          (answer) => told.push(answer),
          (error) => told.push(error, error.stack, error.cause),
        );
      const deliver = () => work(() => app.passwordReset.deliver(jobs.at(-1)));
      const fail = () => {
        const [port, method = ""] = broken.split(".") as [keyof Harness, string?];
        if (method) (app[port] as Record<string, unknown>)[method] = () => Promise.reject(new Error("down"));
      };
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      await deliver();
      const token = tokenIn(app.mailer.lastLink(MIKE.email) ?? "");
      fail();
      app.clock.now += 60_000;
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      await deliver();
      const again = tokenIn(app.mailer.lastLink(MIKE.email) ?? "");
      for (const newPassword of ["sesame", GOOD_PASSWORD, GOOD_PASSWORD]) {
        for (const each of new Set([token, again])) {
          await work(() => app.passwordReset.verifyToken(each));
          await work(() => app.passwordReset.completeReset({ token: each, newPassword }));
        }
      }
      await deliver();
      const everything = printed(told, app.events, jobs, app.passwordReset);
      expect(leaked(everything, token, again, GOOD_PASSWORD, "sesame", MIKE.passwordHash ?? "")).toEqual([]);
      // A queue has to know where the mail goes; nobody else.
      expect(leaked(printed(told, app.events, app.passwordReset), MIKE.email)).toEqual([]);
    },
  );

  const talkative = [
    "users.replacePasswordHash",
    "mailer.send",
    "tokens.save",
    "hasher.hash",
    "users.findById",
  ];
  test.each(talkative)(
    "what %s says about a fault stays with its cause, and out of events, messages and JSON",
    async (broken) => {
      const jobs: unknown[] = [];
      const app = harness({ dispatcher: { dispatch: async (job) => jobs.push(job) } });
      const secrets = [GOOD_PASSWORD];
      const [port, method] = broken.split(".") as ["users", "findById"];
      const real = app[port][method].bind(app[port]);
      let isBroken = false;
      app[port][method] = async (...given) => {
        secrets.push(...(printed(given).match(/(?<=password_reset\/)[\w-]{43}/g) ?? []));
        const failure = { message: secrets.join(), code: secrets.at(-1), responseCode: secrets.join() };
        if (isBroken) throw Object.assign(new Error(), failure);
        return real(...given);
      };
      await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      await app.passwordReset.deliver(jobs[0]);
      const token = tokenIn(app.mailer.lastLink(MIKE.email) ?? "");
      secrets.push(token);
      isBroken = true;
      app.clock.now += 60_000;
      if (/send|save/.test(method)) await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      const errors = [
        await app.passwordReset.deliver(jobs.at(-1)).catch((error) => error),
        await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }).catch((error) => error),
      ].filter((error) => error instanceof Error);
      expect(errors).toHaveLength(1);
      expect(leaked(printed(errors.map(({ cause }) => cause)), token).length).toBeGreaterThan(0);
      const loggable = [errors.map(({ message }) => message), errors, app.events, jobs];
      expect(leaked(JSON.stringify(loggable), ...secrets)).toEqual([]);
    },
  );

  overHttp("nor does an example print it", async (visit) => {
    const lines: unknown[] = [];
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, "write").mockImplementation((line) => lines.push(String(line)) > 0);
    }
    for (const level of ["log", "info", "warn", "error", "debug", "trace"] as const) {
      vi.spyOn(console, level).mockImplementation((...given) => void lines.push(given));
    }
    console.log("control");
    const { links } = await walk(visit);
    await visit.app.mails();
    vi.restoreAllMocks();
    expect(printed(lines)).toContain("control");
    expect(leaked(printed(lines), ...links.map(tokenIn), NEW_PASSWORD)).toEqual([]);
  });
});

flaw("CVE-2023-22894", () => {
  const columnsOf = (sql: string) => sql.match(/(?<=^ {2})[a-z_]+(?= )/gm);

  test.each([
    ["sqlite", sqliteSchema()],
    ["postgres", postgresSchema()],
    ["mysql", mysqlSchema()],
  ])("%s: a table of its own, without the token and without anything of the account", (_, sql) => {
    expect(sql).toMatch(/CREATE TABLE IF NOT EXISTS ["`]password_reset_tokens["`]/);
    expect(sql).not.toMatch(/users/i);
    expect(columnsOf(sql)).toEqual(["user_id", "token_hash", "fingerprint", "expires_at"]);
  });

  test("the users of the examples have no column for it", () => {
    const users = exampleSchema.find((statement) => /\busers\b/.test(statement)) ?? "";
    expect(users).toContain("password_hash");
    expect(users).not.toMatch(/token|reset|code/i);
  });

  test("the library asks for no such column, and keeps none that it gets", async () => {
    const app = harness();
    const { findByEmail } = app.users;
    app.users.findByEmail = async (...given) =>
      ({ ...(await findByEmail(...given)), resetPasswordToken: "stored-elsewhere" }) as never;
    const token = await app.requestToken();
    const answer = await app.passwordReset.verifyToken(token);
    expect(printed(answer, app.mailer.sent, app.events)).not.toContain("stored-elsewhere");
  });
});

/** What a thief of the table tries, made from what is in it. */
const DUMPED: Record<string, (row: Record<"tokenHash" | "fingerprint" | "userId", string>) => unknown[]> = {
  "CVE-2023-36472": ({ tokenHash }) => [
    tokenHash,
    Buffer.from(tokenHash, "hex").toString("base64url"),
    Buffer.from(tokenHash, "hex").toString("base64"),
    Buffer.from(tokenHash, "hex"),
    tokenHash.slice(0, 43),
  ],
  "CVE-2024-56143": ({ fingerprint, tokenHash }) => [
    fingerprint,
    Buffer.from(fingerprint, "hex").toString("base64url"),
    { tokenHash },
    { $lookup: tokenHash },
    `${tokenHash}:${fingerprint}`,
  ],
  "CVE-2026-108337": (row) => [JSON.stringify(row), row.userId, ...Object.values(row), [row.tokenHash]],
};

flaws(DUMPED, (made) => {
  async function dumpOf(app: Harness): Promise<unknown[]> {
    const rows: Parameters<typeof made>[0][] = [];
    const { save } = app.tokens;
    app.tokens.save = async (record) => {
      rows.push(record);
      return save(record);
    };
    await app.requestToken();
    expect(rows).toHaveLength(1);
    return rows.flatMap(made);
  }

  test("nothing in a stolen table opens an account", async () => {
    const app = harness();
    for (const token of await dumpOf(app)) {
      expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: false });
      expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
        ok: false,
      });
    }
    expect(app.users.get("42")).toEqual(MIKE);
  });

  overRoutes("nor over HTTP", async (app) => {
    for (const token of await dumpOf(app)) {
      const given = encodeURIComponent(String(token));
      expect((await app.client.post(`${RESET}/${given}`, both(GOOD_PASSWORD))).status).not.toBe(200);
      expect((await app.client.json(VERIFY, { token })).status).toBe(400);
      expect((await app.client.json(COMPLETE, { token, password: GOOD_PASSWORD })).status).toBe(400);
    }
    expect(app.users.get("42")).toEqual(MIKE);
  });

  test("no answer holds the user, or what is stored", async () => {
    const app = harness();
    const token = await app.requestToken();
    const verified = await app.passwordReset.verifyToken(token);
    const completed = await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(Object.keys(verified).sort()).toEqual(["expiresAt", "ok", "userId"]);
    expect(Object.keys(completed).sort()).toEqual(["ok", "sessionsRevoked", "userId"]);
    // There is no call that lists, finds or shows anything.
    expectTypeOf<keyof PasswordReset>().toEqualTypeOf<
      "requestReset" | "verifyToken" | "completeReset" | "deliver" | "revokeTokens" | "drain"
    >();
    expect(Object.keys(app.passwordReset)).toHaveLength(6);
    expectTypeOf<PasswordResetOptions>().not.toHaveProperty("tokenLength");
  });
});

/** Every place to which a page sends its reader, or from which it takes something. */
const placesIn = (body: string): string[] =>
  [...body.matchAll(/\b(?:href|src|action|srcset|data|poster|formaction)="([^"]*)"|url\(([^)]*)\)/g)].map(
    ([, attribute = "", css = ""]) => attribute + css,
  );

flaws({ "CVE-2010-5080": undefined, X6: undefined }, () => {
  overHttp("the URL with the token is no page, and sends no Referer", async (visit) => {
    const { answers } = await walk(visit);
    const [, opened, form] = answers as [Answer, Answer, Answer];
    expect([opened.status, opened.headers.location, opened.body]).toEqual([
      303,
      FORM,
      expect.not.stringMatching(/[\w-]{43}/),
    ]);
    expect(opened.headers["referrer-policy"]).toBe("no-referrer");
    expect(form.headers["referrer-policy"]).toBe("same-origin");
    for (const { headers, body } of answers) {
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none';/);
      expect(headers["referrer-policy"]).toMatch(/^(?:no-referrer|same-origin|strict-origin)$/);
      // Nothing from elsewhere, and nowhere else to go.
      expect(placesIn(body).filter((place) => !/^(?:\/(?!\/)|#|data:)/.test(place))).toEqual([]);
    }
  });

  // A page at that URL, for who posts to it, must not tell where it is.
  overHttp("nor does what is answered there to a POST", async ({ app, client, mike }) => {
    await client.post(RESET, { email: mike.email });
    const [mail] = await app.mails();
    const link = mail?.text.match(/https?:\/\/\S+/)?.[0] ?? "";
    const refused = await client.post(link, both("x"));
    expect(refused.status).toBe(400);
    expect(refused.headers["referrer-policy"]).toBe("strict-origin");
    const foreign = await client.send("POST", link, {
      form: {},
      headers: { "Sec-Fetch-Site": "cross-site" },
    });
    expect([foreign.status, foreign.headers["referrer-policy"]]).toEqual([403, "no-referrer"]);
    expect(leaked(printed([refused.body, foreign.body]), tokenIn(link))).toEqual([]);
  });
});

flaw("CVE-2022-40798", () => {
  test("whatever is typed, the answer depends on its form alone", async () => {
    const app = harness({ accounts: ACCOUNTS, limits: { client: false } });
    const typed = fc.oneof(
      fc.constantFrom(...Object.values(EVERYBODY).map(({ email }) => email)),
      fc.emailAddress(),
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.anything(),
    );
    await fc.assert(
      fc.asyncProperty(typed, async (email) => {
        const due =
          canonicalEmail(email) === undefined ? { ok: false, reason: "invalid_email" } : { ok: true };
        expect(await app.passwordReset.requestReset({ email, ip: "192.0.2.1" })).toEqual(due);
      }),
      { numRuns: 10 * RUNS },
    );
    await app.passwordReset.drain();
  });

  overRoutes("over HTTP as well", async (app) => {
    const pages = new Set<string>();
    for (const email of [MIKE.email, "nobody@example.org", "Mike@Example.ORG", "a@b.example"]) {
      pages.add((await app.client.post(RESET, { email })).body);
    }
    expect(pages.size).toBe(1);
    expect(wordsOf([...pages].join())).not.toMatch(/@|token|[\w-]{43}/);
  });
});

flaw("X7", () => {
  overHttp(
    "after the first URL, no URL, page or header has the token: a short-lived cookie does",
    async (visit) => {
      const went = await walk(visit);
      expect(placesOf(went)).toEqual(["cookies of answer 1"]);
      const [cookie = ""] = went.answers[1]!.cookies;
      const { "Max-Age": maxAge, ...attributes } = attributesOf(cookie);
      expect(Number(maxAge)).toBeLessThanOrEqual(15 * 60);
      expect(attributes).toMatchObject({ HttpOnly: true, SameSite: "Lax", Path: RESET });
      expect(went.answers[2]!.body).toContain(handleIn(went.answers[2]!));
      const [token] = went.links.map(tokenIn);
      expect(leaked(went.answers.map(({ headers }) => headers.location).join("\n"), token ?? "")).toEqual([]);
    },
  );
});

flawsOf("d-storage");
