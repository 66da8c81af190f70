import type { TokenStore } from "../types.ts";
import { type AddCase, expectSame, inTurn, randomHex } from "./cases.ts";
import { found, HOUR, ownerOf, record } from "./token-records.ts";

export function addDeletionCases(add: AddCase<TokenStore>, expiresByItself: boolean): void {
  add("deleteByUser deletes the user's record and no other's, and may be repeated", async (store) => {
    const mine = record();
    const other = record();
    await store.save(mine);
    await store.save(other);
    await store.deleteByUser(mine.userId);
    expectSame("the owner of the user's record", await ownerOf(store, mine), undefined);
    await store.deleteByUser(mine.userId);
    await store.deleteByUser(randomHex(16));
    expectSame("the owner of another's record", await ownerOf(store, other), other.userId);
  });

  add("a user can save again after deleteByUser", async (store) => {
    const old = record();
    const next = record(old.userId);
    await store.save(old);
    await store.deleteByUser(old.userId);
    await store.save(next);
    expectSame("the owner of the next record", await ownerOf(store, next), next.userId);
    expectSame("the owner of the deleted one", await ownerOf(store, old), undefined);
  });

  add("deleteByUser beside a save leaves the new record, whole, or none", async (store) => {
    for (let round = 0; round < 10; round++) {
      const old = record();
      const next = record(old.userId);
      await store.save(old);
      await Promise.all([store.deleteByUser(old.userId), store.save(next)]);
      expectSame("the owner of the old record", await ownerOf(store, old), undefined);
      const left = await found(store, next.tokenHash);
      if (left) expectSame("the fingerprint of the new one", left.fingerprint, next.fingerprint);
    }
  });

  if (!expiresByItself) {
    addPurgeCases(add);
    return;
  }

  add("deleteExpired answers a number", async (store) => {
    expectSame("its type", typeof (await store.deleteExpired(new Date(LONG_AGO))), "number");
  });
}

/** A time that the records of no other case expire in, so that the purges count their own. */
const LONG_AGO = Date.UTC(1980, 0, 1);

function addPurgeCases(add: AddCase<TokenStore>): void {
  // One at a time, or they would delete each other's.
  const alone = inTurn();
  const addPurge = (name: string, run: (store: TokenStore) => Promise<void>) =>
    add(name, (store) =>
      alone(async () => {
        await store.deleteExpired(new Date(LONG_AGO + 2 * HOUR));
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
      const offset = each.expiresAt.getTime() - LONG_AGO;
      const due = offset > 0 ? each.userId : undefined;
      expectSame(`the owner of what expires ${offset} ms later`, await ownerOf(store, each), due);
    }
  });

  addPurge("deleteExpired answers how many went", async (store) => {
    for (const offset of [-HOUR, -HOUR / 2, HOUR / 2, HOUR]) await store.save(recordFor(LONG_AGO + offset));
    expectSame("the count", await store.deleteExpired(new Date(LONG_AGO)), 2);
    expectSame("the count, again", await store.deleteExpired(new Date(LONG_AGO)), 0);
    expectSame("the count, later", await store.deleteExpired(new Date(LONG_AGO + 2 * HOUR)), 2);
  });

  addPurge("deleteExpired leaves a user alone whose expired record was replaced", async (store) => {
    const old = recordFor(LONG_AGO - HOUR);
    const next = record(old.userId);
    await store.save(old);
    await store.save(next);
    await store.deleteExpired(new Date(LONG_AGO));
    expectSame("the owner of the new record", await ownerOf(store, next), next.userId);
  });

  addPurge("a user can save again after deleteExpired", async (store) => {
    const old = recordFor(LONG_AGO - HOUR);
    const next = record(old.userId);
    await store.save(old);
    await store.deleteExpired(new Date(LONG_AGO));
    await store.save(next);
    expectSame("the owner of the new record", await ownerOf(store, next), next.userId);
  });
}
