import type { ResetUser } from "relatch";
import { en, ru } from "relatch/languages";
import { standardNotices } from "relatch/messages";
import { expect, vi } from "vitest";
import { GOOD_PASSWORD, type Harness, type HarnessOptions, harness, MIKE } from "../helpers/harness.ts";
import { both, COMPLETE, INVALID_LOCATION, noticeAt, RESET, VERIFY } from "../system/http/contract/helpers.ts";
import { everyFlawOf, flaw, flawIn, flawOverHttp, inOrder, kinds, override, REFUSED } from "./helpers/flaw.ts";
import { bytesOf } from "./helpers/front.ts";
import { spyOnAll } from "./helpers/watch.ts";

// Nobody learns who has an account: not from a response, and not from what happens before it, or in which order.
// uniform-responses.test.ts compares what comes over the wire.

const HOUR = 60 * 60_000;
type Lookup = Harness["users"]["findByEmail"];
type Options = HarnessOptions;

const found =
  (account: ResetUser | undefined): Lookup =>
  async () =>
    account;
/** The accounts that a store may find for Mike's address: three of these get an email. */
const LOOKUPS = [
  ...[MIKE, undefined, { ...MIKE, resetAllowed: false }, { ...MIKE, passwordHash: null }],
  ...[
    { ...MIKE, tenant: "blue" },
    { ...MIKE, email: '"mike"@example.org' },
    { ...MIKE, id: "66", email: "eve@evil.example" },
  ],
  { ...MIKE, passwordHash: "md5$1$c4ca4238a0b923820dcc509a6f75849b" },
].map(found);

/**
 * Stops the clock that jobs wait for, asks, and returns the response with everything that happened before it: each
 * call of a port, each timer, and how often the call gave way to others. The same list takes the same time.
 */
async function before(app: Harness, ask: (app: Harness) => Promise<unknown>): Promise<unknown> {
  const toFake = ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate"] as const;
  if (!vi.isFakeTimers()) vi.useFakeTimers({ toFake: [...toFake] });
  const steps: string[] = [];
  const { users, tokens, mailer, hasher } = app;
  spyOnAll({ users, tokens, mailer, hasher }, (name) => steps.push(name));
  const wait = vi.spyOn(globalThis, "setTimeout");
  let result: unknown;
  void ask(app)
    .catch((error: { code?: string }) => `threw ${error.code}`)
    .then((what) => {
      result = what;
    });
  let turns = 0;
  for (; result === undefined && turns < 10_000; turns++) await Promise.resolve();
  const timers = wait.mock.calls.map(([, delay = 0]) =>
    delay < 50 ? `a timer of ${delay} ms` : "the wait for the job",
  );
  wait.mockRestore();
  return { result, steps, timers, turns };
}

const failing: Lookup[] = [
  async () => Promise.reject(new Error("no such user")),
  () => {
    throw new Error("no such user");
  },
  async () => ({}) as never,
];
const MAILERS = [
  async () => Promise.reject(new Error("down")),
  () => {
    throw new Error("down");
  },
  async () => Promise.reject(Object.assign(new Error("no such mailbox"), { permanent: true })),
  () => new Promise<never>(() => {}),
];
const withoutFirstPassword = () =>
  ({ users: { ...harness().users, setFirstPasswordHash: undefined } }) as unknown as Options;
const languages: Options = { languages: [en, ru] };
const LOCALES = [undefined, "en", "ru", "ru-RU,en;q=0.5", "xx", "\u00fc", "ru,".repeat(1000), ["ru"]];
const INPUTS = [
  ...[
    { tenant: "blue" },
    { tenant: 7 },
    { correlationId: "7" },
    { ip: null },
    { ip: "unknown" },
    { ip: undefined },
    { email: "mike" },
  ],
  ...[{ email: ` ${MIKE.email}\n` }, { email: MIKE.email.toUpperCase() }, { email: `${MIKE.email},${MIKE.email}` }],
];

/** By id: under which options and for which inputs nothing may depend on what the store finds. */
const VARIANTS: [id: string, title: string, options: Options[], inputs: object[], finds?: Lookup[]][] = [
  ["CVE-2022-39307", "what the store finds", [{}], [{}, { email: '"mike"@example.org' }]],
  [
    "CVE-2017-5537",
    "the account in any language",
    [languages, { ...languages, messages: standardNotices() }],
    LOCALES.map((locale) => ({ locale })),
  ],
  ["CVE-2023-39522", "a store that fails for unknown users", [{}], [{}], [...LOOKUPS, ...failing]],
  ["CVE-2024-45231", "a mail server that fails", MAILERS.map((send) => ({ mailer: { send } })), [{}]],
  [
    "CVE-2026-26185",
    "the account, whatever else is in the request",
    [languages, { ...languages, tenants: ["blue", "red"] }],
    INPUTS,
  ],
  [
    "CVE-2024-39329",
    "the password of the account",
    [{}, withoutFirstPassword()],
    [{}],
    [LOOKUPS[0]!, LOOKUPS[1]!, LOOKUPS[3]!],
  ],
];
/** The mistake: the job runs before the response. */
const immediately: Options = { dispatcher: { dispatch: async (job, deliver) => deliver(job) } };
const variants = [() => ({}), () => immediately] as const;

for (const [id, title, all, inputs, finds = LOOKUPS] of VARIANTS) {
  flawIn(id, `Nothing before the response depends on ${title}`, variants, async (mistake: Options) => {
    for (const options of all) {
      for (const input of inputs) {
        const results = await inOrder(
          finds.map((find) => () => {
            const app = harness({ ...options, ...mistake });
            (options.users ?? app.users).findByEmail = find;
            const request = { email: MIKE.email, ip: "192.0.2.1", ...input } as never;
            return before(app, ({ passwordReset }) => passwordReset.requestReset(request));
          }),
        );
        expect(kinds(results)).toHaveLength(1);
        expect(results[0]).toMatchObject({ steps: [] });
      }
    }
  });
}

const hashes = override((core, { hasher }) => ({
  async requestReset(input) {
    await hasher.hash("a dummy");
    return core.requestReset(input);
  },
}));

flaw("CVE-2016-2513", "A request hashes no password, not even in its job", hashes, async (app) => {
  const [hash, verify] = [vi.spyOn(app.hasher, "hash"), vi.spyOn(app.hasher, "verify")];
  for (const find of LOOKUPS) {
    app.users.findByEmail = find;
    app.clock.now += HOUR;
    await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
    await app.passwordReset.drain();
  }
  expect(app.mailer.sent).toHaveLength(3);
  expect(hash).not.toHaveBeenCalled();
  expect(verify).not.toHaveBeenCalled();
});

/** The mistake: a second request for somebody who has an account says so. */
const saysAgain = override((core, { users, mailer }) => ({
  async requestReset(input) {
    const result = await core.requestReset(input);
    const isKnown = mailer.sent.length > 0 && (await users.findByEmail(input.email, undefined));
    return isKnown ? { ...result, again: true } : result;
  },
}));

flaw("CVE-2026-33323", "Asking again and again gets the same response", saysAgain, async (app) => {
  for (const find of LOOKUPS) {
    app.users.findByEmail = find;
    app.clock.now += HOUR;
    app.mailer.sent.length = 0;
    for (let nth = 0; nth < 10; nth++) {
      const result = await app.passwordReset.requestReset({ email: MIKE.email, ip: null });
      expect(result).toEqual({ ok: true });
      if (nth === 5) await app.passwordReset.drain();
    }
    await app.passwordReset.drain();
    expect(app.mailer.sent.length).toBeLessThan(2);
  }
});

// ── Links that are no good ────────────────────────────────────────────────────────────────────────────────

const accountOf = (name: string): ResetUser => ({ ...MIKE, id: name, email: `${name}@example.org`, tenant: "main" });
const NAMES = ["expired", "used", "revoked", "gone", "suspended", "moved", "changed", "foreign"];
const accounts = NAMES.map(accountOf);

/** Texts that cannot be tokens, as everybody can see. */
const MALFORMED = ["x", "A".repeat(44)];

/** Returns a token for each reason to refuse one. */
async function deadTokens(app: Harness): Promise<string[]> {
  const { users, passwordReset, requestToken } = app;
  const tokens = new Map<string, string>();
  for (const name of NAMES) {
    tokens.set(name, await requestToken(`${name}@example.org`));
    if (name === "expired") app.clock.now += 61 * 60_000;
  }
  await passwordReset.completeReset({ token: tokens.get("used"), newPassword: GOOD_PASSWORD });
  await passwordReset.revokeTokens("revoked");
  users.delete("gone");
  users.set({ ...accountOf("suspended"), resetAllowed: false });
  users.set({ ...accountOf("moved"), email: "elsewhere@example.org" });
  users.set({ ...accountOf("changed"), passwordHash: "changed-elsewhere" });
  users.set({ ...accountOf("foreign"), tenant: "blue" });
  await passwordReset.drain();
  return [...tokens.values(), "A".repeat(43), ...MALFORMED];
}

/** The mistakes: a link that was found is refused differently, and a hash is computed first. */
const explains = override((core, { tokens, hasher }) => ({
  async verifyToken({ token }) {
    const result = await core.verifyToken({ token });
    return result.ok || token.length !== 43 ? result : { ok: true, userId: token, expiresAt: new Date(2 ** 42) };
  },
  async completeReset(input) {
    await hasher.hash(input.newPassword);
    await tokens.find("");
    return core.completeReset(input);
  },
}));

const dying = { options: { accounts, tenants: ["main", "blue"], tenant: "main" }, mistake: explains };

flaw("CVE-2026-39321", "Every bad token gets one result, before any rule or hash", dying, async (app) => {
  const tokens = await deadTokens(app);
  const hash = vi.spyOn(app.hasher, "hash");
  for (const token of tokens) {
    for (const newPassword of [GOOD_PASSWORD, "x", "", undefined, "x".repeat(2 ** 20)]) {
      expect(await app.passwordReset.completeReset({ token, newPassword })).toEqual(REFUSED);
    }
  }
  expect(hash).not.toHaveBeenCalled();
  const reasons = new Set(app.happened().filter((what) => what.startsWith("token_refused:")));
  expect(reasons.size).toBeGreaterThan(6);
});

flaw("CVE-2026-43926", "verifyToken has one result for every bad token", dying, async (app) => {
  const tokens = await deadTokens(app);
  expect(tokens).toHaveLength(11);
  for (const token of tokens) expect(await app.passwordReset.verifyToken({ token })).toEqual(REFUSED);
  expect(app.happened()).toContain("token_refused:other_tenant");
});

for (const id of ["CVE-2026-39321", "CVE-2026-43926"]) {
  flawOverHttp(id, "HTTP does not tell bad tokens apart", dying, async (app) => {
    const answers = await inOrder(
      (await deadTokens(app)).map((token) => async () => [
        await app.visitor().get(`${RESET}/${token}`),
        await app.visitor().post(`${RESET}/${token}`, both(GOOD_PASSWORD)),
        await app.visitor().post(`${RESET}/${token}`, both("x")),
        await app.visitor().json(VERIFY, { token }),
        await app.visitor().json(COMPLETE, { token, newPassword: GOOD_PASSWORD }),
      ]),
    );
    const received = [0, 1, 2, 3, 4].map((way) => answers.map((ways) => bytesOf(ways[way]!)));
    const [pages, api] = [received.slice(0, 3), received.slice(3)];
    for (const responses of api) expect(kinds(responses)).toHaveLength(1);
    expect(answers[0]?.map(({ status }) => status)).toEqual([303, 303, 303, 400, 400]);
    // A link that was cut off says so, which tells nothing but its length.
    for (const responses of pages) {
      expect(kinds(responses.slice(0, -MALFORMED.length))).toEqual([expect.stringContaining(INVALID_LOCATION)]);
      expect(kinds(responses.slice(-MALFORMED.length))).toEqual([expect.stringContaining(noticeAt("malformed_link"))]);
    }
  });
}

// ── The time of the job ───────────────────────────────────────────────────────────────────────────────────

flaw("X10", "The job starts 50 to 500 ms later, at random", { mistake: immediately }, async (app) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  for (const email of [MIKE.email, "nobody@example.org"]) {
    const delays: number[] = [];
    for (let nth = 0; nth < 200; nth++) {
      app.clock.now += HOUR;
      const [wait, find] = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(app.users, "findByEmail")];
      await app.passwordReset.requestReset({ email, ip: null });
      // The others are the time limits of calls.
      const waits = wait.mock.calls.map(([, milliseconds]) => Number(milliseconds));
      const delay = waits.find((milliseconds) => milliseconds <= 500) ?? 0;
      expect(delay).toBeGreaterThanOrEqual(50);
      await vi.advanceTimersByTimeAsync(Math.floor(delay) - 1);
      expect(find).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(2);
      expect(find).toHaveBeenCalledTimes(1);
      delays.push(delay);
      wait.mockRestore();
      find.mockRestore();
    }
    const [shortest, longest] = [Math.min(...delays), Math.max(...delays)];
    expect([shortest < 100, longest > 450, longest < 500]).toEqual([true, true, true]);
    expect(new Set(delays).size).toBeGreaterThan(190);
  }
});

everyFlawOf("h-enumeration");
