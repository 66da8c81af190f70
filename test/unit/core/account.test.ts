import { describe, expect, test } from "vitest";
import { findObstacle, usableAddress } from "../../../src/core/account.ts";
import type { Account } from "../../../src/ports/account.ts";
import type { ResetRequestedJob } from "../../../src/ports/contract.ts";
import { account } from "../../helpers/account.ts";

const request = (changes: Partial<ResetRequestedJob> = {}): ResetRequestedJob => ({
  ...{ v: 2, id: "job", at: 0, type: "reset_requested", email: "mike@example.org", locale: "en" },
  ...changes,
});

test.each([
  ["mike@example.org", "mike@example.org"],
  ["Mike@EXAMPLE.org", "mike@example.org"],
  [" mike@example.org", undefined],
  ["mike@example.org\n", undefined],
  ["mike@example.org\u00a0", undefined],
  ["\u3000mike@example.org", undefined],
  ["\u200bmike@example.org", undefined],
  ["mike@example.org\u200e", undefined],
  ["mike@example.org\u00ad", undefined],
  ["mike@example.org\u0085", undefined],
  ["mike@example.org,eve@evil.example", undefined],
  ["mike", undefined],
  ["", undefined],
])("usableAddress of %j is %j", (email, expected) => {
  expect(usableAddress(account({ email }))).toBe(expected);
});

describe("findObstacle", () => {
  test.each<[string, Partial<Account>, Partial<ResetRequestedJob>]>([
    ["the address as stored", {}, {}],
    ["the address in other case", { email: "Mike@EXAMPLE.org" }, {}],
    ["the same tenant", { tenant: "blue" }, { tenant: "blue" }],
  ])("finds nothing against an account with %s", (_, found, requested) => {
    expect(findObstacle(account(found), request(requested), false)).toBeUndefined();
  });

  test.each<[string, Partial<Account>, Partial<ResetRequestedJob>]>([
    ["unusable_address", { email: "mike@example.org " }, {}],
    ["unusable_address", { email: "mike@example.org\u00a0" }, {}],
    ["unusable_address", { email: '"a@evil.example x"@example.org' }, {}],
    ["other_address", { email: "mıke@example.org" }, {}],
    ["other_address", { email: "mike+x@example.org" }, {}],
    ["other_tenant", { tenant: "blue" }, {}],
    ["other_tenant", {}, { tenant: "blue" }],
    ["other_tenant", { tenant: "red" }, { tenant: "blue" }],
    ["not_allowed", { resetAllowed: false }, {}],
    ["not_allowed", { resetAllowed: false, passwordHash: null }, {}],
    ["no_password", { passwordHash: null }, {}],
  ])("is %s for an account with %o and a request with %o", (obstacle, found, requested) => {
    expect(findObstacle(account(found), request(requested), false)).toBe(obstacle);
  });

  test("finds nothing against an account without a password if it can set its first one", () => {
    expect(findObstacle(account({ passwordHash: null }), request(), true)).toBeUndefined();
  });
});
