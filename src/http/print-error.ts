import { isRelatchError, nameError } from "../lib/errors.ts";

/**
 * Prints that a function of the application failed. The message is printed only if it is our own, because pages and such
 * functions are told addresses.
 */
export function printError(where: string, error: unknown): void {
  const what = isRelatchError(error) ? error.message : `A function of the application threw ${nameError(error)}.`;
  // biome-ignore lint/suspicious/noConsole: the default for failures that nobody listens to
  console.error(`relatch: ${where}: ${what}`);
}
