import { createHash, createHmac, randomBytes } from "node:crypto";
import { hmac } from "@oslojs/crypto/hmac";
import { SHA1 } from "@oslojs/crypto/sha1";
import { SHA256, sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase } from "@oslojs/encoding";
import { expect, test } from "vitest";
import { utf8 } from "../../../src/lib/bytes.ts";

// The digests are those of @oslojs, which is built into the package and has no releases any more.

const repeat = (byte: number, count: number) => new Uint8Array(count).fill(byte);

test.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
])("SHA-256 of %j is the one that NIST publishes (FIPS 180)", (text, digest) => {
  expect(encodeHexLowerCase(sha256(utf8(text)))).toBe(digest);
});

test.each<[which: number, key: Uint8Array, text: string, digest: string]>([
  [1, repeat(0x0b, 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
  [2, utf8("Jefe"), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
  [
    6,
    repeat(0xaa, 131),
    "Test Using Larger Than Block-Size Key - Hash Key First",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
])("HMAC-SHA-256 gives test case %i of RFC 4231", (_, key, text, digest) => {
  expect(encodeHexLowerCase(hmac(SHA256, key, utf8(text)))).toBe(digest);
});

test("SHA-256, HMAC-SHA-256 and SHA-1 are those of Node.js, for every length up to 300 bytes and 1,000 others", () => {
  const lengths = [...Array(301).keys(), ...Array.from(randomBytes(1000), (byte) => 301 + byte * 16)];
  for (const length of lengths) {
    const [data, key] = [randomBytes(length), randomBytes(1 + (length % 150))];
    expect(encodeHexLowerCase(sha256(data))).toBe(createHash("sha256").update(data).digest("hex"));
    expect(encodeHexLowerCase(hmac(SHA256, key, data))).toBe(createHmac("sha256", key).update(data).digest("hex"));
    const sha1 = new SHA1();
    sha1.update(data);
    expect(encodeHexLowerCase(sha1.digest())).toBe(createHash("sha1").update(data).digest("hex"));
  }
});
