import { expect, test } from "vitest";
import { Recent } from "../src/recent.ts";

test("remembers the last so many keys and forgets the oldest", () => {
  const recent = new Recent(3);
  for (const key of ["a", "b", "c"]) recent.add(key);
  expect(["a", "b", "c", "d"].filter((key) => recent.has(key))).toEqual(["a", "b", "c"]);
  recent.add("d");
  expect(["a", "b", "c", "d"].filter((key) => recent.has(key))).toEqual(["b", "c", "d"]);
});

test("a key that comes again takes no second place", () => {
  const recent = new Recent(2);
  for (const key of ["a", "b", "b", "b"]) recent.add(key);
  expect([recent.has("a"), recent.has("b")]).toEqual([true, true]);
});

test("the names of an object's own things are keys like any other", () => {
  expect(new Recent(1).has("constructor")).toBe(false);
  expect(new Recent(1).has("__proto__")).toBe(false);
});
