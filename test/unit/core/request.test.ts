import { type Job, RelatchError, TimeSpan } from "relatch";
import { en, ru } from "relatch/languages";
import { describe, expect, test, vi } from "vitest";
import { relatchError } from "../../helpers/errors.ts";
import { harness, MIKE, queuedHarness } from "../../helpers/harness.ts";

const NOBODY = "nobody@example.org";
const INVALID = { ok: false, reason: "invalid_email" };

describe("requestReset", () => {
  test.each([
    ["an account", MIKE],
    ["a suspended account", { ...MIKE, resetAllowed: false }],
    ["an account without a password", { ...MIKE, passwordHash: null }],
    ["an account with an unusable address", { ...MIKE, email: "mike@example.org\r\nBcc: eve@evil.example" }],
  ])("returns the same for %s as for none, with the same events", async (_, account) => {
    const { passwordReset, events, jobs } = queuedHarness({ accounts: [account] });
    for (const email of [MIKE.email, NOBODY]) {
      expect(await passwordReset.requestReset({ email, ip: "192.0.2.1" })).toEqual({ ok: true });
    }
    const expected = {
      type: "reset_requested",
      method: "link",
      at: expect.any(Date),
      tenant: undefined,
      correlationId: undefined,
    };
    expect(events).toEqual(jobs.map(({ id: jobId }) => ({ ...expected, jobId })));
  });

  test("returns before anything is looked up, issued or sent", async () => {
    const { passwordReset, users, tokens, mailer } = harness();
    const ports = [users, tokens, mailer] as unknown as Record<string, () => unknown>[];
    const names = ["findByEmail", "findById", "save", "find", "send"];
    const calls = ports.flatMap((port) => names.filter((name) => name in port).map((name) => vi.spyOn(port, name)));
    await passwordReset.requestReset({ email: MIKE.email, ip: false });
    expect(calls).toHaveLength(5);
    for (const call of calls) expect(call).not.toHaveBeenCalled();
    await passwordReset.drain();
    expect(mailer.sent).toHaveLength(1);
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["an array of addresses", ["mike@example.org", "eve@evil.example"]],
    ["an object with toString", { toString: (): string => "mike@example.org" }],
    ["two addresses in one string", "eve@evil.example,mike@example.org"],
    ["a header in the address", "mike@example.org\r\nBcc: eve@evil.example"],
  ])("refuses %s as invalid_email and hands over no job", async (_, email) => {
    const { passwordReset, jobs, happened } = queuedHarness();
    expect(await passwordReset.requestReset({ email, ip: "192.0.2.1" })).toEqual(INVALID);
    expect(jobs).toEqual([]);
    expect(happened()).toEqual(["request_refused:invalid_email"]);
  });

  test.each([[undefined], [null], [0], ["mike@example.org"], [[]], [Symbol("x")]])(
    "returns invalid_email if its input is %o",
    async (input) => {
      expect(await harness().passwordReset.requestReset(input as never)).toEqual(INVALID);
    },
  );

  test("reads own properties only, so a polluted Object.prototype is not input", async () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>;
    prototype["email"] = MIKE.email;
    try {
      expect(await harness().passwordReset.requestReset({} as never)).toEqual(INVALID);
    } finally {
      delete prototype["email"];
    }
  });

  test("refuses a tenant that no job can carry", async () => {
    const { passwordReset, jobs } = queuedHarness({ tenants: "dynamic" });
    const request = passwordReset.requestReset({ email: MIKE.email, ip: false, tenant: "blue\ud800" });
    await expect(request).rejects.toEqual(relatchError("ERR_OPTIONS", "tenant"));
    expect(jobs).toEqual([]);
  });

  test("hands over a job that is JSON and contains no secret", async () => {
    const { passwordReset, jobs, clock } = queuedHarness({ languages: [en, ru], tenants: ["blue"] });
    const input = { email: " Mike@EXAMPLE.org", ip: "192.0.2.1", locale: "de, ru-RU;q=0.5", tenant: "blue" };
    await passwordReset.requestReset(input);
    expect(jobs).toEqual([
      {
        ...{ v: 2, id: expect.any(String), at: clock.now, type: "reset_requested" },
        ...{ email: MIKE.email, locale: "ru", tenant: "blue", mac: expect.stringMatching(/^[\w-]{43}$/) },
      },
    ]);
  });

  test("throws ERR_DISPATCHER for everybody alike if the dispatcher fails", async () => {
    const dispatcher = { dispatch: () => Promise.reject(new Error("queue is down")) };
    const { passwordReset } = harness({ dispatcher });
    for (const email of [MIKE.email, NOBODY]) {
      const request = passwordReset.requestReset({ email, ip: false });
      await expect(request).rejects.toThrow(RelatchError);
      await expect(request).rejects.toEqual(relatchError("ERR_DISPATCHER", "dispatcher.dispatch"));
    }
  });
});

describe("The address limit", () => {
  test("allows one email a minute and three an hour, silently, whether or not the account exists", async () => {
    const { passwordReset, jobs, clock, happened } = queuedHarness();
    for (let minute = 0; minute < 61; minute++) {
      for (const email of [MIKE.email, NOBODY, MIKE.email, NOBODY]) {
        expect(await passwordReset.requestReset({ email, ip: false })).toEqual({ ok: true });
      }
      clock.now += 60_000;
    }
    expect(jobs).toHaveLength(2 * 4);
    expect(happened().filter((what) => what === "request_throttled:address")).toHaveLength(61 * 4 - 8);
  });
});

describe("The client limit", () => {
  const RULE = { client: { max: 2, window: new TimeSpan(60, "s") }, address: false } as const;

  test("allows 30 requests in 15 minutes over all addresses and returns the time to wait", async () => {
    const { passwordReset, clock, happened } = harness({ limits: { address: false } });
    const request = (n: number, ip: string | false = "192.0.2.1") =>
      passwordReset.requestReset({ email: `a${n}@example.org`, ip });
    for (let n = 0; n < 30; n++) expect(await request(n)).toEqual({ ok: true });
    expect(await request(31)).toEqual({ ok: false, reason: "throttled", retryAfterSeconds: 900 });
    expect(await request(0, "192.0.2.2")).toEqual({ ok: true });
    expect(await request(0, false)).toEqual({ ok: true });
    clock.now += 900_000;
    expect(await request(32)).toEqual({ ok: true });
    expect(happened()).toContain("request_throttled:client");
    expect(happened().join()).not.toContain("client_address_unusable");
  });

  test.each([
    ["is off for false", [false, false, false], [true, true, true]],
    [
      "counts null and undefined, as of a connection that was reset, as one",
      [undefined, null, undefined],
      [true, true, false],
    ],
    ["counts everything that is not an address as one", ["unknown", "1.2.3.4, 5.6.7.8", 0], [true, true, false]],
  ])("%s", async (_, ips, results) => {
    const { passwordReset, happened } = harness({ limits: RULE });
    const returned: boolean[] = [];
    for (const ip of ips) returned.push((await passwordReset.requestReset({ email: MIKE.email, ip } as never)).ok);
    expect(returned).toEqual(results);
    const reports = happened().filter((what) => what === "client_address_unusable:not_an_address");
    expect(reports).toHaveLength(ips[0] === false ? 0 : 3);
  });

  test("counts a network of IPv6 as well, with ten times the units", async () => {
    const { passwordReset, happened } = harness({ limits: RULE });
    const request = (subnet: number) =>
      passwordReset.requestReset({ email: MIKE.email, ip: `2001:db8:1:${subnet}::1` });
    for (let subnet = 1; subnet <= 20; subnet++) expect(await request(subnet)).toEqual({ ok: true });
    expect(await request(21)).toMatchObject({ ok: false, reason: "throttled" });
    expect(happened().at(-1)).toBe("request_throttled:client");
    const other = passwordReset.requestReset({ email: MIKE.email, ip: "2001:db8:2::1" });
    expect(await other).toEqual({ ok: true });
  });

  test("counts a request without an ip", async () => {
    const { passwordReset, events } = harness({ limits: RULE, tenants: ["blue"] });
    await passwordReset.requestReset({ email: MIKE.email, tenant: "blue" } as never);
    const event = { type: "client_address_unusable", reason: "not_an_address", tenant: "blue" };
    expect(events[0]).toMatchObject(event);
  });
});

test("The address gets its units back if the job could not be handed over, and only then", async () => {
  let isDown = true;
  const dispatch = async () => {
    if (isDown) throw new Error("the queue is down");
  };
  const { passwordReset, happened } = harness({ dispatcher: { dispatch } });
  const request = () => passwordReset.requestReset({ email: MIKE.email, ip: false });
  for (let nth = 0; nth < 5; nth++) await expect(request()).rejects.toEqual(relatchError("ERR_DISPATCHER"));
  isDown = false;
  for (let nth = 0; nth < 2; nth++) expect(await request()).toEqual({ ok: true });
  expect(happened()).toEqual(["reset_requested", "request_throttled:address"]);
});

describe("The rate limiter", () => {
  const allow = () => vi.fn(async (_key: string, _rule: object) => ({ allowed: true, retryAfterSeconds: 0 }));

  test("is not called if the limits are off", async () => {
    const consume = allow();
    const { passwordReset } = harness({
      limits: { rateLimiter: { consume }, client: false, address: false },
    });
    expect(await passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" })).toEqual({ ok: true });
    expect(consume).not.toHaveBeenCalled();
  });

  test("gets every rule with a key in lower case that contains neither address nor tenant", async () => {
    const consume = allow();
    const { passwordReset } = harness({ limits: { rateLimiter: { consume } }, tenants: ["blue"] });
    await passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1", tenant: "blue" });
    await passwordReset.requestReset({ email: MIKE.email, ip: "unknown", tenant: "blue" });
    const rule = (max: number, value: number, unit: "m" | "h") => {
      const milliseconds = new TimeSpan(value, unit).milliseconds();
      return expect.toSatisfy((given) => given.max === max && given.window.milliseconds() === milliseconds);
    };
    const address = expect.stringMatching(/^address:[\da-f]{64}$/);
    expect(consume.mock.calls.slice(0, 4)).toEqual([
      [expect.stringMatching(/^client:[\da-f]{64}$/), rule(30, 15, "m")],
      [address, rule(1, 1, "m")],
      [address, rule(3, 1, "h")],
      ["client:unusable", rule(30, 15, "m")],
    ]);
  });

  test.each([
    ["refuse", "rate_limiter_unavailable:refused"],
    ["allow", "rate_limiter_unavailable:allowed"],
  ] as const)("that is down makes requests fail or pass, as onUnavailable: %s says", async (onUnavailable, event) => {
    const rateLimiter = { consume: () => Promise.reject(new Error("down")) };
    const jobs: Job[] = [];
    const dispatcher = { dispatch: async (job: Job) => jobs.push(job) };
    const { passwordReset, happened } = harness({ dispatcher, limits: { rateLimiter, onUnavailable } });
    const request = passwordReset.requestReset({ email: MIKE.email, ip: "192.0.2.1" });
    if (onUnavailable === "refuse") await expect(request).rejects.toEqual(relatchError("ERR_RATE_LIMITER"));
    else expect(await request).toEqual({ ok: true });
    expect(happened().filter((what) => what === event)).toHaveLength(onUnavailable === "refuse" ? 1 : 2);
    expect(jobs).toHaveLength(onUnavailable === "refuse" ? 0 : 1);
  });
});
