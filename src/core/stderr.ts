import { listCauses, type RelatchError } from "../lib/errors.ts";
import { monotonicNow } from "../lib/time.ts";
import { readSafely } from "../lib/untrusted-input.ts";
import type { UntimedEvent } from "./events.ts";

/** How many lines of one kind are printed in a minute. A flood must not fill the disk. */
const MAX_LINES = 10;
const MINUTE = 60_000;
/** The longest text of a cause that is printed, and the longest that is read, in characters. */
const MAX_TEXT = 300;
const MAX_READ = 10_000;

/** The events that somebody has to act on, and what to do. */
const ADVICE: Partial<Record<UntimedEvent["type"], string>> = {
  job_dropped: "A job was dropped, so its email was not sent.",
  mail_refused: "The mail server refused an email for good.",
  notice_skipped: "The owner could not be told about a new password, because no address is usable.",
  client_address_unusable: "The option ip was not the address of a client. Check the proxy settings of the server.",
};

/** Reasons to drop a job whose email was sent before, or was never due. */
const HARMLESS: readonly unknown[] = ["duplicate", "not_committed"];

/** What to check when a driver reports this code or text. */
const HINTS: [signs: RegExp, hint: string][] = [
  [
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT|ECONNECTION|ESOCKET|EDNS)\b/,
    "Check host and port of the server.",
  ],
  [/^(EAUTH|28P01|28000|ER_ACCESS_DENIED_ERROR)\b/, "Check the user name and the password of the connection."],
  [/^(42703|ER_BAD_FIELD_ERROR)\b|no such column/, "Check the names of the columns in this query."],
  [
    /^(42P01|ER_NO_SUCH_TABLE)\b|no such table/,
    "Create the table first. Token stores of relatch have createTable() for development, and their SQL for migrations.",
  ],
];

/** Prints what nobody listens to. */
export interface Printer {
  printFailure(error: RelatchError, cause: unknown, known: readonly string[] | undefined): void;
  printEvent(event: UntimedEvent): void;
}

/**
 * Creates a printer of single lines on stderr. The text of a cause is printed only if the call behind it was given no
 * secret, without control characters and without what the call was given.
 */
export function createPrinter(clock: () => number = monotonicNow): Printer {
  const counts = new Map<string, { since: number; lines: number }>();

  function print(kind: string, line: string): void {
    const now = clock();
    const known = counts.get(kind);
    const count = known && now - known.since < MINUTE ? known : { since: now, lines: 0 };
    counts.set(kind, count);
    count.lines += 1;
    if (count.lines > MAX_LINES) return;
    const more = count.lines === MAX_LINES ? " (More of these are left out for a minute.)" : "";
    // biome-ignore lint/suspicious/noConsole: the default for failures that nobody listens to
    console.error(`relatch: ${line}${more}`);
  }

  return {
    printFailure(error, cause, known) {
      const { code, message, detail = "" } = error;
      const text = known && cause !== undefined ? describeCause(cause, known) : "";
      const hint = HINTS.find(([signs]) => signs.test(`${detail} ${text}`))?.[1];
      print(
        code,
        [`${code}: ${message}`, text && `The cause: ${text}${hint ? "." : ""}`, hint].filter(Boolean).join(" "),
      );
    },

    printEvent({ type, ...fields }) {
      const advice = ADVICE[type];
      if (!advice || ("reason" in fields && HARMLESS.includes(fields.reason))) return;
      const facts = Object.entries(fields).filter(([, value]) => value !== undefined);
      print(type, `${type}: ${advice} ${facts.map(([name, value]) => `${name}=${quote(value)}`).join(" ")}`);
    },
  };
}

/** Quotes a value that could be read as something else: a correlation id with spaces, a tenant. */
const quote = (value: unknown): string => (/^[\w.:-]+$/.test(String(value)) ? String(value) : JSON.stringify(value));

/** Returns the text of the innermost cause, which is the driver's own, as one line without addresses and digests. */
function describeCause(cause: unknown, known: readonly string[]): string {
  const text = readSafely(() => String((listCauses(cause).at(-1) as Error).message ?? "")) ?? "";
  // Databases over HTTP quote their URL, and drivers quote SQL.
  const spellings = known.flatMap((each) => [
    ...[each, each.replaceAll("'", "''"), each.replaceAll("'", "\\'")],
    readSafely(() => encodeURIComponent(each)) ?? each,
  ]);
  const secrets = spellings.filter((each) => each.length > 3).sort((a, b) => b.length - a.length);
  // Cut between two words, so that no half of a secret is left that is not recognized.
  const start = text.length > MAX_READ ? text.slice(0, MAX_READ).replace(/\S*$/, "") : text;
  const line = secrets
    .reduce((left, secret) => left.replaceAll(secret, "…"), start)
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, " ")
    .replace(
      /[^\s"'(),=][^\s"(),]{0,255}(?:@|%40)[^\s"'(),=]{1,256}|(?:\$|%24)[^\s"'(),]{16,}|[A-Za-z0-9+/_-]{32,}/g,
      "…",
    )
    .trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}
