import type { Account } from "../ports/account.ts";

/** A token that is genuine, as far as can be judged without the account. */
export interface Claim {
  /** Identifies the link, without being able to open it. */
  id: string;
  userId: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** Reports whether this is the account, with the address and the password, that the token was issued for. */
  isBoundTo(account: Account): boolean;
  /** Looks the link up once more and reports whether it was revoked meanwhile. */
  isRevoked(): Promise<boolean>;
  /** Consumes the link just before the commit, if its scheme has to. Reports whether this call may go on. */
  spend?(): Promise<boolean>;
}

/** Ordinary links, except that their 32 bytes are computed from a code and not drawn. */
export interface CodeLinks {
  issue(raw: Uint8Array, account: Account, expiresAt: number): Promise<void>;
  /** Finds the link with one query, whether or not it has expired. */
  find(raw: Uint8Array): Promise<Claim | undefined>;
}

/**
 * How links are issued and recognized. There are two schemes: random tokens in a store, and signed tokens in none. `origin`
 * is that of `resetUrl`. Signed tokens name it, so that one deployment refuses the links of another.
 */
export interface LinkScheme {
  /** Reports whether the text could be a token at all, by its length, alphabet and canonical encoding. */
  couldBeToken(text: string): boolean;
  /** Issues a token for the account that is valid until `expiresAt`, a whole second in milliseconds since the epoch. */
  issue(account: Account, expiresAt: number, origin: string): Promise<string>;
  /** Recognizes a token, whether or not it has expired. Junk costs no database query. */
  find(token: string, origin: string): Promise<Claim | undefined>;
  /** Links whose token is computed from a code. Absent if the scheme has no store. */
  readonly codes?: CodeLinks;
  /** Revokes all links of a user that this scheme issued. Absent if the scheme cannot do that. */
  revoke?(userId: string): Promise<void>;
  /** Revokes all links of a user that an older flow issued. Present with the option `legacyTokens`. */
  revokeLegacy?(userId: string): Promise<void>;
}
