import { expect, test } from "vitest";
import { isDeclared, someTenants } from "../../../src/lib/tenants.ts";
import { relatchError } from "../../helpers/errors.ts";

test.each([[["blue"]], [["blue", "red", "x".repeat(256)]], ["dynamic"]])("The option tenants may be %j", (tenants) => {
  expect(someTenants(tenants, "tenants")).toEqual(tenants);
});

test.each([
  ...[
    [],
    ["blue", "blue"],
    [""],
    ["x".repeat(257)],
    ["blue\ud800"],
    ["a\nb"],
    ["a\x1b[31m"],
    ["a\u0085"],
    [7],
    [undefined],
    ["blue", null],
  ],
  ...["Dynamic", "blue", "", true, false, null, {}, { 0: "blue", length: 1 }, new Set(["blue"])],
])("The option tenants must not be %o", (tenants) => {
  expect(() => someTenants(tenants, "tenants")).toThrow(relatchError("ERR_OPTIONS", "tenants"));
});

test("isDeclared compares names exactly", () => {
  const names = ["blue", "red", "Blue", "", "blue\n", undefined, null, 7, "constructor"];
  const filter = (tenants: readonly string[] | "dynamic" | undefined) =>
    names.filter((name) => isDeclared(tenants, name));
  expect(filter(["blue", "red"])).toEqual(["blue", "red"]);
  expect(filter("dynamic")).toEqual(["blue", "red", "Blue", "constructor"]);
  expect(filter(undefined)).toEqual([undefined]);
});
