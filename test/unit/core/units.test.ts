import { type Job, memoryRateLimiter, type RateRule, TimeSpan } from "relatch";
import { memoryPorts } from "relatch/memory";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCore } from "../../../src/core/core.ts";
import { giveUnitsBack, settleUnits } from "../../../src/core/units.ts";
import { gate, harness, MIKE } from "../../helpers/harness.ts";

// The limiter or the queue fails in the middle of a request. The person is told, and asks again when all is well. Nobody is
// told that an email is on its way, and gets none, because the request before it had used up the limit.

const SECOND = 1000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Call = (key: string, rule: RateRule) => Promise<unknown>;

/** A limiter whose calls the test can make fail before or after they take effect, or hang. */
function setup({ isAllowing = false } = {}) {
  const limiter = memoryRateLimiter();
  const fate: { consume: Call; refund: Call; dispatch: () => Promise<void> } = {
    consume: limiter.consume,
    refund: async (key, rule) => limiter.refund?.(key, rule),
    dispatch: async () => {},
  };
  const jobs: Job[] = [];
  const refund = vi.fn((key: string, rule: RateRule) => fate.refund(key, rule));
  const its = harness({
    dispatcher: {
      async dispatch(job) {
        await fate.dispatch();
        jobs.push(job);
      },
    },
    limits: {
      rateLimiter: { consume: (key, rule) => fate.consume(key, rule) as never, refund },
      onUnavailable: isAllowing ? "allow" : "refuse",
    },
  });
  const healthy = { ...fate };
  return {
    ...its,
    fate,
    refund,
    jobs,
    request: (email = MIKE.email) => its.passwordReset.requestReset({ email, ip: false }),
    recover: () => void Object.assign(fate, healthy),
  };
}

const fail = async (): Promise<never> => {
  throw new Error("down");
};

describe("After a request that failed, the next one of the same address is not refused", () => {
  test("if the limiter loses the response after it took the unit", async () => {
    const { fate, request, recover, jobs } = setup();
    const consume = fate.consume;
    fate.consume = (key, rule) => consume(key, rule).then(fail);
    await expect(request()).rejects.toThrow("limits.rateLimiter.consume");
    recover();
    expect(await request()).toEqual({ ok: true });
    expect(jobs).toHaveLength(1);
  });

  test("if the limiter takes the unit after the request has given up", async () => {
    const { fate, request, recover, jobs } = setup();
    const { consume } = fate;
    const { opened, open } = gate();
    fate.consume = (key, rule) => opened.then(() => consume(key, rule));
    const first = expect(request()).rejects.toThrow("limits.rateLimiter.consume");
    await vi.advanceTimersByTimeAsync(11 * SECOND);
    await first;
    recover();
    const second = request();
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(await second).toEqual({ ok: true });
    expect(jobs).toHaveLength(1);
  });

  test("if the limiter fails together with the queue, and both are back after seconds", async () => {
    const { fate, request, recover, jobs } = setup();
    Object.assign(fate, { dispatch: fail, refund: fail });
    const first = expect(request()).rejects.toThrow("dispatcher.dispatch");
    await vi.advanceTimersByTimeAsync(9 * SECOND);
    await first;
    recover();
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    expect(await request()).toEqual({ ok: true });
    expect(jobs).toHaveLength(1);
  });

  test("if it comes while the unit is still being given back", async () => {
    const { fate, request, recover, jobs } = setup();
    Object.assign(fate, { dispatch: fail, refund: fail });
    const first = expect(request()).rejects.toThrow("dispatcher.dispatch");
    await vi.advanceTimersByTimeAsync(5 * SECOND);
    await first;
    recover();
    const second = request();
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    expect(await second).toEqual({ ok: true });
    expect(jobs).toHaveLength(1);
  });
});

describe("Giving units back", () => {
  test("delays the response by one second at most", async () => {
    const { fate, request } = setup();
    Object.assign(fate, { dispatch: fail, refund: () => new Promise(() => {}) });
    const done = vi.fn();
    request().catch(done);
    await vi.advanceTimersByTimeAsync(SECOND - 1);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(done).toHaveBeenCalledOnce();
  });

  test("is attempted for a minute, four times a second for all addresses together", async () => {
    const { fate, request, refund, errors } = setup();
    Object.assign(fate, { dispatch: fail, refund: fail });
    for (let nth = 0; nth < 50; nth++) request(`person-${nth}@example.org`).catch(() => {});
    await vi.advanceTimersByTimeAsync(59 * SECOND);
    expect(refund).toHaveBeenCalledTimes(4 * 59 + 1);
    expect(errors.filter(({ code }) => code === "ERR_RATE_LIMITER")).toHaveLength(4 * 59 + 1);
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    refund.mockClear();
    await vi.advanceTimersByTimeAsync(600 * SECOND);
    expect(refund).not.toHaveBeenCalled();
  });

  test("reaches all addresses as soon as the limiter is back", async () => {
    const { fate, request, recover, jobs } = setup();
    Object.assign(fate, { dispatch: fail, refund: fail });
    const emails = Array.from({ length: 50 }, (_, nth) => `person-${nth}@example.org`);
    for (const email of emails) request(email).catch(() => {});
    await vi.advanceTimersByTimeAsync(30 * SECOND);
    recover();
    await vi.advanceTimersByTimeAsync(SECOND);
    for (const email of emails) await request(email);
    expect(jobs).toHaveLength(50);
  });

  test("is not attempted again if an attempt did not respond, because it may still take effect", async () => {
    const { fate, request, refund } = setup();
    Object.assign(fate, { dispatch: fail, refund: () => new Promise(() => {}) });
    request().catch(() => {});
    await vi.advanceTimersByTimeAsync(600 * SECOND);
    expect(refund).toHaveBeenCalledTimes(2);
  });

  test("holds the next request up for `callTimeout` at most", async () => {
    const { fate, request, recover, jobs } = setup();
    Object.assign(fate, { dispatch: fail, refund: () => new Promise(() => {}) });
    request().catch(() => {});
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    recover();
    const second = request();
    await vi.advanceTimersByTimeAsync(10 * SECOND);
    // The unit was never given back.
    expect(await second).toEqual({ ok: true });
    expect(jobs).toEqual([]);
  });

  test("does not happen if the limiter had refused, and not if the request passes without it", async () => {
    const refused = setup();
    refused.fate.consume = async () => ({ allowed: false, retryAfterSeconds: 1 });
    expect(await refused.request()).toEqual({ ok: true });
    const passing = setup({ isAllowing: true });
    passing.fate.consume = fail;
    expect(await passing.request()).toEqual({ ok: true });
    await vi.advanceTimersByTimeAsync(5 * SECOND);
    for (const { refund } of [refused, passing]) expect(refund).not.toHaveBeenCalled();
    expect(passing.jobs).toHaveLength(1);
  });
});

describe("A queue that does not respond in time", () => {
  test("keeps the units of a job that it has taken: 25 requests are not 25 emails", async () => {
    const { fate, request, recover, jobs } = setup();
    const { opened, open } = gate();
    fate.dispatch = () => opened;
    for (let nth = 1; nth <= 25; nth++) {
      const result = request().then(
        ({ ok }) => String(ok),
        ({ code }) => String(code),
      );
      await vi.advanceTimersByTimeAsync(20 * SECOND);
      // The rules by default: one a minute, and three an hour.
      if (nth === 1) expect(await result).toBe("ERR_DISPATCHER");
    }
    open();
    recover();
    await vi.advanceTimersByTimeAsync(SECOND);
    expect(jobs.length).toBeLessThanOrEqual(3);
    expect(jobs.length).toBeGreaterThan(0);
  });

  test("gives the units back when it says no, however late", async () => {
    for (const lateSeconds of [15, 150]) {
      const { fate, request, recover, jobs } = setup();
      const { opened, open } = gate();
      fate.dispatch = () => opened.then(fail);
      const result = expect(request()).rejects.toThrow("dispatcher.dispatch");
      await vi.advanceTimersByTimeAsync(lateSeconds * SECOND);
      await result;
      open();
      recover();
      await vi.advanceTimersByTimeAsync(SECOND);
      expect(await request()).toEqual({ ok: true });
      expect(jobs).toHaveLength(1);
    }
  });
});

describe("The memory of units that are owed", () => {
  const RULE: RateRule = { max: 1, window: new TimeSpan(1, "m") };
  const KEY = "key";

  const createOwing = () =>
    createCore({
      ...memoryPorts([MIKE]),
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      revokeSessions: false,
      limits: { rateLimiter: { ...memoryRateLimiter(), refund: async () => {} } },
    });
  const give = (core: ReturnType<typeof createOwing>, isTaken: Promise<boolean>) =>
    giveUnitsBack(core, KEY, [{ rule: RULE, isTaken }], Promise.resolve(true));

  test("keeps an address until all its units are back, although those of an earlier request are", async () => {
    const core = createOwing();
    const [first, second] = [gate(), gate()];
    void give(
      core,
      first.opened.then(() => true),
    );
    void give(
      core,
      second.opened.then(() => true),
    );
    first.open();
    await vi.advanceTimersByTimeAsync(0);
    const settled = vi.fn();
    void settleUnits(core, KEY).then(settled);
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).not.toHaveBeenCalled();
    second.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toHaveBeenCalledOnce();
    expect(core.owed.size).toBe(0);
  });

  test("forgets an address after a minute, also if the limiter never responded", async () => {
    const core = createOwing();
    void give(core, new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(60 * SECOND - 1);
    expect([...core.owed.keys()]).toEqual([KEY]);
    await vi.advanceTimersByTimeAsync(1);
    expect(core.owed.size).toBe(0);
  });

  test("starts no timer for an address that is owed nothing, which would keep the process alive", async () => {
    await settleUnits(createOwing(), KEY);
    expect(vi.getTimerCount()).toBe(0);
  });
});
