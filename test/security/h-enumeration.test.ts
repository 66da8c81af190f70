import { inline, type Job, queueDispatcher } from "relatch";
import { en, ru } from "relatch/languages";
import { standardNotices } from "relatch/messages";
import { expect, test, vi } from "vitest";
import type { Answer } from "../e2e/client.ts";
import { both, COMPLETE, RESET, VERIFY } from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, gate, type Harness, harness, MIKE } from "../harness.ts";
import { overHttp, overRoutes } from "./helpers/adapters.ts";
import { bytesOf, kinds } from "./helpers/answers.ts";
import { type Before, before } from "./helpers/before.ts";
import { deadTokens, MORTALS } from "./helpers/dead-tokens.ts";
import {
  askAs,
  eachBefore,
  eachOverRoutes,
  expectOneKind,
  HOUR,
  type Lookup,
  lookups,
} from "./helpers/enumeration.ts";
import { flaw, flawsOf } from "./helpers/flaw.ts";
import { inOrder } from "./helpers/front.ts";

// Nobody learns who has an account: not from an answer, nor from what is done before it, in which order.

const never = new Promise<never>(() => {});

flaw("CVE-2022-39307", () => {
  test("one answer, whatever the store finds", async () => {
    const results = await eachBefore({}, askAs());
    expect(results.map(({ answer }) => answer)).toEqual(results.map(() => ({ ok: true })));
  });

  test("a text that is no address is refused alike, whether or not it is on file", async () => {
    const results = await eachBefore({}, askAs({ email: '"mike"@example.org' }));
    expect(kinds(results)).toEqual([expect.stringContaining("invalid_email")]);
  });

  overRoutes("one page and one JSON: status, headers and their order, length, body", async (app) => {
    expectOneKind(await eachOverRoutes(app));
    expect(app.mailer.sent).toHaveLength(6);
  });

  overRoutes("also for what is no address", async (app) => {
    const answers = await inOrder(
      lookups.map((find) => () => {
        app.users.findByEmail = find;
        return app.visitor().post(RESET, { email: '"mike"@example.org' });
      }),
    );
    expectOneKind(
      answers.map((answer) => [answer]),
      [400],
    );
  });
});

flaw("CVE-2017-5537", () => {
  const languages = [undefined, "en", "ru", "ru-RU,en;q=0.5", "xx", "\u00fc"];

  test("one answer in every language, with notices or without", async () => {
    const messages = { ...standardNotices() };
    for (const locale of languages) {
      const results = [
        ...(await eachBefore({ languages: [en, ru], messages }, askAs({ locale }))),
        ...(await eachBefore({ languages: [en, ru] }, askAs({ locale }))),
      ];
      expect(kinds(results.map(({ answer }) => answer))).toEqual(['{"ok":true}']);
    }
  });

  overRoutes("one page, one JSON in each language", async (app) => {
    const pages: string[] = [];
    for (const locale of languages) {
      const answers = await eachOverRoutes(app, lookups, locale ? { "Accept-Language": locale } : {});
      expectOneKind(answers);
      pages.push(answers[0]?.[0]?.body ?? "");
    }
    // Or the languages would not have been different ones.
    expect(new Set(pages).size).toBe(2);
  });
});

flaw("CVE-2023-39522", () => {
  const failing: Lookup[] = [
    async () => Promise.reject(new Error("no such user")),
    () => {
      throw new Error("no such user");
    },
    async () => ({}) as never,
  ];

  test("nor does a store that throws for unknown users tell of it", async () => {
    const results = await eachBefore({}, askAs(), [...lookups, ...failing]);
    expect(kinds(results.map(({ answer }) => answer))).toEqual(['{"ok":true}']);
  });

  overRoutes("nor over HTTP, where nobody is looked up before the answer", async (app) => {
    expectOneKind(await eachOverRoutes(app, [...lookups, ...failing]));
    expect(app.faults).toEqual([]);

    app.clock.now += HOUR;
    const { opened, open } = gate();
    app.users.findByEmail = async () => {
      await opened;
      return MIKE;
    };
    app.users.findById = async () => Promise.reject(new Error("nobody is to be looked up"));
    // It answers, though the store does not.
    expect((await app.client.post(RESET, { email: MIKE.email })).status).toBe(200);
    open();
    await app.passwordReset.drain();
    expect(app.faults).toEqual([]);
  });
});

flaw("CVE-2024-45231", () => {
  const refusal = Object.assign(new Error("no such mailbox"), { permanent: true });
  const mailers = {
    rejects: async () => Promise.reject(new Error("down")),
    "throws at once": () => {
      throw new Error("down");
    },
    "refuses the recipient": async () => Promise.reject(refusal),
    "never answers": () => never,
  };

  test.each(Object.entries(mailers))("a mailer that %s shows in nothing but the events", async (_, send) => {
    const results = await eachBefore({ mailer: { send } }, askAs());
    expect(kinds(results)).toHaveLength(1);
    vi.useRealTimers();

    const app = harness({ mailer: { send }, deliveryTimeout: { milliseconds: () => 20 } as never });
    expect(await askAs()(app)).toEqual({ ok: true });
    await app.passwordReset.drain();
    expect(app.happened()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(?:delivery_failed:|mail_refused)/)]),
    );
    // The next one learns nothing either.
    expect(await askAs()(app)).toEqual({ ok: true });
    await app.passwordReset.drain();
  });

  const send = { now: async (): Promise<unknown> => undefined };
  overRoutes(
    "nor over HTTP",
    async (app) => {
      const { opened, open } = gate();
      const answers: Answer[][] = [];
      for (const fail of [mailers.rejects, mailers["throws at once"], mailers["refuses the recipient"]]) {
        send.now = fail;
        answers.push(...(await eachOverRoutes(app, lookups.slice(0, 2))));
      }
      send.now = () => opened;
      app.users.findByEmail = async () => MIKE;
      app.clock.now += HOUR;
      const [form, json] = [
        await app.visitor().post(RESET, { email: MIKE.email }),
        await app.visitor().json(RESET, { email: MIKE.email }),
      ];
      expectOneKind([...answers, [form, json]]);
      expect(app.faults).toEqual([]);
      open();
      await app.passwordReset.drain();
    },
    { mailer: { send: async () => send.now() } },
  );
});

flaw("CVE-2026-26185", () => {
  const inputs = {
    "no locale": {},
    "a locale": { locale: "ru" },
    "a long locale": { locale: "ru,".repeat(1000) },
    "a locale that is none": { locale: ["ru"] },
    "a tenant": { tenant: "blue" },
    "a tenant that is none": { tenant: 7 },
    "no client": { ip: null },
    "a client that is none": { ip: "unknown" },
    "a client that is not known": { ip: undefined },
    "an address with white space": { email: ` ${MIKE.email}\n` },
    "an address in capitals": { email: MIKE.email.toUpperCase() },
    "no address": { email: "mike" },
    "two addresses": { email: `${MIKE.email},${MIKE.email}` },
    "one request too many": {},
  };

  test.each(Object.entries(inputs))("%s: the same is done before the answer", async (title, more) => {
    const limits = title.startsWith("one request") ? { address: [{ max: 1, windowSeconds: 60 }] } : {};
    const ask = async (app: Harness) => {
      if ("address" in limits) await askAs(more)(app);
      return askAs(more)(app);
    };
    const results = await eachBefore({ languages: [en, ru], limits }, ask);
    expect(kinds(results)).toHaveLength(1);
    const { steps } = results[0] as Before;
    // Nothing but the wait for the job.
    expect(steps.filter((step) => step !== "a timer of 50 ms or more")).toEqual([]);
  });

  test("the control: a job that is done before the answer is seen", async () => {
    const results = await eachBefore({ dispatcher: inline() }, askAs());
    expect(kinds(results.map(({ answer }) => answer))).toHaveLength(1);
    expect(kinds(results.map(({ steps }) => steps)).length).toBeGreaterThan(1);
    expect(kinds(results.map(({ turns }) => turns)).length).toBeGreaterThan(1);
  });

  overRoutes("nor does a form with more or less in it tell anything", async (app) => {
    const forms = [{}, { locale: "xx" }, { tenant: "blue" }, { ip: "x" }, { redirect: "//evil.example" }];
    for (const form of forms) {
      const answers = await inOrder(
        lookups.map((find) => () => {
          app.users.findByEmail = find;
          app.clock.now += HOUR;
          return app.visitor().post(RESET, { ...form, email: MIKE.email });
        }),
      );
      expectOneKind(
        answers.map((answer) => [answer]),
        [200],
      );
      await app.passwordReset.drain();
    }
  });
});

flaw("CVE-2016-2513", () => {
  test("a request hashes no password, not even in its job", async () => {
    const app = harness();
    const hash = vi.spyOn(app.hasher, "hash");
    const verify = vi.spyOn(app.hasher, "verify");
    for (const find of lookups) {
      app.users.findByEmail = find;
      app.clock.now += HOUR;
      await askAs({ ip: null })(app);
      await app.passwordReset.drain();
    }
    expect(app.mailer.sent).toHaveLength(3);
    expect(hash).not.toHaveBeenCalled();
    expect(verify).not.toHaveBeenCalled();
  });

  overRoutes("nor over HTTP", async (app) => {
    const hash = vi.spyOn(app.hasher, "hash");
    await eachOverRoutes(app);
    expect(app.mailer.sent).toHaveLength(6);
    expect(hash).not.toHaveBeenCalled();
  });
});

flaw("CVE-2024-39329", () => {
  const without = [async () => ({ ...MIKE, passwordHash: null }), async () => MIKE, async () => undefined];

  test.each([true, false])(
    "an account without a password; it may set a first one: %s",
    async (mayHaveOne) => {
      const options = mayHaveOne ? {} : { users: { ...harness().users, setFirstPasswordHash: undefined } };
      const results = await inOrder(
        without.map((find) => () => {
          const app = harness({ ...options });
          (options.users ?? app.users).findByEmail = find;
          return before(app, askAs());
        }),
      );
      expect(kinds(results)).toHaveLength(1);
      expect(results[0]?.answer).toEqual({ ok: true });
    },
  );

  overRoutes("nor over HTTP", async (app) => expectOneKind(await eachOverRoutes(app, without)));
});

flaw("CVE-2026-39321", () => {
  test("every token that is no good gets one answer, before any rule or hash", async () => {
    const judged: string[] = [];
    const app = harness({ accounts: MORTALS, passwordRules: [(password) => void judged.push(password)] });
    const tokens = await deadTokens(app);
    const hash = vi.spyOn(app.hasher, "hash");
    judged.length = 0;
    const answers: unknown[] = [];
    for (const token of Object.values(tokens)) {
      for (const newPassword of [GOOD_PASSWORD, "x", "", undefined, "x".repeat(2 ** 20)]) {
        answers.push(await app.passwordReset.completeReset({ token, newPassword }));
      }
    }
    expect(answers).toHaveLength(5 * 11);
    expect(kinds(answers)).toEqual(['{"ok":false,"reason":"invalid_or_expired_token"}']);
    expect(judged).toEqual([]);
    expect(hash).not.toHaveBeenCalled();
    const reasons = new Set(app.happened().filter((what) => what.startsWith("token_refused:")));
    expect(reasons.size).toBeGreaterThan(6);
  });

  overRoutes(
    "nor does HTTP tell one from another",
    async (app) => {
      const tokens = await deadTokens(app);
      const hash = vi.spyOn(app.hasher, "hash");
      const answers = await inOrder(
        Object.values(tokens).map((token) => async () => [
          await app.visitor().post(`${RESET}/${token}`, both(GOOD_PASSWORD)),
          await app.visitor().post(`${RESET}/${token}`, both("x")),
          await app.visitor().json(COMPLETE, { token, password: GOOD_PASSWORD }),
          await app.visitor().json(COMPLETE, { token, password: "x" }),
        ]),
      );
      expectOneKind(answers, [303, 303, 400, 400]);
      expect(hash).not.toHaveBeenCalled();
    },
    { accounts: MORTALS },
  );
});

flaw("CVE-2026-43926", () => {
  test("verifyToken has one answer for all of them", async () => {
    const app = harness({ accounts: MORTALS });
    const answers = await inOrder(
      Object.values(await deadTokens(app)).map((token) => () => app.passwordReset.verifyToken(token)),
    );
    expect(kinds(answers)).toEqual(['{"ok":false,"reason":"invalid_or_expired_token"}']);
    expect(answers).toHaveLength(11);
  });

  overRoutes(
    "and so have the link and its JSON",
    async (app) => {
      const answers = await inOrder(
        Object.values(await deadTokens(app)).map((token) => async () => [
          await app.visitor().get(`${RESET}/${token}`),
          await app.visitor().json(VERIFY, { token }),
        ]),
      );
      expectOneKind(answers, [303, 400]);
    },
    { accounts: MORTALS },
  );

  test("there is nothing to guess: a link has 256 random bits, so no limit is needed before them", async () => {
    const app = harness();
    const tokens = await inOrder(
      Array.from({ length: 20 }, () => () => {
        app.clock.now += HOUR;
        return app.requestToken();
      }),
    );
    expect(new Set(tokens).size).toBe(20);
    for (const token of tokens) expect(Buffer.from(token, "base64url")).toHaveLength(32);
  });
});

flaw("CVE-2026-33323", () => {
  test("asked again and again, the answer stays as it was", async () => {
    const answers: unknown[] = [];
    for (const find of lookups) {
      const app = harness();
      app.users.findByEmail = find;
      for (let time = 0; time < 5; time++) answers.push(await askAs()(app));
      await app.passwordReset.drain();
      for (let time = 0; time < 5; time++) answers.push(await askAs()(app));
      await app.passwordReset.drain();
      expect(app.mailer.sent.length).toBeLessThan(2);
    }
    expect(kinds(answers)).toEqual(['{"ok":true}']);
  });

  overRoutes("also over HTTP", async (app) => {
    const answers: Answer[][] = [];
    for (const find of lookups) {
      app.users.findByEmail = find;
      app.clock.now += HOUR;
      for (let time = 0; time < 3; time++) {
        answers.push([
          await app.visitor().post(RESET, { email: MIKE.email }),
          await app.visitor().json(RESET, { email: MIKE.email }),
        ]);
      }
      await app.passwordReset.drain();
    }
    expectOneKind(answers);
  });
});

flaw("X10", () => {
  test("the job begins 50 to 500 ms after the answer, at random, for everybody", async () => {
    const starts: Record<string, number[]> = { known: [], unknown: [] };
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      for (let nth = 0; nth < 200; nth++) {
        const app = harness();
        for (const [who, delays] of Object.entries(starts)) {
          const wait = vi.spyOn(globalThis, "setTimeout");
          const email = who === "known" ? MIKE.email : "nobody@example.org";
          const find = vi.spyOn(app.users, "findByEmail");
          await app.passwordReset.requestReset({ email, ip: null });
          const [delay] = wait.mock.calls.map(([, milliseconds]) => Number(milliseconds));
          await vi.advanceTimersByTimeAsync(Math.floor(delay ?? 0) - 1);
          expect(find).not.toHaveBeenCalled();
          await vi.advanceTimersByTimeAsync(2);
          expect(find).toHaveBeenCalledTimes(1);
          delays.push(delay ?? 0);
          wait.mockRestore();
          find.mockRestore();
        }
      }
    } finally {
      vi.useRealTimers();
    }
    for (const delays of Object.values(starts)) {
      const [shortest, longest] = [Math.min(...delays), Math.max(...delays)];
      expect([shortest >= 50, shortest < 100, longest < 500, longest > 450]).toEqual([
        true,
        true,
        true,
        true,
      ]);
      expect(new Set(delays).size).toBeGreaterThan(190);
    }
  });

  test("a queue is told to wait as long, and is handed no secret", async () => {
    const queued: [Job, { delayMs: number }][] = [];
    const dispatcher = queueDispatcher(async (...entry) => void queued.push(entry));
    const results = await eachBefore({ dispatcher }, askAs());
    expect(kinds(results)).toHaveLength(1);
    for (const [, { delayMs }] of queued) expect([delayMs >= 50, delayMs <= 500]).toEqual([true, true]);
    expect(queued).toHaveLength(lookups.length);
  });

  const { opened, open } = gate();
  overHttp(
    "the page is there while the mail is still on its way",
    async ({ client, mike }) => {
      const known = await client.post(RESET, { email: mike.email });
      const unknown = await client.post(RESET, { email: "nobody@example.org" });
      expect([known.status, bytesOf(known)]).toEqual([200, bytesOf(unknown)]);
      open();
    },
    { mailer: { send: () => opened } },
  );
});

flawsOf("h-enumeration");
