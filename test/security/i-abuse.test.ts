import { type Dispatcher, inline, type RateLimiter } from "relatch";
import { type StandardNotices, standardNotices } from "relatch/messages";
import { expect, test, vi } from "vitest";
import { both, COMPLETE, FORM, RESET, SOME_TOKEN, signIn, VERIFY } from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, gate, type Harness, harness, MIKE } from "../harness.ts";
import { overHttp, overRoutes } from "./helpers/adapters.ts";
import { bytesOf, kinds } from "./helpers/answers.ts";
import { flaw, flaws, flawsOf } from "./helpers/flaw.ts";
import { clientOf, inOrder, recipientsOf, times } from "./helpers/front.ts";
import { generous, strict, watched } from "./helpers/limiter.ts";

// Nobody can flood a mailbox, guess a link, or keep its owner out. abuse.test.ts does the same in large numbers.

const MINUTE = 60_000;
const NOTHING_SENT = { ok: false, reason: "invalid_or_expired_token" };

flaw("CVE-2025-54879", () => {
  const spellings = [MIKE.email, "MIKE@EXAMPLE.ORG", " Mike@Example.org\n", "mike@EXAMPLE.org"];

  test("200 clients, one address in any spelling: 3 mails an hour, counted under one key", async () => {
    const limiter = watched();
    const app: Harness = harness({ limits: { rateLimiter: limiter } });
    for (let nth = 0; nth < 200; nth++) {
      await app.passwordReset.requestReset({ email: spellings[nth % 4], ip: clientOf(nth) });
    }
    expect((await recipientsOf(app)).length).toBe(1);
    expect(kinds(limiter.keys("address"))).toHaveLength(1);
    expect(limiter.keys("address")[0]).toMatch(/^address:[0-9a-f]{64}$/);
    expect(new Set(limiter.keys("client")).size).toBe(200);

    const slow = harness();
    for (let nth = 0; nth < 60; nth++) {
      await slow.passwordReset.requestReset({ email: spellings[nth % 4], ip: clientOf(nth) });
      slow.clock.now += MINUTE - 1;
    }
    expect(await recipientsOf(slow)).toEqual(new Array(3).fill(MIKE.email));
  });

  overRoutes(
    "by forms and by JSON together",
    async (app) => {
      for (let nth = 0; nth < 20; nth++) {
        const email = spellings[nth % 4];
        await app.visitor().post(RESET, { email: email ?? "" });
        await app.visitor().json(RESET, { email });
        app.clock.now += 2 * MINUTE;
      }
      expect(await recipientsOf(app)).toEqual(new Array(3).fill(MIKE.email));
    },
    { limits: { client: false } },
  );
});

flaw("CVE-2025-27157", () => {
  const notices: StandardNotices = standardNotices();
  const accounts = [MIKE, { ...MIKE, id: "43", email: "sso@example.org", resetAllowed: false }];

  test("every mail of a request is counted before, the notices too", async () => {
    const limiter = watched(generous);
    const app = harness({ accounts, messages: notices, limits: { rateLimiter: limiter } });
    const counts: number[] = [];
    const send = app.mailer.send.bind(app.mailer);
    app.mailer.send = async (...mail) => {
      counts.push(limiter.keys("address").length);
      return send(...mail);
    };
    for (const email of [MIKE.email, "nobody@example.org", "sso@example.org", "nobody@example.org"]) {
      await app.passwordReset.requestReset({ email, ip: "192.0.2.1" });
      await app.passwordReset.drain();
    }
    expect(app.mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "no_account", "no_account"]);
    // Two rules by address, and one by client.
    expect(counts).toEqual([2, 4, 8]);
    expect(limiter.asked).toHaveLength(12);
  });

  test("no method mails anything to whom the limiter refuses", async () => {
    const app = harness({ accounts, messages: notices, limits: { rateLimiter: strict } });
    const { passwordReset } = app;
    for (const ip of ["192.0.2.1", null]) {
      for (const email of [MIKE.email, "nobody@example.org"]) await passwordReset.requestReset({ email, ip });
    }
    await passwordReset.verifyToken(SOME_TOKEN);
    await passwordReset.completeReset({ token: SOME_TOKEN, newPassword: GOOD_PASSWORD });
    await passwordReset.revokeTokens(MIKE.id);
    expect(await recipientsOf(app)).toEqual([]);
    // What else there is does nothing but work off jobs, which a queue got from requestReset.
    expect(Object.keys(passwordReset).sort()).toEqual(
      ["completeReset", "deliver", "drain", "requestReset", "revokeTokens", "verifyToken"].sort(),
    );
  });

  test("a job that comes twice is mailed once", async () => {
    const jobs: unknown[] = [];
    const app = harness({ dispatcher: { dispatch: async (job) => void jobs.push(job) } });
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await Promise.all(times(10, () => app.passwordReset.deliver(structuredClone(jobs[0]))));
    await app.passwordReset.deliver(jobs[0]);
    expect(app.mailer.sent).toHaveLength(1);
  });

  const requests = (["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const).flatMap((method) =>
    [RESET, `${RESET}/`, FORM, VERIFY, COMPLETE, `${RESET}/${SOME_TOKEN}`, `${RESET}/resend`].map(
      (path) => [method, path] as const,
    ),
  );
  const fields = { email: MIKE.email, token: SOME_TOKEN, userId: MIKE.id, ...both(GOOD_PASSWORD) };
  overRoutes(
    "nor does any route, by any method",
    async (app) => {
      const headers = { "Sec-Fetch-Site": "same-origin" };
      for (const [method, path] of requests) {
        await app.visitor().send(method, path, { headers, form: fields });
        await app.visitor().send(method, path, { headers, json: fields });
        await app.visitor().send(method, `${path}?${new URLSearchParams(fields)}`, { headers });
      }
      expect(await recipientsOf(app)).toEqual([]);
    },
    { accounts, messages: notices, limits: { rateLimiter: strict } },
  );
});

flaw("CVE-2022-31184", () => {
  const strangers = (count: number) => times(count, (nth) => `stranger${nth}@example.net`);

  test("1000 unknown addresses: no mail, nothing stored, and 30 jobs from one client", async () => {
    const app = harness();
    const save = vi.spyOn(app.tokens, "save");
    const find = vi.spyOn(app.users, "findByEmail");
    const answers = await inOrder(
      strangers(1000).map((email) => () => app.passwordReset.requestReset({ email, ip: "192.0.2.1" })),
    );
    expect(await recipientsOf(app)).toEqual([]);
    expect(answers.filter(({ ok }) => ok)).toHaveLength(30);
    expect(find).toHaveBeenCalledTimes(30);
    expect(save).not.toHaveBeenCalled();
  });

  test("nor do many clients fill the memory: beyond 1000 jobs they are dropped, with the same answer", async () => {
    const app = harness({ messages: standardNotices() });
    const { opened, open } = gate();
    app.users.findByEmail = async () => void (await opened);
    const answers = await inOrder(
      strangers(1100).map((email, nth) => () => app.passwordReset.requestReset({ email, ip: clientOf(nth) })),
    );
    expect(kinds(answers)).toEqual(['{"ok":true}']);
    open();
    expect(await recipientsOf(app)).toHaveLength(1000);
    expect(app.happened().filter((what) => what === "job_dropped:queue_full")).toHaveLength(100);
  });

  overRoutes("over HTTP the 31st is told when to come back", async (app) => {
    const answers = await inOrder(
      strangers(32).map(
        (email, nth) => () =>
          nth % 2 ? app.visitor().json(RESET, { email }) : app.visitor().post(RESET, { email }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([...new Array(30).fill(200), 429, 429]);
    for (const { headers } of answers.slice(30)) expect(headers["retry-after"]).toBe(String(15 * 60));
    expect(await recipientsOf(app)).toEqual([]);
  });
});

flaw("CVE-2023-35172", () => {
  const guesses = (count: number) =>
    times(count, () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))));

  test("2000 guesses: none fits, none is hashed, and the link is as good as before", async () => {
    const app = harness();
    const token = await app.requestToken();
    const hash = vi.spyOn(app.hasher, "hash");
    for (const bytes of guesses(1000)) {
      const guess = bytes.toString("base64url");
      expect(await app.passwordReset.verifyToken(guess)).toEqual(NOTHING_SENT);
      const completed = await app.passwordReset.completeReset({ token: guess, newPassword: GOOD_PASSWORD });
      expect(completed).toEqual(NOTHING_SENT);
    }
    expect(hash).not.toHaveBeenCalled();
    expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
  });

  test("nor does one that is nearly right", async () => {
    const app = harness();
    const token = await app.requestToken();
    for (let at = 0; at < token.length; at++) {
      for (const letter of ["A", "z"]) {
        const near = token.slice(0, at) + letter + token.slice(at + 1);
        if (near !== token) expect(await app.passwordReset.verifyToken(near)).toEqual(NOTHING_SENT);
      }
    }
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
  });

  overRoutes("over HTTP the owner is not locked out by anybody's guesses", async (app) => {
    const token = await app.requestToken();
    for (const bytes of guesses(50)) {
      const guess = bytes.toString("base64url");
      await app.visitor().get(`${RESET}/${guess}`);
      await app.visitor().post(`${RESET}/${guess}`, both(GOOD_PASSWORD));
      await app.visitor().json(COMPLETE, { token: guess, password: GOOD_PASSWORD });
    }
    const answer = await app.client.post(`${RESET}/${token}`, both(GOOD_PASSWORD));
    expect([answer.status, answer.headers.location]).toEqual([303, "/login?notice=password_set"]);
  });
});

flaw("CVE-2026-127079", () => {
  const codes = times(10_000, (nth) => String(nth * 97).padStart(6, "0"));

  test("there are no codes: six digits are no token, and no store is asked", async () => {
    const app = harness();
    await app.requestToken();
    const find = vi.spyOn(app.tokens, "find");
    const answers = await inOrder(codes.map((code) => () => app.passwordReset.verifyToken(code)));
    expect(kinds(answers)).toEqual([JSON.stringify(NOTHING_SENT)]);
    expect(kinds(app.happened().filter((what) => what.startsWith("token_")))).toEqual([
      "token_refused:malformed",
    ]);
    expect(find).not.toHaveBeenCalled();
  });

  test("no field of that kind is read", async () => {
    const app = harness();
    const token = await app.requestToken();
    const read: PropertyKey[] = [];
    const input = new Proxy(
      { token, code: "123456", otp: "123456", pin: "123456", newPassword: GOOD_PASSWORD },
      {
        get: (target, name) => {
          read.push(name);
          return Reflect.get(target, name);
        },
      },
    );
    expect(await app.passwordReset.completeReset(input as never)).toMatchObject({ ok: true });
    expect(new Set(read)).toEqual(new Set(["token", "newPassword"]));
  });

  test("what there is has 256 bits: a billion guesses a second for a century hit with less than 1 in 10^57", async () => {
    const token = await harness().requestToken();
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    const guesses = 1e9 * 60 * 60 * 24 * 366 * 100;
    expect(guesses / 2 ** 256).toBeLessThan(1e-57);
  });

  overRoutes("nor by a route", async (app) => {
    const token = await app.requestToken();
    const fields = { code: "123456", otp: "123456", email: MIKE.email, password: GOOD_PASSWORD };
    for (const path of [`${RESET}/123456`, `${RESET}/code`, `${RESET}/verify-code`, `${RESET}/otp`]) {
      expect((await app.visitor().get(path)).headers.location).toContain("invalid_or_expired_token");
    }
    for (const path of [VERIFY, COMPLETE]) expect((await app.visitor().json(path, fields)).status).toBe(400);
    expect(app.users.get(MIKE.id)).toEqual(MIKE);
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
  });
});

/** Headers that say who the client is, another one each time. */
const disguises = (nth: number): Record<string, string> => {
  const ip = clientOf(nth);
  return {
    "X-Forwarded-For": `${ip}, 127.0.0.1`,
    "X-Real-IP": ip,
    Forwarded: `for=${ip}`,
    "CF-Connecting-IP": ip,
    "True-Client-IP": ip,
    "X-Client-IP": ip,
    "X-Cluster-Client-IP": ip,
    "Fastly-Client-IP": ip,
    "X-Originating-IP": ip,
    "X-Remote-IP": ip,
    Via: ip,
  };
};
const DISGUISES = {
  "CVE-2026-29794": disguises,
  // And what is no address at all.
  "CVE-2026-24000": (nth: number) => ({ ...disguises(nth), "X-Forwarded-For": `client-${nth}` }),
};

flaws(DISGUISES, (headersOf, id) => {
  const limiter = watched(generous);
  overRoutes(
    "made-up headers change no key: the client is who is connected",
    async (app) => {
      limiter.asked.length = 0;
      for (let nth = 0; nth < 40; nth++) {
        const [email, headers] = [`stranger${nth}@example.net`, headersOf(nth)];
        if (nth % 2) await app.visitor().json(RESET, { email }, headers);
        else await app.visitor().post(RESET, { email }, headers);
      }
      expect(kinds(limiter.keys("client"))).toEqual(["client:127.0.0.1"]);
      expect(limiter.keys("client")).toHaveLength(40);
      expect(app.happened()).not.toContain("client_address_unusable");
    },
    { limits: { rateLimiter: limiter } },
  );

  overHttp(
    "and so the limit of the example applications holds",
    async ({ client }) => {
      const answers = await inOrder(
        times(6, (nth) => () => client.post(RESET, { email: `stranger${nth}@example.net` }, headersOf(nth))),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 429]);
    },
    { limits: { client: { max: 4, windowSeconds: 900 } } },
  );

  test("what is no IP address buys no bucket of its own, and a /64 is one client", async () => {
    const counting = watched(generous);
    const app = harness({ limits: { rateLimiter: counting } });
    const ask = (ip: string | undefined) => app.passwordReset.requestReset({ email: MIKE.email, ip });
    for (let nth = 0; nth < 20; nth++) {
      for (const ip of [undefined, "", `client-${nth}`, `${clientOf(nth)}, 127.0.0.1`, `127.0.0.1:${nth}`])
        await ask(ip);
    }
    expect(kinds(counting.keys("client"))).toEqual(["client:unusable"]);
    counting.asked.length = 0;
    for (let nth = 0; nth < 20; nth++) {
      for (const ip of [`2001:db8:7:7::${nth}`, `2001:DB8:7:7:${nth}::1`, `2001:db8:0007:7::${nth}%eth0`])
        await ask(ip);
    }
    expect(kinds(counting.keys("client"))).toEqual(["client:2001:db8:7:7::/64"]);
  });

  if (id === "CVE-2026-24000") {
    test("one address is limited for all clients together, however they change", async () => {
      const app = harness();
      for (let nth = 0; nth < 100; nth++) {
        await app.passwordReset.requestReset({ email: MIKE.email, ip: clientOf(nth) });
        app.clock.now += 30_000;
      }
      expect(await recipientsOf(app)).toHaveLength(3);
    });
  }
});

flaw("CVE-2021-29023", () => {
  test.each([
    ["no limits", {}],
    ["limits that are undefined", { limits: undefined }],
    ["empty limits", { limits: {} }],
    ["single limits that are undefined", { limits: { client: undefined, address: undefined } }],
  ])("%s named: both hold all the same", async (_, options) => {
    const app = harness(options);
    for (let nth = 0; nth < 30; nth++) {
      await app.passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" });
      app.clock.now += 10_000;
    }
    expect(await recipientsOf(app)).toHaveLength(3);
    const request = { email: "nobody@example.org", ip: "192.0.2.1" };
    expect(await app.passwordReset.requestReset(request)).toMatchObject({ reason: "throttled" });
    // Not to know the client is not to decline its limit.
    for (let nth = 0; nth < 30; nth++) await app.passwordReset.requestReset({ ...request, ip: undefined });
    const { ip: _ip, ...without } = request;
    expect(await app.passwordReset.requestReset(without as never)).toMatchObject({ reason: "throttled" });
  });

  test("a limiter that is down refuses, unless that is declined in so many letters", async () => {
    const rateLimiter: RateLimiter = { consume: async () => Promise.reject(new Error("down")) };
    const app = harness({ limits: { rateLimiter } });
    const request = app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await expect(request).rejects.toMatchObject({ code: "ERR_RATE_LIMITER" });
    expect(await recipientsOf(app)).toEqual([]);
  });

  overHttp("the example applications have them, too", async ({ app, client, mike }) => {
    const answers = await inOrder(times(31, () => () => client.post(RESET, { email: mike.email })));
    expect(answers.map(({ status }) => status)).toEqual([...new Array(30).fill(200), 429]);
    expect(await app.mails()).toHaveLength(1);
  });
});

flaw("CVE-2016-11069", () => {
  /** A hasher that counts how many are at work. */
  function countingHasher(app: Harness) {
    const count = { atOnce: 0, most: 0, all: 0 };
    const hash = app.hasher.hash.bind(app.hasher);
    app.hasher.hash = async (password) => {
      count.all += 1;
      count.atOnce += 1;
      count.most = Math.max(count.most, count.atOnce);
      await new Promise(setImmediate);
      count.atOnce -= 1;
      return hash(password);
    };
    return count;
  }

  test("50 completions of one link at once cost one hash", async () => {
    const app = harness();
    const token = await app.requestToken();
    const count = countingHasher(app);
    const results = await Promise.all(
      times(50, (nth) => app.passwordReset.completeReset({ token, newPassword: `${GOOD_PASSWORD} ${nth}` })),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(count).toEqual({ atOnce: 0, most: 1, all: 1 });
  });

  test("a password that is refused, or a link that is none, costs none", async () => {
    const app = harness();
    const token = await app.requestToken();
    const count = countingHasher(app);
    for (let nth = 0; nth < 50; nth++) {
      await app.passwordReset.completeReset({ token, newPassword: `short${nth % 10}` });
      await app.passwordReset.completeReset({ token: SOME_TOKEN, newPassword: `${GOOD_PASSWORD} ${nth}` });
    }
    expect(count.all).toBe(0);
    expect(await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    expect(count.all).toBe(1);
  });

  overRoutes("nor does a flood of forms and JSON cost more", async (app) => {
    const token = await app.requestToken();
    const count = countingHasher(app);
    const answers = await Promise.all(
      times(10, (nth) => {
        const password = `${GOOD_PASSWORD} ${nth}`;
        return nth % 2
          ? app.visitor().json(COMPLETE, { token, password })
          : app.visitor().post(`${RESET}/${token}`, both(password));
      }),
    );
    const successes = answers.filter(
      ({ status, headers }) => status === 200 || headers.location === "/login?notice=password_set",
    );
    expect(successes).toHaveLength(1);
    expect(count).toEqual({ atOnce: 0, most: 1, all: 1 });
  });
});

flaw("X11", () => {
  test("requests change nothing about the account", async () => {
    const app = harness();
    const writes = [vi.spyOn(app.users, "replacePasswordHash"), vi.spyOn(app.users, "setFirstPasswordHash")];
    for (let nth = 0; nth < 100; nth++) {
      await app.passwordReset.requestReset({ email: MIKE.email, ip: clientOf(nth) });
      await app.passwordReset.drain();
      app.clock.now += MINUTE;
    }
    for (const write of writes) expect(write).not.toHaveBeenCalled();
    expect(app.users.get(MIKE.id)).toEqual(MIKE);
    expect(app.revoked).toEqual([]);
    // Three an hour, and the last of each hour's holds a link that works.
    expect(app.mailer.sent).toHaveLength(6);
    const token = app.mailer.lastLink(MIKE.email)?.split("/").at(-1);
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
  });

  overHttp("the owner stays signed in, and can sign in", async ({ client, visitor, mike }) => {
    await signIn(client, mike);
    for (let nth = 0; nth < 35; nth++) await visitor().post(RESET, { email: mike.email });
    expect((await client.get("/")).status).toBe(200);
    const again = await signIn(visitor(), mike);
    expect([again.status, again.headers.location]).toEqual([303, "/"]);
  });
});

flaw("X12", () => {
  const states = { known: [MIKE], unknown: [], suspended: [{ ...MIKE, resetAllowed: false }] };

  test("the limiter is asked for the same, whoever has an account", async () => {
    const charged: string[] = [];
    for (const accounts of Object.values(states)) {
      const limiter = watched();
      const app = harness({ accounts, limits: { rateLimiter: limiter } });
      const answers = await inOrder(
        times(35, (nth) => async () => {
          const answer = await app.passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" });
          if (nth % 5 === 0) await app.passwordReset.drain();
          return answer;
        }),
      );
      await app.passwordReset.drain();
      charged.push(JSON.stringify([limiter.asked, answers.map(({ ok }) => ok)]));
      expect(answers.filter(({ ok }) => ok)).toHaveLength(30);
    }
    expect(kinds(charged)).toHaveLength(1);
  });

  test("the control: a limit that is counted where somebody was found is seen", async () => {
    const charged: number[] = [];
    for (const accounts of Object.values(states)) {
      const limiter = watched();
      const counting: Dispatcher = {
        dispatch: async (job, deliver, dropped) => inline().dispatch(job, deliver, dropped),
      };
      const mailer = { send: async () => limiter.consume("address:late", { max: 3, windowSeconds: 60 }) };
      const app = harness({ accounts, mailer, dispatcher: counting, limits: { rateLimiter: limiter } });
      await app.passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" });
      charged.push(limiter.asked.length);
    }
    expect(new Set(charged).size).toBe(2);
  });

  overRoutes("and so 429 comes at the same time, with the same bytes", async (app) => {
    const seen: string[] = [];
    for (const email of [MIKE.email, "nobody@example.org"]) {
      const answers = await inOrder(times(33, () => () => app.visitor().post(RESET, { email })));
      seen.push(JSON.stringify(answers.map(bytesOf)));
      expect(answers.map(({ status }) => status)).toEqual([...new Array(30).fill(200), 429, 429, 429]);
      app.clock.now += 15 * MINUTE;
    }
    expect(kinds(seen)).toHaveLength(1);
  });
});

flawsOf("i-abuse");
