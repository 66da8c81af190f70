import type { TokenStore } from "../ports/contract.ts";
import { type AddCase, assertSame, randomHex } from "./cases.ts";
import { assertOwner, createRecord, createRecords, findRecord, HOUR, saveAll } from "./token-records.ts";

export function addDeletionCases(add: AddCase<TokenStore>, expiresByItself: boolean): void {
  add("deleteByUser deletes all records of this user only, and can be repeated", async (store) => {
    const userId = randomHex(16);
    const mine = createRecords(3, userId);
    const other = createRecord();
    await saveAll(store, [...mine, other]);
    for (let call = 1; call <= 2; call++) {
      await store.deleteByUser(userId);
      for (const each of mine) await assertOwner("the owner of the user's record", store, each, undefined);
    }
    await store.deleteByUser(randomHex(16));
    await assertOwner("the owner of the other record", store, other, other.userId);
  });

  add("a user can save again after deleteByUser", async (store) => {
    const old = createRecord();
    const next = createRecord(old.userId);
    await store.save(old);
    await store.deleteByUser(old.userId);
    await store.save(next);
    await assertOwner("the owner of the next record", store, next, next.userId);
    await assertOwner("the owner of the deleted record", store, old, undefined);
  });

  add("deleteByUser during a save leaves the new record whole, or none", async (store) => {
    for (let round = 0; round < 10; round++) {
      const old = createRecord();
      const next = createRecord(old.userId);
      await store.save(old);
      await Promise.all([store.deleteByUser(old.userId), store.save(next)]);
      await assertOwner("the owner of the old record", store, old, undefined);
      const left = await findRecord(store, next.tokenHash);
      if (left) assertSame("the fingerprint of the new record", left.fingerprint, next.fingerprint);
    }
  });

  if (!expiresByItself) {
    addPurgeCases(add);
    return;
  }

  add("deleteExpired returns a number", async (store) => {
    assertSame("its type", typeof (await store.deleteExpired(new Date(LONG_AGO))), "number");
  });
}

/** A time at which the records of no other case expire, so that these cases count only their own. */
const LONG_AGO = Date.UTC(1980, 0, 1);

function addPurgeCases(add: AddCase<TokenStore>): void {
  // One after the other, also if the runner starts them together, because they would delete each other's records.
  let previous: Promise<unknown> = Promise.resolve();
  const addPurge = (name: string, run: (store: TokenStore) => Promise<void>) =>
    add(name, (store) => {
      const current = previous.then(async () => {
        await store.deleteExpired(new Date(LONG_AGO + 2 * HOUR));
        await run(store);
      });
      previous = current.catch(() => {});
      return current;
    });
  const createOld = (offset: number) => ({ ...createRecord(), expiresAt: new Date(LONG_AGO + offset) });

  addPurge("deleteExpired deletes every expired record, one that expires now included", async (store) => {
    const records = [-HOUR, -1, 0, 1, HOUR].map(createOld);
    await saveAll(store, records);
    const now = new Date(LONG_AGO);
    await store.deleteExpired(now);
    assertSame("the date that was passed", now.getTime(), LONG_AGO);
    for (const each of records) {
      const offset = each.expiresAt.getTime() - LONG_AGO;
      const expected = offset > 0 ? each.userId : undefined;
      await assertOwner(`the owner of the record at ${offset} ms`, store, each, expected);
    }
  });

  addPurge("deleteExpired returns how many records it deleted", async (store) => {
    await saveAll(store, [-HOUR, -HOUR / 2, HOUR / 2, HOUR].map(createOld));
    assertSame("the count", await store.deleteExpired(new Date(LONG_AGO)), 2);
    assertSame("the count, again", await store.deleteExpired(new Date(LONG_AGO)), 0);
    assertSame("the count, later", await store.deleteExpired(new Date(LONG_AGO + 2 * HOUR)), 2);
  });

  addPurge("deleteExpired leaves the other records of the same user", async (store) => {
    const old = createOld(-HOUR);
    const next = createRecord(old.userId);
    await saveAll(store, [old, next]);
    await store.deleteExpired(new Date(LONG_AGO));
    await assertOwner("the owner of the other record", store, next, next.userId);
  });

  addPurge("a user can save again after deleteExpired", async (store) => {
    const old = createOld(-HOUR);
    const next = createRecord(old.userId);
    await store.save(old);
    await store.deleteExpired(new Date(LONG_AGO));
    await store.save(next);
    await assertOwner("the owner of the new record", store, next, next.userId);
  });
}
