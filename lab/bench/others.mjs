// @ts-check
import { existsSync } from "node:fs";

/** The subjects that relatch is compared with. better-auth needs `npm ci --prefix lab`. */
export function installedOthers() {
  if (existsSync(new URL("../node_modules/better-auth", import.meta.url))) return ["hand-written", "better-auth"];
  console.error("better-auth is left out. To compare with it, run: npm ci --prefix lab");
  return ["hand-written"];
}

export const firstLine = (/** @type {unknown} */ error) => String(error).split("\n")[0];
