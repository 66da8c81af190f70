import { randomBytes } from "node:crypto";
import type { TokenRecord, TokenStore } from "relatch";
import { type TokenStoreContractOptions, tokenStoreContract } from "relatch/testing";
import { describe, expect, test } from "vitest";

/** The contract as tests: at the same time, and on one table. */
export function tokenStoreSuite(
  create: () => TokenStore | Promise<TokenStore>,
  options?: TokenStoreContractOptions,
): void {
  describe.concurrent("keeps the contract of a token store", () => {
    for (const { name, run } of tokenStoreContract(create, options)) test(name, run, 20_000);
  });
}

const digest = () => randomBytes(32).toString("hex");

/** Creates a record that no other test has. Saving it does not purge, because its first byte is 0x01. */
export const record = (changes: Partial<TokenRecord> = {}): TokenRecord => ({
  tokenHash: `01${digest().slice(2)}`,
  userId: "42",
  fingerprint: digest(),
  expiresAt: new Date(Date.UTC(2100, 0, 1, 13)),
  ...changes,
});

/** Tests that one save in 50 purges, for stores whose engine does not do so. */
export function purgeSuite(create: () => TokenStore | Promise<TokenStore>): void {
  const due = (byte: string, changes: Partial<TokenRecord> = {}) =>
    record({ userId: digest(), ...changes, tokenHash: byte + digest().slice(2) });
  const expired = () => record({ userId: digest(), expiresAt: new Date(Date.now() - 1000) });

  test("a save whose first byte is divisible by 50 deletes expired records, and no other save does", async () => {
    const store = await create();
    for (const [byte, purges] of [
      ["00", true],
      ["31", false],
      ["32", true],
      ["33", false],
      ["64", true],
      ["c8", true],
      ["fa", true],
      ["ff", false],
    ] as const) {
      const [old, valid] = [expired(), due(byte)];
      await store.save(old);
      await store.save(valid);
      expect([byte, await store.find(old.tokenHash)]).toEqual([byte, purges ? undefined : old]);
      expect(await store.find(valid.tokenHash)).toEqual(valid);
    }
  });

  test("a save with the clock of a test, by which valid links have expired, deletes nothing", async () => {
    const store = await create();
    const past = record({ userId: digest(), expiresAt: new Date(Date.UTC(2020, 0, 1)) });
    const next = due("00", { expiresAt: new Date(Date.UTC(2020, 0, 1, 1)) });
    await store.save(past);
    await store.save(next);
    expect(await store.find(past.tokenHash)).toEqual(past);
    expect(await store.find(next.tokenHash)).toEqual(next);
    for (const { userId } of [past, next]) await store.deleteByUser(userId);
  });
}
