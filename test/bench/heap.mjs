// @ts-check
// Run with --expose-gc: prints the heap bytes that each of so many outstanding tokens holds in `memoryTokens`,
// their users' ids included.
import { randomUUID } from "node:crypto";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { memoryTokens } from "../../dist/memory.js";

const [count = "100000"] = process.argv.slice(2);
const tokens = memoryTokens();
// As a driver answers an id: one run of characters. `randomUUID` joins twenty pieces, which stay what they are.
const userId = () => Buffer.from(randomUUID()).toString("latin1");
// Digests as the core makes them, by @oslojs.
const digest = () => encodeHexLowerCase(crypto.getRandomValues(new Uint8Array(32)));

function usedHeap() {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const before = usedHeap();
for (let index = 0; index < Number(count); index++) {
  await tokens.save({
    tokenHash: digest(),
    userId: userId(),
    fingerprint: digest(),
    expiresAt: new Date(Date.now() + 3_600_000),
  });
}
console.log((usedHeap() - before) / Number(count));
// Still needed: the collector may not have it yet.
await tokens.deleteByUser("");
