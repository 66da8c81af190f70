import { canonicalEmail } from "relatch";
import { expect, test } from "vitest";

// The tables of Unicode and of IDNA are the runtime's, and each has its own edition of them.

test("every character there is, in a host: one label stays one, and is the same in capitals and in small letters", {
  timeout: 60_000,
}, () => {
  const hostOf = (label: string) => canonicalEmail(`mike@${label}.org`)?.slice("mike@".length);
  const wrong: string[] = [];
  let accepted = 0;
  for (let code = 0x80; code <= 0x10ffff; code++) {
    const letter = String.fromCodePoint(code);
    const host = hostOf(`a${letter}b`);
    if (host === undefined) continue;
    accepted += 1;
    const isWhole = /^xn--[a-z\d-]+\.org$/.test(host);
    if (!isWhole || hostOf(`a${letter.toLowerCase()}b`) !== host)
      wrong.push(`U+${code.toString(16)}: ${host}`);
  }
  expect(wrong).toEqual([]);
  expect(accepted).toBeGreaterThan(100_000);
});
