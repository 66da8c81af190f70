import { expect, test } from "vitest";
import { joinSentences, waitInWords } from "../../../../src/http/texts/in-words.ts";
import { languages } from "./languages.ts";

test.each([
  [-5, "in 1 second"],
  [0, "in 1 second"],
  [0.2, "in 1 second"],
  [1, "in 1 second"],
  [45, "in 45 seconds"],
  [59, "in 59 seconds"],
  [59.5, "in 1 minute"],
  [60, "in 1 minute"],
  [61, "in 2 minutes"],
  [890, "in 15 minutes"],
  [5400, "in 90 minutes"],
  [5401, "in 2 hours"],
  [86_399, "in 24 hours"],
])("waitInWords rounds %d seconds up: %s", (seconds, words) => {
  expect(waitInWords(seconds, { tag: "en" })).toBe(words);
});

test("when to try again is told in every language, with its own digits and endings", () => {
  const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");
  const told = languages.map((texts) => [texts.tag, plain(texts.later(waitInWords(120, texts)))]);
  expect(Object.fromEntries(told)).toEqual({
    en: "Try again in 2 minutes.",
    ar: "يُرجى إعادة المحاولة بعد دقيقتين.",
    de: "Versuchen Sie es in 2 Minuten noch einmal.",
    es: "Inténtelo de nuevo dentro de 2 minutos.",
    fr: "Réessayez dans 2 minutes.",
    hi: "2 मिनट बाद फिर से कोशिश करें।",
    it: "Riprova tra 2 minuti.",
    ja: "2 分後にもう一度お試しください。",
    ko: "2분 후에 다시 시도하세요.",
    pl: "Spróbuj ponownie za 2 minuty.",
    "pt-BR": "Tente novamente em 2 minutos.",
    ru: "Попробуйте ещё раз через 2 минуты.",
    tr: "2 dakika sonra yeniden deneyin.",
    uk: "Спробуйте ще раз через 2 хвилини.",
    "zh-CN": "请在2分钟后重试。",
  });
  const arabic = languages.find(({ tag }) => tag === "ar");
  expect(arabic && waitInWords(900, arabic)).toContain("١٥");
});

test("joinSentences puts no blank behind the full stop of Chinese and Japanese", () => {
  expect(joinSentences("One.", "Two.")).toBe("One. Two.");
  expect(joinSentences("一。", "二。")).toBe("一。二。");
});
