import type { TokenRecord, TokenStore } from "../types.ts";
import { type ContractCase, expectSame, randomHex } from "./cases.ts";

/** Options of {@link tokenStoreContract}. */
export interface TokenStoreContractOptions {
  /** The engine removes what has expired, and `deleteExpired` has nothing to do. */
  expiresByItself?: boolean | undefined;
}

const HOUR = 60 * 60 * 1000;

/**
 * What every `TokenStore` must do. `create` gives a store over a table of the test's own; the cases use ids that
 * nobody else has, and may run at the same time.
 */
export function tokenStoreContract(
  create: () => TokenStore | Promise<TokenStore>,
  { expiresByItself = false }: TokenStoreContractOptions = {},
): ContractCase[] {
  const cases: ContractCase[] = [];
  const add = (name: string, run: (store: TokenStore) => Promise<void>) =>
    cases.push({ name, run: async () => run(await create()) });

  add("finds exactly what was saved", async (store) => {
    const saved = record();
    await store.save(saved);
    expectSame("find", await found(store, saved.tokenHash), saved);
  });

  add("finds nothing for a hash that was not saved", async (store) => {
    expectSame("find", await found(store, randomHex(64)), undefined);
  });

  add("matches the whole hash, byte for byte", async (store) => {
    const { tokenHash, ...rest } = record();
    await store.save({ tokenHash, ...rest });
    const near = [
      tokenHash.toUpperCase(),
      tokenHash.slice(0, 63),
      `${tokenHash}0`,
      `${tokenHash} `,
      `${tokenHash.slice(0, 32)}%`,
    ];
    for (const other of [...near, "", "%", "_".repeat(64), "*"]) {
      if (other !== tokenHash) expectSame(`find(${other})`, await found(store, other), undefined);
    }
  });

  add("keeps one record a user: a new one replaces the earlier", async (store) => {
    const first = record();
    const second = record(first.userId);
    await store.save(first);
    await store.save(second);
    expectSame("the earlier record", await found(store, first.tokenHash), undefined);
    expectSame("the new record", await found(store, second.tokenHash), second);
  });

  add("replaces in one step: of 32 saves at once, one record is left", async (store) => {
    const user = randomHex(16);
    const records = Array.from({ length: 32 }, () => record(user));
    await Promise.all(records.map((each) => store.save(each)));
    const live = await Promise.all(records.map(({ tokenHash }) => found(store, tokenHash)));
    expectSame("live records", live.filter(Boolean).length, 1);
  });

  add("keeps the records of 64 users who save at once", async (store) => {
    const records = Array.from({ length: 64 }, () => record());
    await Promise.all(records.map((each) => store.save(each)));
    for (const each of records) expectSame("find", await found(store, each.tokenHash), each);
  });

  add("tells apart ids that look alike", async (store) => {
    const stem = randomHex(8);
    const alike = ["aB3", "Ab3", "aB3 ", " aB3", "é", "e\u0301", "e", "7", "07", "7.0", "ß", "ss"];
    const records = alike.map((id) => record(`${stem}${id}`));
    for (const each of records) await store.save(each);
    for (const each of records)
      expectSame(`find for ${each.userId}`, await found(store, each.tokenHash), each);
  });

  add("takes any id of 1 to 128 bytes", async (store) => {
    const odd = [
      "'; DROP TABLE users; --",
      '"',
      "`",
      "\\",
      "%_",
      "{a}",
      "a:b",
      "$1",
      "?",
      "日本語",
      "😀",
      "\n",
      "null",
    ];
    for (const id of [
      ...odd.map((text) => text + randomHex(8)),
      randomHex(128),
      "é".repeat(48) + randomHex(32),
    ]) {
      const saved = record(id);
      await store.save(saved);
      expectSame(`find for ${id}`, await found(store, saved.tokenHash), saved);
      await store.deleteByUser(id);
      expectSame(`find for ${id} after deleteByUser`, await found(store, saved.tokenHash), undefined);
    }
  });

  add("keeps the expiry to the millisecond, in no time zone", async (store) => {
    // Seconds rounded, a local clock put forward or back, a 32-bit number: each would shift one of these.
    const soon = Math.floor(Date.now() / 1000) * 1000 + HOUR;
    const instants = [
      soon + 1,
      soon + 999,
      Date.UTC(2038, 0, 19, 3, 14, 8, 1),
      Date.UTC(2040, 2, 25, 1, 30, 0, 123),
    ];
    for (const instant of [...instants, Date.UTC(2040, 9, 28, 1, 30, 0, 456)]) {
      const saved = { ...record(), expiresAt: new Date(instant) };
      await store.save(saved);
      expectSame("expiresAt", (await found(store, saved.tokenHash))?.expiresAt, saved.expiresAt);
    }
  });

  add("finds a record that has just expired: the caller judges that, by one clock", async (store) => {
    const saved = { ...record(), expiresAt: new Date(Date.now() - 1000) };
    await store.save(saved);
    expectSame("find", await found(store, saved.tokenHash), saved);
  });

  add("deleteByUser deletes the user's record and no other's", async (store) => {
    const mine = record();
    const other = record();
    await store.save(mine);
    await store.save(other);
    await store.deleteByUser(mine.userId);
    await store.deleteByUser(mine.userId);
    await store.deleteByUser(randomHex(16));
    expectSame("the user's record", await found(store, mine.tokenHash), undefined);
    expectSame("another's record", await found(store, other.tokenHash), other);
  });

  add("a user can save again after deleteByUser", async (store) => {
    const saved = record();
    await store.save(saved);
    await store.deleteByUser(saved.userId);
    await store.save(saved);
    expectSame("find", await found(store, saved.tokenHash), saved);
  });

  add("keeps no hold on the caller's objects", async (store) => {
    const saved = record();
    const given = { ...saved, expiresAt: new Date(saved.expiresAt) };
    await store.save(given);
    given.userId = "changed";
    given.expiresAt.setTime(0);
    const answer = await found(store, saved.tokenHash);
    expectSame("find", answer, saved);
    answer?.expiresAt.setTime(0);
    expectSame("find again", await found(store, saved.tokenHash), saved);
  });

  if (!expiresByItself) {
    add("deleteExpired deletes what has expired, at the instant too, and says how many", async (store) => {
      // Years that no other case uses, so that the count is this case's own.
      const now = Date.UTC(1980, 0, 1) + Number.parseInt(randomHex(4), 16);
      await store.deleteExpired(new Date(now + HOUR));
      const [past, present, future] = [-1, 0, 1].map((offset) => ({
        ...record(),
        expiresAt: new Date(now + offset),
      }));
      for (const each of [past, present, future]) if (each) await store.save(each);
      expectSame("the count", await store.deleteExpired(new Date(now)), 2);
      expectSame("the past one", await found(store, past?.tokenHash ?? ""), undefined);
      expectSame("the present one", await found(store, present?.tokenHash ?? ""), undefined);
      expectSame("the future one", await found(store, future?.tokenHash ?? ""), future);
      expectSame("the count, again", await store.deleteExpired(new Date(now)), 0);
    });
  }

  return cases;
}

const record = (userId = randomHex(32)): TokenRecord => ({
  tokenHash: randomHex(64),
  userId,
  fingerprint: randomHex(64),
  expiresAt: new Date(Date.now() + HOUR),
});

/** The four documented properties, or `undefined`. */
async function found(store: TokenStore, tokenHash: string): Promise<TokenRecord | undefined> {
  const answer = await store.find(tokenHash);
  if (answer === null || answer === undefined) return undefined;
  const { userId, fingerprint, expiresAt } = answer;
  return { tokenHash: answer.tokenHash, userId, fingerprint, expiresAt };
}
