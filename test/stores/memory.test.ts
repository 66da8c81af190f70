import { expect, test } from "vitest";
import { memoryTokens } from "../../src/stores/memory.ts";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

tokenStoreSuite("memoryTokens", memoryTokens);

test("two stores know nothing of each other", async () => {
  const [one, other] = [memoryTokens(), memoryTokens()];
  const saved = record();
  await one.save(saved);
  expect(await other.find(saved.tokenHash)).toBeUndefined();
  await other.deleteByUser(saved.userId);
  expect(await one.find(saved.tokenHash)).toEqual(saved);
});
