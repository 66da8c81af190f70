import { afterEach, expect, test, vi } from "vitest";
import { purgeSometimes } from "../../../src/stores/purge.ts";
import { record } from "./token-store-suite.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("a save waits two seconds at most for a purge that hangs", async () => {
  vi.useFakeTimers();
  const settled = vi.fn();
  const hanging = () => new Promise<never>(() => {});
  void purgeSometimes(record({ tokenHash: "00".repeat(32) }), hanging).then(settled);
  await vi.advanceTimersByTimeAsync(1999);
  expect(settled).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(settled).toHaveBeenCalledOnce();
});

test("six of the 256 first bytes cause a purge", async () => {
  const purged: string[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const tokenHash = byte.toString(16).padStart(2, "0") + "0".repeat(62);
    await purgeSometimes(record({ tokenHash }), async () => purged.push(tokenHash.slice(0, 2)));
  }
  expect(purged).toEqual(["00", "32", "64", "96", "c8", "fa"]);
});
