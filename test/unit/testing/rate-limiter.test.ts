import { RateLimiterMemory } from "rate-limiter-flexible";
import { memoryRateLimiter, type RateLimiter, type RateRule, TimeSpan } from "relatch";
import { rateLimiterContract } from "relatch/testing";
import { expect, test } from "vitest";
import { type Flaws, findFailing, flaw, testFlaws } from "./failing.ts";

/** A word for each case. */
const named = {
  allows: "consume allows as many units as the rule says, then refuses",
  says: "consume returns for how many seconds it refuses",
  atOnce: "50 concurrent calls of consume get as many units as the rule says",
  keys: "every key is counted separately",
  rules: "every rule is counted separately",
  long: "a window may be as long as 7 days",
  window: "a window lasts from its first unit, and refusals do not prolong it",
  refunds: "refund, if there is one, gives one unit back",
  noMore: "a refund never goes below zero",
  opens: "a refund opens no window",
  flood: "a flood across the end of a window gets no more units than the rule says",
};

/** Methods that replace the good ones. */
type Flaw = (good: RateLimiter) => Partial<RateLimiter>;
const flawed = (flaw: Flaw) => () => {
  const good = memoryRateLimiter();
  return { ...good, ...flaw(good) };
};
/** Another consume, which also gets the good limiter. */
type Consume = (key: string, rule: RateRule, good: RateLimiter) => ReturnType<RateLimiter["consume"]>;
const consumes = (title: string, fails: string, consume: Consume, more: Partial<RateLimiter> = {}) =>
  flaw<Flaw>(title, fails, (good) => ({ consume: (key, rule) => consume(key, rule, good), ...more }));
const keyed = (title: string, change: (key: string) => string) =>
  flaw<Flaw>(title, "keys", (good) => ({
    consume: (key, rule) => good.consume(change(key), rule),
    refund: async (key, rule) => good.refund?.(change(key), rule),
  }));

const flaws: Flaws<Flaw> = [
  consumes("one unit too many", "allows atOnce rules long window opens flood", (key, rule, good) =>
    good.consume(key, { ...rule, max: rule.max + 1 }),
  ),
  consumes("never a refusal", "allows says atOnce rules long window refunds noMore opens flood", async () => ({
    allowed: true,
    retryAfterSeconds: 0,
  })),
  consumes("always a refusal", "allows atOnce keys rules long window refunds noMore opens", async () => ({
    allowed: false,
    retryAfterSeconds: 1,
  })),
  consumes("milliseconds instead of seconds", "says long", async (key, rule, good) => {
    const { allowed, retryAfterSeconds } = await good.consume(key, rule);
    return { allowed, retryAfterSeconds: retryAfterSeconds * 1000 };
  }),
  consumes("windows cut to one day", "long", (key, rule, good) =>
    good.consume(key, { ...rule, window: new TimeSpan(Math.min(rule.window.seconds(), 86_400), "s") }),
  ),
  consumes("no time if it allows", "says", async (key, rule, good) => {
    const verdict = await good.consume(key, rule);
    return (verdict.allowed ? { allowed: true } : verdict) as never;
  }),
  flaw("a read, then a write", "atOnce long flood", () => {
    const used = new Map<string, number>();
    return {
      async consume(key, { max, window }) {
        const name = `${key}/${max}/${window.milliseconds()}`;
        const before = used.get(name) ?? 0;
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (before >= max) return { allowed: false, retryAfterSeconds: 1 };
        used.set(name, before + 1);
        setTimeout(() => used.delete(name), window.milliseconds()).unref();
        return { allowed: true, retryAfterSeconds: 0 };
      },
      refund: undefined,
    };
  }),
  keyed("keys in any case", (key) => key.toLowerCase()),
  keyed("keys without trailing spaces", (key) => key.trim()),
  keyed("keys cut short", (key) => key.slice(0, 12)),
  consumes("one count for all rules", "rules long", (key, rule, good) =>
    good.consume(key, rule.window.seconds() > 60 ? { max: 3, window: new TimeSpan(60, "s") } : rule),
  ),
  consumes(
    "windows that never end",
    "says long window",
    (key, rule, good) => good.consume(key, { ...rule, window: new TimeSpan(rule.window.seconds() + 5, "s") }),
    { refund: undefined },
  ),
  flaw("refusals that prolong", "window", () => {
    const until = new Map<string, { left: number; end: number }>();
    return {
      async consume(key, { max, window }) {
        const name = `${key}/${window.milliseconds()}`;
        const open = until.get(name);
        const count = open && open.end > Date.now() ? open : { left: max, end: 0 };
        count.end = Date.now() + window.milliseconds();
        until.set(name, count);
        count.left -= 1;
        return { allowed: count.left >= 0, retryAfterSeconds: window.seconds() };
      },
      refund: undefined,
    };
  }),
  flaw("a refund that does nothing", "refunds noMore", () => ({ refund: async () => {} })),
  flaw("refunds that give more than was taken", "noMore opens", (good) => {
    const gifts = new Map<string, number>();
    return {
      async consume(key, rule) {
        const verdict = await good.consume(key, rule);
        const gift = gifts.get(key) ?? 0;
        if (verdict.allowed || gift === 0) return verdict;
        gifts.set(key, gift - 1);
        return { allowed: true, retryAfterSeconds: 0 };
      },
      refund: async (key) => gifts.set(key, (gifts.get(key) ?? 0) + 1),
    };
  }),
  flaw("a refund that opens a window", "opens", (good) => ({
    async refund(key, rule) {
      const { allowed } = await good.consume(key, rule);
      if (allowed) await good.refund?.(key, rule);
      await good.refund?.(key, rule);
    },
  })),
  flaw("a slow store, and a second command that gives a refusal back", "noMore flood", rewardRefusals),
];

/** Version 1 of rateLimiterFlexible over a store that takes a while. */
function rewardRefusals(): Partial<RateLimiter> {
  const limiters = new Map<string, RateLimiterMemory>();
  const limiterOf = ({ max, window }: RateRule) => {
    const keyPrefix = `${max}/${window.milliseconds()}`;
    const limiter =
      limiters.get(keyPrefix) ?? new RateLimiterMemory({ points: max, duration: window.seconds(), keyPrefix });
    limiters.set(keyPrefix, limiter);
    return limiter;
  };
  const pause = () => new Promise((resolve) => setTimeout(resolve, 40));
  return {
    async consume(key, rule) {
      await pause();
      try {
        await limiterOf(rule).consume(key);
        return { allowed: true, retryAfterSeconds: 0 };
      } catch (refusal) {
        await pause();
        await limiterOf(rule).reward(key);
        return { allowed: false, retryAfterSeconds: Number(Object(refusal).msBeforeNext) / 1000 };
      }
    },
    async refund(key, rule) {
      const state = await limiterOf(rule).get(key);
      await pause();
      if (state && state.consumedPoints > 0) await limiterOf(rule).reward(key);
    },
  };
}

testFlaws("rateLimiterContract", named, (flaw) => rateLimiterContract(flawed(flaw)), flaws);

test.concurrent("memoryRateLimiter and a limiter without refunds pass rateLimiterContract", async () => {
  const shared = memoryRateLimiter();
  expect(await findFailing(rateLimiterContract(() => shared))).toEqual([]);
  expect(await findFailing(rateLimiterContract(flawed(() => ({ refund: undefined }))))).toEqual([]);
});
