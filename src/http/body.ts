import { concatBytes } from "../lib/bytes.ts";
import { optionError } from "../lib/shape.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import { Problem } from "./problem.ts";

/** The longest body that is read, in bytes. */
const MAX_BYTES = 16 * 1024;
/** More fields than any of these forms has. */
const MAX_FIELDS = 32;

/** The fields of a form or of a JSON object, as they arrived. */
export type Fields = Readonly<Record<string, unknown>>;

const FORM_TYPE = /^application\/x-www-form-urlencoded *(?:;|$)/i;
const JSON_TYPE = /^application\/json *(?:;|$)/i;
const OTHER_CHARSET = /; *charset=(?!"?utf-?8"?(?:[ ;]|$))/i;

/** Returns the content type. One that is longer than any real one is unknown. */
function contentType({ headers }: Request): string {
  const type = headers.get("Content-Type") ?? "";
  return type.length > 256 ? "" : type.trim();
}

export const isJson = (request: Request): boolean => JSON_TYPE.test(contentType(request));

/** Refuses a body that is not a form, before it is read. */
export function assertForm(request: Request): void {
  const type = contentType(request);
  if (!FORM_TYPE.test(type) || OTHER_CHARSET.test(type)) throw new Problem("unsupported_media_type");
}

/** Refuses a body that is not JSON, before it is read. */
export function assertJson(request: Request): void {
  if (!isJson(request)) throw new Problem("unsupported_media_type");
}

/**
 * Reads a form (application/x-www-form-urlencoded in UTF-8). A form that cannot be decoded, or that has a field twice, is
 * refused: two readers of it could see two different passwords.
 *
 * @throws {Problem} `too_large`, `unsupported_media_type` or `invalid_request`.
 */
export async function readForm(request: Request): Promise<Fields> {
  const text = decode(await readBytes(request));
  const fields: Record<string, string> = Object.create(null);
  const pairs = text?.split("&", MAX_FIELDS + 1) ?? [];
  if (text === undefined || pairs.length > MAX_FIELDS) throw new Problem("invalid_request");
  for (const pair of pairs) {
    if (pair === "") continue;
    const [name = "", ...value] = pair.split("=");
    const [key, content] = [decodePart(name), decodePart(value.join("="))];
    if (key === undefined || content === undefined || key in fields) throw new Problem("invalid_request");
    fields[key] = content;
  }
  return fields;
}

const decodePart = (part: string): string | undefined =>
  readSafely(() => decodeURIComponent(part.replaceAll("+", " ")));

/**
 * Reads a JSON object: in UTF-8 (RFC 8259 §8.1), with no name twice (RFC 7493 §2.3).
 *
 * @throws {Problem} `too_large`, `unsupported_media_type` or `invalid_json`.
 */
export async function readJson(request: Request): Promise<Fields> {
  const bytes = await readBytes(request);
  const text = OTHER_CHARSET.test(contentType(request)) ? undefined : decode(bytes);
  const value = text === undefined ? undefined : readSafely(() => parseUnique(text));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Problem("invalid_json");
  return value as Fields;
}

/** Parses JSON and throws if an object has a name twice. */
function parseUnique(text: string): unknown {
  let names = 0;
  const value: unknown = JSON.parse(text, function (this: unknown, _name, member) {
    if (!Array.isArray(this)) names += 1;
    return member;
  });
  // The reviver saw each name once, and the whole value as "".
  const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon);
  if (written.length !== names - 1) throw new SyntaxError("a name occurs twice");
  return value;
}

const decode = (bytes: Uint8Array): string | undefined =>
  readSafely(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));

/** Reads a body up to its limit. The rest of a longer one is not read. */
async function readBytes(request: Request): Promise<Uint8Array> {
  const coding = request.headers.get("Content-Encoding") ?? "identity";
  if (coding.trim().toLowerCase() !== "identity") throw new Problem("unsupported_media_type");
  if (Number(request.headers.get("Content-Length") ?? 0) > MAX_BYTES) throw new Problem("too_large");
  if (request.bodyUsed)
    throw optionError(
      "handle must be given a request whose body was not read before. Mount the routes before body parsers.",
    );
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read().catch(() => {
      // It broke off on the way.
      throw new Problem("invalid_request");
    });
    if (done) break;
    length += value.length;
    if (length > MAX_BYTES) {
      reader.cancel().catch(() => {});
      throw new Problem("too_large");
    }
    chunks.push(value);
  }
  return concatBytes(...chunks);
}
