import type { Mailer } from "relatch";
import { combine } from "relatch/combine";
import { expect, test, vi } from "vitest";
import { WRONG_OPTIONS } from "../../helpers/errors.ts";
import { ABOUT, failureOf, MESSAGE } from "./message.ts";

const away = (facts: object = {}) => Object.assign(new Error("away"), facts);

/** Combines mailers that send, or that reject with an error. */
function combineAll(...outcomes: (Error | undefined)[]) {
  const sends = outcomes.map((error) =>
    vi.fn<Mailer["send"]>(async () => {
      if (error) throw error;
    }),
  );
  const mailers = sends.map((send) => ({ send })) as unknown as [Mailer];
  return { mailer: combine(...mailers), sends, counts: () => sends.map(({ mock }) => mock.calls.length) };
}

test("combine sends through each mailer, with the same arguments", async () => {
  const { mailer, sends } = combineAll(undefined, undefined, undefined);
  await mailer.send(MESSAGE, ABOUT);
  for (const send of sends) expect(send.mock.calls).toEqual([[MESSAGE, ABOUT]]);
});

test("combine keeps what one mailer does to an email from the others", async () => {
  const { mailer, sends } = combineAll(undefined, undefined);
  sends[0]?.mockImplementation(async ({ headers }) => Object.assign(headers, { "X-Mine": "1" }));
  await mailer.send(MESSAGE, ABOUT);
  expect(sends[1]?.mock.calls).toEqual([[MESSAGE, ABOUT]]);
  expect(MESSAGE.headers).not.toHaveProperty("X-Mine");
});

test.each(["rejects", "throws at once"])("combine fails if one mailer %s, and still calls the others", async (how) => {
  const { mailer, sends, counts } = combineAll(undefined, away(), undefined);
  if (how === "throws at once") sends[1]?.mockImplementation(() => expect.fail("away"));
  expect(await failureOf(mailer.send(MESSAGE, ABOUT))).toMatchObject({ cause: { message: "away" } });
  expect(counts()).toEqual([1, 1, 1]);
});

test("combine needs a sender if one of its mailers does", () => {
  const modest = { send: async () => {} };
  expect(combine(modest, { ...modest, needsFrom: true }).needsFrom).toBe(true);
  expect(combine(modest, { ...modest, needsFrom: false }).needsFrom).toBe(false);
});

test("combine calls send as a method of its mailer", async () => {
  const counting = {
    sent: 0,
    async send() {
      this.sent += 1;
    },
  };
  await combine(counting).send(MESSAGE, ABOUT);
  expect(counting.sent).toBe(1);
});

test("combine calls only the mailers that have not sent the email yet", async () => {
  const { mailer, sends, counts } = combineAll(undefined, undefined);
  sends[1]?.mockRejectedValueOnce(away());
  await failureOf(mailer.send(MESSAGE, ABOUT));
  await mailer.send(MESSAGE, ABOUT);
  expect(counts()).toEqual([1, 2]);
  // Another email starts anew.
  await mailer.send(MESSAGE, { ...ABOUT, idempotencyKey: "another" });
  expect(counts()).toEqual([2, 3]);
});

const refused = away({ permanent: true, responseCode: 550 });
const busy = away({ code: "EDNS", retryAfterSeconds: 7 });
const decisive = { code: "EDNS", responseCode: undefined, retryAfterSeconds: 7 };
test.each([
  ["every mailer refused for good", [refused, refused], { permanent: true, responseCode: 550 }],
  ["one mailer refused for good", [refused, away()], { permanent: false, responseCode: undefined }],
  ["the other mailer refused for good", [away(), refused], { permanent: false }],
  ["one refused, and one is busy", [refused, busy], { permanent: false, ...decisive }],
  ["one mailer sent it", [busy, undefined], { permanent: false, ...decisive }],
])("combine reports the facts that decide about the next attempt if %s", async (_, outcomes, facts) => {
  expect(await failureOf(combineAll(...outcomes).mailer.send(MESSAGE, ABOUT))).toMatchObject(facts);
});

test.each([
  ["no mailer, which would lose every email silently", []],
  ["a mailer without send", [{}]],
  ["undefined", [undefined]],
])("combine refuses %s at construction", (_, mailers) => {
  expect(() => combine(...(mailers as unknown as [Mailer]))).toThrow(WRONG_OPTIONS);
});
