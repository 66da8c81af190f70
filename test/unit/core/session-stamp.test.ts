import { expect, test } from "vitest";
import { sessionStamp } from "../../../src/core/session-stamp.ts";
import { account } from "../../helpers/account.ts";
import { relatchError } from "../../helpers/errors.ts";

test("sessionStamp changes with the password and with the account, and with nothing else", () => {
  const user = account({ id: "42", passwordHash: "one" });
  const stamp = sessionStamp(user);
  expect(sessionStamp(account({ ...user, email: "b@x.com", name: "Ann", tenant: "blue" }))).toBe(stamp);
  expect(sessionStamp({ ...user, passwordHash: "two" })).not.toBe(stamp);
  expect(sessionStamp({ ...user, id: "43" })).not.toBe(stamp);
  expect(sessionStamp({ id: "4", passwordHash: "2one" })).not.toBe(stamp);
});

test.each([
  ["nothing", undefined],
  ["null", null],
  ["a string", "42"],
  ["no id", { passwordHash: "x" }],
  ["a number as the id", { id: 42, passwordHash: "x" }],
  ["a hash that was not selected", { id: "42" }],
  ["a hash that is not a string", { id: "42", passwordHash: Buffer.from("x") }],
])("sessionStamp refuses %s", (_, user) => {
  expect(() => sessionStamp(user as never)).toThrow(relatchError("ERR_OPTIONS", "sessionStamp"));
});
