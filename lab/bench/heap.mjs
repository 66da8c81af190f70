// @ts-check
// Run with --expose-gc: prints the bytes of heap that `memoryTokens` uses for each outstanding token,
// including the user's id.
import { randomUUID } from "node:crypto";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { memoryTokens } from "../../dist/testing/memory.js";

const [count = "100000"] = process.argv.slice(2);
const tokens = memoryTokens();
// A flat string, as a driver returns it. `randomUUID` joins twenty pieces, which V8 keeps apart.
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
