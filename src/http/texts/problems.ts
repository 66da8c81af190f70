import type { Problem } from "../problem.ts";
import { joinSentences, waitInWords } from "./in-words.ts";
import { loadTexts } from "./load.ts";
import type { ProblemStatus, Texts, TitledText } from "./texts.ts";

/** Describes a refusal to the user of a program, in the language of the visitor. */
export async function describeProblem(
  locale: string,
  { reason, status, facts }: Problem,
  { isCode = false } = {},
): Promise<string> {
  const texts = await loadTexts(locale);
  if (isCode && reason === "invalid_or_expired_token") return texts.code.refused;
  const sentences: Readonly<Partial<Record<string, string>>> = { ...texts.request.errors, ...texts.details };
  const sentence = sentences[reason] ?? findProblemText(texts, status).detail;
  if (facts.retryAfterSeconds === undefined) return sentence;
  return joinSentences(sentence, texts.later(waitInWords(facts.retryAfterSeconds, texts)));
}

/** Returns the text for a status. An unknown status counts as our failure. */
export const findProblemText = ({ problems }: Texts, status: number): TitledText =>
  problems[status as ProblemStatus] ?? problems[500];
