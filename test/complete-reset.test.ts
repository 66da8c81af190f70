import { type Job, sessionStamp, signedTokens, TimeSpan } from "relatch";
import { en, ru } from "relatch/languages";
import { memoryTokens, memoryUsers } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { GOOD_PASSWORD, gate, harness, MIKE } from "./harness.ts";

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };

test("sets the password, ends the sessions, kills the link, tells the owner, and says no more than an id", async () => {
  const { passwordReset, requestToken, users, hasher, revoked, mailer, happened } = harness();
  const token = await requestToken();
  const result = await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
  expect(result).toEqual({ ok: true, userId: "42", sessionsRevoked: true });
  await passwordReset.drain();

  expect(await hasher.verify(users.get("42")!.passwordHash!, GOOD_PASSWORD)).toBe(true);
  expect(new Set(revoked)).toEqual(new Set(["42"]));
  expect(await passwordReset.verifyToken(token)).toEqual(REFUSED);
  expect(await passwordReset.completeReset({ token, newPassword: "another good one" })).toEqual(REFUSED);

  const notices = mailer.sent.filter(({ kind }) => kind === "password_changed");
  expect(notices).toMatchObject([{ to: MIKE.email, subject: "Your Acme password was changed" }]);
  expect(notices[0]!.text + notices[0]!.html).not.toMatch(/https?:|password_reset/);
  expect(happened()).toEqual([
    "reset_requested",
    "mail_sent",
    "password_reset",
    "mail_sent",
    "token_refused:unknown",
    "token_refused:unknown",
  ]);
});

test("changes nothing but the password hash", async () => {
  const account = { ...MIKE, locale: "en", tenant: null, resetAllowed: true };
  const { passwordReset, requestToken, users } = harness({ accounts: [account] });
  await passwordReset.completeReset({ token: await requestToken(), newPassword: GOOD_PASSWORD });
  expect(users.get("42")).toEqual({ ...account, passwordHash: expect.stringMatching(/^memory\$/) });
});

describe("a refused password", () => {
  test.each([
    ["nothing", undefined, "required"],
    ["null", null, "required"],
    ["an empty one", "", "required"],
    ["an array", ["correct horse battery"], "required"],
    ["an object", {}, "required"],
    ["a number", 1234567890, "required"],
    ["a short one", "short", "too_short"],
    ["a long one", "x".repeat(1025), "too_long"],
    ["a megabyte (CVE-2013-1443)", "x".repeat(1_000_000), "too_long"],
    ["a common one", "Password123", "common"],
    ["a personal one", "mike@example.org", "personal"],
    ["a lone surrogate", "correct horse \ud800", "invalid_characters"],
    ["a NUL, where old bcrypts stop reading", "correct horse\0battery", "invalid_characters"],
  ])("%s: does not spend the link, is not hashed, changes nothing", async (_, newPassword, code) => {
    const { passwordReset, requestToken, users, hasher, revoked, events } = harness();
    const hash = vi.spyOn(hasher, "hash");
    const token = await requestToken();
    const result = await passwordReset.completeReset({ token, newPassword });
    expect(result).toMatchObject({ ok: false, reason: "password_rejected", violations: [{ code }] });
    expect(hash).not.toHaveBeenCalled();
    expect(revoked).toEqual([]);
    expect(users.get("42")).toEqual(MIKE);
    expect(events.at(-1)).toMatchObject({ type: "password_rejected", violations: [code] });
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
  });

  test("is explained in the language of the form", async () => {
    const { passwordReset, requestToken } = harness({ languages: [en, ru] });
    const result = await passwordReset.completeReset({
      token: await requestToken(),
      newPassword: "",
      locale: "ru",
    });
    expect(result).toMatchObject({
      violations: [{ code: "required", message: "Введите пароль.", params: {} }],
    });
  });

  test("is judged only after the token is proved", async () => {
    const rule = vi.fn(() => undefined);
    const { passwordReset } = harness({ passwordRules: [rule] });
    const token = "A".repeat(43);
    expect(await passwordReset.completeReset({ token, newPassword: "short" })).toEqual(REFUSED);
    expect(rule).not.toHaveBeenCalled();
  });

  test("of over 72 bytes is refused when the hasher turns out to be bcrypt (CVE-2025-22228)", async () => {
    const hasher = { hash: async () => "$2b$10$…" };
    const { passwordReset, requestToken, users } = harness({ hasher });
    const token = await requestToken();
    const long = "ж".repeat(37);
    expect(await passwordReset.completeReset({ token, newPassword: long })).toMatchObject({
      violations: [{ code: "too_long", params: { maxBytes: 72 }, message: expect.stringContaining("72") }],
    });
    // Normalisation may lengthen it: U+FDFA is 3 bytes, and 33 in NFKC.
    expect(await passwordReset.completeReset({ token, newPassword: "\ufdfa".repeat(8) })).toMatchObject({
      ok: false,
    });
    expect(users.get("42")).toEqual(MIKE);
    expect(await passwordReset.completeReset({ token, newPassword: "ж".repeat(36) })).toMatchObject({
      ok: true,
    });
  });

  test("of over 72 bytes is taken where the hasher is another one", async () => {
    const { passwordReset, requestToken } = harness();
    const newPassword = "correct horse battery staple ".repeat(3);
    expect(await passwordReset.completeReset({ token: await requestToken(), newPassword })).toMatchObject({
      ok: true,
    });
  });

  test("a rule that cannot ask its service says so in an event, and of whom", async () => {
    const { passwordReset, requestToken, events } = harness({
      passwordRules: [(_, { onUnavailable }) => void onUnavailable?.("allowed") as undefined],
    });
    await passwordReset.completeReset({ token: await requestToken(), newPassword: GOOD_PASSWORD });
    expect(events).toContainEqual(
      expect.objectContaining({ type: "password_check_unavailable", userId: "42", reason: "allowed" }),
    );
  });

  test("a rule that never answers is ERR_OPTIONS when the time is up", async () => {
    vi.useFakeTimers();
    try {
      const { passwordReset, requestToken } = harness({
        passwordRules: [() => new Promise(() => {})],
        callTimeout: new TimeSpan(3, "s"),
      });
      const completion = passwordReset
        .completeReset({ token: await requestToken(), newPassword: GOOD_PASSWORD })
        .catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(3000);
      expect(await completion).toMatchObject({
        code: "ERR_OPTIONS",
        message: "passwordRules failed.",
        cause: { message: "no answer within 3000 ms" },
      });
    } finally {
      vi.useRealTimers();
    }
  });

  test("a rule that throws is ERR_OPTIONS, and the link still works", async () => {
    let broken = true;
    const rule = () => {
      if (broken) throw new Error("oops");
      return undefined;
    };
    const { passwordReset, requestToken } = harness({ passwordRules: [rule] });
    const token = await requestToken();
    await expect(passwordReset.completeReset({ token, newPassword: "x" })).rejects.toMatchObject({
      code: "ERR_OPTIONS",
    });
    broken = false;
    expect(await passwordReset.completeReset({ token, newPassword: "x" })).toMatchObject({ ok: true });
  });
});

describe("concurrency", () => {
  test("64 parallel completions of one token: one wins, and its password is the one that works", async () => {
    for (const tokens of [memoryTokens(), signedTokens({ keys: [new Uint8Array(32).fill(7)] })]) {
      const { passwordReset, requestToken, users, hasher } = harness({ tokens });
      const hash = vi.spyOn(hasher, "hash");
      const token = await requestToken();
      const passwords = Array.from({ length: 64 }, (_, n) => `password of number ${n}`);
      const results = await Promise.all(
        passwords.map((newPassword) => passwordReset.completeReset({ token, newPassword })),
      );
      const winners = passwords.filter((_, n) => results[n]!.ok);
      expect(winners).toHaveLength(1);
      expect(await hasher.verify(users.get("42")!.passwordHash!, winners[0]!)).toBe(true);
      expect(results.filter(({ ok }) => !ok)).toEqual(new Array(63).fill(REFUSED));
      // One hash, not 64: a link is no lever for burning the server's time.
      expect(hash).toHaveBeenCalledTimes(1);
    }
  });

  test("64 processes: the commit alone decides (CVE-2026-32943)", async () => {
    const users = memoryUsers([MIKE]);
    const tokens = memoryTokens();
    const processes = Array.from({ length: 64 }, () => harness({ users, tokens }));
    const token = await processes[0]!.requestToken();
    const results = await Promise.all(
      processes.map(({ passwordReset }, n) =>
        passwordReset.completeReset({ token, newPassword: `password of number ${n}` }),
      ),
    );
    const winners = results.flatMap(({ ok }, n) => (ok ? [n] : []));
    expect(winners).toHaveLength(1);
    const { hasher } = processes[0]!;
    expect(await hasher.verify(users.get("42")!.passwordHash!, `password of number ${winners[0]}`)).toBe(
      true,
    );
    expect(processes.flatMap(({ happened }) => happened())).toContain("token_refused:lost_race");
  });

  test("the control: with a user store that ignores the hash, several win", async () => {
    const users = memoryUsers([MIKE]);
    users.replacePasswordHash = async ({ userId, next }) => {
      users.set({ ...users.get(userId)!, passwordHash: next });
      return true;
    };
    const tokens = memoryTokens();
    const processes = Array.from({ length: 8 }, () => harness({ users, tokens }));
    const token = await processes[0]!.requestToken();
    const results = await Promise.all(
      processes.map(({ passwordReset }, n) =>
        passwordReset.completeReset({ token, newPassword: `password of number ${n}` }),
      ),
    );
    expect(results.filter(({ ok }) => ok).length).toBeGreaterThan(1);
  });

  test("the control: with a user store that ignores the e-mail, a link outlives a change of address", async () => {
    const { passwordReset, requestToken, users, hasher } = harness();
    const token = await requestToken();
    const replace = users.replacePasswordHash.bind(users);
    users.replacePasswordHash = (change) => replace({ ...change, email: users.get("42")!.email });
    const hash = hasher.hash.bind(hasher);
    hasher.hash = async (password) => {
      users.set({ ...MIKE, email: "new@example.org" });
      return hash(password);
    };
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
  });

  test("thousands of completions of one junk token wait in one line, and do not wake one another", async () => {
    const { passwordReset, tokens } = harness();
    const find = vi.spyOn(tokens, "find");
    const settled = vi.spyOn(Promise.prototype, "catch");
    const token = "A".repeat(43);
    const calls = Array.from({ length: 2000 }, (_, n) =>
      passwordReset.completeReset({ token, newPassword: `password of number ${n}` }),
    );
    expect((await Promise.all(calls)).every(({ ok }) => !ok)).toBe(true);
    expect(find).toHaveBeenCalledTimes(2000);
    // Linear: a line in which each wakes all others would take millions.
    expect(settled.mock.calls.length).toBeLessThan(20_000);
    settled.mockRestore();
  });

  test("a double click gets the answer of its first click", async () => {
    const { passwordReset, requestToken, hasher, mailer } = harness();
    const hash = vi.spyOn(hasher, "hash");
    const token = await requestToken();
    const [first, second] = await Promise.all([
      passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
      passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
    ]);
    expect(first).toEqual({ ok: true, userId: "42", sessionsRevoked: true });
    expect(second).toEqual(first);
    expect(hash).toHaveBeenCalledTimes(1);
    await passwordReset.drain();
    expect(mailer.sent.filter(({ kind }) => kind === "password_changed")).toHaveLength(1);
  });

  test("also when the first click of another password has just had its turn", async () => {
    const { passwordReset, requestToken, hasher } = harness();
    const hash = vi.spyOn(hasher, "hash");
    const token = await requestToken();
    const { opened, open } = gate();
    hash.mockImplementationOnce(() => opened.then(() => Promise.reject(new Error("down"))));
    const first = passwordReset
      .completeReset({ token, newPassword: "another good password" })
      .catch(() => {});
    const second = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    open();
    await first;
    const third = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(await second).toMatchObject({ ok: true });
    expect(await third).toEqual(await second);
    expect(hash).toHaveBeenCalledTimes(2);
  });

  test("another tenant does not get that answer", async () => {
    const { passwordReset, requestToken } = harness({ accounts: [{ ...MIKE, tenant: "blue" }] });
    const token = await requestToken(MIKE.email, "blue");
    const [first, second, third] = await Promise.all(
      ["blue", "red", undefined].map((tenant) =>
        passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, tenant }),
      ),
    );
    expect(first).toMatchObject({ ok: true });
    expect([second, third]).toEqual([REFUSED, REFUSED]);
  });

  test("a second completion gets its turn when the first was refused", async () => {
    const { passwordReset, requestToken } = harness();
    const token = await requestToken();
    const [first, second] = await Promise.all([
      passwordReset.completeReset({ token, newPassword: "short" }),
      passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD }),
    ]);
    expect([first.ok, second.ok]).toEqual([false, true]);
  });

  test("an address or password that changes between the proof and the commit stops it", async () => {
    for (const change of [
      { email: "new@example.org" },
      { passwordHash: "changed" },
      { resetAllowed: false },
    ]) {
      const { passwordReset, requestToken, users, hasher, mailer, happened } = harness();
      const token = await requestToken();
      const hash = hasher.hash.bind(hasher);
      hasher.hash = async (password) => {
        users.set({ ...MIKE, ...change });
        return hash(password);
      };
      expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
      await passwordReset.drain();
      expect(users.get("42")).toEqual({ ...MIKE, ...change });
      expect(mailer.sent.filter(({ kind }) => kind === "password_changed")).toEqual([]);
      expect(happened()).toContain("job_dropped:not_committed");
    }
  });
});

describe("a fault before the commit is thrown, and the link still works", () => {
  const broken = () => Promise.reject(new Error("down"));
  test.each([
    [
      "the look-up",
      "ERR_USER_STORE",
      (h: ReturnType<typeof harness>) => vi.spyOn(h.users, "findById").mockImplementationOnce(broken),
    ],
    [
      "the token store",
      "ERR_TOKEN_STORE",
      (h: ReturnType<typeof harness>) => vi.spyOn(h.tokens, "find").mockImplementationOnce(broken),
    ],
    [
      "the hasher",
      "ERR_HASHER",
      (h: ReturnType<typeof harness>) => vi.spyOn(h.hasher, "hash").mockImplementationOnce(broken),
    ],
    [
      "the commit",
      "ERR_USER_STORE",
      (h: ReturnType<typeof harness>) =>
        vi.spyOn(h.users, "replacePasswordHash").mockImplementationOnce(broken),
    ],
    [
      "a hasher that does not salt",
      "ERR_HASHER",
      (h: ReturnType<typeof harness>) =>
        vi.spyOn(h.hasher, "hash").mockImplementationOnce(async () => MIKE.passwordHash!),
    ],
    [
      "a hasher that hands the password back (CVE-2005-3112)",
      "ERR_HASHER",
      (h: ReturnType<typeof harness>) =>
        vi.spyOn(h.hasher, "hash").mockImplementationOnce(async (password) => password),
    ],
    [
      "a hasher that answers nothing",
      "ERR_HASHER",
      (h: ReturnType<typeof harness>) => vi.spyOn(h.hasher, "hash").mockImplementationOnce(async () => ""),
    ],
    [
      "an account with another id",
      "ERR_USER_STORE",
      (h: ReturnType<typeof harness>) =>
        vi.spyOn(h.users, "findById").mockImplementationOnce(async () => ({ ...MIKE, id: "43" })),
    ],
  ])("%s: %s", async (_, code, breakIt) => {
    const h = harness();
    const token = await h.requestToken();
    breakIt(h);
    await expect(h.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).rejects.toMatchObject({
      code,
    });
    expect(h.users.get("42")).toEqual(MIKE);
    expect(await h.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
  });

  test("the revocation", async () => {
    let down = true;
    const { passwordReset, requestToken, users, happened } = harness({
      revokeSessions: async () => {
        if (down) throw new Error("down");
      },
    });
    const token = await requestToken();
    const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(completion).rejects.toMatchObject({
      code: "ERR_SESSIONS",
      message: "revokeSessions failed.",
    });
    expect(users.get("42")).toEqual(MIKE);
    // Nothing is left to be waited for: the follow-up knows that nothing will come.
    await passwordReset.drain();
    expect(happened().at(-1)).toBe("job_dropped:not_committed");
    down = false;
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
  });

  test("the dispatcher", async () => {
    let down = false;
    const jobs: Job[] = [];
    const { passwordReset, users, mailer } = harness({
      dispatcher: {
        dispatch: async (job) => {
          if (down) throw new Error("down");
          jobs.push(job);
        },
      },
    });
    await passwordReset.requestReset({ email: MIKE.email, ip: null });
    await passwordReset.deliver(jobs[0]);
    const token = mailer.lastLink(MIKE.email)!.split("/").at(-1);
    down = true;
    const completion = passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    await expect(completion).rejects.toMatchObject({ code: "ERR_DISPATCHER" });
    expect(users.get("42")).toEqual(MIKE);
  });
});

describe("the commit", () => {
  test("whose answer is lost counts when the row carries the new hash", async () => {
    const { passwordReset, requestToken, users, happened } = harness();
    const replace = users.replacePasswordHash.bind(users);
    users.replacePasswordHash = async (change) => {
      await replace(change);
      throw new Error("connection lost");
    };
    const result = await passwordReset.completeReset({
      token: await requestToken(),
      newPassword: GOOD_PASSWORD,
    });
    expect(result).toMatchObject({ ok: true });
    expect(happened()).toContain("password_reset");
  });

  test.each([[undefined], [1], [{ rowCount: 1 }], ["t"]])(
    "answered with %j is ERR_USER_STORE",
    async (answer) => {
      const { passwordReset, requestToken, users } = harness();
      users.replacePasswordHash = async () => answer as never;
      const completion = passwordReset.completeReset({
        token: await requestToken(),
        newPassword: GOOD_PASSWORD,
      });
      await expect(completion).rejects.toMatchObject({
        code: "ERR_USER_STORE",
        message: expect.stringContaining("rowCount === 1"),
      });
    },
  );

  test("is asked with the address and the hash that the link is bound to, and never sees the password", async () => {
    const { passwordReset, requestToken, users } = harness();
    const replace = vi.spyOn(users, "replacePasswordHash");
    await passwordReset.completeReset({ token: await requestToken(), newPassword: GOOD_PASSWORD });
    expect(replace.mock.calls).toEqual([
      [
        {
          userId: "42",
          email: MIKE.email,
          expected: MIKE.passwordHash,
          next: expect.stringMatching(/^memory\$/),
        },
      ],
    ]);
  });
});

describe("after the commit nothing turns success into failure", () => {
  test("a revocation that fails then shows in the result and as an event, and the follow-up tries again", async () => {
    const jobs: Job[] = [];
    let calls = 0;
    const h = harness({
      dispatcher: { dispatch: async (job) => jobs.push(job) },
      revokeSessions: async () => {
        calls += 1;
        if (calls > 1 && calls <= 4) throw new Error("down");
      },
    });
    await h.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await h.passwordReset.deliver(jobs[0]);
    const token = h.mailer.lastLink(MIKE.email)?.split("/").at(-1);
    const result = await h.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(result).toEqual({ ok: true, userId: "42", sessionsRevoked: false });
    expect(h.happened()).toContain("session_revocation_failed");
    await h.passwordReset.deliver(jobs[1]);
    expect(calls).toBe(5);
    expect(h.events.at(-1)).toMatchObject({ type: "mail_sent", kind: "password_changed" });
  });

  test("a clean-up that fails leaves a dead link and an event", async () => {
    const { passwordReset, requestToken, tokens, happened } = harness();
    tokens.deleteByUser = () => Promise.reject(new Error("down"));
    const token = await requestToken();
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    expect(happened()).toContain("token_cleanup_failed");
    expect(await passwordReset.verifyToken(token)).toEqual(REFUSED);
    expect(happened().at(-1)).toBe("token_refused:account_changed");
  });

  test("who lost the race leaves no follow-up behind that speaks of a password which was never set", async () => {
    const { passwordReset, requestToken, users, mailer, happened } = harness();
    const token = await requestToken();
    users.replacePasswordHash = async () => false;
    expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toEqual(REFUSED);
    await passwordReset.drain();
    expect(happened().slice(-2)).toEqual(["token_refused:lost_race", "job_dropped:not_committed"]);
    expect(mailer.sent).toHaveLength(1);
  });

  test("a listener that throws or rejects changes nothing", async () => {
    for (const onEvent of [
      () => Promise.reject(new Error("x")),
      () => {
        throw new Error("x");
      },
    ]) {
      const { passwordReset, requestToken } = harness({ onEvent });
      const token = await requestToken();
      expect(await passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD })).toMatchObject({
        ok: true,
      });
    }
  });
});

describe("revokeSessions", () => {
  test("runs before the commit, so that a crash between cannot leave sessions alive, and again after it", async () => {
    const order: string[] = [];
    const users = memoryUsers([MIKE]);
    const replace = users.replacePasswordHash.bind(users);
    users.replacePasswordHash = async (change) => {
      order.push("commit");
      return replace(change);
    };
    const { passwordReset, requestToken } = harness({
      users,
      revokeSessions: async () => order.push("revoke"),
    });
    await passwordReset.completeReset({ token: await requestToken(), newPassword: GOOD_PASSWORD });
    expect(order).toEqual(["revoke", "commit", "revoke"]);
  });

  test.each([
    ["in_transaction", true],
    [false, false],
  ] as const)("%s: sessionsRevoked is %s", async (revokeSessions, sessionsRevoked) => {
    const { passwordReset, requestToken } = harness({ revokeSessions });
    const result = await passwordReset.completeReset({
      token: await requestToken(),
      newPassword: GOOD_PASSWORD,
    });
    expect(result).toEqual({ ok: true, userId: "42", sessionsRevoked });
    await passwordReset.drain();
  });
});

test("the follow-up is handed over before the commit, with stamps and no secret", async () => {
  const { opened, open } = gate();
  const jobs: Job[] = [];
  const h = harness({ dispatcher: { dispatch: async (job) => jobs.push(job) } });
  await h.passwordReset.requestReset({ email: MIKE.email, ip: null });
  await h.passwordReset.deliver(jobs[0]);
  const token = h.mailer.lastLink(MIKE.email)!.split("/").at(-1)!;
  const replace = h.users.replacePasswordHash.bind(h.users);
  h.users.replacePasswordHash = async (change) => {
    await opened;
    return replace(change);
  };
  const completion = h.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, locale: "ru" });
  await vi.waitUntil(() => jobs.length === 2);
  const followUp = jobs[1]!;
  expect(followUp).toEqual({
    v: 1,
    id: expect.any(String),
    at: h.clock.now,
    type: "password_changed",
    userId: "42",
    previousStamp: sessionStamp(MIKE),
    stamp: expect.any(String),
    locale: "en",
  });
  expect(JSON.stringify(jobs)).not.toContain(token);
  expect(JSON.stringify(jobs)).not.toContain(GOOD_PASSWORD);

  // Its worker may come before the commit: then it is to come again, and nothing was done.
  await expect(h.passwordReset.deliver(followUp)).rejects.toMatchObject({ code: "ERR_DISPATCHER" });
  expect(h.mailer.sent).toHaveLength(1);
  open();
  expect(await completion).toMatchObject({ ok: true });
  await h.passwordReset.deliver(JSON.parse(JSON.stringify(followUp)));
  await h.passwordReset.deliver(JSON.parse(JSON.stringify(followUp)));
  expect(h.mailer.sent.map(({ kind }) => kind)).toEqual(["reset_link", "password_changed"]);
});
