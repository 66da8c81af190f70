import { expect } from "vitest";
import type { RelatchErrorCode } from "../../src/errors.ts";

/** For `toThrow` and `rejects.toEqual`: a RelatchError with this code, and with these words in its message. */
export const relatchError = (code: RelatchErrorCode, words = ""): unknown =>
  expect.objectContaining({ name: "RelatchError", code, message: expect.stringContaining(words) });

export const WRONG_OPTIONS: unknown = relatchError("ERR_OPTIONS");

/** The same with exactly this message: somebody has to mend something by it. */
export const wrongOptions = (message: string): unknown =>
  expect.objectContaining({ name: "RelatchError", code: "ERR_OPTIONS", message: `${message}.` });
