import { loadTexts } from "../../../../src/http/texts/load.ts";
import type { TaggedTexts } from "../../../../src/http/texts/texts.ts";

/** The tags of the package's languages, English first. */
export const TAGS = ["en", "ar", "de", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt-BR", "ru", "tr", "uk", "zh-CN"];

export const english: TaggedTexts = await loadTexts("en");

/** The texts of every language, English first. */
export const languages: readonly TaggedTexts[] = await Promise.all(TAGS.map((tag) => loadTexts(tag)));

/** Arguments for the texts that are functions. */
const SAMPLES: Readonly<Record<string, readonly [argument: never]>> = {
  errorTitle: ["🐴" as never],
  lead: ["🐴" as never],
  lifetime: ["🐴" as never],
  minLength: [72 as never],
  digits: [8 as never],
  later: ["🐴" as never],
};

/** Lists every text of a language by its path: `request.notices.malformed_link.title`. */
export function listTexts({ tag: _, direction: __, formats: ___, ...texts }: TaggedTexts): Map<string, string> {
  const list = new Map<string, string>();
  const visit = (value: unknown, path: string, name: string): void => {
    if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) visit(child, path === "" ? key : `${path}.${key}`, key);
    } else {
      const [sample] = SAMPLES[name] ?? [];
      list.set(path, typeof value === "function" ? value(sample) : String(value));
    }
  };
  visit(texts, "", "");
  return list;
}
