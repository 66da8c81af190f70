import { inspect } from "node:util";
import { onTestFinished, vi } from "vitest";
import { spellings } from "./traces.ts";

/** Writes down all that is said, kept or thrown, and looks for secrets in it. */
export interface Recorder {
  /** In every form in which it could be printed, at once: it may change later. */
  note(where: string, ...things: unknown[]): void;
  secret(text: string): void;
  readonly secrets: ReadonlySet<string>;
  /** Where something was noted so far. */
  readonly places: ReadonlySet<string>;
  /** The words behind this key in what was noted there: `wordsAt("onEvent", "type")`. */
  wordsAt(where: string, key: string): Set<string>;
  /** Where a secret was found, and how it is written there. */
  leaks(): string[];
}

export function recorder(...known: string[]): Recorder {
  const notes = new Map<string, Set<string>>();
  const secrets = new Set(known);
  return {
    secrets,
    get places() {
      return new Set(notes.keys());
    },
    secret: (text) => void secrets.add(text),
    wordsAt: (where, key) =>
      new Set(
        [...(notes.get(where) ?? [])].flatMap(
          (text) => text.match(new RegExp(`(?<="${key}":")\\w+`, "g")) ?? [],
        ),
      ),
    note(where, ...things) {
      const texts = notes.get(where) ?? new Set();
      notes.set(where, texts);
      for (const thing of things) for (const text of textsOf(thing)) texts.add(text);
    },
    leaks() {
      const sought = [...secrets].flatMap(forms);
      return [...notes].flatMap(([where, texts]) => {
        const all = [...texts].join("\n");
        return sought.filter((form) => all.includes(form)).map((form) => `${where}: ${form}`);
      });
    },
  };
}

/** As it is, as programs write it, cut off, and within a longer text that is in base64. */
function forms(secret: string): string[] {
  const within = [0, 1, 2].flatMap((offset) => {
    const coded = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString("base64");
    // What depends on its neighbours is left out.
    const own = coded.slice(offset === 0 ? 0 : 4, -4);
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
  const parts = secret.length >= 32 ? [secret.slice(0, 16), secret.slice(-16)] : [];
  const bytes = [Buffer.from(secret), Buffer.from(secret, "base64url")].filter(({ length }) => length >= 8);
  const hex = bytes.map((each) => each.toString("hex"));
  const spaced = hex.map((each) => each.replace(/..(?=.)/g, "$& "));
  const escaped = hex.map((each) => each.replace(/../g, "%$&"));
  const coded = [...hex, ...spaced, ...escaped].flatMap((each) => [each, each.toUpperCase()]);
  const all = [...spellings(secret), ...within, ...parts, ...coded];
  return [...new Set(all.filter((form) => form.length >= 6))];
}

/** Every form in which a thing is printed somewhere. */
function textsOf(thing: unknown): string[] {
  if (typeof thing === "string") return [thing];
  const texts = [
    inspect(thing, {
      depth: Number.POSITIVE_INFINITY,
      showHidden: true,
      customInspect: false,
      getters: true,
      maxArrayLength: null,
      maxStringLength: null,
      breakLength: Number.POSITIVE_INFINITY,
    }),
  ];
  for (const print of [String, JSON.stringify]) {
    try {
      texts.push(String(print(thing)));
    } catch {
      // What cannot be printed like that tells nothing like that.
    }
  }
  // Once more by hand: some errors print themselves in their own way.
  for (let error = thing, nth = 0; error instanceof Error && nth < 20; error = error.cause, nth++) {
    texts.push(`${error.name} ${error.message} ${error.stack} ${JSON.stringify({ ...error })}`);
  }
  return texts;
}

/** Notes what goes to any log of this process until the test is over, and what goes to none of them. */
export function listen({ note }: Recorder): void {
  const spies = [
    ...Object.entries(console)
      .filter(([, method]) => typeof method === "function")
      .map(([name]) =>
        vi.spyOn(console, name as "log").mockImplementation((...args) => note("console", args)),
      ),
    vi.spyOn(process, "emitWarning").mockImplementation((...args) => note("emitWarning", args)),
    ...([process.stdout, process.stderr] as const).map((stream) =>
      vi.spyOn(stream, "write").mockImplementation((...args: unknown[]) => {
        note("stdout or stderr", args);
        return true;
      }),
    ),
  ];
  const unhandled = (reason: unknown) => note("unhandledRejection", reason);
  const warned = (warning: Error) => note("warning", warning);
  process.on("unhandledRejection", unhandled).on("warning", warned);
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
    process.off("unhandledRejection", unhandled).off("warning", warned);
  });
}

/** Takes every 32 random bytes for a token, whether or not it was mailed. */
export function noteTokens({ secret }: Recorder): void {
  const draw = crypto.getRandomValues.bind(crypto);
  const spy = vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    draw(array as Uint8Array);
    if (array?.byteLength === 32) secret(Buffer.from(array as Uint8Array).toString("base64url"));
    return array;
  });
  onTestFinished(() => spy.mockRestore());
}
