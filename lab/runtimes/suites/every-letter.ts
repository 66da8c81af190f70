import { canonicalEmail } from "relatch";
import { expect, test } from "vitest";

// Every runtime has its own edition of the tables of Unicode and IDNA.

const timeout = 120_000;
const hostOf = (label: string) => canonicalEmail(`mike@${label}.org`)?.slice("mike@".length);
const localOf = (local: string) => canonicalEmail(`${local}@x.org`);

// Planes 0 to 3 and 14. Of the other planes, of which nothing is assigned to characters, the ends are enough.
const RANGES = [
  [0x80, 0x3ffff],
  [0xe0000, 0xe0fff],
];
for (let plane = 4; plane <= 16; plane++)
  RANGES.push([plane * 0x10000, plane * 0x10000 + 15], [plane * 0x10000 + 0xfff0, plane * 0x10000 + 0xffff]);

/** Calls `find` for every character outside ASCII, and lists those for which it returns something. */
function listLetters(find: (letter: string) => unknown): string[] {
  const found: string[] = [];
  for (const [first = 0, last = 0] of RANGES) {
    for (let code = first; code <= last; code++) {
      const letter = String.fromCodePoint(code);
      if (find(letter)) found.push(`U+${code.toString(16)}`);
    }
  }
  return found;
}

test("canonicalEmail keeps a label whole for every character of Unicode, and the same for capitals and small letters", {
  timeout,
}, () => {
  let accepted = 0;
  const wrong = listLetters((letter) => {
    const host = hostOf(`a${letter}b`);
    if (host === undefined) return false;
    accepted += 1;
    const isWhole = /^xn--[a-z\d-]+\.org$/.test(host);
    const isStable = canonicalEmail(`mike@${host}`) === `mike@${host}`;
    return !isWhole || !isStable || hostOf(`a${letter.toLowerCase()}b`) !== host;
  });
  expect(wrong).toEqual([]);
  expect(accepted).toBeGreaterThan(100_000);
});

test("canonicalEmail treats every character of Unicode as its NFC, and refuses those that stand for other characters", {
  timeout,
}, () => {
  let composed = 0;
  const wrong = listLetters((letter) => {
    const [local, host] = [localOf(`a${letter}b`), hostOf(`a${letter}b`)];
    const nfc = letter.normalize("NFC");
    if (letter.normalize("NFKC") !== nfc || nfc < "\u0080") {
      return local !== undefined || host !== undefined;
    }
    if (nfc === letter) return false;
    if (host !== undefined) composed += 1;
    return local !== localOf(`a${nfc}b`) || host !== hostOf(`a${nfc}b`);
  });
  expect(wrong).toEqual([]);
  // All composition exclusions and compatibility ideographs, of which Unicode gets no more.
  expect(composed).toBeGreaterThan(1_000);
});

test("canonicalEmail returns its own canonical form for every character of Unicode in a local part", {
  timeout,
}, () => {
  const wrong = listLetters((letter) => {
    const canonical = localOf(`a${letter}b`);
    if (canonical === undefined) return false;
    const spellings = [canonical, canonical.normalize("NFD"), canonical.normalize("NFKC")];
    return spellings.some((spelling) => canonicalEmail(spelling) !== canonical);
  });
  expect(wrong).toEqual([]);
});

test("canonicalEmail accepts letters, marks and numbers, and in hosts also the eight exceptions of IDNA2008", {
  timeout,
}, () => {
  const isOther = (letter: string) => !/[\p{L}\p{M}\p{N}]/u.test(letter.normalize("NFC"));
  expect(listLetters((letter) => isOther(letter) && localOf(`a${letter}b`))).toEqual([]);
  const exceptions = ["U+b7", "U+375", "U+387", "U+5f3", "U+5f4", "U+6fd", "U+6fe", "U+f0b", "U+30fb"];
  // The NFC of U+0387 is U+00B7. Hebrew is not allowed next to Latin letters.
  const hosts = (letter: string) => hostOf(`a${letter}b`) ?? hostOf(`\u05d0${letter}\u05d0`);
  expect(listLetters((letter) => isOther(letter) && hosts(letter))).toEqual(exceptions);
});

test("canonicalEmail trims every white space and invisible character, and no other one", { timeout }, () => {
  const isBlank = (letter: string) => /[\p{White_Space}\p{Default_Ignorable_Code_Point}]/u.test(letter);
  const wrong = listLetters((letter) => {
    if (!isBlank(letter)) return canonicalEmail(`mike@x.org${letter}`) === "mike@x.org";
    return canonicalEmail(`${letter}mike@x.org${letter}`) !== "mike@x.org" || localOf(`a${letter}b`) !== undefined;
  });
  expect(wrong).toEqual([]);
});
