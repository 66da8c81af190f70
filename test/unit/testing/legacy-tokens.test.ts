import { randomUUID } from "node:crypto";
import type { LegacyToken, LegacyTokens } from "relatch";
import { type LegacyTokensFixture, legacyTokensContract } from "relatch/testing";
import { expect, test } from "vitest";
import { type Flaws, findError, findFailing, flaw, testFlaws } from "./failing.ts";

/** A word for each case. */
const named = {
  finds: "find returns the account of a token and the time at which it expires",
  opens: "find consumes nothing",
  unknown: "find returns nothing for a token that was never issued",
  expired: "an expired token is not found, or its expiresAt is past",
  once: "spend returns true once, and then the token is not found",
  atOnce: "one of 20 concurrent calls of spend returns true",
  spends: "spend leaves the other tokens",
  revokes: "revoke invalidates every token of an account",
  others: "revoke leaves the tokens of other accounts",
  again: "revoke may be called for an account that has no token",
};

/** An old flow with a table in memory. */
function createGood() {
  const rows = new Map<string, LegacyToken>();
  const legacyTokens: LegacyTokens = {
    until: new Date("2100-01-01"),
    find: async (token) => rows.get(token),
    spend: async (token) => rows.delete(token),
    async revoke(userId) {
      for (const [token, row] of rows) if (row.userId === userId) rows.delete(token);
    },
  };
  const fixture = {
    legacyTokens,
    addUser: () => randomUUID(),
    async issue(userId, expiresAt) {
      const token = randomUUID();
      rows.set(token, { userId, expiresAt });
      return token;
    },
  } satisfies LegacyTokensFixture;
  return { ...fixture, rows };
}

type Good = ReturnType<typeof createGood>;
type Flaw = (good: Good) => Partial<LegacyTokens>;
const flawed = (create: Flaw) => () => {
  const good = createGood();
  return { ...good, legacyTokens: { ...good.legacyTokens, ...create(good) } };
};
const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Changes what find returns. */
const finds = (title: string, fails: string, change: (found: LegacyToken) => unknown) =>
  flaw<Flaw>(title, fails, ({ rows }) => ({
    async find(token) {
      const found = rows.get(token);
      return found && (change(found) as LegacyToken);
    },
  }));

const flaws: Flaws<Flaw> = [
  finds("nothing is found", "finds opens spends others", () => undefined),
  finds("an id as an array of bytes", "finds opens spends others", ({ userId, ...found }) => ({
    ...found,
    userId: Buffer.from(userId),
  })),
  finds("a time in another time zone", "finds expired", ({ expiresAt, ...found }) => ({
    ...found,
    expiresAt: new Date(expiresAt.getTime() + 2 * 3_600_000),
  })),
  flaw("opening uses the token up", "opens", ({ rows, legacyTokens }) => {
    const openings = new Map<string, number>();
    return {
      async find(token) {
        openings.set(token, (openings.get(token) ?? 0) + 1);
        if (openings.get(token) === 3) rows.delete(token);
        return legacyTokens.find(token);
      },
    };
  }),
  flaw("opening spends the token", "opens others", ({ rows, legacyTokens }) => {
    const opened = new Set<string>();
    return {
      async find(token) {
        opened.add(token);
        return rows.get(token);
      },
      spend: async (token) => !opened.has(token) && legacyTokens.spend(token),
    };
  }),
  flaw("the beginning of a token is enough", "unknown", ({ rows }) => ({
    find: async (token) =>
      token.length > 30 ? [...rows].find(([each]) => each.startsWith(token))?.[1] : rows.get(token),
  })),
  flaw("an unknown token is an error", "unknown once revokes", ({ rows }) => ({
    async find(token) {
      const found = rows.get(token);
      if (!found) throw new Error("no rows");
      return found;
    },
  })),
  flaw("an error for what is too long", "unknown", ({ legacyTokens }) => ({
    async find(token) {
      if (token.length > 100) throw new Error("value too long");
      return legacyTokens.find(token);
    },
  })),
  flaw("spend returns nothing", "opens once atOnce others", ({ legacyTokens }) => ({
    spend: async (token) => void (await legacyTokens.spend(token)) as never,
  })),
  flaw("spend returns the number of rows", "opens once atOnce others", ({ legacyTokens }) => ({
    spend: async (token) => Number(await legacyTokens.spend(token)) as never,
  })),
  flaw("a token can be spent again and again", "once atOnce", () => ({ spend: async () => true })),
  flaw("spent rows are still found", "once", ({ rows }) => {
    const used = new Set<string>();
    return { spend: async (token) => rows.has(token) && !used.has(token) && used.add(token) !== undefined };
  }),
  flaw("a look, then a deletion", "atOnce", ({ rows }) => ({
    async spend(token) {
      const isThere = rows.has(token);
      await pause();
      rows.delete(token);
      return isThere;
    },
  })),
  flaw("spending one token deletes all", "spends", ({ rows }) => ({
    async spend(token) {
      const isThere = rows.has(token);
      rows.clear();
      return isThere;
    },
  })),
  flaw("revoke does nothing", "revokes", () => ({ revoke: async () => {} })),
  flaw("revoke deletes one token", "revokes", ({ rows }) => ({
    async revoke(userId) {
      for (const [token, row] of rows) if (row.userId === userId) return rows.delete(token);
      return undefined;
    },
  })),
  flaw("revoke deletes the tokens of everybody", "others", ({ rows }) => ({ revoke: async () => rows.clear() })),
  flaw("revoke rejects where it finds nothing", "again others", ({ rows, legacyTokens }) => ({
    async revoke(userId) {
      if (![...rows.values()].some((row) => row.userId === userId)) throw new Error("no rows");
      return legacyTokens.revoke(userId);
    },
  })),
];

testFlaws("legacyTokensContract", named, (each) => legacyTokensContract(flawed(each)), flaws);

test("good functions for old links pass legacyTokensContract", async () => {
  expect(await findFailing(legacyTokensContract(createGood))).toEqual([]);
});

test("with signsPasswordHash, spend may return true to every caller", async () => {
  const create = () => ({ ...flawed(() => ({ spend: async () => true }))(), signsPasswordHash: true });
  expect(await findFailing(legacyTokensContract(create))).toEqual([]);
  const never = () => ({ ...flawed(() => ({ spend: async () => false }))(), signsPasswordHash: true });
  expect(await findFailing(legacyTokensContract(never))).toEqual([named.opens, named.once, named.others]);
});

test("legacyTokensContract says what to do about a time in another time zone", async () => {
  const [, , planted] = flaws.find(([title]) => title === "a time in another time zone")!;
  expect(await findError(legacyTokensContract(flawed(planted)), named.finds)).toMatch(
    /^Error: the expiresAt: received "\S+", expected "\S+"\. A column without a time zone is read in that of the process/,
  );
});
