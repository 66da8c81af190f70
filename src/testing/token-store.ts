import type { TokenStore } from "../types.ts";
import { type AddCase, type ContractCase, expectSame, randomHex, suite } from "./cases.ts";
import { addDeletionCases } from "./token-deletion.ts";
import { fieldsOf, found, HOUR, ownerOf, record } from "./token-records.ts";

/** Options of {@link tokenStoreContract}. */
export interface TokenStoreContractOptions {
  /**
   * The engine removes what has expired by itself, not sooner than a minute after, and `deleteExpired` has nothing
   * to do. Default: `false`.
   */
  expiresByItself?: boolean | undefined;
}

/**
 * What every `TokenStore` must do. `create` gives a store over a table of the test's own, the same one each time if
 * it likes. The cases use ids that nobody else has, and may run at the same time.
 */
export function tokenStoreContract(
  create: () => TokenStore | Promise<TokenStore>,
  { expiresByItself = false }: TokenStoreContractOptions = {},
): ContractCase[] {
  const { cases, add } = suite(create);
  addFindCases(add, expiresByItself);
  addSaveCases(add);
  addDeletionCases(add, expiresByItself);
  return cases;
}

function addFindCases(add: AddCase<TokenStore>, expiresByItself: boolean): void {
  add("finds exactly what was saved, as often as it is asked", async (store) => {
    const saved = record();
    await store.save(saved);
    for (let look = 1; look <= 3; look++)
      expectSame(`find, time ${look}`, await found(store, saved.tokenHash), saved);
  });

  add("finds nothing for a hash that was not saved", async (store) => {
    expectSame("find", await found(store, randomHex(64)), undefined);
  });

  add("matches the whole hash, byte for byte", async (store) => {
    const saved = record();
    // Letters to change the case of, whatever was drawn.
    const tokenHash = `abcdef${saved.tokenHash.slice(6)}`;
    await store.save({ ...saved, tokenHash });
    const near = [
      tokenHash.toUpperCase(),
      tokenHash.slice(0, 63),
      tokenHash.slice(1),
      `${tokenHash}0`,
      `${tokenHash} `,
      ` ${tokenHash}`,
      `${tokenHash}\n`,
      `${tokenHash.slice(0, 32)}%`,
      tokenHash.replace("a", "_"),
      tokenHash.replace("a", "á"),
      `0${tokenHash.slice(1)}`,
    ];
    for (const other of [...near, "", "%", "_".repeat(64), "*", "' OR '1'='1"])
      expectSame(`find(${JSON.stringify(other)})`, await found(store, other), undefined);
  });

  add("keeps the expiry to the millisecond, in no time zone", async (store) => {
    // Rounded seconds, 32 bits of them, a local clock in summer or in winter: each would shift one of these.
    const soon = record().expiresAt.getTime();
    const instants = [
      soon + 1,
      soon + 999,
      Date.UTC(2038, 0, 19, 3, 14, 8, 1),
      Date.UTC(2040, 2, 25, 1, 30, 0, 123),
      Date.UTC(2040, 9, 28, 0, 30, 0, 456),
      Date.UTC(2104, 1, 29, 23, 59, 59, 999),
      2 ** 32 * 1000 + 1,
    ];
    for (const instant of instants) {
      const saved = { ...record(), expiresAt: new Date(instant) };
      await store.save(saved);
      expectSame("expiresAt", (await found(store, saved.tokenHash))?.expiresAt, saved.expiresAt);
    }
  });

  add("finds a record that has expired: the caller judges that, by one clock", async (store) => {
    const ages = expiresByItself ? [1, 1000] : [1, 1000, 25 * 365 * 24 * HOUR];
    for (const age of ages) {
      const saved = { ...record(), expiresAt: new Date(Date.now() - age) };
      await store.save(saved);
      expectSame(`the owner, ${age} ms after the expiry`, await ownerOf(store, saved), saved.userId);
    }
  });
}

function addSaveCases(add: AddCase<TokenStore>): void {
  add("keeps one record a user: a new one replaces the earlier", async (store) => {
    const first = record();
    const second = record(first.userId);
    const sooner = { ...record(first.userId), expiresAt: new Date(first.expiresAt.getTime() - HOUR / 2) };
    await store.save(first);
    await store.save(second);
    expectSame("the owner of the first record", await ownerOf(store, first), undefined);
    expectSame("the owner of the second record", await ownerOf(store, second), second.userId);
    await store.save(sooner);
    expectSame("the owner of the second record, later", await ownerOf(store, second), undefined);
    expectSame("the owner of the third, which expires sooner", await ownerOf(store, sooner), sooner.userId);
  });

  add("takes the same record twice", async (store) => {
    const saved = record();
    await store.save(saved);
    await store.save(saved);
    expectSame("the owner", await ownerOf(store, saved), saved.userId);
  });

  add("replaces in one step: of 32 saves at once, one record is left, and whole", async (store) => {
    const userId = randomHex(16);
    const records = Array.from({ length: 32 }, () => record(userId));
    await Promise.all(records.map((each) => store.save(each)));
    const answers = await Promise.all(records.map(({ tokenHash }) => found(store, tokenHash)));
    expectSame("how many are left", answers.filter(Boolean).length, 1);
    const left = answers.findIndex(Boolean);
    expectSame("the fingerprint of the one left", answers[left]?.fingerprint, records[left]?.fingerprint);
  });

  add("keeps the records of 64 users who save at once", async (store) => {
    const records = Array.from({ length: 64 }, () => record());
    await Promise.all(records.map((each) => store.save(each)));
    for (const each of records) expectSame("the owner", await ownerOf(store, each), each.userId);
  });

  add("tells apart ids that look alike", async (store) => {
    const stem = randomHex(8);
    const endings = [
      ...["aB3", "Ab3", "AB3", "aB3 ", "aB3  ", "", ".0"],
      ...["é", "e\u0301", "e", "ß", "ss", "i", "ı", "😀", "😁"],
    ];
    const ids = [...endings.map((ending) => stem + ending), ` ${stem}aB3`, `0${stem}`];
    const records = ids.map((id) => record(id));
    for (const each of records) await store.save(each);
    // Deleted one after the other, each must be there until its own turn.
    for (const each of records) {
      const id = JSON.stringify(each.userId);
      expectSame(`the owner, saved as ${id}`, await ownerOf(store, each), each.userId);
      await store.deleteByUser(each.userId);
      expectSame(`the owner after deleteByUser(${id})`, await ownerOf(store, each), undefined);
    }
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
      "? :id @id",
      "日本語",
      "😀",
    ];
    const texts = [...odd, "\n\t", "null", "__proto__"].map((text) => text + randomHex(8));
    const long = [randomHex(128), "é".repeat(48) + randomHex(32), "😀".repeat(24) + randomHex(32)];
    for (const userId of [...texts, ...long, "x"]) {
      const [first, second] = [record(userId), record(userId)];
      const id = JSON.stringify(userId);
      await store.save(first);
      expectSame(`the owner, saved as ${id}`, await ownerOf(store, first), userId);
      await store.save(second);
      expectSame(`the owner of a replaced record of ${id}`, await ownerOf(store, first), undefined);
      await store.deleteByUser(userId);
      expectSame(`the owner after deleteByUser(${id})`, await ownerOf(store, second), undefined);
    }
  });

  add("keeps no hold on the caller's objects, and does not change them", async (store) => {
    const saved = record();
    const given = { ...saved, expiresAt: new Date(saved.expiresAt) };
    await store.save(Object.freeze({ ...given }));
    await store.save(given);
    expectSame("the record that was given", given, saved);
    const before = await found(store, saved.tokenHash);

    const change = { userId: "changed", fingerprint: "changed" };
    const later = saved.expiresAt.getTime() + HOUR;
    Object.assign(given, change).expiresAt.setTime(later);
    const answer = await store.find(saved.tokenHash);
    expectSame("find, after a change to what was given", answer && fieldsOf(answer), before);
    if (answer && !Object.isFrozen(answer)) Object.assign(answer, change);
    answer?.expiresAt.setTime(later);
    expectSame("find, after a change to what was answered", await found(store, saved.tokenHash), before);
  });
}
