import { memoryTokens } from "relatch/memory";
import { describe, expect, test, vi } from "vitest";
import { purgeSuite, record, tokenStoreSuite } from "./token-store-suite.ts";

describe("memoryTokens", () => {
  const shared = memoryTokens();
  tokenStoreSuite(() => shared);
  purgeSuite(memoryTokens);

  test("two stores know nothing of each other", async () => {
    const [one, other] = [memoryTokens(), memoryTokens()];
    const saved = record();
    await one.save(saved);
    expect(await other.find(saved.tokenHash)).toBeUndefined();
    await other.deleteByUser(saved.userId);
    expect(await one.find(saved.tokenHash)).toEqual(saved);
  });

  test("10,000 saves of links that expire at once leave a bounded number of records", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const store = memoryTokens();
      for (let n = 0; n < 10_000; n++) {
        vi.setSystemTime(n * 1000);
        const hex = n.toString(16).padStart(62, "0");
        const tokenHash = (n % 256).toString(16).padStart(2, "0") + hex;
        await store.save(record({ tokenHash, userId: `${n}`, expiresAt: new Date((n + 60) * 1000) }));
      }
      expect(await store.deleteExpired(new Date(10_000_000))).toBeLessThan(200);
    } finally {
      vi.useRealTimers();
    }
  });

  test("1,000 links that are valid for a week do not keep the purge from those behind them", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const store = memoryTokens();
      const save = (n: number, expiresAt: number) => {
        const tokenHash = (n % 256).toString(16).padStart(2, "0") + n.toString(16).padStart(62, "0");
        return store.save(record({ tokenHash, userId: `${n}`, expiresAt: new Date(expiresAt) }));
      };
      vi.setSystemTime(0);
      for (let n = 0; n < 1000; n++) await save(n, 7 * 24 * 60 * 60_000);
      for (let n = 1000; n < 11_000; n++) await save(n, 1000);
      vi.setSystemTime(2000);
      for (let n = 11_000; n < 12_000; n++) await save(n, 60 * 60_000);
      expect(await store.deleteExpired(new Date(2000))).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
