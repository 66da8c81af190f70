// @ts-check
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** What relatch is compared with: all that is here. Installs the packages, once for each package-lock.json. */
export function installedOthers() {
  try {
    if (changed("node_modules/.package-lock.json") < changed("package-lock.json")) {
      execFileSync("npm", ["ci", "--no-audit", "--no-fund"], {
        cwd: here,
        stdio: ["ignore", "ignore", "pipe"],
      });
    }
    return ["hand-written", "better-auth"];
  } catch (error) {
    console.error(`better-auth is left out: ${firstLine(error)}`);
    return ["hand-written"];
  }
}

export const firstLine = (/** @type {unknown} */ error) => String(error).split("\n")[0];

const changed = (/** @type {string} */ path) =>
  statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;
