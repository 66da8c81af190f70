import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { both, COMPLETE, FORM, handleIn, INSIDE, RESET, VERIFY } from "../../e2e/contract/helpers.ts";
import { harness, MIKE } from "../../harness.ts";
import { overRoutes } from "../helpers/adapters.ts";
import { flaw } from "../helpers/flaw.ts";
import { RUNS } from "../helpers/runs.ts";
import { GRANT, JANE, newPassword, REFUSED } from "./refused.ts";

// What a request is, and what its answer may say.

flaw("X3", () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  const untouched = Reflect.ownKeys(Object.prototype);
  const pollute = (fields: Record<string, unknown>) => {
    for (const [name, value] of Object.entries(fields)) {
      Object.defineProperty(prototype, name, { value, configurable: true, writable: true, enumerable: true });
    }
  };
  beforeEach(() => expect(Reflect.ownKeys(Object.prototype)).toEqual(untouched));
  afterEach(() => {
    for (const name of Reflect.ownKeys(Object.prototype)) {
      if (!untouched.includes(name)) delete prototype[name as string];
    }
  });

  test("what is on Object.prototype is no input", async () => {
    const app = harness();
    const token = await app.requestToken();
    app.clock.now += 60_000;
    pollute({ email: MIKE.email, token, newPassword, locale: "ru", ip: "192.0.2.1" });
    const asked = await app.passwordReset.requestReset({} as never);
    const completed = await app.passwordReset.completeReset({} as never);
    const half = await app.passwordReset.completeReset({ token } as never);
    const verified = await app.passwordReset.verifyToken(token, {});
    pollute({ email: undefined, token: undefined, newPassword: undefined });
    expect(asked).toEqual({ ok: false, reason: "invalid_email" });
    expect(completed).toEqual(REFUSED);
    expect(half).toMatchObject({ reason: "password_rejected" });
    expect(verified).toMatchObject({ ok: true });
    expect(app.users.get("42")).toEqual(MIKE);
  });

  test("nor is it an option, or a job", async () => {
    pollute({ resetUrl: "https://evil.test/:token", tokenLifetime: 1, limits: false, revokeSessions: false });
    const app = harness();
    const link = await app.requestToken().then(() => app.mailer.lastLink(MIKE.email));
    pollute({ type: "reset_requested", email: MIKE.email, v: 1, id: "a", at: app.clock.now });
    await app.passwordReset.deliver({});
    expect(link).toMatch(/^https:\/\/app\.example\.com\//);
    expect(app.happened()).toContain("job_dropped:malformed");
    expect(app.mailer.sent).toHaveLength(1);
  });

  overRoutes("bodies with __proto__ change nothing", async (app) => {
    const token = await app.requestToken();
    const bodies = [
      `{"__proto__":{"email":"${MIKE.email}","token":"${token}","password":"${newPassword}"}}`,
      `{"constructor":{"prototype":{"email":"${MIKE.email}","token":"${token}"}}}`,
      `{"__proto__":"x","email":{"__proto__":{"x":1}}}`,
      `{"a":{"__proto__":{"token":"${token}"}},"password":"${newPassword}"}`,
    ];
    for (const body of bodies) {
      const headers = { "Content-Type": "application/json" };
      for (const path of [RESET, VERIFY, COMPLETE]) {
        expect((await app.client.send("POST", path, { headers, body })).status).toBe(400);
      }
    }
    for (const name of [
      "__proto__[email]",
      "__proto__.email",
      "constructor[prototype][email]",
      "__proto__",
    ]) {
      expect((await app.client.post(RESET, { [name]: MIKE.email })).status).toBe(400);
    }
    expect(Reflect.ownKeys(Object.prototype)).toEqual(untouched);
    expect(app.users.get("42")).toEqual(MIKE);
    expect(app.mailer.sent).toHaveLength(1);
  });

  overRoutes("no body of the fuzzer leaves anything behind", async (app) => {
    const key = fc.constantFrom("__proto__", "constructor", "prototype", "email", "token", "toString", "x");
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        fc.string(),
        fc.integer(),
        fc.constant(null),
        fc.dictionary(key, tie("node"), { maxKeys: 3 }),
      ),
    })).node;
    await fc.assert(
      fc.asyncProperty(fc.tuple(key, tree, key, tree), async ([a, first, b, second]) => {
        const body = `{${JSON.stringify(a)}:${JSON.stringify(first)},${JSON.stringify(b)}:${JSON.stringify(second)}}`;
        const headers = { "Content-Type": "application/json" };
        const { status } = await app.client.send("POST", RESET, { headers, body });
        expect([200, 400]).toContain(status);
      }),
      { numRuns: RUNS / 2 },
    );
    expect(Reflect.ownKeys(Object.prototype)).toEqual(untouched);
    expect(app.faults).toEqual([]);
  });
});

flaw("X4", () => {
  overRoutes("the query is not read, and nothing in a body may come twice", async (app) => {
    const token = await app.requestToken();
    const other = `${"B".repeat(42)}A`;
    const json = (path: string, body: string) =>
      app.client.send("POST", path, { headers: { "Content-Type": "application/json" }, body });
    const answers = [
      await app.client.post(`${RESET}?email=${MIKE.email}`, {}),
      await app.client.post(`${FORM}?token=${token}`, both(newPassword)),
      await json(`${COMPLETE}?token=${token}`, `{"password":"${newPassword}"}`),
      await json(`${VERIFY}?token=${token}`, "{}"),
      await json(COMPLETE, `{"token":"${other}","token":"${token}","password":"${newPassword}"}`),
      await json(COMPLETE, `{"token":"${token}","token":"${other}","password":"${newPassword}"}`),
      await json(COMPLETE, `{"token":"${token}","\\u0074oken":"${token}","password":"${newPassword}"}`),
      await json(COMPLETE, `{"token":"${token}","password":"${newPassword}","password":"${newPassword}"}`),
      await json(VERIFY, `{"a":{"token":1},"token":"${token}","token":"${token}"}`),
      await json(RESET, `{"email":"a@example.org","email":"${MIKE.email}"}`),
      await app.client.post(`${RESET}/${token}`, [
        ["password", newPassword],
        ["password", "another-password-altogether"],
        ["password_confirmation", newPassword],
      ]),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 303, ...Array(9).fill(400)]);
    expect(app.users.get("42")).toEqual(MIKE);
    expect(app.mailer.sent).toHaveLength(1);
  });

  overRoutes(
    "nor do two cookies of one name open two accounts",
    async (app) => {
      const [mikes, janes] = [await app.requestToken(), await app.requestToken(JANE.email)];
      const form = await app.client.follow(await app.client.get(`${RESET}/${mikes}`));
      const headers = { Cookie: `${GRANT}=${janes}; ${GRANT}=${mikes}` };
      await app.visitor().post(FORM, { ...both(newPassword), handle: handleIn(form) }, headers);
      expect(app.users.get("43")).toEqual(JANE);
    },
    { accounts: [MIKE, JANE] },
  );
});

flaw("X22", () => {
  const sql = 'SELECT * FROM "users" WHERE id = 42';

  overRoutes("a fault has fixed words, whatever it says itself", async (app) => {
    const token = await app.requestToken();
    const opened = await app.client.follow(await app.client.get(`${RESET}/${token}`));
    app.users.findById = async () => Promise.reject(new Error(`${sql} at file:///app/db.js:1:2`));
    const pages = [
      await app.client.get(`${RESET}/${token}`),
      await app.client.get(FORM),
      await app.client.post(FORM, { ...both(newPassword), handle: handleIn(opened) }),
      await app.client.json(VERIFY, { token }),
      await app.client.json(COMPLETE, { token, password: newPassword }),
    ];
    for (const { status, body } of pages) {
      expect(status).toBe(503);
      expect(body).not.toMatch(INSIDE);
      expect(body).not.toMatch(/SELECT|users|RelatchError|ERR_|42/);
    }
    expect(new Set(pages.slice(0, 3).map(({ body }) => body)).size).toBe(1);
    expect(app.faults.length).toBeGreaterThan(0);
  });

  overRoutes("what cannot be read is refused in fixed words", async (app) => {
    const json = { "Content-Type": "application/json" };
    for (const body of [
      "",
      "{",
      "[]",
      "null",
      '"x"',
      "{'a':1}",
      `{"email":${"[".repeat(5000)}`,
      "\xff\xfe{}",
    ]) {
      const answer = await app.client.send("POST", RESET, { headers: json, body });
      expect([answer.status, JSON.parse(answer.body).reason]).toEqual([400, "invalid_json"]);
      expect(answer.body).not.toMatch(/position|Unexpected|SyntaxError|JSON at/);
    }
    expect(app.faults).toEqual([]);
  });

  test("refusals of the library are values, with a reason and nothing of the inside", async () => {
    const app = harness();
    const token = await app.requestToken();
    const refusals = [
      await app.passwordReset.requestReset({ email: "x", ip: null }),
      await app.passwordReset.verifyToken("x"),
      await app.passwordReset.completeReset({ token: "x", newPassword }),
      await app.passwordReset.completeReset({ token, newPassword: "x" }),
    ];
    for (const refusal of refusals) expect(refusal).toMatchObject({ ok: false, reason: expect.any(String) });
    expect(JSON.stringify(refusals)).not.toMatch(/Error|stack|42|@/);
  });
});
