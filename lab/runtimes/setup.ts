import { afterEach } from "vitest";
import { whoAmI } from "./who-am-i.ts";

const expected = process.env["RELATCH_RUNTIME"] ?? "";
if (whoAmI() !== expected) throw new Error(`this is ${whoAmI()}, and not ${expected}`);

// A spy on one of Bun's own functions stays after its end: Object.defineProperty puts it there, and does nothing
// when it is to take it away. An assignment does.
if (expected.startsWith("bun ")) {
  const { getRandomValues } = crypto;
  afterEach(() => {
    crypto.getRandomValues = getRandomValues;
  });
}
