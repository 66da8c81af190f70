import { randomBytes } from "node:crypto";
import { type TokenStoreContractOptions, tokenStoreContract } from "relatch/testing";
import { describe, test } from "vitest";
import type { TokenRecord, TokenStore } from "../../src/types.ts";

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

export const record = (changes: Partial<TokenRecord> = {}): TokenRecord => ({
  tokenHash: digest(),
  userId: "42",
  fingerprint: digest(),
  expiresAt: new Date(Date.UTC(2100, 0, 1, 13)),
  ...changes,
});
