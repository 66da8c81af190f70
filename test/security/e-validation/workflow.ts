import fc from "fast-check";
import type { TokenRecord } from "relatch";
import { describe, expect, test, vi } from "vitest";
import { both, COMPLETE, FORM, handleIn, RESET } from "../../e2e/contract/helpers.ts";
import { type Harness, harness, MIKE } from "../../harness.ts";
import { referenceTokenHash } from "../../helpers/reference.ts";
import { overHttp, overRoutes } from "../helpers/adapters.ts";
import { flaw } from "../helpers/flaw.ts";
import { RUNS } from "../helpers/runs.ts";
import { GRANT, newPassword, REFUSED } from "./refused.ts";

// In which order, for how long, and what when something answers oddly.

flaw("CVE-2026-39923", () => {
  const HOUR = 60 * 60_000;
  const due = (late: number) => ({ ok: late < 0 });

  test.each([-1, 0, 1, HOUR])("completeReset by itself, %i ms after the expiry", async (late) => {
    const app = harness();
    const token = await app.requestToken();
    app.clock.now += HOUR + late;
    expect(await app.passwordReset.completeReset({ token, newPassword })).toMatchObject(due(late));
  });

  for (const late of [-1, 0, 1]) {
    overRoutes(`without opening the page, ${late} ms after the expiry`, async (app) => {
      const token = await app.requestToken();
      app.clock.now += HOUR + late;
      const completed = await app.client.json(COMPLETE, { token, password: newPassword });
      expect(completed.status).toBe(late < 0 ? 200 : 400);
    });
    overRoutes(`with a page that was opened in time, ${late} ms after the expiry`, async (app) => {
      const token = await app.requestToken();
      const form = await app.client.follow(await app.client.get(`${RESET}/${token}`));
      app.clock.now += HOUR + late;
      await app.client.post(FORM, { ...both(newPassword), handle: handleIn(form) });
      expect(app.users.get("42")?.passwordHash === MIKE.passwordHash).toBe(late >= 0);
    });
  }
});

flaw("CVE-2026-18363", () => {
  const day = 24 * 60 * 60_000;
  const wrong: [string, (now: number) => unknown][] = [
    ["null", () => null],
    ["undefined", () => undefined],
    ["no date", () => new Date(Number.NaN)],
    ["a text", () => "2099-01-01T00:00:00Z"],
    ["a number", (now) => now + 1000],
    ["an object", () => ({})],
    ["before all time", () => new Date(-1)],
    ["far in the future", (now) => new Date(now + 365 * day)],
    ["a day and an hour ahead", (now) => new Date(now + day + 60 * 60_000)],
    ["an object with an endless time", () => ({ getTime: () => Number.POSITIVE_INFINITY })],
    ["an object with a time that is no number", () => ({ getTime: () => "soon" })],
  ];

  const withExpiry = async (app: Harness, expiresAt: unknown) => {
    const token = await app.requestToken();
    const { find } = app.tokens;
    app.tokens.find = async (hash) => ({ ...(await find(hash)), expiresAt }) as TokenRecord;
    return token;
  };

  test.each(wrong)("a record that expires at %s opens nothing", async (_, expiry) => {
    const app = harness();
    const token = await withExpiry(app, expiry(app.clock.now));
    for (const call of [
      () => app.passwordReset.verifyToken(token),
      () => app.passwordReset.completeReset({ token, newPassword }),
    ]) {
      const outcome = await call().catch(({ code }) => code);
      expect([REFUSED, "ERR_TOKEN_STORE"]).toContainEqual(outcome);
    }
    expect(app.users.get("42")).toEqual(MIKE);
  });

  overRoutes("nor over HTTP", async (app) => {
    for (const [, expiry] of wrong) {
      const token = await withExpiry(app, expiry(app.clock.now));
      const { status } = await app.client.json(COMPLETE, { token, password: newPassword });
      expect([400, 503]).toContain(status);
      app.clock.now += 60 * 60_000;
    }
    expect(app.users.get("42")).toEqual(MIKE);
  });
});

flaw("CVE-2026-18963", () => {
  test("no step depends on another one, and none can stand for the mail", async () => {
    const step = fc.constantFrom(
      "request",
      "verify",
      "complete",
      "guess",
      "deliver",
      "revoke",
      "wait",
      "used",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const app = harness({ limits: { client: false, address: false } });
        const found = vi.spyOn(app.tokens, "find");
        const write = vi.spyOn(app.users, "replacePasswordHash");
        let last: unknown = "A".repeat(43);
        for (const each of steps) {
          found.mockClear();
          write.mockClear();
          if (each === "request") last = await app.requestToken();
          if (each === "verify") await app.passwordReset.verifyToken(last);
          if (each === "guess")
            await app.passwordReset.completeReset({ token: `${"B".repeat(42)}A`, newPassword });
          if (each === "deliver")
            await app.passwordReset.deliver({ v: 1, type: "password_changed", userId: "42" });
          if (each === "revoke") await app.passwordReset.revokeTokens("42");
          if (each === "wait") app.clock.now += 59 * 60_000;
          if (each === "used") await app.passwordReset.completeReset({ token: last, newPassword: "x" });
          if (each === "complete") await app.passwordReset.completeReset({ token: last, newPassword });
          if (write.mock.calls.length === 0) continue;
          // A password is written in the very call that found the record of the very token.
          expect(each).toBe("complete");
          const hash = referenceTokenHash(Buffer.from(String(last), "base64url"));
          expect(found.mock.calls).toEqual([[hash]]);
          expect(await found.mock.results[0]?.value).toMatchObject({ tokenHash: hash, userId: "42" });
        }
        await app.passwordReset.drain();
      }),
      { numRuns: RUNS },
    );
  });

  overHttp("every step over HTTP, in every order, without the mail", async ({ client, mike, visitor }) => {
    const handle = "0".repeat(16);
    const steps = [
      () => client.post(RESET, { email: mike.email }),
      () => client.get(FORM),
      () => client.post(FORM, { ...both(newPassword), handle }),
      () => client.json(COMPLETE, { email: mike.email, password: newPassword }),
      () => client.post(`${RESET}/new_password`, both(newPassword), { Cookie: `${GRANT}=; password_reset=` }),
    ];
    const orders = steps.flatMap((first) =>
      steps.flatMap((second) => steps.map((third) => [first, second, third])),
    );
    for (const order of orders.filter((each) => new Set(each).size === 3))
      for (const take of order) await take();
    const other = visitor();
    expect((await other.post("/login", { email: mike.email, password: newPassword })).status).toBe(400);
    expect((await other.post("/login", mike)).headers.location).toBe("/");
  });
});

flaw("CVE-2021-43498", () => {
  const odd: [string, unknown][] = [
    ["nothing", undefined],
    ["null", null],
    ["an empty object", {}],
    ["an empty list", []],
    ["true", true],
    ["1", 1],
    ["a text", "ok"],
    ["a result of a driver", { rowCount: 1, rows: [{}] }],
  ];
  const calls = ["tokens.find", "users.findById", "users.replacePasswordHash", "hasher.hash"] as const;
  const put = (app: Harness, call: (typeof calls)[number], answer: () => Promise<unknown>) => {
    const [port, method] = call.split(".") as ["users", "findById"];
    app[port][method] = answer as never;
  };

  describe.each(calls)("%s", (call) => {
    test.each(odd.filter(([, answer]) => !(call === "users.replacePasswordHash" && answer === true)))(
      "that answers %s does not make a reset succeed",
      async (what, answer) => {
        if (call === "hasher.hash" && what === "a text") return expect(answer).toBe("ok");
        const app = harness();
        const token = await app.requestToken();
        put(app, call, async () => answer);
        const outcome = await app.passwordReset.completeReset({ token, newPassword }).catch((error) => error);
        expect(outcome).not.toMatchObject({ ok: true });
        expect(app.users.get("42")).toEqual(MIKE);
      },
    );
  });

  overRoutes("nor over HTTP, where a fault is a 503", async (app) => {
    for (const call of calls) {
      const token = await app.requestToken();
      const [port, method] = call.split(".") as ["users", "findById"];
      const mend = app[port][method];
      put(app, call, async () => ({}));
      const { status } = await app.client.json(COMPLETE, { token, password: newPassword });
      expect(status).toBe(503);
      app[port][method] = mend;
      app.clock.now += 60 * 60_000;
    }
    expect(app.users.get("42")).toEqual(MIKE);
  });
});
