import {
  type Dispatcher,
  type Job,
  type Mailer,
  type MailFailure,
  type RateRule,
  sessionStamp,
  signedTokens,
  TimeSpan,
} from "relatch";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GOOD_PASSWORD, gate, harness, MIKE } from "./harness.ts";

// What a try of a mail left behind: it certainly did not go out, or nobody knows. On that depends what the next try
// says, and whether the address gets its unit back.

const MINUTE = 60_000;
const UNSENT: MailFailure = { unsent: true };
const UNKNOWN: MailFailure = {};
const REFUSED: MailFailure = { permanent: true };
type Outcome = "sent" | MailFailure;

/** Of the account as it is. */
const FOLLOW_UP = {
  v: 1,
  id: "a",
  type: "password_changed",
  userId: MIKE.id,
  previousStamp: "before",
  stamp: sessionStamp(MIKE),
};

/** A harness whose mailer ends as it is told to, try by try, and whose jobs the test delivers itself. */
function setup(outcomes: Outcome[], options: Parameters<typeof harness>[0] = {}) {
  const tries: { to: string; text: string; key: string }[] = [];
  const send: Mailer["send"] = async ({ to, text }, { idempotencyKey }) => {
    tries.push({ to, text, key: idempotencyKey });
    const outcome = outcomes.shift() ?? "sent";
    if (outcome !== "sent") throw Object.assign(new Error("no"), outcome);
  };
  const handed: Parameters<Dispatcher["dispatch"]>[] = [];
  const dispatcher: Dispatcher = { dispatch: async (...input) => handed.push(input) };
  const h = harness({ mailer: { send }, dispatcher, ...options });
  return {
    ...h,
    tries,
    links: () => tries.map(({ text }) => text.match(/password_reset\/(\S+)/)?.[1]),
    async request(email = MIKE.email): Promise<{ job: Job; giveUp: () => void }> {
      await h.passwordReset.requestReset({ email, ip: null });
      const [job, , dropped] = handed.at(-1)!;
      return { job, giveUp: () => dropped(job, "gave_up") };
    },
    /** Tries a job once; a failure is for the next try. */
    attempt: (job: Job) => h.passwordReset.deliver(job).catch(() => {}),
  };
}

describe("a mail that may have gone out is sent again as it was", () => {
  test("under the same key, with the same link, which works in either", async () => {
    const { request, attempt, tries, links, tokens, passwordReset } = setup([UNKNOWN, UNKNOWN, "sent"]);
    const save = vi.spyOn(tokens, "save");
    const { job } = await request();
    for (let nth = 0; nth < 3; nth++) await attempt(job);
    expect(tries).toHaveLength(3);
    expect(new Set(tries.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(tries[0]?.key).toMatch(/^[A-Za-z0-9_-]{36}$/);
    expect(save).toHaveBeenCalledTimes(1);
    expect(await passwordReset.verifyToken(links()[0])).toMatchObject({ ok: true });
  });

  test("also where its time was up while it was being sent", async () => {
    vi.useFakeTimers();
    try {
      const { opened, open } = gate();
      const keys: string[] = [];
      const send: Mailer["send"] = async (_, { idempotencyKey }) => {
        keys.push(idempotencyKey);
        if (keys.length === 1) await opened;
      };
      const { request, attempt } = setup([], { mailer: { send }, deliveryTimeout: new TimeSpan(5, "s") });
      const { job } = await request();
      const first = attempt(job);
      await vi.waitFor(() => expect(keys).toHaveLength(1));
      await vi.advanceTimersByTimeAsync(5000);
      await first;
      await attempt(job);
      open();
      expect(keys).toHaveLength(2);
      expect(keys[1]).toBe(keys[0]);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each<[string, MailFailure, Outcome, string[]]>([
    ["was refused for good, and the next one sent it", REFUSED, "sent", []],
    ["did not go out, and nobody knows of the next one", UNSENT, UNKNOWN, ["the same"]],
  ])("also where a try whose time was up learns late that its mail %s", async (_, late, second, third) => {
    vi.useFakeTimers();
    try {
      const { opened, open } = gate();
      const links: (string | undefined)[] = [];
      const send: Mailer["send"] = async ({ text }) => {
        links.push(text.match(/password_reset\/(\S+)/)?.[1]);
        const outcome = [late, second, "sent" as const][links.length - 1] ?? "sent";
        if (links.length === 1) await opened;
        if (outcome !== "sent") throw Object.assign(new Error("no"), outcome);
      };
      const refund = vi.fn(async () => {});
      const rateLimiter = { consume: async () => ({ allowed: true, retryAfterSeconds: 0 }), refund };
      const h = setup([], {
        mailer: { send },
        deliveryTimeout: new TimeSpan(5, "s"),
        limits: { rateLimiter },
      });
      const { job, giveUp } = await h.request();
      const first = h.attempt(job);
      await vi.waitFor(() => expect(links).toHaveLength(1));
      await vi.advanceTimersByTimeAsync(5000);
      await first;
      await h.attempt(job);
      open();
      await vi.advanceTimersByTimeAsync(0);
      expect(h.happened()).not.toContain("mail_refused");
      await h.attempt(job);
      expect(links.slice(2)).toEqual(third.map(() => links[0]));
      giveUp();
      expect(refund).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });

  test("with signed tokens too", async () => {
    const tokens = signedTokens({ keys: [crypto.getRandomValues(new Uint8Array(32))] });
    const { request, attempt, tries } = setup([UNKNOWN], { tokens });
    const { job } = await request();
    await attempt(job);
    await attempt(job);
    expect(new Set(tries.map(({ key }) => key)).size).toBe(1);
  });

  test("but a mail that certainly did not go out gets a fresh link, and so another key", async () => {
    const { request, attempt, tries, links, passwordReset } = setup([UNSENT, "sent"]);
    const { job } = await request();
    await attempt(job);
    await attempt(job);
    expect(new Set(links()).size).toBe(2);
    expect(tries[1]?.key).not.toBe(tries[0]?.key);
    expect(await passwordReset.verifyToken(links()[1])).toMatchObject({ ok: true });
  });

  test.each<[string, (h: ReturnType<typeof setup>) => unknown]>([
    ["another request was mailed since", async (h) => h.attempt((await h.request()).job)],
    ["the password was changed since", ({ users }) => users.set({ ...MIKE, passwordHash: "newer" })],
    ["a tenth of its life is over", ({ clock }) => Object.assign(clock, { now: clock.now + 6 * MINUTE })],
    [
      "it was used",
      ({ links, passwordReset }) =>
        passwordReset.completeReset({ token: links()[0], newPassword: GOOD_PASSWORD }),
    ],
  ])("but with a fresh link, under another key, when %s", async (_, meanwhile) => {
    const h = setup([UNKNOWN], { limits: { address: false } });
    const { job } = await h.request();
    await h.attempt(job);
    await meanwhile(h);
    await h.attempt(job);
    const [first] = h.tries;
    const last = h.tries.at(-1);
    expect(last?.key).not.toBe(first?.key);
    expect(await h.passwordReset.verifyToken(h.links().at(-1))).toMatchObject({ ok: true });
  });

  test("but not by another process, whose link is another one", async () => {
    const [one, other] = [setup([UNKNOWN]), setup([])];
    const { job } = await one.request();
    await one.attempt(job);
    await other.attempt(job);
    expect(other.tries[0]?.key).not.toBe(one.tries[0]?.key);
  });
});

describe("a mail that goes out when its time was up", () => {
  /** The first try is being sent for longer than it may; the second one comes when that is so long ago. */
  async function late(later: number, options: Parameters<typeof harness>[0] = {}) {
    const links: (string | undefined)[] = [];
    const ends: ((error?: unknown) => void)[] = [];
    const send: Mailer["send"] = ({ text }) =>
      new Promise<void>((resolve, reject) => {
        links.push(text.match(/password_reset\/(\S+)/)?.[1]);
        ends.push((error) => (error ? reject(error) : resolve()));
      });
    const h = setup([], { mailer: { send }, deliveryTimeout: new TimeSpan(5, "s"), ...options });
    const { job } = await h.request();
    const begin = async () => {
      const before = links.length;
      const outcome = h.attempt(job);
      await vi.advanceTimersByTimeAsync(0);
      return { outcome, isSending: links.length > before };
    };
    const first = await begin();
    await vi.advanceTimersByTimeAsync(5000);
    await first.outcome;
    h.clock.now += later;
    /** How the mail of a try ends. */
    const end = async (nth: number, outcome: Outcome) => {
      ends[nth]?.(outcome === "sent" ? undefined : Object.assign(new Error("no"), outcome));
      await vi.advanceTimersByTimeAsync(0);
    };
    return { ...h, links, begin, end };
  }

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("is the end of it, where the next try has sent the same", async () => {
    const { begin, end, links } = await late(0);
    await begin();
    await end(1, UNSENT);
    await end(0, "sent");
    expect((await begin()).isSending).toBe(false);
    expect(links).toEqual([links[0], links[0]]);
  });

  test("is not, where the next try has made another link, which killed its own", async () => {
    const { begin, end, links, passwordReset, happened } = await late(10 * MINUTE);
    await begin();
    await end(0, "sent");
    await end(1, UNSENT);
    expect((await begin()).isSending).toBe(true);
    await end(2, "sent");
    expect(new Set(links).size).toBe(3);
    expect(await passwordReset.verifyToken(links[2])).toMatchObject({ ok: true });
    expect((await begin()).isSending).toBe(false);
    expect(happened().filter((what) => what === "mail_sent")).toHaveLength(2);
  });

  test("nor where that one is being composed", async () => {
    const { opened, open } = gate();
    let composed = 0;
    const resetLink = async ({ url }: { url: string }) => {
      composed += 1;
      if (composed === 2) await opened;
      return { subject: "Reset", text: url };
    };
    const { begin, end, links, passwordReset } = await late(10 * MINUTE, { messages: { resetLink } });
    const second = await begin();
    await end(0, "sent");
    open();
    await vi.advanceTimersByTimeAsync(0);
    await end(1, "sent");
    await second.outcome;
    expect(await passwordReset.verifyToken(links[1])).toMatchObject({ ok: true });
  });
});

test("a notice that may have gone out says nothing to the link that the address gets once somebody has it", async () => {
  const noAccount = () => ({ subject: "Nobody", text: "Nobody has this address." });
  const h = setup([UNKNOWN], { accounts: [], messages: { noAccount } });
  const { job } = await h.request();
  await h.attempt(job);
  h.users.set(MIKE);
  await h.attempt(job);
  expect(h.links()).toEqual([undefined, expect.stringMatching(/^[\w-]{43}$/)]);
  expect(await h.passwordReset.verifyToken(h.links()[1])).toMatchObject({ ok: true });
});

test("the notice of a change is the same mail in every process: it holds no link", async () => {
  const one = setup([]);
  await one.attempt((await one.request()).job);
  await one.passwordReset.completeReset({ token: one.links()[0], newPassword: GOOD_PASSWORD });
  const followUps: Job[] = [];
  const origin = setup([], {
    users: one.users,
    dispatcher: { dispatch: async (job) => followUps.push(job) },
  });
  await origin.passwordReset.requestReset({ email: MIKE.email, ip: null });
  await origin.attempt(followUps[0]!);
  await origin.passwordReset.completeReset({ token: origin.links()[0], newPassword: `${GOOD_PASSWORD} 2` });
  const job = followUps[1]!;
  expect(job.type).toBe("password_changed");
  const workers = [1, 2].map(() => setup([], { users: one.users }));
  for (const worker of workers) await worker.attempt(job);
  const [first, second] = workers.map(({ tries }) => tries);
  expect(first).toHaveLength(1);
  expect(second).toEqual(first);
});

test("nothing of a job's id, which a queue may have made up, gets into the key", async () => {
  const noAccount = () => ({ subject: "No account", text: "No account has this address." });
  const { attempt, tries, clock } = setup([], { messages: { noAccount } });
  const base = { v: 1, at: clock.now, type: "reset_requested" } as const;
  const ids = ["x>\r\nBcc: eve@evil.example", "\u0000", "a".repeat(64), "%0d%0a"];
  for (const [email, length] of [
    [MIKE.email, 36],
    ["nobody@example.org", 43],
  ] as const) {
    tries.length = 0;
    for (const id of ids) await attempt({ ...base, id: `${id}${length}`.slice(-64), email });
    expect(tries).toHaveLength(ids.length);
    for (const { key } of tries) expect(key).toMatch(new RegExp(`^[A-Za-z0-9_-]{${length}}$`));
  }
});

describe("the address gets its unit back", () => {
  /** The rules whose unit was given back, by their windows in seconds. */
  async function refunds(
    outcomes: Outcome[],
    tries: number,
    options: Parameters<typeof harness>[0] = {},
    address?: RateRule[],
  ) {
    const windows: number[] = [];
    const rateLimiter = {
      consume: async () => ({ allowed: true, retryAfterSeconds: 0 }),
      refund: async (_: string, { windowSeconds }: { windowSeconds: number }) => windows.push(windowSeconds),
    };
    const h = setup(outcomes, { limits: { rateLimiter, address }, ...options });
    const { job, giveUp } = await h.request();
    for (let nth = 0; nth < tries; nth++) await h.attempt(job);
    return { windows, giveUp, job, ...h };
  }

  test.each<[string, Outcome[]]>([
    ["no server took it", [UNSENT, UNSENT, UNSENT]],
    ["no try came so far as the mail", []],
  ])("when all tries were in vain and %s", async (_, outcomes) => {
    const down = outcomes.length > 0 ? {} : { resetUrl: () => Promise.reject(new Error("down")) as never };
    const { windows, giveUp } = await refunds(outcomes, 3, down);
    expect(windows).toEqual([]);
    giveUp();
    // Of the longest rule: the others space the tries.
    expect(windows).toEqual([3600]);
    giveUp();
    expect(windows).toEqual([3600]);
  });

  test("of the longest rule, wherever it stands", async () => {
    const address = [600, 3600, 60].map((windowSeconds) => ({ max: 3, windowSeconds }));
    const { windows } = await refunds([REFUSED], 1, {}, address);
    expect(windows).toEqual([3600]);
  });

  test("but nothing for a follow-up, which was counted nowhere", async () => {
    const { windows, passwordReset, job } = await refunds([REFUSED], 0);
    await passwordReset.deliver({ ...FOLLOW_UP, at: job.at });
    expect(windows).toEqual([]);
  });

  test("when the mail was refused for good, once", async () => {
    const { windows, giveUp } = await refunds([UNSENT, REFUSED], 4);
    expect(windows).toEqual([3600]);
    giveUp();
    expect(windows).toEqual([3600]);
  });

  test.each<[string, Outcome[]]>([
    ["one try may have gone out", [UNSENT, UNKNOWN, UNSENT]],
    ["the first may have gone out, and the next was refused for good", [UNKNOWN, REFUSED]],
    ["it was refused by one of two mailers, and the other took it", [{ permanent: true, unsent: false }]],
    ["it was sent", [UNSENT, "sent"]],
  ])("but not when %s", async (_, outcomes) => {
    const { windows, giveUp } = await refunds(outcomes, 3);
    giveUp();
    expect(windows).toEqual([]);
  });

  test("but not for an address that nobody has: then known ones could be told by it", async () => {
    const { windows, happened } = await refunds([], 1, { accounts: [] });
    expect(happened()).toContain("request_skipped:unknown_account");
    expect(windows).toEqual([]);
  });

  test.each([
    [
      "throws when it is read",
      Object.defineProperty(new Error("x"), "unsent", { get: () => assertUnread() }),
    ],
    ["is nothing", undefined],
    ["says something else", Object.assign(new Error("x"), { unsent: "yes", permanent: 1 })],
  ])("but not on the word of an error that %s", async (_, error) => {
    const mailer: Mailer = { send: () => Promise.reject(error) };
    const { windows, giveUp, happened } = await refunds([], 1, { mailer });
    giveUp();
    expect(windows).toEqual([]);
    expect(happened()).toContain("delivery_failed:ERR_MAILER");
  });
});

function assertUnread(): never {
  throw new Error("not to be read");
}
