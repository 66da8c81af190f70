import { expect } from "vitest";
import type { RelatchErrorCode } from "../../src/lib/errors.ts";

/** Matches a RelatchError with this code and with these words in its message. */
export const relatchError = (code: RelatchErrorCode, words = ""): unknown =>
  expect.objectContaining({ name: "RelatchError", code, message: expect.stringContaining(words) });

export const WRONG_OPTIONS: unknown = relatchError("ERR_OPTIONS");
