import { expect, test } from "vitest";
import { Recent } from "../src/recent.ts";

test("remembers the last so many keys and forgets the oldest", () => {
  const recent = new Recent<true>(3);
  for (const key of ["a", "b", "c"]) recent.set(key, true);
  expect(["a", "b", "c", "d"].filter((key) => recent.get(key))).toEqual(["a", "b", "c"]);
  recent.set("d", true);
  expect(["a", "b", "c", "d"].filter((key) => recent.get(key))).toEqual(["b", "c", "d"]);
});

test("a key that comes again takes no second place", () => {
  const recent = new Recent<true>(2);
  for (const key of ["a", "b", "b", "b"]) recent.set(key, true);
  expect([recent.get("a"), recent.get("b")]).toEqual([true, true]);
});

test("the names of an object's own things are keys like any other", () => {
  expect(new Recent<true>(1).get("constructor")).toBeUndefined();
  expect(new Recent<true>(1).get("__proto__")).toBeUndefined();
});

test("goes on forgetting, one for one, long after it is full", () => {
  const recent = new Recent<number>(10);
  for (let key = 0; key < 1000; key++) recent.set(String(key), key);
  expect(Array.from({ length: 1000 }, (_, key) => recent.get(String(key))).filter(Number.isInteger)).toEqual([
    990, 991, 992, 993, 994, 995, 996, 997, 998, 999,
  ]);
});
