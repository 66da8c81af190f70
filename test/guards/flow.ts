import { of } from "./guard.ts";

// What stands between a stranger and a new password.

const VERIFY = ["verify-token.test.ts", "complete-reset.test.ts"];

export const flow = [
  ...of(
    "password-reset.ts",
    VERIFY,
    ["junk never reaches a store", 'if (!couldBeToken(token)) return refuse("malformed");', ""],
    ["a link expires", 'if (remaining <= 0) return refuse("expired", userId);', ""],
    ["in the very millisecond", "if (remaining <= 0) return", "if (remaining < 0) return"],
    [
      "a record cannot claim to live longer than any link",
      'if (remaining > config.tokenLifetime + CLOCK_SKEW) return refuse("overlong", userId);',
      "",
    ],
    [
      "a tenant's link is for that tenant",
      'if (account.tenant !== tenant) return refuse("other_tenant", userId);',
      "",
    ],
    [
      "suspended accounts stay closed",
      'if (!account.resetAllowed) return refuse("not_allowed", userId);',
      "",
    ],
    [
      "no first password where none can be set",
      'if (account.passwordHash === null && !users.setFirstPasswordHash) return refuse("no_password", userId);',
      "",
    ],
    [
      "a link is bound to the account as it was",
      'if (!claim.boundTo(account)) return refuse("account_changed", userId);',
      "",
    ],
    [
      "a double click gets the answer of its first click",
      "if (ahead && ahead.password === newPassword && ahead.tenant === tenant) return ahead.result;",
      "",
    ],
    [
      "another tenant does not get that answer",
      "ahead.password === newPassword && ahead.tenant === tenant",
      "ahead.password === newPassword",
    ],
    ["one hash for a flood of completions", "await ahead?.result.catch(() => {});", ""],
    [
      "a wrong tenant is not taken for none",
      'throw wrong("tenant must be a string of 1 to 256 characters, or left out");',
      "return undefined;",
      ["request-reset.test.ts"],
    ],
    ["clients are limited", "if (!client.allowed) {", "if (false) {", ["request-reset.test.ts"]],
    ["addresses are limited", "if (!byAddress.allowed) {", "if (false) {", ["request-reset.test.ts"]],
    [
      "an address that is not known does not lift the client limit",
      "if (ip === null) return undefined;",
      "if (ip === null || ip === undefined) return undefined;",
      ["request-reset.test.ts"],
    ],
    [
      "without its limiter nothing is answered",
      'if (reason === "refused") throw error;',
      "",
      ["request-reset.test.ts", "faults.test.ts"],
    ],
  ),

  ...of(
    "completion.ts",
    ["complete-reset.test.ts", "faults.test.ts"],
    [
      "the password rules decide",
      "if (violations.length > 0 || typeof newPassword",
      "if (typeof newPassword",
    ],
    ["bcrypt reads 72 bytes", "bytesForHasher(newPassword) > BCRYPT_BYTES", "false"],
    ["the follow-up is handed over", "await handOver(followUp);", ""],
    [
      "a race that was lost is no success",
      'if (!(await revokeAndCommit(account, next, stamp, followUp))) return "lost_race";',
      "await revokeAndCommit(account, next, stamp, followUp);",
    ],
    ["sessions are ended after the commit", "() => revoke(userId, stamp));", "async () => {});"],
    ["spent records are deleted", "async () => tokens.forget?.(userId)", "async () => {}"],
    ["a write that failed may have happened", "if (current?.passwordHash === next) return true;", ""],
    ["a write that failed is no refusal", "if (outcome instanceof RelatchError) throw outcome;", ""],
    [
      "a wrong answer is not guessed at",
      'outcome instanceof RelatchError && !Object.hasOwn(outcome, "cause")',
      "false",
      ["ports.test.ts"],
    ],
    ["declined is not revoked", "revokedAgain && revokeSessions !== false", "revokedAgain"],
  ),

  ...of(
    "recipient.ts",
    ["deliver.test.ts", "request-reset.test.ts"],
    ["mail goes to the address that was asked for", 'if (onFile !== job.email) return "other_address";', ""],
    ["an address that no mail can go to", 'if (onFile === undefined) return "unusable_address";', ""],
    ["another tenant's account", 'if (account.tenant !== job.tenant) return "other_tenant";', ""],
    ["a suspended account", 'if (!account.resetAllowed) return "not_allowed";', ""],
    ["no account without a password", "account.passwordHash === null && !canSetFirstPassword", "false"],
    ["names are inert", "name: inertName(name)", "name", ["mail.test.ts"]],
    ["white space around an address on file", "email === email.trim() ?", "email ?"],
  ),
];
