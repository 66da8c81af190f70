import { createHash, createHmac, randomBytes } from "node:crypto";

// A second implementation of the byte formats, written from their description with node:crypto. Tests compare the
// results of src/ with this one and never with themselves.

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

/** An instant in 6 bytes. */
const u48 = (milliseconds: number): Buffer => {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(milliseconds, 0, 6);
  return bytes;
};

export const referenceTokenHash = (raw: Uint8Array): string => sha256("relatch/v2/token\0", raw).toString("hex");

/** The fingerprint of a link, sealed if a key is given. */
export const referenceFingerprint = (raw: Uint8Array, expiresAt: number, state: State, key?: Uint8Array): string => {
  const fingerprint = hmac(raw, "relatch/v2/fingerprint\0", u48(expiresAt), referenceState(state));
  return (key ? hmac(key, "relatch/v2/sealed\0", fingerprint) : fingerprint).toString("hex");
};

interface SignedParts {
  key: Uint8Array;
  origin: string;
  state: State;
  expiresAt: number;
  /** If these differ from the others, the token is one that nobody issues. */
  version?: number;
  bindKey?: Uint8Array;
  bindOrigin?: string;
  macPrefix?: string;
  idLength?: number;
  pad?: Uint8Array;
}

export function referenceSignedToken({ key, origin, state, expiresAt, ...odd }: SignedParts): string {
  const bind = hmac(
    ...([odd.bindKey ?? key, "relatch/v2/bind\0", lp(odd.bindOrigin ?? origin), referenceState(state)] as const),
  ).subarray(0, 16);
  const id = Buffer.from(state.id, "utf8");
  const header = [Buffer.of(odd.version ?? 2), u48(expiresAt), bind, Buffer.of(odd.idLength ?? id.length)];
  const body = Buffer.concat([...header, id]);
  const mac = hmac(key, odd.macPrefix ?? "relatch/v2/signed\0", lp(origin), body);
  const pad = odd.pad ?? Buffer.alloc((56 + id.length) % 3 === 0 ? 1 : 0);
  return Buffer.concat([body, mac, pad]).toString("base64url");
}

export const randomKey = (): Uint8Array<ArrayBuffer> => Uint8Array.from(randomBytes(32));
