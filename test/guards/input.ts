import { of } from "./guard.ts";

// What comes from the network, and what goes into a mail.

export const input = [
  ...of(
    "email-address.ts",
    ["email-address.test.ts"],
    ["long input", " || input.length > 320", "", ["fuzz/properties.test.ts"]],
    [
      "compatibility characters (CVE-2026-73420)",
      'if (codePoint.normalize("NFKC") !== codePoint) return "";',
      "{}",
    ],
    ["two addresses in one (CVE-2022-35924)", "return HOST.test(host) ?", "return host ?"],
    ["a long local part", " || byteLength(local) > 64", ""],
    [
      "blanks of other kinds around it",
      'if (/[^\\t\\n\\f\\r ]/.test(input.replace(trimmed, ""))) return undefined;',
      "",
    ],
    ["leading hyphens", "(?!-)(?!(?:", "(?!(?:"],
    ["hosts that are addresses", "(?!-|0x|[\\d-]+$)", "(?!-)"],
    ["an address that Punycode makes too long", " && byteLength(address) <= 254 ?", " ?"],
    ["labels with hyphens at their ends", "(?!-)[a-z\\d-]{1,63}(?<!-)\\.", "[a-z\\d-]{1,63}\\."],
    ["invisible characters", "(?:(?!\\p{Default_Ignorable_Code_Point})[\\p{L}", "(?:[\\p{L}"],
  ),
  ...of(
    "fields.ts",
    ["fields.test.ts", "request-reset.test.ts"],
    [
      "what somebody put on Object.prototype",
      "Object.hasOwn(input, name) ? (input as Record<string, unknown>)[name] : undefined",
      "(input as Record<string, unknown>)[name]",
    ],
  ),
  ...of(
    "jobs.ts",
    ["jobs.test.ts"],
    ["a format of tomorrow", 'if (field("v") !== 1 || ', "if ("],
    [
      "an address in a job",
      'const email = canonicalEmail(field("email"));',
      'const email = field("email") as string;',
    ],
    ["an id of more bytes than any", " || byteLength(userId) > 128", ""],
  ),
  ...of(
    "password-rules.ts",
    ["password-rules.test.ts", "complete-reset.test.ts"],
    [
      "megabytes for a hasher (CVE-2013-1443)",
      "if (lengthOf(password, MAX_LENGTH) > MAX_LENGTH)",
      "if (false)",
    ],
    [
      "what hashes alike",
      'if (!password.isWellFormed() || password.includes("\\0")) return',
      "if (false) return",
    ],
    [
      "no password",
      'if (typeof password !== "string" || password === "") return',
      'if (typeof password !== "string") return',
    ],
  ),
  ...of(
    "limit-keys.ts",
    ["rate-limit.test.ts", "request-reset.test.ts"],
    ["an IPv4 client in IPv6 clothes", "if (isMapped || isNat64) return", "if (false) return"],
    ["a customer has a /64", ".slice(0, 4)\n    .map", ".slice(0, 8)\n    .map"],
  ),
  ...of(
    "rate-limit.ts",
    ["rate-limit.test.ts"],
    ["a clock that goes back", " && found.endsAt <= now() + length", ""],
    ["memory is bounded", "if (windows.size < maxKeys && window.endsAt > now()) return;", "return;"],
    ["a refund is not a gift", " && window.used > 0) window.used -= 1;", ") window.used -= 1;"],
  ),
  ...of(
    "mail/inert.ts",
    ["mail.test.ts"],
    ["names that are links", 'text === "" || isLinkLike(text) ||', 'text === "" ||'],
    ["names that are telephone numbers", " || CALLABLE.test(text) ? undefined", " ? undefined"],
    ["full-width stops", 'LINK_LIKE.test(text.normalize("NFKC"))', "LINK_LIKE.test(text)"],
    ["headers in a subject", 'subject.replace(/[\\p{Cc}\\p{Zl}\\p{Zp}]+|=(?=\\?)/gu, " ").trim()', "subject"],
    ["encoded words in a subject", "|=(?=\\?)/gu", "/gu"],
  ),
  ...of(
    "delivery.ts",
    ["deliver.test.ts", "deliver-outcomes.test.ts", "drain.test.ts"],
    ["requests that waited for too long", 'if (isLate || age < -CLOCK_SKEW) return drop(job, "stale");', ""],
    ["one mail a job", 'if (isDone) return drop(job, "duplicate");', ""],
    ["a dead link is not the end of a job", "if ((memory.newest ?? named.key) !== named.key) return;", ""],
    ["a follow-up acts on its own commit only", "if (stamp === job.stamp) return true;", "return true;"],
    ["an address that no mail can go to", "if (usableAddress(account) === undefined) {", "if (false) {"],
    [
      "the other half goes on when one fails",
      'if (revocation.status === "rejected") throw revocation.reason;',
      "",
    ],
  ),
  ...of(
    "dispatch.ts",
    ["dispatch.test.ts"],
    ["the work starts later than the answer", "let wait = randomBetween(...START_DELAY);", "let wait = 0;"],
    [
      "strangers cannot fill the memory",
      'if (job.type === "reset_requested" && waitingRequests >= maxWaiting) return dropped(job, "queue_full");',
      "",
    ],
    [
      "follow-ups are never dropped",
      'if (job.type === "reset_requested" && waitingRequests',
      "if (waitingRequests",
    ],
    [
      "a follow-up is tried more than once",
      "isRequest ? maxAttempts : Math.max(maxAttempts, 5)",
      "maxAttempts",
    ],
  ),
];
