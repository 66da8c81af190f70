import { createHash, createHmac, randomBytes } from "node:crypto";

// The byte formats once more, written from their description over node:crypto: what src/ computes is compared
// with this and never with itself.

type State = { id: string; email: string; passwordHash: string | null; tenant?: string | undefined };

const lp = (text: string): Buffer => {
  const bytes = Buffer.from(text, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const joined = (parts: (string | Uint8Array)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const sha256 = (...parts: (string | Uint8Array)[]) => createHash("sha256").update(joined(parts)).digest();
const hmac = (key: Uint8Array, ...parts: (string | Uint8Array)[]) =>
  createHmac("sha256", key).update(joined(parts)).digest();

export const referenceState = ({ id, email, passwordHash, tenant }: State): Buffer =>
  Buffer.concat([
    lp(id),
    lp(email),
    passwordHash === null ? Buffer.of(0) : Buffer.concat([Buffer.of(1), lp(passwordHash)]),
    tenant === undefined ? Buffer.alloc(0) : lp(tenant),
  ]);

export const referenceTokenHash = (raw: Uint8Array): string =>
  sha256("relatch/v1/token\0", raw).toString("hex");

export const referenceFingerprint = (raw: Uint8Array, state: State): string =>
  hmac(raw, "relatch/v1/fingerprint\0", referenceState(state)).toString("hex");

export const referenceStamp = (id: string, passwordHash: string): string =>
  sha256("relatch/v1/session\0", lp(id), lp(passwordHash)).toString("base64url");

interface SignedParts {
  key: Uint8Array;
  state: State;
  expiresAt: number;
  version?: number;
  /** Where these differ from the key: a token that nobody issues. */
  bindKey?: Uint8Array;
  macPrefix?: string;
}

export function referenceSignedToken({ key, state, expiresAt, ...odd }: SignedParts): string {
  const expiry = Buffer.alloc(6);
  expiry.writeUIntBE(expiresAt, 0, 6);
  const bind = hmac(odd.bindKey ?? key, "relatch/v1/bind\0", referenceState(state)).subarray(0, 16);
  const body = Buffer.concat([Buffer.of(odd.version ?? 1), expiry, bind, Buffer.from(state.id, "utf8")]);
  const mac = hmac(key, odd.macPrefix ?? "relatch/v1/signed\0", body);
  return Buffer.concat([body, mac]).toString("base64url");
}

export const randomKey = (): Uint8Array<ArrayBuffer> => Uint8Array.from(randomBytes(32));
