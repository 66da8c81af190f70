import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sameDigest } from "../../../src/bytes.ts";
import { harness } from "../../harness.ts";
import { referenceTokenHash } from "../../helpers/reference.ts";
import { flaws } from "../helpers/flaw.ts";
import { expectRefused } from "./refused.ts";

// How digests are compared.

const root = join(import.meta.dirname, "../../../src");
// But for the ports in memory, which stand for an application in its tests.
const SOURCES = readdirSync(root).filter((name) => name.endsWith(".ts") && name !== "memory.ts");

flaws({ "CVE-2026-72700": "first", "CVE-2017-14775": "last" }, (end) => {
  /** A digest, or a part of one, next to an operator that stops at the first difference. */
  const HASTY =
    /(?:[hH]ash|fingerprint|[dD]igest|signature|bound|mac)\w*(?:\([^()]*\))?\s*[=!]==?(?!=)|[=!]==?\s*[\w.]*(?:tokenHash|fingerprint|[dD]igest|signature)\b|localeCompare|timingSafe/;

  test("nothing in the library compares digests but sameDigest and constantTimeEqual", () => {
    const hasty = SOURCES.flatMap((name) => {
      const lines = readFileSync(join(root, name), "utf8").split("\n");
      return lines
        .filter((line) => HASTY.test(line) && !ALLOWED.test(line))
        .map((line) => `${name}: ${line.trim()}`);
    });
    expect(hasty).toEqual([]);
    const comparing = ["reset-token.ts", "signed-tokens.ts"].map((name) =>
      readFileSync(join(root, name), "utf8"),
    );
    expect(comparing[0]?.match(/sameDigest\(/g)).toHaveLength(2);
    expect(comparing[1]?.match(/constantTimeEqual\(/g)).toHaveLength(2);
    expect(HASTY.test("if (record.tokenHash === hash)") && HASTY.test("fingerprint(raw, a) !== b")).toBe(
      true,
    );
  });
  // Password hashes of the application, whose equality is no secret; and none at all.
  const ALLOWED =
    /passwordHash === (?:null|undefined|"")|passwordHash === next|typeof |hash === (?:""|password|previous)/;

  test(`it looks at every character, also when the ${end} one differs`, () => {
    const good = "0123456789abcdef".repeat(4);
    const wrong = end === "first" ? `f${good.slice(1)}` : `${good.slice(0, 63)}0`;
    const looksAt = (other: string) => {
      let looks = 0;
      const watched = {
        length: 64,
        charCodeAt: (at: number) => {
          looks += 1;
          return other.charCodeAt(at);
        },
      } as unknown as string;
      const same = sameDigest(watched, good);
      return [same, looks];
    };
    expect(looksAt(good)).toEqual([true, 64]);
    expect(looksAt(wrong)).toEqual([false, 64]);
    for (const other of ["", good.slice(1), `${good}0`]) expect(sameDigest(good, other)).toBe(false);
  });

  test("a store that matches loosely finds nothing for a token that is nearly right", async () => {
    const app = harness();
    const token = await app.requestToken();
    const { find } = app.tokens;
    const hash = referenceTokenHash(Buffer.from(token, "base64url"));
    app.tokens.find = () => find(hash);
    for (let place = 0; place < 43; place++) {
      const other = token[place] === "A" ? "E" : "A";
      await expectRefused(app, token.slice(0, place) + other + token.slice(place + 1));
    }
    expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
  });
});
