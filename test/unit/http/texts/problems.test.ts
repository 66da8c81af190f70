import { describe, expect, test } from "vitest";
import { PROBLEMS, type ProblemReason } from "../../../../src/http/pages.ts";
import { Problem } from "../../../../src/http/problem.ts";
import { describeProblem, findProblemText } from "../../../../src/http/texts/problems.ts";
import { english, languages } from "./languages.ts";

const REASONS = Object.keys(PROBLEMS) as ProblemReason[];

describe.each(languages.map((language) => [language.tag, language] as const))(
  "describeProblem in %s",
  (tag, language) => {
    test("has a different sentence for every reason", async () => {
      const sentences = await Promise.all(REASONS.map((reason) => describeProblem(tag, new Problem(reason))));
      for (const sentence of sentences) expect(sentence).toMatch(/^.{4,}[.。।]$/u);
      expect(new Set(sentences).size).toBe(REASONS.length);
      const [title] = Object.values(language.problems).map((problem) => problem.title);
      expect(sentences).not.toContain(title);
    });

    test("says when to try again", async () => {
      const sentence = await describeProblem(tag, new Problem("throttled", { retryAfterSeconds: 900 }));
      expect(sentence.startsWith(language.problems[429].detail)).toBe(true);
      expect(sentence).toMatch(tag === "ar" ? /١٥/ : /15/);
    });
  },
);

test.each([
  ["invalid_email", "name@example.com"],
  ["unknown_email", "find an account"],
  ["invalid_or_expired_token", "expired"],
  ["invalid_json", "JSON"],
  ["unsupported_media_type", "Content-Type"],
  ["password_rejected", "requirements"],
  ["signed_in", "sign out"],
  ["unavailable", "few minutes"],
] as const)("describeProblem says in English what %s means", async (reason, words) => {
  expect(await describeProblem("en", new Problem(reason))).toContain(words);
});

test("a status without a text counts as our failure", () => {
  expect(findProblemText(english, 404)).toBe(english.problems[404]);
  expect(findProblemText(english, 418)).toBe(english.problems[500]);
});
