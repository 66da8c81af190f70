import type { Account } from "../../src/ports/account.ts";

export const account = (changes: Partial<Account> = {}): Account => ({
  id: "42",
  email: "mike@example.org",
  passwordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
  name: "Mike",
  locale: undefined,
  tenant: undefined,
  resetAllowed: true,
  ...changes,
});
