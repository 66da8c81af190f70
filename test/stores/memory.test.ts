import { memoryTokens } from "relatch/memory";
import { describe, expect, test } from "vitest";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

describe("memoryTokens", () => {
  const shared = memoryTokens();
  tokenStoreSuite(() => shared);

  test("two stores know nothing of each other", async () => {
    const [one, other] = [memoryTokens(), memoryTokens()];
    const saved = record();
    await one.save(saved);
    expect(await other.find(saved.tokenHash)).toBeUndefined();
    await other.deleteByUser(saved.userId);
    expect(await one.find(saved.tokenHash)).toEqual(saved);
  });
});
