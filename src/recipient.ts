import type { Account } from "./account.ts";
import { inertName } from "./mail/inert.ts";
import type { Language } from "./mail/language.ts";
import type { Recipient } from "./types.ts";

/** What the application's functions and the mailer are told of an account: no address, no hash. */
export const recipientOf = ({ id, name, tenant }: Account, language: Language): Recipient =>
  Object.freeze({ userId: id, name: inertName(name), locale: language.tag, tenant });
