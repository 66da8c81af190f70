import fc from "fast-check";
import { TimeSpan } from "oslo";
import { describe, expect, test } from "vitest";
import { addressKey, clientKey, clientKeys } from "../../../src/limiters/keys.ts";
import { memoryRateLimiter } from "../../../src/limiters/memory.ts";
import { relatchError } from "../../helpers/errors.ts";

const RULE = { max: 3, window: new TimeSpan(60, "s") };
const HOUR = { max: 3, window: new TimeSpan(1, "h") };
const MINUTE = { max: 1, window: new TimeSpan(1, "m") };
const START = Date.UTC(2026, 0, 1);
const YEAR = 365 * 24 * 3600 * 1000;

function limiterWithClock(maxKeys?: number) {
  const clock = { now: START };
  const limiter = memoryRateLimiter({ maxKeys, now: () => clock.now });
  /** Takes units until one is refused and returns how many there were. */
  const left = async (key: string, rule = RULE) => {
    for (let taken = 0; taken < 1000; taken++) if (!(await limiter.consume(key, rule)).allowed) return taken;
    return Number.POSITIVE_INFINITY;
  };
  /** Takes all units of each key in turn and expects each to have this number of them. */
  const expectUnits = async (units: number, ...keys: string[]) => {
    for (const key of keys) expect([key, await left(key)]).toEqual([key, units]);
  };
  return { clock, limiter, left, expectUnits };
}

// rateLimiterContract tests everything that every limiter must do.
describe("memoryRateLimiter", () => {
  test("consume allows the units of the rule in each window, and then returns how long to wait", async () => {
    const { limiter, clock, left } = limiterWithClock();
    expect(await limiter.consume("a", RULE)).toEqual({ allowed: true, retryAfterSeconds: 0 });
    expect(await left("a")).toBe(2);
    for (const [after, retryAfterSeconds] of [
      [0, 60],
      [30_001, 30],
      [59_999, 1],
    ] as const) {
      clock.now = START + after;
      expect(await limiter.consume("a", RULE)).toEqual({ allowed: false, retryAfterSeconds });
    }
    clock.now = START + 60_000;
    expect(await left("a")).toBe(3);
  });

  test("consume counts every key and every rule of a key separately", async () => {
    const { left, expectUnits } = limiterWithClock();
    await expectUnits(3, "a", "b", "__proto__", "");
    expect(await left("a", { max: 5, window: new TimeSpan(60, "s") })).toBe(5);
    expect(await left("a", HOUR)).toBe(3);
    expect(await left("60 a", { max: 3, window: new TimeSpan(6, "s") })).toBe(3);
  });

  test("consume never allows more than the rule in a window, whenever the calls come", async () => {
    const gaps = fc.array(fc.nat(40_000), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(gaps, async (times) => {
        const { limiter, clock } = limiterWithClock();
        const allowed: number[] = [];
        for (const gap of times) {
          clock.now += gap;
          const verdict = await limiter.consume("a", RULE);
          if (verdict.allowed) allowed.push(clock.now);
          else {
            // To wait retryAfterSeconds is always enough.
            clock.now += verdict.retryAfterSeconds * 1000;
            expect((await limiter.consume("a", RULE)).allowed).toBe(true);
            allowed.push(clock.now);
          }
        }
        // Two windows can meet at one moment, three cannot.
        for (const [index, last] of allowed.slice(2 * RULE.max).entries()) {
          expect(last - allowed[index]!).toBeGreaterThanOrEqual(60_000);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("refund does not help another key, rule or window", async () => {
    const { limiter, clock, expectUnits } = limiterWithClock();
    await expectUnits(3, "a");
    await limiter.refund?.("b", RULE);
    await limiter.refund?.("a", { ...RULE, max: 4 });
    await expectUnits(0, "a");
    clock.now += 60_000;
    await limiter.refund?.("a", RULE);
    await expectUnits(3, "a");
  });

  test("a clock that is set back a little gives no new units", async () => {
    const { clock, expectUnits } = limiterWithClock();
    clock.now += 30_000;
    await expectUnits(3, "a");
    for (const change of [20_000, -20_000]) {
      clock.now += change;
      await expectUnits(0, "a");
    }
  });

  test("a clock that is set back a year locks no one out for a year", async () => {
    const { clock, expectUnits, limiter } = limiterWithClock();
    await expectUnits(3, "a");
    clock.now -= YEAR;
    expect((await limiter.consume("a", RULE)).retryAfterSeconds).toBe(60);
    clock.now += 60_000;
    await expectUnits(3, "a");
  });

  test("a clock that is set back before the first unit forgets no count", async () => {
    for (const change of [-1, -1000, -YEAR]) {
      const { clock, expectUnits } = limiterWithClock();
      await expectUnits(3, "ticket:a", "client:a");
      clock.now += change;
      await expectUnits(0, "ticket:a", "client:a");
    }
  });

  describe("bounded memory", () => {
    test("the oldest count of a client is deleted if there are too many", async () => {
      const { expectUnits } = limiterWithClock(3);
      await expectUnits(3, "client:a", "client:b", "client:c");
      await expectUnits(0, "client:a", "client:b", "client:c");
      await expectUnits(3, "client:d");
      await expectUnits(0, "client:b", "client:c", "client:d");
      await expectUnits(3, "client:a");
    });

    test("an expired count is deleted before a current one, whatever its rule", async () => {
      const { clock, left, expectUnits } = limiterWithClock(4);
      expect(await left("client:long", HOUR)).toBe(3);
      await expectUnits(3, "address:over", "client:over");
      clock.now += 60_000;
      await expectUnits(3, "client:a", "client:b", "client:c");
      await expectUnits(0, "client:a", "client:b", "client:c");
      expect(await left("client:long", HOUR)).toBe(0);
    });

    test("a key whose window starts anew is the youngest again", async () => {
      const { clock, expectUnits } = limiterWithClock(2);
      await expectUnits(3, "client:a");
      clock.now += 30_000;
      await expectUnits(3, "client:b");
      clock.now += 30_000;
      await expectUnits(3, "client:a", "client:c");
      await expectUnits(0, "client:a");
      await expectUnits(3, "client:b");
    });

    test("a key whose window starts anew takes no other key's place", async () => {
      const { clock, left, expectUnits } = limiterWithClock(3);
      expect(await left("client:a", HOUR)).toBe(3);
      await expectUnits(3, "client:b");
      expect(await left("client:c", HOUR)).toBe(3);
      clock.now += 60_000;
      await expectUnits(3, "client:b");
      expect([await left("client:a", HOUR), await left("client:b"), await left("client:c", HOUR)]).toEqual([0, 0, 0]);
    });

    test("counts from before the clock was set back make room one window later", async () => {
      const { clock, expectUnits } = limiterWithClock(2);
      await expectUnits(3, "address:a", "address:b");
      clock.now -= YEAR;
      await expectUnits(0, "address:a");
      clock.now += 60_000;
      await expectUnits(3, "address:c", "address:d");
      await expectUnits(0, "address:c", "address:d");
    });

    test.each(["client:a", "address:a"])("maxKeys: 1 still counts one key: %s", async (key) => {
      const { expectUnits } = limiterWithClock(1);
      await expectUnits(3, key);
      await expectUnits(0, key);
    });

    test("counts of clients make room for other counts, and these stay", async () => {
      const { expectUnits } = limiterWithClock(4);
      await expectUnits(3, "address:a", "client:1", "code_request:b", "network:2", "address:c", "address:d");
      await expectUnits(0, "address:a", "code_request:b", "address:c", "address:d");
    });

    test("attempts have their own room, which no flood of requests takes", async () => {
      const { expectUnits } = limiterWithClock(4);
      await expectUnits(3, "address:a", "address:b", "address:c", "address:d", "address:e");
      const attempts = ["ticket:a", "ticket_codes:b", "factor_link:c", "factor_account:d"];
      await expectUnits(3, ...attempts);
      await expectUnits(0, "address:a", "address:b", "address:c", "address:d", "address:e", ...attempts);
    });

    test("attempts at second factors have their own room, which no flood of tickets takes", async () => {
      const { expectUnits } = limiterWithClock(2);
      await expectUnits(3, "ticket:a", "ticket:b");
      await expectUnits(0, "ticket:c");
      await expectUnits(3, "factor_link:a", "factor_account:b");
      await expectUnits(0, "factor_link:a", "factor_link:c");
    });

    test("attempts are neither forgotten nor merged: when their room is full, new ones are refused", async () => {
      const { clock, limiter, expectUnits } = limiterWithClock(2);
      await expectUnits(3, "ticket:a", "ticket_codes:b");
      clock.now += 20_000;
      for (let nth = 0; nth < 5000; nth++) {
        expect(await limiter.consume(`ticket:${nth}`, RULE)).toEqual({ allowed: false, retryAfterSeconds: 60 });
      }
      await limiter.refund?.("ticket:1", RULE);
      await expectUnits(0, "ticket:1", "ticket:a", "ticket_codes:b");
      clock.now += 40_000;
      await expectUnits(3, "ticket:1", "ticket:a");
    });

    test("new keys share 1,024 counts if memory is full of addresses, until their windows end", async () => {
      const { clock, limiter, expectUnits } = limiterWithClock(10);
      const ten = (name: string) => Array.from({ length: 10 }, (_, n) => `address:${name}-${n}`);
      await expectUnits(3, ...ten("old"));
      let units = 0;
      for (let n = 0; n < 20_000; n++) {
        if ((await limiter.consume(addressKey(`${n}@x.com`, undefined), RULE)).allowed) units += 1;
      }
      expect(units).toBe(3 * 1024);
      await expectUnits(0, ...ten("old"));
      clock.now += 60_000;
      await expectUnits(3, ...ten("new"));
    });

    test("a merged count stays when there is room again, so that nobody gets its units twice", async () => {
      const { clock, expectUnits } = limiterWithClock(1);
      await expectUnits(3, "address:a");
      for (const units of [3, 0, 3]) {
        clock.now += 30_000;
        await expectUnits(units, "address:merged");
      }
    });

    test("refund gives back a unit of a merged count", async () => {
      const { limiter, expectUnits } = limiterWithClock(1);
      await expectUnits(3, "address:a", "address:merged");
      await limiter.refund?.("address:merged", RULE);
      await expectUnits(1, "address:merged");
    });
  });

  test("50,000 invented addresses from one /48 buy nobody an email more than the rules allow", async () => {
    const { clock, limiter } = limiterWithClock(20_000);
    const perClient = { max: 30, window: new TimeSpan(15, "m") };
    const request = async (email: string) => {
      const key = addressKey(email, undefined);
      return (await limiter.consume(key, MINUTE)).allowed && (await limiter.consume(key, HOUR)).allowed;
    };
    // The flood takes 50 minutes, so that some windows end meanwhile. The hour allows three emails to one address.
    let emails = 0;
    for (let n = 0; n < 50_000; n++) {
      if (n % 10 === 0 && (await request("victim@example.org"))) emails += 1;
      await limiter.consume(clientKey(`2001:db8:1:${n.toString(16)}::1`) ?? "", perClient);
      await request(`invented-${n}@example.org`);
      clock.now += 60;
    }
    expect(emails).toBe(3);
  }, 30_000);

  test("50,000 invented addresses within a second buy nobody a second email", async () => {
    const { limiter } = limiterWithClock(20_000);
    const request = async (email: string) => (await limiter.consume(addressKey(email, undefined), MINUTE)).allowed;
    const victims = Array.from({ length: 100 }, (_, n) => `victim-${n}@example.org`);
    for (const victim of victims) expect(await request(victim)).toBe(true);
    for (let n = 0; n < 50_000; n++) await request(`invented-${n}@example.org`);
    for (const victim of victims) expect(await request(victim)).toBe(false);
  }, 30_000);

  test("the limit of its network stops a host with a whole /48 after ten times the units", async () => {
    const { limiter } = limiterWithClock();
    let requests = 0;
    for (let n = 0; n < 2000; n++) {
      let isAllowed = true;
      for (const { key, factor } of clientKeys(`2001:db8:1:${n.toString(16)}::1`) ?? []) {
        const rule = { max: 30 * factor, window: new TimeSpan(15, "m") };
        isAllowed &&= (await limiter.consume(key, rule)).allowed;
      }
      if (isAllowed) requests += 1;
    }
    expect(requests).toBe(300);
  });

  test("memoryRateLimiter takes undefined for its options", async () => {
    const limiter = memoryRateLimiter({ maxKeys: undefined, now: undefined });
    expect((await limiter.consume("a", RULE)).allowed).toBe(true);
  });

  test.each([
    ["null", null, "an object"],
    ["no keys", { maxKeys: 0 }, "maxKeys"],
    ["fewer than no keys", { maxKeys: -1 }, "maxKeys"],
    ["NaN, which would delete every count at once", { maxKeys: Number.NaN }, "maxKeys"],
    ["a number as a string", { maxKeys: "many" }, "maxKeys"],
    ["a clock that is not a function", { now: START }, "now"],
  ])("memoryRateLimiter refuses %s at construction", (_, options, words) => {
    expect(() => memoryRateLimiter(options as never)).toThrow(relatchError("ERR_OPTIONS", words) as Error);
  });
});
