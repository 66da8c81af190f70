import type { Mailer } from "relatch";
import { combine } from "relatch/combine";
import { describe, expect, test, vi } from "vitest";
import { WRONG_OPTIONS } from "../helpers/errors.ts";
import { ABOUT, failureOf, MESSAGE } from "./message.ts";

describe("combine", () => {
  const taking = () => vi.fn<Mailer["send"]>(async () => "taken");
  const failing = (error: unknown) => vi.fn<Mailer["send"]>(() => Promise.reject(error));

  test("sends through each of them, with the same arguments", async () => {
    const sends = [taking(), taking(), taking()] as const;
    await combine({ send: sends[0] }, { send: sends[1] }, { send: sends[2] }).send(MESSAGE, ABOUT);
    for (const send of sends) expect(send.mock.calls).toEqual([[MESSAGE, ABOUT]]);
  });

  test.each([
    ["rejects", failing(new Error("away"))],
    [
      "throws at once",
      vi.fn<Mailer["send"]>(() => {
        throw new Error("away");
      }),
    ],
  ])("fails when one of them %s, and asks the others all the same", async (_, failure) => {
    const [before, after] = [taking(), taking()];
    const mailer = combine({ send: before }, { send: failure }, { send: after });
    expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({ cause: { message: "away" } });
    expect([before.mock.calls.length, after.mock.calls.length]).toEqual([1, 1]);
  });

  test("calls each as its own method", async () => {
    class Counting {
      sent = 0;
      async send() {
        this.sent += 1;
      }
    }
    const counting = new Counting();
    await combine(counting).send(MESSAGE, ABOUT);
    expect(counting.sent).toBe(1);
  });

  test("a refusal by one is final only when nothing else is worth another try", async () => {
    const refused = Object.assign(new Error("refused"), { permanent: true });
    const away = new Error("away");
    for (const [one, other] of [
      [refused, away],
      [away, refused],
    ]) {
      const failure = combine({ send: failing(one) }, { send: failing(other) }).send(MESSAGE, ABOUT);
      await expect(failure).rejects.toSatisfy((error: { permanent?: boolean }) => error.permanent !== true);
    }
    const both = combine({ send: failing(refused) }, { send: failing(refused) }).send(MESSAGE, ABOUT);
    await expect(both).rejects.toMatchObject({ permanent: true });
  });

  test("asks those again that did not take it, and no others", async () => {
    const [steady, shaky] = [taking(), taking()];
    shaky.mockRejectedValueOnce(new Error("away"));
    const mailer = combine({ send: steady }, { send: shaky });
    await failureOf(mailer.send(MESSAGE, ABOUT));
    await mailer.send(MESSAGE, ABOUT);
    expect([steady.mock.calls.length, shaky.mock.calls.length]).toEqual([1, 2]);
    // Another mail is another mail.
    await mailer.send(MESSAGE, { ...ABOUT, idempotencyKey: "another" });
    expect([steady.mock.calls.length, shaky.mock.calls.length]).toEqual([2, 3]);
  });

  const unsent = { unsent: true, code: "EDNS", retryAfterSeconds: 7 };
  test.each([
    ["all are sure of it", [unsent, { permanent: true }], true],
    ["one is not", [unsent, {}], false],
    ["one says the contrary", [{ permanent: true, unsent: false }, { permanent: true }], false],
    ["one took it", [unsent, undefined], false],
  ])("nothing went out when %s: %3$s", async (_, outcomes, expected) => {
    const sends = outcomes.map((outcome) => ({
      send: outcome ? failing(Object.assign(new Error("away"), outcome)) : taking(),
    }));
    const failure = await failureOf(combine(...(sends as unknown as [Mailer, Mailer])).send(MESSAGE, ABOUT));
    expect(failure.unsent).toBe(expected);
  });

  test("hands on what decides about the next try", async () => {
    const refused = Object.assign(new Error("refused"), { permanent: true, responseCode: 550 });
    const busy = Object.assign(new Error("busy"), unsent);
    expect(
      await failureOf(combine({ send: failing(refused) }, { send: failing(busy) }).send(MESSAGE, ABOUT)),
    ).toMatchObject({
      code: "EDNS",
      responseCode: undefined,
      retryAfterSeconds: 7,
      permanent: false,
      unsent: true,
    });
  });

  test.each([
    ["no mailer, which would lose every mail without a word", []],
    ["what is none", [{}]],
    ["nothing", [undefined]],
  ])("refuses %s at construction", (_, mailers) => {
    expect(() => combine(...(mailers as unknown as [Mailer]))).toThrow(WRONG_OPTIONS);
  });
});
