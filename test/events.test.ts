import { afterEach, describe, expect, test, vi } from "vitest";
import { detailOf, emitter, type Happening, type ResetEvent } from "../src/events.ts";

const AT = new Date(Date.UTC(2026, 0, 1));
const HAPPENING: Happening = {
  type: "password_rejected",
  userId: "42",
  tenant: "blue",
  violations: ["common"],
};

afterEach(() => {
  process.removeAllListeners("unhandledRejection");
});

describe("emitter", () => {
  test("tells the listener what happened and when, at once", () => {
    const events: ResetEvent[] = [];
    emitter(
      (event) => events.push(event),
      () => AT,
    )(HAPPENING);
    expect(events).toEqual([{ ...HAPPENING, at: AT }]);
  });

  test("with an event that cannot be changed", () => {
    const events: ResetEvent[] = [];
    emitter(
      (event) => events.push(event),
      () => AT,
    )(HAPPENING);
    expect(Object.isFrozen(events[0])).toBe(true);
    expect(() => Object.assign(events[0]!, { userId: "43" })).toThrow(TypeError);
    expect(Object.isFrozen(HAPPENING)).toBe(false);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("listener");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("listener");
      },
    ],
    [
      "throws nothing at all",
      () => {
        throw undefined;
      },
    ],
    [
      "answers with a thenable that throws",
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: a hostile thenable is meant
        then: () => {
          throw new Error("listener");
        },
      }),
    ],
    ["never answers", () => new Promise(() => {})],
  ])("does not care when the listener %s", async (_, listener) => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const emit = emitter(listener, () => AT);
    expect(emit(HAPPENING)).toBeUndefined();
    expect(emit(HAPPENING)).toBeUndefined();
    await new Promise((turn) => setImmediate(turn));
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("does not care when the clock fails", () => {
    const listener = vi.fn();
    expect(() =>
      emitter(listener, () => {
        throw new Error("clock");
      })(HAPPENING),
    ).not.toThrow();
  });

  test("without a listener does nothing, and asks no clock", () => {
    const now = vi.fn(() => AT);
    emitter(undefined, now)(HAPPENING);
    expect(now).not.toHaveBeenCalled();
  });
});

describe("detailOf", () => {
  test.each([
    [{ code: "ECONNREFUSED" }, "ECONNREFUSED"],
    [{ code: "EAUTH", responseCode: 535 }, "EAUTH 535"],
    [{ responseCode: 550 }, "550"],
    [{ code: "23505" }, "23505"],
    [{ code: 11000 }, "11000"],
    [{ code: "SQLITE_BUSY" }, "SQLITE_BUSY"],
    [Object.assign(new Error("secret"), { code: "P2002" }), "P2002"],
  ])("of %o is %s", (error, detail) => {
    expect(detailOf(error)).toBe(detail);
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a string", "ECONNREFUSED"],
    ["a number", 42],
    ["an error without a code", new Error("mike@example.org")],
    ["an address for a code", { code: "mike@example.org" }],
    ["a long code", { code: "X".repeat(33) }],
    ["a code with a space", { code: "A B" }],
    ["a code of two lines", { code: "A\nB" }],
    ["an empty code", { code: "" }],
    ["an object for a code", { code: new String("X") }],
    ["a list for a code", { code: ["X"] }],
    ["a server's words", { response: "550 <mike@example.org>" }],
    [
      "an error that cannot be read",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("a trap");
          },
        },
      ),
    ],
  ])("of %s is nothing: what is longer or stranger may hold a secret", (_, error) => {
    expect(detailOf(error)).toBeUndefined();
  });
});
