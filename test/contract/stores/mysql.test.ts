import { mysqlTokens } from "relatch/mysql";
import { expect, test } from "vitest";
import { record } from "./token-store-suite.ts";

test("find ignores a row whose hash differs from the requested one", async () => {
  const row = { token_hash: "ab", user_id: "3432", fingerprint: "f", expires_at: 5 };
  const store = mysqlTokens({ execute: async () => [[row]] });
  expect(await store.find("AB")).toBeUndefined();
  const found = { tokenHash: "ab", userId: "42", fingerprint: "f", expiresAt: new Date(5) };
  expect(await store.find("ab")).toEqual(found);
});

test("a statement that fails is not repeated, whatever its error", async () => {
  for (const code of ["ER_LOCK_DEADLOCK", "ER_DUP_ENTRY"]) {
    let calls = 0;
    const execute = () => {
      calls += 1;
      return Promise.reject(Object.assign(new Error(code), { code }));
    };
    await expect(mysqlTokens({ execute }).save(record())).rejects.toThrow(code);
    expect(calls).toBe(1);
  }
});
