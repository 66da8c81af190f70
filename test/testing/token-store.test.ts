import { memoryTokens } from "relatch/memory";
import { tokenStoreContract } from "relatch/testing";
import { describe, expect, test } from "vitest";
import type { TokenRecord, TokenStore } from "../../src/types.ts";
import { complaint, failing } from "./failing.ts";
import { type Flaw, flawed, flaws, named, withExpiry } from "./token-store-flaws.ts";

const { replaces, unknown, counts, instants, expired, purges } = named;
const order = tokenStoreContract(memoryTokens).map(({ name }) => name);
const inOrder = (a: string, b: string) => order.indexOf(a) - order.indexOf(b);

test("each case has a flaw that it is there for", () => {
  expect(Object.values(named).toSorted(inOrder)).toEqual(order);
  expect([...new Set(flaws.flatMap(([, , fails]) => fails))].toSorted(inOrder)).toEqual(order);
});

describe("good stores pass, on one table and on many", () => {
  test.each([
    ["memoryTokens", memoryTokens],
    ["the plain one below, without flaws", flawed],
  ] as [string, () => TokenStore][])("%s", async (_, create) => {
    const shared = create();
    expect(await failing(tokenStoreContract(() => shared))).toEqual([]);
    expect(await failing(tokenStoreContract(async () => create()))).toEqual([]);
  });

  test("one whose engine removes what has expired, later", async () => {
    const store = flawed((_, good) => ({
      // As Redis: a past instant is over at once, unless it is but a little past.
      save: async (record) =>
        record.expiresAt.getTime() > Date.now() - 60_000 ? good.save(record) : undefined,
      deleteExpired: async () => 0,
    }));
    const cases = tokenStoreContract(() => store, { expiresByItself: true });
    expect(await failing(cases)).toEqual([]);
    expect(cases.map(({ name }) => name)).toContain("deleteExpired answers a number");
    expect(await failing(tokenStoreContract(() => store))).toEqual(
      [expired, purges, counts].toSorted(inOrder),
    );
  });
});

describe("a flaw fails the cases it should", () => {
  test.each(flaws)("%s", async (_, flaw, fails) => {
    expect(await failing(tokenStoreContract(() => flawed(flaw)))).toEqual(fails.toSorted(inOrder));
  });

  test("one whose create rejects fails them all", async () => {
    const cases = tokenStoreContract(() => Promise.reject(new Error("no database")));
    expect(await failing(cases)).toHaveLength(cases.length);
  });
});

describe("a failing case says what it looked at, what came and what was due", () => {
  const keepsAll = flaws.find(([title]) => title === "earlier records that stay")?.[1];
  test.each([
    [replaces, keepsAll, /^Error: the owner of the first record: got "[0-9a-f]{32}", expected undefined$/],
    [unknown, () => ({ find: async () => ({}) as TokenRecord }), "Error: find: got {}, expected undefined"],
    [counts, () => ({ deleteExpired: async () => Number.NaN }), 'Error: the count: got "NaN", expected 2'],
    [counts, () => ({ deleteExpired: async () => 2n as never }), 'Error: the count: got "2n", expected 2'],
    [instants, withExpiry(() => Number.NaN), /^Error: expiresAt: got null, expected "20/],
  ] as [string, Flaw, string | RegExp][])("%s", async (name, flaw, message) => {
    const cases = tokenStoreContract(() => flawed(flaw));
    expect(await complaint(cases, name)).toMatch(message);
  });
});
