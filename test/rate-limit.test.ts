import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressKey, clientKey } from "../src/limit-keys.ts";
import { memoryRateLimiter } from "../src/rate-limit.ts";
import { wrongOptions } from "./helpers/errors.ts";

const RULE = { max: 3, windowSeconds: 60 };
const START = Date.UTC(2026, 0, 1);

function limiterWithClock(maxKeys?: number) {
  const clock = { now: START };
  const limiter = memoryRateLimiter({ maxKeys, now: () => clock.now });
  /** Takes units until one is refused; says how many there were. */
  const left = async (key: string, rule = RULE) => {
    for (let taken = 0; taken < 1000; taken++) if (!(await limiter.consume(key, rule)).allowed) return taken;
    return Number.POSITIVE_INFINITY;
  };
  return { clock, limiter, left };
}

describe("memoryRateLimiter", () => {
  test("allows so many units and then says how long to wait", async () => {
    const { limiter, clock, left } = limiterWithClock();
    expect(await limiter.consume("a", RULE)).toEqual({ allowed: true, retryAfterSeconds: 0 });
    expect(await left("a")).toBe(2);
    expect(await limiter.consume("a", RULE)).toEqual({ allowed: false, retryAfterSeconds: 60 });
    clock.now += 30_001;
    expect(await limiter.consume("a", RULE)).toEqual({ allowed: false, retryAfterSeconds: 30 });
    clock.now += 29_998;
    expect(await limiter.consume("a", RULE)).toEqual({ allowed: false, retryAfterSeconds: 1 });
  });

  test("counts a window from its first unit, and opens another one when it is over", async () => {
    const { clock, left } = limiterWithClock();
    expect(await left("a")).toBe(3);
    clock.now += 59_999;
    expect(await left("a")).toBe(0);
    clock.now += 1;
    expect(await left("a")).toBe(3);
  });

  test("refusals cost nothing and prolong nothing", async () => {
    const { limiter, clock, left } = limiterWithClock();
    expect(await left("a")).toBe(3);
    for (let second = 0; second < 59; second++) {
      clock.now += 1000;
      expect((await limiter.consume("a", RULE)).retryAfterSeconds).toBe(59 - second);
    }
    clock.now += 1000;
    expect(await left("a")).toBe(3);
  });

  test("keeps keys apart, and rules of one key", async () => {
    const { left } = limiterWithClock();
    expect(await left("a")).toBe(3);
    expect(await left("b")).toBe(3);
    expect(await left("a", { max: 5, windowSeconds: 60 })).toBe(5);
    expect(await left("a", { max: 3, windowSeconds: 3600 })).toBe(3);
    expect(await left("60 a", { max: 3, windowSeconds: 6 })).toBe(3);
    expect(await left("__proto__")).toBe(3);
    expect(await left("")).toBe(3);
  });

  test("lets no more through when all come at once", async () => {
    const { limiter } = limiterWithClock();
    const verdicts = await Promise.all(Array.from({ length: 100 }, () => limiter.consume("a", RULE)));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(3);
  });

  test("never lets through more than the rule in a window, whenever they come", async () => {
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
            // Waiting as long as was said is always enough.
            clock.now += verdict.retryAfterSeconds * 1000;
            expect((await limiter.consume("a", RULE)).allowed).toBe(true);
            allowed.push(clock.now);
          }
        }
        // Two windows may meet in a moment; three cannot.
        for (const [index, last] of allowed.slice(2 * RULE.max).entries()) {
          expect(last - allowed[index]!).toBeGreaterThanOrEqual(60_000);
        }
      }),
      { numRuns: 200 },
    );
  });

  describe("refund", () => {
    test("gives one unit back", async () => {
      const { limiter, left } = limiterWithClock();
      expect(await left("a")).toBe(3);
      await limiter.refund?.("a", RULE);
      expect(await left("a")).toBe(1);
    });

    test("gives back no more than was taken", async () => {
      const { limiter, left } = limiterWithClock();
      for (let time = 0; time < 5; time++) await limiter.refund?.("a", RULE);
      expect(await left("a")).toBe(3);
      for (let time = 0; time < 5; time++) await limiter.refund?.("a", RULE);
      expect(await left("a")).toBe(3);
    });

    test("is of no use to a key, a rule or a window that is another", async () => {
      const { limiter, clock, left } = limiterWithClock();
      expect(await left("a")).toBe(3);
      await limiter.refund?.("b", RULE);
      await limiter.refund?.("a", { ...RULE, max: 4 });
      expect(await left("a")).toBe(0);
      clock.now += 60_000;
      await limiter.refund?.("a", RULE);
      expect(await left("a")).toBe(3);
    });
  });

  describe("a clock that goes back", () => {
    test("by a little gives nobody new units", async () => {
      const { clock, left } = limiterWithClock();
      clock.now += 30_000;
      expect(await left("a")).toBe(3);
      clock.now += 20_000;
      clock.now -= 20_000;
      expect(await left("a")).toBe(0);
    });

    test("by a year locks nobody out for a year", async () => {
      const { clock, left, limiter } = limiterWithClock();
      expect(await left("a")).toBe(3);
      clock.now -= 365 * 24 * 3600 * 1000;
      expect(await left("a")).toBe(3);
      expect((await limiter.consume("a", RULE)).retryAfterSeconds).toBe(60);
    });
  });

  describe("bounded memory", () => {
    test("forgets the oldest count when there are too many", async () => {
      const { left } = limiterWithClock(3);
      for (const key of ["a", "b", "c"]) expect(await left(key)).toBe(3);
      for (const key of ["a", "b", "c"]) expect(await left(key)).toBe(0);
      expect(await left("d")).toBe(3);
      for (const key of ["b", "c", "d"]) expect(await left(key)).toBe(0);
      expect(await left("a")).toBe(3);
    });

    test("forgets what is over before what is not", async () => {
      const { clock, left } = limiterWithClock(3);
      expect(await left("over")).toBe(3);
      clock.now += 60_000;
      for (const key of ["a", "b", "c"]) expect(await left(key)).toBe(3);
      for (const key of ["a", "b", "c"]) expect(await left(key)).toBe(0);
    });

    test("a key whose window begins anew is the youngest again", async () => {
      const { clock, left } = limiterWithClock(2);
      expect(await left("a")).toBe(3);
      clock.now += 30_000;
      expect(await left("b")).toBe(3);
      clock.now += 30_000;
      expect(await left("a")).toBe(3);
      expect(await left("c")).toBe(3);
      expect(await left("a")).toBe(0);
    });

    test("a key whose window begins anew needs nobody else's place", async () => {
      const { clock, left } = limiterWithClock(3);
      const hour = { max: 3, windowSeconds: 3600 };
      for (const [key, rule] of [
        ["a", hour],
        ["b", RULE],
        ["c", hour],
      ] as const)
        await left(key, rule);
      clock.now += 60_000;
      expect(await left("b")).toBe(3);
      expect([await left("a", hour), await left("b"), await left("c", hour)]).toEqual([0, 0, 0]);
    });

    test("nor does one that begins anew since the clock went back", async () => {
      const { clock, left } = limiterWithClock(2);
      for (const key of ["a", "b"]) expect(await left(key)).toBe(3);
      clock.now -= 365 * 24 * 3600 * 1000;
      for (const key of ["b", "a", "c"]) expect(await left(key)).toBe(3);
      expect(await left("a")).toBe(0);
    });

    test("one key is enough to count with", async () => {
      const { left } = limiterWithClock(1);
      expect(await left("a")).toBe(3);
      expect(await left("a")).toBe(0);
    });
  });

  test("goes by the system's clock unless told otherwise", async () => {
    const limiter = memoryRateLimiter({ maxKeys: undefined, now: undefined });
    expect((await limiter.consume("a", { max: 1, windowSeconds: 3600 })).allowed).toBe(true);
    const { allowed, retryAfterSeconds } = await limiter.consume("a", { max: 1, windowSeconds: 3600 });
    expect(allowed).toBe(false);
    expect(retryAfterSeconds).toBeGreaterThan(3590);
  });

  test.each([
    ["null", null, "options of memoryRateLimiter is an object"],
    ["no keys", { maxKeys: 0 }, "maxKeys is a whole number from 1 to 2147483647"],
    ["fewer than none", { maxKeys: -1 }, "maxKeys is a whole number from 1 to 2147483647"],
    [
      "NaN, which forgets every count at once",
      { maxKeys: Number.NaN },
      "maxKeys is a whole number from 1 to 2147483647",
    ],
    ["a number in words", { maxKeys: "many" }, "maxKeys is a whole number from 1 to 2147483647"],
    ["a clock that is none", { now: START }, "now is a function"],
  ])("refuses %s at construction", (_, options, message) => {
    expect(() => memoryRateLimiter(options as never)).toThrow(wrongOptions(message));
  });
});

describe("clientKey", () => {
  test.each([
    ["1.2.3.4", "client:1.2.3.4"],
    ["0.0.0.0", "client:0.0.0.0"],
    ["255.255.255.255", "client:255.255.255.255"],
    ["::ffff:1.2.3.4", "client:1.2.3.4"],
    ["::FFFF:1.2.3.4", "client:1.2.3.4"],
    ["::ffff:102:304", "client:1.2.3.4"],
    ["0:0:0:0:0:ffff:0102:0304", "client:1.2.3.4"],
    ["64:ff9b::1.2.3.4", "client:1.2.3.4"],
    ["0064:FF9B::102:304", "client:1.2.3.4"],
    ["2001:db8:1:2:3:4:5:6", "client:2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "client:2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "client:2001:db8:1:2::/64"],
    ["2001:db8::1", "client:2001:db8:0:0::/64"],
    ["2001:db8:0:0:1::", "client:2001:db8:0:0::/64"],
    ["1:2:3:4:5:6:7::", "client:1:2:3:4::/64"],
    ["::2:3:4:5:6:7:8", "client:0:2:3:4::/64"],
    ["::1", "client:0:0:0:0::/64"],
    ["::", "client:0:0:0:0::/64"],
    ["fe80::1", "client:fe80:0:0:0::/64"],
    ["fe80::1%eth0", "client:fe80:0:0:0::/64"],
    ["fe80::1%25", "client:fe80:0:0:0::/64"],
    // Mapped or translated only where the bits in between are zero.
    ["::fffe:1.2.3.4", "client:0:0:0:0::/64"],
    ["1::ffff:1.2.3.4", "client:1:0:0:0::/64"],
    ["64:ff9b:1::1.2.3.4", "client:64:ff9b:1:0::/64"],
    ["64:ff9c::1.2.3.4", "client:64:ff9c:0:0::/64"],
    ["65:ff9b::1.2.3.4", "client:65:ff9b:0:0::/64"],
  ])("%s counts as %s", (ip, key) => {
    expect(clientKey(ip)).toBe(key);
  });

  test("one customer's /64 is one client, another's is another", () => {
    const host = fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 });
    const hex = (groups: number[]) => groups.map((group) => group.toString(16)).join(":");
    fc.assert(
      fc.property(host, host, host, host, (net, one, other, otherNet) => {
        const isOther = hex(net) !== hex(otherNet);
        fc.pre(net[0] !== 0 && net[0] !== 0x64);
        expect(clientKey(`${hex(net)}:${hex(one)}`)).toBe(clientKey(`${hex(net)}:${hex(other)}`));
        expect(clientKey(`${hex(net)}:${hex(one)}`) === clientKey(`${hex(otherNet)}:${hex(one)}`)).toBe(
          !isOther,
        );
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    [undefined],
    [null],
    [""],
    [0x01020304],
    [["1.2.3.4"]],
    [{ toString: () => "1.2.3.4" }],
    ["unknown"],
    ["localhost"],
    ["1.2.3"],
    ["1.2.3.4.5"],
    ["1.2.3.256"],
    ["1.2.3.4."],
    [".1.2.3.4"],
    ["1..3.4"],
    ["01.2.3.4"],
    ["1.2.3.04"],
    ["0x1.2.3.4"],
    ["16909060"],
    ["1.2.3.4:80"],
    ["1.2.3.4/24"],
    ["1.2.3.4%eth0"],
    [" 1.2.3.4"],
    ["1.2.3.4\n"],
    ["1.2.3.4, 5.6.7.8"],
    ["١.٢.٣.٤"],
    ["[::1]"],
    ["[::1]:80"],
    ["2001:db8::1/64"],
    ["::1::"],
    [":::"],
    ["1:2:3:4:5:6:7"],
    ["1:2:3:4:5:6:7:8:9"],
    ["12345::"],
    ["::g"],
    ["%eth0"],
    ["::1%eth0]@evil"],
    ["::1%eth0:2"],
    ["::ffff:1.2.3.256"],
    ["::ffff:01.2.3.4"],
    ["::1.2.3.4.5"],
    ["::1]#"],
    [`::1%${"x".repeat(100)}`],
    ["1".repeat(1_000_000)],
  ])("%s is no address", (ip) => {
    expect(clientKey(ip)).toBeUndefined();
  });

  test("answers everything, and never with what was typed", () => {
    const alphabet = fc.constantFrom(..."0123456789abcfFx.:%/[]@# ");
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string({ unit: alphabet, maxLength: 30 })), (ip) => {
        expect(clientKey(ip) ?? "").toMatch(
          /^$|^client:(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]{1,4}(:[0-9a-f]{1,4}){3}::\/64)$/,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe("addressKey", () => {
  test("holds neither the address nor the tenant in clear", () => {
    const key = addressKey("mike@example.org", "blue-tenant");
    expect(key).toMatch(/^address:[0-9a-f]{64}$/);
    expect(key.toLowerCase()).not.toMatch(/mike|example|blue/);
  });

  test("is one for one address of one tenant", () => {
    expect(addressKey("a@x.com", "t")).toBe(addressKey("a@x.com", "t"));
    const keys = [
      addressKey("a@x.com", undefined),
      addressKey("b@x.com", undefined),
      addressKey("a@x.com", "t"),
      addressKey("a@x.com", ""),
      addressKey("a@x.com", "u"),
      addressKey("a@x.comt", undefined),
      addressKey("a@x.com\0\0\0\x01t", undefined),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
