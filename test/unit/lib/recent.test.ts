import { expect, test } from "vitest";
import { Recent } from "../../../src/lib/recent.ts";

test("Recent remembers the newest keys up to its capacity, long after it is full", () => {
  const recent = new Recent<number>(3);
  for (let key = 0; key < 1000; key++) recent.set(String(key), key);
  const known = Array.from({ length: 1000 }, (_, key) => recent.get(String(key)));
  expect(known.filter((value) => value !== undefined)).toEqual([997, 998, 999]);
});

test("Recent gives a key that comes again its new value and no second place", () => {
  const recent = new Recent<number>(2);
  for (const key of ["a", "b", "b", "b"]) recent.set(key, key === "a" ? 0 : (recent.get("b") ?? 1));
  expect([recent.get("a"), recent.get("b")]).toEqual([0, 1]);
  recent.set("b", 2);
  expect(recent.get("b")).toBe(2);
});

test("Recent knows no key that nobody set, not even the names of an object's own properties", () => {
  expect(new Recent<true>(1).get("constructor")).toBeUndefined();
  expect(new Recent<true>(1).get("__proto__")).toBeUndefined();
});
