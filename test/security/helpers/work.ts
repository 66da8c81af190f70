/** Longer than anything that is accepted anywhere. */
const LONG_TEXT = 10_000;

const isLong = (value: unknown): boolean =>
  (typeof value === "string" || value instanceof Uint8Array) && value.length > LONG_TEXT;

type Method = (...args: unknown[]) => unknown;

/** Functions of the language that read a text from its start to its end. */
const READERS: [object, string, PropertyKey[]][] = [
  [
    String.prototype,
    "String",
    [
      ...["normalize", "toLowerCase", "toUpperCase", "replace", "replaceAll", "split", "match", "matchAll"],
      ...[
        "isWellFormed",
        "toWellFormed",
        "includes",
        "indexOf",
        "lastIndexOf",
        "search",
        "trim",
        "trimStart",
        "concat",
        Symbol.iterator,
      ],
    ],
  ],
  [RegExp.prototype, "RegExp", ["test", "exec"]],
  [TextEncoder.prototype, "TextEncoder", ["encode", "encodeInto"]],
  [JSON, "JSON", ["stringify"]],
];

/** Which of them were called on long texts while something ran. Empty, where nothing but lengths was looked at. */
export async function workOnLongTexts(run: () => Promise<unknown>): Promise<string[]> {
  const done: string[] = [];
  let isNested = false;
  const watched = (title: string, original: Method): Method =>
    function (this: unknown, ...args) {
      if (isNested) return original.apply(this, args);
      isNested = true;
      try {
        const subject = this instanceof String ? String(this) : this;
        if ([subject, ...args].some(isLong)) done.push(title);
        return original.apply(this, args);
      } finally {
        isNested = false;
      }
    };

  const originals: [object, PropertyKey, PropertyDescriptor][] = [];
  for (const [owner, title, names] of READERS) {
    for (const name of names) {
      const descriptor = Object.getOwnPropertyDescriptor(owner, name);
      if (!descriptor) throw new Error(`no ${title}.${String(name)}`);
      originals.push([owner, name, descriptor]);
      const value = watched(`${title}.${String(name)}`, descriptor.value);
      Object.defineProperty(owner, name, { ...descriptor, value });
    }
  }
  try {
    await run();
  } finally {
    for (const original of originals) Object.defineProperty(...original);
  }
  return done;
}
