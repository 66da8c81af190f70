import { of } from "./guard.ts";

// What makes a link the only key, and the commit the only turn of it.

export const tokens = [
  ...of(
    "reset-token.ts",
    ["reset-token.test.ts"],
    ["stores may match loosely", "|| !sameDigest(record.tokenHash, hash)", ""],
    ["a link is bound to the account", "sameDigest(record.fingerprint, fingerprint(raw, account))", "true"],
    ["one spelling for each token", "AEIMQUYcgkosw048]$/;", "A-Za-z0-9_-]$/;", ["verify-token.test.ts"]],
    ["a megabyte for a token", "token.length === 43 && ", ""],
  ),

  ...of(
    "signed-tokens.ts",
    ["signed-tokens.test.ts"],
    [
      "signed by nobody",
      "keys.find((candidate) => constantTimeEqual(mac(candidate, body), signature))",
      "keys.at(0)",
    ],
    ["another version", "if (!key || body[0] !== VERSION) return undefined;", "if (!key) return undefined;"],
    ["a link is bound to the account", "constantTimeEqual(bind(key, account), bound)", "true"],
    ["a key of nothing", " && key.some((byte) => byte !== 0)", ""],
    ["a short key", "key.length >= 32", "key.length >= 16"],
    [
      "the same key twice",
      'if (distinct.size < copies.length) refuse("the same key stands in keys twice");',
      "",
    ],
    ["keys that change later", "? Uint8Array.from(key as Uint8Array)", "? (key as Uint8Array)"],
    ["one spelling for each token", " && CANONICAL.test(token)", ""],
  ),

  ...of(
    "account.ts",
    ["account.test.ts", "reset-token.test.ts", "signed-tokens.test.ts"],
    ["no password is another state than any", "passwordHash === null ? NONE : SOME, ", ""],
    ["a link is bound to the tenant", "passwordHash, tenant);", "passwordHash);"],
    [
      "a stamp of nothing",
      'if (typeof id !== "string" || (typeof passwordHash !== "string" && passwordHash !== null)) {',
      'if (typeof id !== "string") {',
    ],
  ),

  ...of(
    "bytes.ts",
    ["account.test.ts", "reset-token.test.ts", "signed-tokens.test.ts"],
    ["lengths keep texts apart", "putUint32(bytes, written, offset);", ""],
    ["a digest that ends early is another", "let difference = a.length ^ b.length;", "let difference = 0;"],
  ),

  ...of(
    "stores/memory.ts",
    ["memory.test.ts", "stores/memory.test.ts"],
    ["one live link a user", "      remove(byUser.get(userId));\n      const entry", "      const entry"],
  ),

  ...of(
    "memory.ts",
    ["memory.test.ts"],
    ["the address is compared", "user.email !== email || ", ""],
    ["the hash is compared", "user.passwordHash !== expected || ", ""],
    ["a suspended account stays closed", " || user.resetAllowed === false", ""],
  ),

  ...of(
    "reset-url.ts",
    ["reset-url.test.ts"],
    ["https", 'url.protocol !== "https:" &&', "false &&"],
    ["http on loopback only", " && isLoopback(url.hostname))", ")"],
    [
      "no credentials",
      'if (url.username !== "" || url.password !== "") return refuse("carries credentials");',
      "",
    ],
    ["the token once", "parts.length !== 2", "parts.length < 2"],
    ["a word that begins with :token", "/:token(?![A-Za-z0-9_])/", "/:token/"],
    [
      "what the URL parser drops",
      'if (/[\\s\\p{Cc}]/u.test(template)) return refuse("holds white space");',
      "",
    ],
  ),
];
