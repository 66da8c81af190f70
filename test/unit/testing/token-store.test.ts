import { memoryTokens } from "relatch/memory";
import { tokenStoreContract } from "relatch/testing";
import { expect, test } from "vitest";
import type { TokenRecord, TokenStore } from "../../../src/ports/contract.ts";
import { findError, findFailing, testFlaws } from "./failing.ts";
import { type Flaw, flawed, flaws, named } from "./token-store-flaws.ts";

testFlaws("tokenStoreContract", named, (flaw) => tokenStoreContract(() => flawed(flaw)), flaws);

test.each([
  ["memoryTokens", memoryTokens],
  ["a plain store without flaws", flawed],
] as [string, () => TokenStore][])("%s passes, on one table and on many", async (_, create) => {
  const shared = create();
  expect(await findFailing(tokenStoreContract(() => shared))).toEqual([]);
  expect(await findFailing(tokenStoreContract(async () => create()))).toEqual([]);
});

test("a store whose engine deletes expired records later passes with expiresByItself only", async () => {
  const store = flawed((_, good) => ({
    // Like Redis: a record that expired long ago is deleted at once.
    save: async (record) => (record.expiresAt.getTime() > Date.now() - 60_000 ? good.save(record) : undefined),
    deleteExpired: async () => 0,
  }));
  const cases = tokenStoreContract(() => store, { expiresByItself: true });
  expect(await findFailing(cases)).toEqual([]);
  expect(cases.map(({ name }) => name)).toContain("deleteExpired returns a number");
  const { expired, purges, counts } = named;
  expect(await findFailing(tokenStoreContract(() => store))).toEqual([expired, purges, counts]);
});

test("every case fails if create rejects", async () => {
  const cases = tokenStoreContract(() => Promise.reject(new Error("no database")));
  expect(await findFailing(cases)).toHaveLength(cases.length);
});

const timeless: Flaw = (_, { save }) => ({ save: (row) => save({ ...row, expiresAt: new Date(Number.NaN) }) });
const replaces = flaws.find(([title]) => title === "a save that replaces")?.[2];
test.each([
  [named.adds, replaces, /: received undefined, expected {"tokenHash":"[0-9a-f]{64}",/],
  [named.unknown, () => ({ find: async () => ({}) as TokenRecord }), /: received {}, expected undefined$/],
  [named.counts, () => ({ deleteExpired: async () => Number.NaN }), /: received "NaN", expected 2$/],
  [named.counts, () => ({ deleteExpired: async () => 2n as never }), /: received "2n", expected 2$/],
  [named.instants, timeless, /: received null, expected "20/],
] as [string, Flaw, RegExp][])("%s: the error says what was received and expected", async (name, flaw, message) => {
  const cases = tokenStoreContract(() => flawed(flaw));
  expect(await findError(cases, name)).toMatch(message);
});
