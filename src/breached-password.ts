import { sha1 } from "@oslojs/crypto/sha1";
import { encodeHexUpperCase } from "@oslojs/encoding";
import { utf8 } from "./bytes.ts";
import { oneOf, section, wholeNumber, wrong } from "./checks.ts";
import { attempt } from "./fields.ts";
import type { PasswordRule } from "./password-rules.ts";

/** Options of {@link breachedPassword}. */
export interface BreachedPasswordOptions {
  /** What to do when the service does not answer. Default: `"allow"`, with an event. */
  onUnavailable?: "allow" | "refuse" | undefined;
  /** How long to wait for the whole answer, in milliseconds. Default: 2000. */
  timeoutMs?: number | undefined;
  /** Refuse a password that was seen this many times or more. Default: 1. */
  threshold?: number | undefined;
  /** A server that speaks the range API. Default: the public one. */
  endpoint?: string | undefined;
}

/**
 * Refuses a password found in a known breach, by the Pwned Passwords range API (NIST SP 800-63B-4 §3.1.1.2). Five
 * hexadecimal digits of its SHA-1 leave the server and no more; the answer is padded, so that its length tells
 * an observer nothing either.
 *
 * @throws RelatchError `ERR_OPTIONS` for an endpoint that is no URL, or numbers that are none.
 */
export function breachedPassword(options: BreachedPasswordOptions = {}): PasswordRule {
  const given = section("options of breachedPassword", options, [
    "onUnavailable",
    "timeoutMs",
    "threshold",
    "endpoint",
  ]);
  const onUnavailable = oneOf("onUnavailable", given.onUnavailable, ["allow", "refuse"]);
  const { endpoint = "https://api.pwnedpasswords.com/range/" } = given;
  const timeoutMs = wholeNumber("timeoutMs", given.timeoutMs, 2000, 1);
  const threshold = wholeNumber("threshold", given.threshold, 1, 1);
  if (typeof endpoint !== "string" || !/^https?:/.test(attempt(() => new URL(endpoint).protocol) ?? "")) {
    throw wrong('endpoint is a URL like "https://pwned.example.com/range/"');
  }
  const base = endpoint.endsWith("/") ? endpoint : `${endpoint}/`;

  return async (password, context) => {
    const digest = encodeHexUpperCase(sha1(utf8(password)));
    try {
      const range = await fetchRange(`${base}${digest.slice(0, 5)}`, timeoutMs);
      // Padding lines have a count of 0.
      return timesSeen(range, digest.slice(5)) >= threshold ? { code: "breached" } : undefined;
    } catch {
      context.onUnavailable?.(onUnavailable === "allow" ? "allowed" : "refused");
      return onUnavailable === "allow" ? undefined : { code: "breach_check_unavailable" };
    }
  };
}

/** A full range is some 60 KB; an answer many times as long is none of this API. */
const MAX_ANSWER_BYTES = 1_000_000;

async function fetchRange(url: string, timeoutMs: number): Promise<string> {
  const answer = await fetch(url, {
    headers: { "Add-Padding": "true", "User-Agent": "relatch" },
    // Not "error", which Workers do not know: a redirect is no `ok` either.
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!answer.ok || !answer.body) {
    await answer.body?.cancel();
    throw new Error(`status ${answer.status}`);
  }
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of answer.body) {
    text += decoder.decode(chunk);
    if (text.length > MAX_ANSWER_BYTES) throw new Error("answer too long");
  }
  if (!/^[0-9A-F]{35}:\d+\r?(\n|$)/.test(text)) throw new Error("no range of digests");
  return text;
}

function timesSeen(range: string, suffix: string): number {
  const line = range.split(/\r?\n/).find((candidate) => candidate.startsWith(suffix));
  if (line === undefined) return 0;
  const [, count] = line.split(":");
  if (!/^\d+$/.test(count ?? "")) throw new Error("no count");
  return Number(count);
}
