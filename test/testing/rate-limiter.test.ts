import { memoryRateLimiter, type RateLimiter } from "relatch";
import { rateLimiterContract } from "relatch/testing";
import { describe, expect, test } from "vitest";
import { failing } from "./failing.ts";

const contract = (create: () => RateLimiter) => rateLimiterContract(create, { exactRefunds: true });
const order = contract(memoryRateLimiter).map(({ name }) => name);

const [allows, says, atOnce, keys, rules, window, refunds, afterRefusals, noMore] = [
  "allows as many as the rule says, then refuses",
  "says when it refuses for how many seconds",
  "checks and takes in one step: of 50 at once, as many pass as the rule says",
  "counts keys apart",
  "counts rules apart",
  "counts a window from its first unit; refusals do not prolong it",
  "gives a unit back, if it can",
  "gives a unit back after refusals, which took none",
  "gives no more back than was taken",
];

/** A good limiter with methods of its own in place of the good ones. */
type Flaw = (good: RateLimiter) => Partial<RateLimiter>;
const flawed = (flaw: Flaw) => () => {
  const good = memoryRateLimiter();
  return { ...good, ...flaw(good) };
};
const keyed =
  (change: (key: string) => string): Flaw =>
  (good) => ({
    consume: (key, rule) => good.consume(change(key), rule),
    refund: async (key, rule) => good.refund?.(change(key), rule),
  });

const flaws: [title: string, flaw: Flaw, fails: string[]][] = [
  [
    "one unit too many",
    (good) => ({ consume: (key, rule) => good.consume(key, { ...rule, max: rule.max + 1 }) }),
    [allows, atOnce, rules, window, afterRefusals, noMore],
  ],
  [
    "never a refusal",
    () => ({ consume: async () => ({ allowed: true, retryAfterSeconds: 0 }) }),
    [allows, says, atOnce, rules, window, refunds, afterRefusals, noMore],
  ],
  [
    "always a refusal",
    () => ({ consume: async () => ({ allowed: false, retryAfterSeconds: 1 }) }),
    [allows, atOnce, keys, rules, window, refunds, afterRefusals, noMore],
  ],
  [
    "milliseconds",
    (good) => ({
      async consume(key, rule) {
        const { allowed, retryAfterSeconds } = await good.consume(key, rule);
        return { allowed, retryAfterSeconds: retryAfterSeconds * 1000 };
      },
    }),
    [says],
  ],
  [
    "no time when it allows",
    (good) => ({
      async consume(key, rule) {
        const verdict = await good.consume(key, rule);
        return (verdict.allowed ? { allowed: true } : verdict) as never;
      },
    }),
    [says],
  ],
  [
    "a read, then a write",
    () => {
      const used = new Map<string, number>();
      return {
        async consume(key, { max, windowSeconds }) {
          const name = `${key}/${max}/${windowSeconds}`;
          const before = used.get(name) ?? 0;
          await new Promise((resolve) => setTimeout(resolve, 0));
          if (before >= max) return { allowed: false, retryAfterSeconds: 1 };
          used.set(name, before + 1);
          setTimeout(() => used.delete(name), windowSeconds * 1000).unref();
          return { allowed: true, retryAfterSeconds: 0 };
        },
        refund: undefined,
      };
    },
    [atOnce, afterRefusals],
  ],
  ["keys in any case", keyed((key) => key.toLowerCase()), [keys]],
  ["keys without blanks", keyed((key) => key.trim()), [keys]],
  ["keys cut short", keyed((key) => key.slice(0, 12)), [keys]],
  [
    "one count for all rules",
    (good) => {
      const first = { max: 3, windowSeconds: 60 };
      return { consume: (key, rule) => good.consume(key, rule.windowSeconds > 60 ? first : rule) };
    },
    [rules],
  ],
  [
    "windows that never end",
    (good) => ({
      consume: (key, rule) => good.consume(key, { ...rule, windowSeconds: rule.windowSeconds + 5 }),
      refund: undefined,
    }),
    [says, window, afterRefusals],
  ],
  [
    "refusals that prolong",
    () => {
      const until = new Map<string, { left: number; end: number }>();
      return {
        async consume(key, { max, windowSeconds }) {
          const name = `${key}/${windowSeconds}`;
          const open = until.get(name);
          const window = open && open.end > Date.now() ? open : { left: max, end: 0 };
          window.end = Date.now() + windowSeconds * 1000;
          until.set(name, window);
          window.left -= 1;
          return { allowed: window.left >= 0, retryAfterSeconds: windowSeconds };
        },
        refund: undefined,
      };
    },
    [window, afterRefusals],
  ],
  ["a refund of nothing", () => ({ refund: async () => {} }), [refunds, afterRefusals]],
  [
    "refunds that buy more",
    (good) => {
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
    },
    [noMore],
  ],
];

test("memoryRateLimiter passes, and a limiter without refunds too", async () => {
  const shared = memoryRateLimiter();
  expect(await failing(contract(() => shared))).toEqual([]);
  expect(await failing(rateLimiterContract(flawed(() => ({ refund: undefined }))))).toEqual([]);
});

test("refunds that are not exact pass where that is not asked", () => {
  expect(rateLimiterContract(memoryRateLimiter).map(({ name }) => name)).toEqual(
    order.filter((name) => name !== afterRefusals && name !== noMore),
  );
});

describe.concurrent("a flaw fails the cases it should", () => {
  test.each(flaws)("%s", async (_, flaw, fails) => {
    const names = await failing(contract(flawed(flaw)));
    expect(names).toEqual(order.filter((name) => fails.includes(name)));
  });

  test("each case has a flaw that it is there for", () => {
    const failed = new Set(flaws.flatMap(([, , fails]) => fails));
    expect(order.filter((name) => !failed.has(name))).toEqual([]);
    expect(order).toEqual([allows, says, atOnce, keys, rules, window, refunds, afterRefusals, noMore]);
  });
});
