import { describe, expect, test, vi } from "vitest";
import { type Calls, callPort, isWrongReturn, mustReturn, type Port } from "../../../src/ports/calls.ts";
import { relatchError } from "../../helpers/errors.ts";
import { MIKE } from "../../helpers/harness.ts";

const PORT: Port = { code: "ERR_USER_STORE", name: "users.findById", input: ["42"] };

/** Calls a function of the application, and returns the result or the error with everything that was reported. */
async function call(run: () => unknown, { port = PORT, read }: { port?: Port; read?: (returned: unknown) => unknown }) {
  const report = vi.fn<Calls["report"]>();
  const outcome: unknown = await callPort({ report, timeout: 1000 }, port, run, read).catch((error: unknown) => error);
  return { outcome, reports: report.mock.calls };
}

const raise = (error: unknown) => () => {
  throw error;
};

describe("callPort", () => {
  test.each<[string, () => unknown]>([
    ["returns", () => MIKE],
    ["resolves with", async () => MIKE],
  ])("returns what the function %s, as it was read, and reports nothing", async (_, run) => {
    expect(await call(run, {})).toEqual({ outcome: MIKE, reports: [] });
    const read = (user: unknown) => Object(user).id;
    expect(await call(run, { read })).toEqual({ outcome: "42", reports: [] });
  });

  const driverError = Object.assign(new Error("column mike@example.org does not exist"), { code: "42703" });
  const trap = new Proxy(new Error("trap"), {
    get: raise(new Error("get")),
    getPrototypeOf: raise(new Error("proto")),
  });
  test.each<[string, () => unknown, unknown, string | undefined]>([
    ["throws", raise(driverError), driverError, "42703"],
    ["rejects", () => Promise.reject(driverError), driverError, "42703"],
    ["throws a string", raise("mike@example.org"), "mike@example.org", undefined],
    ["rejects with nothing", () => Promise.reject(), undefined, undefined],
    ["throws what throws when it is looked at", raise(trap), trap, undefined],
  ])("reports a function that %s, and rejects with nothing of the cause", async (_, run, cause, detail) => {
    const { outcome, reports } = await call(run, {});
    expect(outcome).toEqual(relatchError("ERR_USER_STORE", "users.findById threw"));
    expect(outcome).toMatchObject({ detail });
    expect((outcome as Error).cause).toBeUndefined();
    expect(JSON.stringify([outcome, (outcome as Error).message])).not.toContain("mike@example.org");
    expect(reports).toHaveLength(1);
    expect(reports[0]?.[0]).toBe(outcome);
    expect(reports[0]?.[1] === cause).toBe(true);
  });

  test("reports a function that does not respond in time", async () => {
    vi.useFakeTimers();
    const called = call(() => new Promise(() => {}), {});
    await vi.advanceTimersByTimeAsync(1000);
    vi.useRealTimers();
    const { outcome, reports } = await called;
    expect(outcome).toEqual(relatchError("ERR_USER_STORE", "within 1000 ms"));
    expect(outcome).toMatchObject({ detail: "ETIMEDOUT" });
    expect(reports.map(([error]) => error)).toEqual([outcome]);
  });

  test.each([
    [1, "rejects"],
    [Number.POSITIVE_INFINITY, "waits"],
  ])("takes the time limit of the port, %s, before that of all calls: it %s", async (timeout, does) => {
    vi.useFakeTimers();
    const slow = () => new Promise((resolve) => setTimeout(() => resolve("late"), 60_000));
    const called = call(slow, { port: { ...PORT, timeout } });
    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    const late = does === "waits" ? "late" : relatchError("ERR_USER_STORE", "within 1 ms");
    expect((await called).outcome).toEqual(late);
  });

  test("reports a wrong return value without a cause, because the message says it all", async () => {
    const wrong = mustReturn(PORT, "a number", "a string", "Use Number(row.count).");
    const { outcome, reports } = await call(() => "secret", { read: raise(wrong) });
    expect(outcome).toBe(wrong);
    expect(wrong).toEqual(relatchError("ERR_USER_STORE", "must return a number, received a string. Use"));
    expect(reports).toEqual([[wrong, undefined, ["42"]]]);
  });

  test.each<[string, Port["input"], string[] | undefined]>([
    ["the strings it was given", ["mike@example.org", undefined, 7], ["mike@example.org"]],
    ["the strings in objects it was given", [{ userId: "42", at: 1, email: "m" }, null], ["42", "m"]],
    ["no list at all if it was given a secret", undefined, undefined],
  ])("reports with a failure %s", async (_, input, known) => {
    const { reports } = await call(raise(new Error("down")), { port: { ...PORT, input } as Port });
    expect(reports[0]?.[2]).toEqual(known);
  });
});

test("isWrongReturn tells wrong return values from all other errors", () => {
  expect(isWrongReturn(mustReturn(PORT, "a number", "a string"))).toBe(true);
  for (const other of [new Error("down"), undefined, "wrong"]) expect(isWrongReturn(other)).toBe(false);
});
