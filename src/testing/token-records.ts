import type { TokenRecord, TokenStore } from "../ports/contract.ts";
import { assertSame, randomHex } from "./cases.ts";

export const HOUR = 60 * 60 * 1000;

/** Creates a record that no other case has. It expires in an hour, at a whole second. */
export const createRecord = (userId = randomHex(32)): TokenRecord => ({
  // Some stores purge when they save a hash whose first byte is divisible by 50, and some records here have expired.
  tokenHash: `a1${randomHex(62)}`,
  userId,
  fingerprint: randomHex(64),
  expiresAt: new Date(Math.ceil(Date.now() / 1000) * 1000 + HOUR),
});

/** Creates records of one user: a new one, unless an id is passed. */
export const createRecords = (count: number, userId = randomHex(32)): TokenRecord[] =>
  Array.from({ length: count }, () => createRecord(userId));

/** Saves records one after the other. */
export async function saveAll(store: TokenStore, records: readonly TokenRecord[]): Promise<void> {
  for (const each of records) await store.save(each);
}

/** Returns the documented properties. A store may add others. */
export function pickFields({ tokenHash, userId, fingerprint, expiresAt }: TokenRecord): TokenRecord {
  return { tokenHash, userId, fingerprint, expiresAt };
}

/** Returns the record that the store finds, or `undefined` if it finds nothing. */
export async function findRecord(store: TokenStore, tokenHash: string): Promise<TokenRecord | undefined> {
  const returned = (await store.find(tokenHash)) ?? undefined;
  return returned && pickFields(returned);
}

/** Asserts that the store finds this record whole. */
export const assertFound = async (store: TokenStore, record: TokenRecord, what = "the record"): Promise<void> =>
  assertSame(what, await findRecord(store, record.tokenHash), record);

/** Asserts whose record the store finds, so that a case does not fail because of a date. */
export const assertOwner = async (
  what: string,
  store: TokenStore,
  { tokenHash }: TokenRecord,
  owner: string | undefined,
): Promise<void> => assertSame(what, (await findRecord(store, tokenHash))?.userId, owner);
