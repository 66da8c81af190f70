import { inspect } from "node:util";
import {
  type CompleteResetInput,
  memoryRateLimiter,
  type RateLimiter,
  type SecondFactor,
  signedTokens,
  TimeSpan,
} from "relatch";
import { memoryPorts } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { factorKeys } from "../../../src/limiters/keys.ts";
import { relatchError } from "../../helpers/errors.ts";
import { GOOD_PASSWORD, gate, type HarnessOptions, harness, KEYS, MIKE } from "../../helpers/harness.ts";
import { referenceTokenHash } from "../../helpers/reference.ts";

const RIGHT = "123456";
const WRONG = "654321";
const METHODS = ["totp", "recovery_code"];
const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
const REQUIRED = { ok: false, reason: "second_factor_required", secondFactors: METHODS };
const REJECTED = { ok: false, reason: "second_factor_rejected", secondFactors: METHODS };
const SUCCESS = { ok: true, userId: "42", sessionsRevoked: true };
const ERR_SECOND_FACTOR: unknown = relatchError("ERR_SECOND_FACTOR");
const DAY = 24 * 60 * 60 * 1000;

type Methods = SecondFactor["methods"];
type Verify = SecondFactor["verify"];

/** An application whose accounts have a second factor, and the token of a link. */
async function createApplication(options: HarnessOptions = {}, methods: Methods = async () => METHODS) {
  const secondFactor = {
    methods: vi.fn(methods),
    verify: vi.fn<Verify>(async (_, { method, response }) => method === "totp" && response === RIGHT),
  };
  const consume = vi.fn<RateLimiter["consume"]>();
  const clock = { now: Date.UTC(2026, 0, 1) };
  const memory = memoryRateLimiter({ now: () => clock.now });
  consume.mockImplementation((key, rule) => memory.consume(key, rule));
  const rateLimiter = { ...memory, consume };
  const its = harness({ secondFactor, limits: { rateLimiter }, now: () => new Date(clock.now), ...options });
  const token = await its.requestToken();
  consume.mockClear();
  const complete = (proof?: unknown, changes: Partial<CompleteResetInput> = {}) =>
    its.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD, secondFactor: proof, ...changes } as never);
  return {
    ...its,
    ...{ ...secondFactor, secondFactor, rateLimiter, consume, clock, token, complete },
    /** Sends another link, past the limits, and returns its token. */
    async sendLink() {
      await its.passwordReset.sendLink({ userId: "42" });
      await its.passwordReset.drain();
      return its.mailer.lastToken(MIKE.email);
    },
    isUnchanged: () => its.users.get("42")?.passwordHash === MIKE.passwordHash,
  };
}

const totp = (response: string) => ({ method: "totp", response });

describe("An account with a second factor", () => {
  test("gets a new password with the right response, which is verified once", async () => {
    const { complete, verify, hasher, users } = await createApplication();
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
    expect(verify.mock.calls).toEqual([["42", totp(RIGHT)]]);
    expect(Object.isFrozen(verify.mock.calls[0]?.[1])).toBe(true);
    expect(await hasher.verify(users.get("42")?.passwordHash ?? "", GOOD_PASSWORD)).toBe(true);
  });

  test("has its methods in the result of verifyToken", async () => {
    const { passwordReset, token, verify } = await createApplication();
    expect(await passwordReset.verifyToken({ token })).toEqual({
      ...{ ok: true, userId: "42", email: MIKE.email, isInvitation: false, expiresAt: expect.any(Date) },
      secondFactors: METHODS,
    });
    expect(verify).not.toHaveBeenCalled();
  });

  test("is told that a response is required, and the link still works", async () => {
    const { complete, verify, consume, happened, isUnchanged } = await createApplication();
    const missing = [undefined, null, "123456", [], {}, totp(""), { response: RIGHT }, { method: "totp" }];
    const wrongTypes = [
      { method: "totp", response: 123456 },
      { method: ["totp"], response: RIGHT },
    ];
    const inherited = Object.create(totp(RIGHT));
    const all = [...missing, ...wrongTypes, inherited];
    for (const proof of all) expect(await complete(proof)).toEqual(REQUIRED);
    expect(happened().slice(-all.length)).toEqual(Array(all.length).fill("second_factor_refused:required"));
    expect([verify.mock.calls, consume.mock.calls, isUnchanged()]).toEqual([[], [], true]);
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
  });

  test("is told that a response was rejected, and the link still works", async () => {
    const { complete, happened, isUnchanged } = await createApplication();
    expect(await complete(totp(WRONG))).toEqual(REJECTED);
    expect(await complete({ method: "recovery_code", response: RIGHT })).toEqual(REJECTED);
    expect([happened().at(-1), isUnchanged()]).toEqual(["second_factor_refused:rejected", true]);
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
  });

  test.each<[string, object]>([
    ["a response of 8,193 characters", totp("1".repeat(8193))],
    ["a method that is not listed", { method: "sms", response: RIGHT }],
    ["a method of Object.prototype", { method: "constructor", response: RIGHT }],
    ["a method in upper case", { method: "TOTP", response: RIGHT }],
  ])("rejects %s without counting or verifying it", async (_, proof) => {
    const { complete, verify, consume } = await createApplication();
    for (let attempt = 1; attempt <= 6; attempt++) expect(await complete(proof)).toEqual(REJECTED);
    expect([verify.mock.calls, consume.mock.calls]).toEqual([[], []]);
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
  });

  test("may respond with 8,192 characters of any kind", async () => {
    const { complete, verify } = await createApplication();
    const response = `{"id":"é😀"}${"\0".repeat(8179)}`;
    expect(response).toHaveLength(8192 - 1);
    verify.mockResolvedValue(true);
    expect(await complete(totp(`${response} `))).toEqual(SUCCESS);
    expect(verify.mock.calls).toEqual([["42", totp(`${response} `)]]);
  });
});

describe("Who is asked nothing:", () => {
  test("an account without methods completes, whatever is given", async () => {
    for (const proof of [undefined, totp(WRONG)]) {
      const { complete, passwordReset, token, verify, consume } = await createApplication({}, async () => []);
      expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true, secondFactors: [] });
      expect(await complete(proof)).toEqual(SUCCESS);
      expect([verify.mock.calls, consume.mock.calls]).toEqual([[], []]);
    }
  });

  test("an application without the port has no further results", async () => {
    const { complete, passwordReset, token, methods } = await createApplication({ secondFactor: undefined });
    const result = await passwordReset.verifyToken({ token });
    expect(Object.keys(result)).toEqual(["ok", "userId", "email", "isInvitation", "expiresAt"]);
    expect(await complete(totp(WRONG))).toEqual(SUCCESS);
    expect(methods).not.toHaveBeenCalled();
  });

  test("a link that is not valid reaches no second factor", async () => {
    const { complete, passwordReset, methods, verify } = await createApplication();
    for (const token of ["x", undefined, "A".repeat(43)]) {
      expect(await complete(totp(RIGHT), { token })).toEqual(REFUSED);
      expect(await passwordReset.verifyToken({ token })).toEqual(REFUSED);
    }
    expect([methods.mock.calls, verify.mock.calls]).toEqual([[], []]);
  });
});

describe("An account that gets its second factor while the password is hashed", () => {
  test("is asked for it before anything is set, and the link still works", async () => {
    let factors: string[] = [];
    const hash = vi.fn(async (password: string) => {
      factors = METHODS;
      return `plain:${password}`;
    });
    const { complete, methods, isUnchanged, happened } = await createApplication(
      { hasher: { hash } },
      async () => factors,
    );
    expect(await complete()).toEqual(REQUIRED);
    expect([methods.mock.calls, isUnchanged()]).toEqual([[["42"], ["42"]], true]);
    expect(happened()).toContain("second_factor_refused:required");
    expect(happened()).not.toContain("password_reset");
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
  });

  test("keeps the link of an older flow as well", async () => {
    let factors: string[] = [];
    const hasher = {
      hash: async (password: string) => {
        factors = METHODS;
        return `plain:${password}`;
      },
    };
    const spend = vi.fn(async () => true);
    const legacyTokens = {
      until: new Date(Date.UTC(2026, 1, 1)),
      find: async (text: string) =>
        text === "old" ? { userId: "42", expiresAt: new Date(Date.UTC(2026, 0, 2)) } : null,
      spend,
      revoke: async () => {},
    };
    const { complete } = await createApplication({ hasher, legacyTokens }, async () => factors);
    expect(await complete(undefined, { token: "old" })).toEqual(REQUIRED);
    expect(spend).not.toHaveBeenCalled();
    expect(await complete(totp(RIGHT), { token: "old" })).toEqual(SUCCESS);
  });

  test("is not committed if its methods cannot be read", async () => {
    const methods = vi.fn(async (): Promise<string[]> => []);
    const { complete, isUnchanged } = await createApplication({}, methods);
    methods.mockResolvedValueOnce([]).mockRejectedValueOnce(new Error("down"));
    await expect(complete()).rejects.toEqual(ERR_SECOND_FACTOR);
    expect(isUnchanged()).toBe(true);
  });
});

describe("The order", () => {
  /** An application that notes the order in which its functions are called. */
  async function createRecorded(options: HarnessOptions = {}) {
    const order: string[] = [];
    const { users, tokens, hasher } = memoryPorts([MIKE]);
    const note =
      <Input extends unknown[], Output>(name: string, run: (...input: Input) => Output) =>
      (...input: Input): Output => {
        order.push(name);
        return run(...input);
      };
    const app = await createApplication({
      users: {
        findByEmail: users.findByEmail,
        findById: note("find the account", users.findById),
        replacePasswordHash: note("commit", users.replacePasswordHash),
      },
      tokens: { ...tokens, find: note("find the link", tokens.find) },
      hasher: { hash: note("hash", hasher.hash) },
      passwordRules: [note("rules", (password: string) => (password.length < 8 ? { code: "too_short" } : undefined))],
      ...options,
    });
    app.methods.mockImplementation(note("methods", async () => METHODS));
    app.verify.mockImplementation(note("verify", async (_, { response }) => response === RIGHT));
    const { consume } = memoryRateLimiter();
    app.consume.mockImplementation(note("count", consume));
    order.length = 0;
    return { ...app, order };
  }
  const PROOF = ["find the link", "find the account"];

  test("is: link, rules, methods, count, verify, hash, commit", async () => {
    const { complete, order } = await createRecorded();
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
    const due = [...PROOF, "rules", "methods", "count", "count", "verify", "hash", "find the link", "commit"];
    expect(order).toEqual(due);
  });

  test("lets a refused password cost no method, no attempt and no code", async () => {
    const { complete, order } = await createRecorded();
    const rejected = { ok: false, reason: "password_rejected", violations: [expect.anything()] };
    expect(await complete(totp(RIGHT), { newPassword: "short" })).toEqual(rejected);
    expect(order).toEqual([...PROOF, "rules"]);
  });

  test("lets a refused response cost no hash", async () => {
    const { complete, order } = await createRecorded();
    expect(await complete(totp(WRONG))).toEqual(REJECTED);
    expect(order).toEqual([...PROOF, "rules", "methods", "count", "count", "verify"]);
  });

  const LONG = "correct horse battery staple ".repeat(3);

  test("lets a password over 72 bytes cost no code if the hasher turns out to be bcrypt", async () => {
    const bcrypt = { hash: async () => `$2b$12$${"a".repeat(53)}` };
    const { complete, verify, isUnchanged } = await createApplication({ hasher: bcrypt });
    const violations = [expect.objectContaining({ code: "too_long" })];
    expect(await complete(totp(RIGHT), { newPassword: LONG })).toEqual({
      ok: false,
      reason: "password_rejected",
      violations,
    });
    expect([verify.mock.calls, isUnchanged()]).toEqual([[], true]);
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
  });

  test("lets it cost no attempt either if the current hash is one of bcrypt", async () => {
    const accounts = [{ ...MIKE, passwordHash: `$2b$12$${"b".repeat(53)}` }];
    const { complete, verify, consume } = await createApplication({ accounts });
    expect(await complete(totp(RIGHT), { newPassword: LONG })).toMatchObject({ reason: "password_rejected" });
    expect([verify.mock.calls, consume.mock.calls]).toEqual([[], []]);
  });

  test("hashes a long password once, and verifies, with any other hasher", async () => {
    const { complete, order } = await createRecorded();
    expect(await complete(totp(RIGHT), { newPassword: LONG })).toEqual(SUCCESS);
    expect(order.filter((step) => step === "hash" || step === "verify")).toEqual(["hash", "verify"]);
  });

  test("leaves a factor spent that was verified before a commit that lost", async () => {
    const { users, tokens } = memoryPorts([MIKE]);
    const first = await createApplication({ users, tokens });
    const other = harness({ users, tokens, secondFactor: first.secondFactor });
    const { opened, open } = gate();
    first.verify.mockImplementation(async () => opened.then(() => true));
    const input = { token: first.token, newPassword: GOOD_PASSWORD, secondFactor: totp(RIGHT) };
    const results = [first.passwordReset.completeReset(input), other.passwordReset.completeReset(input)];
    await vi.waitFor(() => expect(first.verify).toHaveBeenCalledTimes(2));
    open();
    expect((await Promise.all(results)).map(({ ok }) => ok).toSorted()).toEqual([false, true]);
  });
});

describe("Attempts:", () => {
  test("five responses are verified for one link, and then it is refused", async () => {
    const { complete, verify, happened } = await createApplication();
    for (let attempt = 1; attempt <= 5; attempt++) expect(await complete(totp(WRONG))).toEqual(REJECTED);
    expect(await complete(totp(RIGHT))).toEqual(REFUSED);
    expect(verify).toHaveBeenCalledTimes(5);
    expect(happened().slice(-2)).toEqual(["second_factor_refused:throttled", "token_refused:too_many_attempts"]);
  });

  test("the fifth may be the right one", async () => {
    const { complete } = await createApplication();
    for (let attempt = 1; attempt <= 4; attempt++) await complete(totp(WRONG));
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
  });

  test("of 64 at the same time, in three processes, five are verified", async () => {
    const { users, tokens } = memoryPorts([MIKE]);
    const { secondFactor, rateLimiter, token, verify } = await createApplication({ users, tokens });
    const start = () => harness({ users, tokens, secondFactor, limits: { rateLimiter } }).passwordReset;
    const processes = [start(), start(), start()];
    const attempts = Array.from({ length: 64 }, (_, nth) => {
      const response = String(nth).padStart(6, "0");
      return processes[nth % 3]!.completeReset({ token, newPassword: GOOD_PASSWORD, secondFactor: totp(response) });
    });
    const results = await Promise.all(attempts);
    expect(verify).toHaveBeenCalledTimes(5);
    expect(results.filter((result) => !result.ok && result.reason === "second_factor_rejected")).toHaveLength(5);
  });

  test("twenty responses are verified for one account within a day, over all links", async () => {
    const { complete, sendLink, verify, clock } = await createApplication();
    for (let link = 1; link <= 4; link++) {
      const token = await sendLink();
      for (let attempt = 1; attempt <= 5; attempt++) await complete(totp(WRONG), { token });
    }
    expect(verify).toHaveBeenCalledTimes(20);
    expect(await complete(totp(RIGHT), { token: await sendLink() })).toEqual(REFUSED);
    expect(verify).toHaveBeenCalledTimes(20);
    clock.now += DAY;
    expect(await complete(totp(RIGHT), { token: await sendLink() })).toEqual(SUCCESS);
  });

  test("are counted under the digest of the link, and under the account", async () => {
    const { complete, consume, token } = await createApplication();
    await complete(totp(WRONG));
    const { link, account } = factorKeys(referenceTokenHash(Buffer.from(token, "base64url")), "42");
    const counted = consume.mock.calls.map(([key, { max, window }]) => [key, max, window.milliseconds()]);
    expect(counted).toEqual([
      [link, 5, 7 * DAY],
      [account, 20, DAY],
    ]);
  });

  test("are never given back", async () => {
    const refund = vi.fn(async () => {});
    const rateLimiter = { ...memoryRateLimiter(), refund };
    const { complete, verify, users } = await createApplication({ limits: { rateLimiter } });
    await complete(totp(WRONG));
    verify.mockRejectedValueOnce(new Error("down"));
    await expect(complete(totp(RIGHT))).rejects.toEqual(ERR_SECOND_FACTOR);
    const commit = vi.spyOn(users, "replacePasswordHash").mockRejectedValue(new Error("down"));
    await expect(complete(totp(RIGHT))).rejects.toEqual(relatchError("ERR_USER_STORE"));
    commit.mockRestore();
    for (let attempt = 4; attempt <= 5; attempt++) expect(await complete(totp(WRONG))).toEqual(REJECTED);
    expect(await complete(totp(RIGHT))).toEqual(REFUSED);
    expect(refund).not.toHaveBeenCalled();
  });

  test.each<[string, HarnessOptions]>([
    ["limits: false", { limits: false }],
    ["limits that are generous", { limits: { client: false, onUnavailable: "allow" } }],
    ["signed tokens", { tokens: signedTokens(), keys: KEYS, limits: {} }],
  ])("end after five with %s as well", async (_, options) => {
    const { complete, verify } = await createApplication(options);
    for (let attempt = 1; attempt <= 5; attempt++) expect(await complete(totp(WRONG))).toEqual(REJECTED);
    expect(await complete(totp(RIGHT))).toEqual(REFUSED);
    expect(verify).toHaveBeenCalledTimes(5);
  });

  test("end after five for a link of an older flow as well", async () => {
    const legacyTokens = {
      until: new Date(Date.UTC(2026, 1, 1)),
      find: async (text: string) =>
        text.toLowerCase() === "old-token" ? { userId: "42", expiresAt: new Date(Date.UTC(2026, 0, 2)) } : null,
      spend: async () => true,
      revoke: async () => {},
    };
    const { complete, verify } = await createApplication({ legacyTokens });
    // Some databases ignore case when they look a token up, so one link has many spellings.
    for (const token of ["old-token", "Old-token", "OLD-TOKEN", "old-Token", "OLD-token"]) {
      await complete(totp(WRONG), { token });
    }
    expect(await complete(totp(RIGHT), { token: "old-token" })).toEqual(REFUSED);
    expect(verify).toHaveBeenCalledTimes(5);
  });

  test("are refused by a limiter that fails, also with onUnavailable: allow", async () => {
    const rateLimiter: RateLimiter = memoryRateLimiter();
    const { complete, verify } = await createApplication({ limits: { rateLimiter, onUnavailable: "allow" } });
    rateLimiter.consume = () => Promise.reject(new Error("down"));
    await expect(complete(totp(RIGHT))).rejects.toEqual(relatchError("ERR_RATE_LIMITER"));
    expect(verify).not.toHaveBeenCalled();
  });
});

describe("A double click", () => {
  test("with the same response is one completion, which spends one code", async () => {
    const { complete, verify } = await createApplication();
    verify.mockResolvedValueOnce(true).mockResolvedValue(false);
    expect(await Promise.all([complete(totp(RIGHT)), complete(totp(RIGHT))])).toEqual([SUCCESS, SUCCESS]);
    expect(verify).toHaveBeenCalledTimes(1);
  });

  test.each<[string, unknown, unknown, object]>([
    ["no response", undefined, totp(RIGHT), REQUIRED],
    ["another response", totp(WRONG), totp(RIGHT), REJECTED],
    ["another method", { method: "recovery_code", response: RIGHT }, totp(RIGHT), REJECTED],
  ])("with %s does not share its result", async (_, first, second, refusal) => {
    for (const proofs of [
      [first, second],
      [second, first],
    ]) {
      const { complete } = await createApplication();
      const due = proofs[0] === second ? [SUCCESS, REFUSED] : [refusal, SUCCESS];
      expect(await Promise.all(proofs.map((proof) => complete(proof)))).toEqual(due);
    }
  });
});

describe("A second factor that does not work", () => {
  const tooMany = Array.from({ length: 17 }, (_, nth) => `method_${nth}`);
  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["true", true],
    ["a string", "totp"],
    ["an object", { totp: true }],
    ["a set", new Set(METHODS)],
    ["17 names", tooMany],
    ["a name twice", ["totp", "totp"]],
    ["an empty name", [""]],
    ["a name of 33 characters", ["x".repeat(33)]],
    ["a name in upper case", ["TOTP"]],
    ["a name with a dash", ["recovery-code"]],
    ["a name with a line break", ["totp\n"]],
    ["a number", [1]],
    ["null among names", ["totp", null]],
    ["a hole among names", new Array(1).concat("totp")],
  ])("sets no password if methods returns %s", async (_, returned) => {
    const { complete, passwordReset, token, methods, verify, isUnchanged } = await createApplication();
    methods.mockResolvedValue(returned as never);
    await expect(complete(totp(RIGHT))).rejects.toEqual(ERR_SECOND_FACTOR);
    await expect(complete()).rejects.toEqual(ERR_SECOND_FACTOR);
    await expect(passwordReset.verifyToken({ token })).rejects.toEqual(ERR_SECOND_FACTOR);
    expect([verify.mock.calls, isUnchanged()]).toEqual([[], true]);
    methods.mockResolvedValue(METHODS);
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
  });

  test("may list 16 methods of 32 characters", async () => {
    const names = Array.from({ length: 16 }, (_, nth) => `${nth}`.padStart(32, "_"));
    const { passwordReset, token } = await createApplication({}, async () => names);
    expect(await passwordReset.verifyToken({ token })).toMatchObject({ ok: true, secondFactors: names });
  });

  test.each<[string, unknown]>([
    ["1", 1],
    ["0", 0],
    ['"true"', "true"],
    ["nothing", undefined],
    ["null", null],
    ["an object", { verified: true }],
    ["a Boolean object", new Boolean(true)],
  ])("sets no password if verify returns %s", async (_, returned) => {
    const { complete, verify, isUnchanged } = await createApplication();
    verify.mockResolvedValueOnce(returned as never);
    await expect(complete(totp(RIGHT))).rejects.toEqual(ERR_SECOND_FACTOR);
    expect(isUnchanged()).toBe(true);
    expect(await complete(totp(RIGHT))).toEqual(SUCCESS);
  });

  test.each(["methods", "verify"] as const)(
    "sets no password if %s throws, rejects or never responds",
    async (name) => {
      const { [name]: port, ...app } = await createApplication({ callTimeout: new TimeSpan(5, "ms") });
      for (const fail of [
        () => {
          throw new Error("down");
        },
        () => Promise.reject(new Error("down")),
        () => Promise.reject(undefined),
        () => new Promise(() => {}),
      ]) {
        port.mockImplementationOnce(fail as never);
        await expect(app.complete(totp(RIGHT))).rejects.toEqual(ERR_SECOND_FACTOR);
      }
      expect(app.isUnchanged()).toBe(true);
      expect(await app.complete(totp(RIGHT))).toEqual(SUCCESS);
    },
  );

  test("says nothing of the response in events, errors and logs", async () => {
    const response = "a-secret-recovery-code-7";
    const printed: unknown[] = [];
    const spies = (["log", "warn", "error", "info"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...input) => void printed.push(input)),
    );
    try {
      const thrown: unknown[] = [];
      for (const silence of [{}, { onEvent: undefined, onError: undefined }]) {
        const { complete, verify, events, errors } = await createApplication(silence);
        expect(await complete({ method: response, response })).toEqual(REJECTED);
        expect(await complete(totp(response))).toEqual(REJECTED);
        verify.mockRejectedValueOnce(Object.assign(new Error(`wrong: ${response}`), { code: response }));
        await complete(totp(response)).catch((error) => thrown.push(error));
        verify.mockResolvedValueOnce(response as never);
        await complete(totp(response)).catch((error) => thrown.push(error));
        printed.push(events, errors);
      }
      expect(thrown).toEqual(Array(4).fill(ERR_SECOND_FACTOR));
      const all = inspect([printed, thrown], { depth: 10, showHidden: true });
      expect(all).toContain("secondFactor.verify");
      expect(all).not.toContain(response);
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  });
});

test("createPasswordReset refuses a second factor that lacks a function", () => {
  for (const secondFactor of [true, null, {}, { methods: async () => [] }, { verify: async () => true }]) {
    expect(() => harness({ secondFactor: secondFactor as never })).toThrow(relatchError("ERR_OPTIONS", "secondFactor"));
  }
});

describe("Without a second factor, a link", () => {
  test.each<[what: string, proof: unknown, result: object]>([
    ["none", undefined, REQUIRED],
    ["of another method", { method: "sms", response: RIGHT }, REJECTED],
  ])("has at most twenty passwords judged, with %s", async (_, proof, result) => {
    const judge = vi.fn(() => undefined);
    const { complete, isUnchanged } = await createApplication({ passwordRules: [judge] });
    const results = [];
    for (let nth = 0; nth < 25; nth++) results.push(await complete(proof, { newPassword: `guess number ${nth}` }));
    expect(results).toEqual([...Array(20).fill(result), ...Array(5).fill(REFUSED)]);
    expect(judge).toHaveBeenCalledTimes(20);
    expect(await complete(totp(RIGHT))).toEqual(REFUSED);
    expect(isUnchanged()).toBe(true);
  });

  test("refused twenty times leaves the next link as it is", async () => {
    const { complete, sendLink } = await createApplication();
    for (let nth = 0; nth < 20; nth++) await complete();
    expect(await complete(totp(RIGHT))).toEqual(REFUSED);
    expect(await complete(totp(RIGHT), { token: await sendLink() })).toEqual(SUCCESS);
  });
});
