import type { TokenStore } from "../types.ts";
import { type AddCase, expectSame, inTurn, randomHex } from "./cases.ts";
import { found, HOUR, record } from "./token-records.ts";

/** A time that the records of no other case expire in, so that the purges count their own. */
const LONG_AGO = Date.UTC(1980, 0, 1);

export function addDeletionCases(add: AddCase<TokenStore>, expiresByItself: boolean): void {
  add("deleteByUser deletes the user's record and no other's, and may be repeated", async (store) => {
    const mine = record();
    const other = record();
    await store.save(mine);
    await store.save(other);
    await store.deleteByUser(mine.userId);
    expectSame("the user's record", await found(store, mine.tokenHash), undefined);
    await store.deleteByUser(mine.userId);
    await store.deleteByUser(randomHex(16));
    expectSame("another's record", await found(store, other.tokenHash), other);
  });

  add("a user can save again after deleteByUser", async (store) => {
    const saved = record();
    await store.save(saved);
    await store.deleteByUser(saved.userId);
    const next = record(saved.userId);
    await store.save(next);
    expectSame("the next record", await found(store, next.tokenHash), next);
    expectSame("the deleted one", await found(store, saved.tokenHash), undefined);
  });

  add("deleteByUser beside a save leaves the new record, whole, or none", async (store) => {
    for (let round = 0; round < 10; round++) {
      const old = record();
      const next = record(old.userId);
      await store.save(old);
      await Promise.all([store.deleteByUser(old.userId), store.save(next)]);
      expectSame("the old record", await found(store, old.tokenHash), undefined);
      const left = await found(store, next.tokenHash);
      if (left) expectSame("the new record", left, next);
    }
  });

  if (expiresByItself) {
    add("deleteExpired answers a number", async (store) => {
      expectSame("its type", typeof (await store.deleteExpired(new Date(LONG_AGO))), "number");
    });
    return;
  }

  // One at a time, or they would delete each other's.
  const alone = inTurn();
  const addPurge = (name: string, run: (store: TokenStore) => Promise<void>) =>
    add(name, (store) =>
      alone(async () => {
        await store.deleteExpired(new Date(LONG_AGO + HOUR));
        await run(store);
      }),
    );
  const recordFor = (instant: number) => ({ ...record(), expiresAt: new Date(instant) });

  addPurge("deleteExpired deletes what has expired, the instant itself included", async (store) => {
    const records = [-HOUR, -1, 0, 1, HOUR].map((offset) => recordFor(LONG_AGO + offset));
    for (const each of records) await store.save(each);
    const now = new Date(LONG_AGO);
    await store.deleteExpired(now);
    expectSame("the date that was given", now.getTime(), LONG_AGO);
    for (const each of records) {
      const due = each.expiresAt > now ? each : undefined;
      const offset = each.expiresAt.getTime() - LONG_AGO;
      expectSame(`the record of ${offset} ms later`, await found(store, each.tokenHash), due);
    }
  });

  addPurge("deleteExpired answers how many went", async (store) => {
    for (const offset of [-HOUR, -1, 1, 2]) await store.save(recordFor(LONG_AGO + offset));
    expectSame("the count", await store.deleteExpired(new Date(LONG_AGO)), 2);
    expectSame("the count, again", await store.deleteExpired(new Date(LONG_AGO)), 0);
    expectSame("the count, later", await store.deleteExpired(new Date(LONG_AGO + HOUR)), 2);
  });

  addPurge("deleteExpired leaves a user alone whose expired record was replaced", async (store) => {
    const old = recordFor(LONG_AGO);
    await store.save(old);
    const next = record(old.userId);
    await store.save(next);
    expectSame("the count", await store.deleteExpired(new Date(LONG_AGO)), 0);
    expectSame("the new record", await found(store, next.tokenHash), next);
  });

  addPurge("a user can save again after deleteExpired", async (store) => {
    const old = recordFor(LONG_AGO);
    await store.save(old);
    await store.deleteExpired(new Date(LONG_AGO));
    const next = record(old.userId);
    await store.save(next);
    expectSame("the new record", await found(store, next.tokenHash), next);
  });
}
