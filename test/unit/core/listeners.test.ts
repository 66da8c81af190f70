import { afterEach, describe, expect, test, vi } from "vitest";
import type { ResetEvent } from "../../../src/core/events.ts";
import { createListeners } from "../../../src/core/listeners.ts";
import { RelatchError } from "../../../src/lib/errors.ts";
import { gate, harness, MIKE } from "../../helpers/harness.ts";

const AT = new Date(Date.UTC(2026, 0, 1));
const EVENT = { type: "password_rejected", userId: "42", tenant: "blue", violations: ["common"] } as const;
const ERROR = new RelatchError("ERR_USER_STORE", "users.findById threw an error.");
const raise = () => {
  throw new Error("a trap");
};
const nothing = () => {};

afterEach(() => {
  process.removeAllListeners("unhandledRejection");
  vi.restoreAllMocks();
});

test("onEvent hears at once what happened and when, in an event that is frozen", () => {
  const events: ResetEvent[] = [];
  createListeners(
    (event) => events.push(event),
    nothing,
    () => AT,
  ).emit(EVENT);
  expect(events).toEqual([{ ...EVENT, at: AT }]);
  expect(events[0]?.at).not.toBe(AT);
  expect(Object.isFrozen(events[0])).toBe(true);
  expect(Object.isFrozen(EVENT)).toBe(false);
});

test("onError hears the error and, apart from it, the cause, once for each error", () => {
  const onError = vi.fn();
  const { report } = createListeners(nothing, onError, () => AT);
  const cause = new Error("mike@example.org");
  report(new RelatchError("ERR_MAILER", "mailer.send threw an error."), cause);
  report(ERROR, undefined);
  report(ERROR, cause);
  expect(onError.mock.calls).toEqual([
    [expect.objectContaining({ code: "ERR_MAILER" }), cause],
    [ERROR, undefined],
  ]);
});

describe.each<[string, () => unknown]>([
  ["throws", raise],
  ["rejects", async () => raise()],
  ["rejects with undefined", () => Promise.reject(undefined)],
  // biome-ignore lint/suspicious/noThenProperty: a hostile thenable is meant
  ["returns a thenable that throws", () => ({ then: raise })],
  ["never resolves", () => new Promise(nothing)],
])("A listener that %s", (_, listener) => {
  test("changes nothing", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const { emit, report } = createListeners(listener, listener, () => AT);
    expect(emit(EVENT)).toBeUndefined();
    expect(report(ERROR, undefined)).toBeUndefined();
    await new Promise((turn) => setImmediate(turn));
    expect(unhandled).not.toHaveBeenCalled();
  });
});

test("A clock that throws changes nothing", () => {
  expect(() => createListeners(nothing, nothing, raise).emit(EVENT)).not.toThrow();
});

test("drain waits for listeners that return promises", async () => {
  const { opened, open } = gate();
  const written: string[] = [];
  const onEvent = async ({ type }: ResetEvent) => {
    await opened;
    written.push(type);
  };
  const onError = async ({ code }: RelatchError) => {
    await opened;
    written.push(code);
  };
  const { passwordReset, mailer } = harness({ onEvent, onError });
  mailer.send = () => Promise.reject(Object.assign(new Error("no such user"), { permanent: true }));
  await passwordReset.requestReset({ email: MIKE.email, ip: false });
  const drained = passwordReset.drain();
  await new Promise((turn) => setTimeout(turn, 20));
  expect(written).toEqual([]);
  open();
  await drained;
  expect(written.sort()).toEqual(["ERR_MAILER", "mail_refused", "reset_requested"]);
});

test("drain waits for a listener no longer than callTimeout", async () => {
  vi.useFakeTimers();
  const { passwordReset } = harness({ onEvent: () => new Promise(nothing) });
  await passwordReset.requestReset({ email: "nobody@example.org", ip: false });
  const drained = vi.fn();
  void passwordReset.drain().then(drained);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(drained).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2);
  vi.useRealTimers();
  expect(drained).toHaveBeenCalledWith({ undelivered: [] });
});
