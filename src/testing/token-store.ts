import type { TokenStore } from "../ports/contract.ts";
import { type AddCase, assertSame, type ContractCase, createSuite, randomHex } from "./cases.ts";
import { addDeletionCases } from "./token-deletion.ts";
import {
  assertFound,
  assertOwner,
  createRecord,
  createRecords,
  findRecord,
  HOUR,
  pickFields,
  saveAll,
} from "./token-records.ts";

/** Options of {@link tokenStoreContract}. */
export interface TokenStoreContractOptions {
  /**
   * The engine deletes expired records by itself, a minute after their expiry at the earliest, and `deleteExpired` has
   * nothing to do. Default: `false`.
   */
  expiresByItself?: boolean | undefined;
}

/**
 * Returns a case for everything that a `TokenStore` must do. `create` returns a store on a table that only this test
 * uses. It may be the same store each time. Every case uses its own ids, so the cases can run at the same time.
 *
 * @example
 * for (const { name, run } of tokenStoreContract(() => tokens)) test(name, run);
 */
export function tokenStoreContract(
  create: () => TokenStore | Promise<TokenStore>,
  { expiresByItself = false }: TokenStoreContractOptions = {},
): ContractCase[] {
  const { cases, add } = createSuite(create);
  addFindCases(add, expiresByItself);
  addSaveCases(add);
  addDeletionCases(add, expiresByItself);
  return cases;
}

function addFindCases(add: AddCase<TokenStore>, expiresByItself: boolean): void {
  add("find returns exactly what was saved, however often it is called", async (store) => {
    const saved = createRecord();
    await store.save(saved);
    for (let look = 1; look <= 3; look++) await assertFound(store, saved, `find, time ${look}`);
  });

  add("find returns nothing for a hash that was not saved", async (store) => {
    assertSame("find", await findRecord(store, randomHex(64)), undefined);
  });

  add("find compares the whole hash, byte for byte", async (store) => {
    const saved = createRecord();
    // Letters, so that there is a case to change.
    const tokenHash = `abcdef${saved.tokenHash.slice(6)}`;
    await store.save({ ...saved, tokenHash });
    const near = [
      ...[tokenHash.toUpperCase(), tokenHash.replace("a", "á"), `0${tokenHash.slice(1)}`],
      ...[tokenHash.slice(0, 63), tokenHash.slice(1), `${tokenHash}0`],
      ...[`${tokenHash} `, ` ${tokenHash}`, `${tokenHash}\n`],
      ...[`${tokenHash.slice(0, 32)}%`, tokenHash.replace("a", "_")],
      ...["", "%", "_".repeat(64), "*", "' OR '1'='1"],
    ];
    for (const other of near) assertSame(`find(${JSON.stringify(other)})`, await findRecord(store, other), undefined);
  });

  add("save keeps the expiry to the millisecond, whatever the time zone", async (store) => {
    // Rounded seconds, seconds in 32 bits, and a local clock in summer or in winter would each shift one of these.
    const soon = createRecord().expiresAt.getTime();
    const far = ["2038-01-19T03:14:08.001Z", "2040-03-25T01:30:00.123Z", "2040-10-28T00:30:00.456Z"];
    const farther = ["2104-02-29T23:59:59.999Z", 2 ** 32 * 1000 + 1];
    for (const instant of [soon + 1, soon + 999, ...far, ...farther]) {
      const saved = { ...createRecord(), expiresAt: new Date(instant) };
      await store.save(saved);
      assertSame("expiresAt", (await findRecord(store, saved.tokenHash))?.expiresAt, saved.expiresAt);
    }
  });

  add("find returns an expired record, because the caller judges the expiry by one clock", async (store) => {
    const ages = expiresByItself ? [1, 1000] : [1, 1000, 25 * 365 * 24 * HOUR];
    for (const age of ages) {
      const saved = { ...createRecord(), expiresAt: new Date(Date.now() - age) };
      await store.save(saved);
      await assertOwner(`the owner, ${age} ms after the expiry`, store, saved, saved.userId);
    }
  });
}

function addSaveCases(add: AddCase<TokenStore>): void {
  add("save keeps the earlier records of the same user", async (store) => {
    const first = createRecord();
    const sooner = new Date(first.expiresAt.getTime() - HOUR / 2);
    const records = [first, createRecord(first.userId), { ...createRecord(first.userId), expiresAt: sooner }];
    await saveAll(store, records);
    for (const each of records) await assertFound(store, each);
  });

  add("32 concurrent saves for one user keep all records", async (store) => {
    const records = createRecords(32);
    await Promise.all(records.map((each) => store.save(each)));
    for (const each of records) await assertFound(store, each);
  });

  add("64 concurrent saves for 64 users keep all records", async (store) => {
    const records = Array.from({ length: 64 }, () => createRecord());
    await Promise.all(records.map((each) => store.save(each)));
    for (const each of records) await assertOwner("the owner", store, each, each.userId);
  });

  add("user ids that look alike are kept apart", async (store) => {
    const stem = randomHex(8);
    const endings = [
      ...["aB3", "Ab3", "AB3", "aB3 ", "aB3  ", "", ".0"],
      ...["é", "e\u0301", "e", "ß", "ss", "i", "ı", "😀", "😁"],
    ];
    const ids = [...endings.map((ending) => stem + ending), ` ${stem}aB3`, `0${stem}`];
    const records = ids.map((id) => createRecord(id));
    await saveAll(store, records);
    // They are deleted one after the other, and each must be there until then.
    for (const each of records) {
      const id = JSON.stringify(each.userId);
      await assertOwner(`the owner, saved as ${id}`, store, each, each.userId);
      await store.deleteByUser(each.userId);
      await assertOwner(`the owner after deleteByUser(${id})`, store, each, undefined);
    }
  });

  add("user ids of 1 to 128 bytes are accepted, whatever they contain", async (store) => {
    const odd = [
      ...["'; DROP TABLE users; --", '"', "`", "\\", "%_", "{a}", "a:b", "$1", "? :id @id"],
      ...["日本語", "😀", "\n\t", "null", "__proto__"],
    ].map((text) => text + randomHex(8));
    const long = [randomHex(128), "é".repeat(48) + randomHex(32), "😀".repeat(24) + randomHex(32)];
    for (const userId of [...odd, ...long, "x"]) {
      const records = createRecords(2, userId);
      const id = JSON.stringify(userId);
      for (const each of records) {
        await store.save(each);
        await assertOwner(`the owner, saved as ${id}`, store, each, userId);
      }
      await store.deleteByUser(userId);
      for (const each of records) await assertOwner(`the owner after deleteByUser(${id})`, store, each, undefined);
    }
  });

  add("the store neither keeps nor changes the caller's objects", async (store) => {
    const saved = createRecord();
    const given = { ...saved, expiresAt: new Date(saved.expiresAt) };
    await store.save(given);
    await store.save(Object.freeze(createRecord()));
    assertSame("the saved object", given, saved);
    const before = await findRecord(store, saved.tokenHash);

    const change = { userId: "changed", fingerprint: "changed" };
    const later = saved.expiresAt.getTime() + HOUR;
    Object.assign(given, change).expiresAt.setTime(later);
    const returned = await store.find(saved.tokenHash);
    assertSame("find, after a change to the saved object", returned && pickFields(returned), before);
    if (returned && !Object.isFrozen(returned)) Object.assign(returned, change);
    returned?.expiresAt.setTime(later);
    const after = await findRecord(store, saved.tokenHash);
    assertSame("find, after a change to the returned object", after, before);
  });
}
