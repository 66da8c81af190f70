import type { Account } from "./account.ts";

/** A token that is genuine as far as can be told without the account. */
export interface Claim {
  userId: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** Whether this is the account, with the address and the password, that the token was issued for. */
  boundTo(account: Account): boolean;
}

/** How links are issued and recognised. There are two: opaque tokens in a store, and signed ones in none. */
export interface Tokens {
  /** A fresh token for the account. The only place where one is made. */
  issue(account: Account, expiresAt: number): Promise<string>;
  /** Recognises a token, without judging its expiry. Junk costs no look-up. */
  find(token: string): Promise<Claim | undefined>;
  /** Whether the text could be a token at all: length, alphabet, canonical encoding. */
  couldBeToken(token: string): boolean;
  /** Kills what is outstanding for the user, where that can be done. */
  forget?(userId: string): Promise<void>;
}
