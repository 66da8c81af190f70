import { sha1 } from "@oslojs/crypto/sha1";
import { encodeHexUpperCase } from "@oslojs/encoding";
import { utf8 } from "../lib/bytes.ts";
import { anInteger, mustBe, oneOf, optional, type Reader, readOptions } from "../lib/shape.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import type { PasswordRule } from "./rules.ts";

/** Options of {@link breachedPassword}. */
export interface BreachedPasswordOptions {
  /** The verdict if the service does not respond. Default: `"allow"`, with an event. */
  onUnavailable?: "allow" | "refuse" | undefined;
  /** How long to wait for the whole response, in milliseconds. Default: 2000. */
  timeoutMs?: number | undefined;
  /** Refuses a password that was seen this many times or more. Default: 1. */
  threshold?: number | undefined;
  /** The URL of a server with the range API. Default: the public one, `https://api.pwnedpasswords.com/range/`. */
  endpoint?: string | undefined;
}

/**
 * Returns a rule that refuses passwords found in a known breach, by the Pwned Passwords range API (NIST SP 800-63B-4
 * §3.1.1.2). Only five hexadecimal digits of the SHA-1 leave the server. The response is padded, so its length tells an
 * observer nothing either.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if the endpoint is not an http or https URL, or if an option is unknown or wrong.
 * @example
 * const passwordRules = [...defaultPasswordRules, breachedPassword({ timeoutMs: 1000 })];
 */
export function breachedPassword(options: BreachedPasswordOptions = {}): PasswordRule {
  const { onUnavailable, timeoutMs, threshold, endpoint } = readOptions("breachedPassword", options, {
    onUnavailable: optional(oneOf("allow", "refuse"), "allow"),
    timeoutMs: optional(anInteger(1), 2000),
    threshold: optional(anInteger(1), 1),
    endpoint: optional(anEndpoint, "https://api.pwnedpasswords.com/range/"),
  });

  return async (password, context) => {
    const digest = encodeHexUpperCase(sha1(utf8(password)));
    try {
      const range = await fetchRange(`${endpoint}${digest.slice(0, 5)}`, timeoutMs);
      // Lines of padding have a count of 0.
      return readCount(digest.slice(5), range) >= threshold ? { code: "breached" } : undefined;
    } catch {
      context.onUnavailable?.(onUnavailable === "allow" ? "allowed" : "refused");
      return onUnavailable === "allow" ? undefined : { code: "breach_check_unavailable" };
    }
  };
}

const anEndpoint: Reader<string> = (value, path) => {
  const url = typeof value === "string" ? readSafely(() => new URL(value)) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return String(value).replace(/\/?$/, "/");
  throw mustBe(path, "an http or https URL", value, '"https://pwned.example.com/range/"');
};

/** A full range is about 60 KB. A response of many times that length is not one. */
const MAX_RESPONSE_LENGTH = 1_000_000;

async function fetchRange(url: string, timeoutMs: number): Promise<string> {
  const response = await fetch(url, {
    headers: { "Add-Padding": "true", "User-Agent": "relatch" },
    // Workers do not know "error". A redirect is not `ok` either.
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  let range = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    range += decoder.decode(chunk);
    if (range.length > MAX_RESPONSE_LENGTH) throw new Error("response too long");
  }
  if (!/^[0-9A-F]{35}:\d+\r?(\n|$)/.test(range)) throw new Error("not a range of digests");
  return range;
}

/** Reads how often the password with this rest of the digest was seen. */
function readCount(suffix: string, range: string): number {
  const line = range.split(/\r?\n/).find((candidate) => candidate.startsWith(suffix)) ?? `${suffix}:0`;
  const count = line.slice(suffix.length + 1);
  if (!/^\d+$/.test(count)) throw new Error("not a count");
  return Number(count);
}
