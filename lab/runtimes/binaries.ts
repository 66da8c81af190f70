import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

// npm installs the package of this platform alone. The packages `bun` and `deno` would put their binary in place with
// an install script, so the binary is used from the package of the platform.

const packages = join(import.meta.dirname, "../node_modules");
const { platform, arch } = process;
const bun = `@oven/bun-${platform}-${arch === "arm64" ? "aarch64" : arch}`;

const places = {
  "node 20": [`node20-${platform}-${arch}/bin/node`],
  "node 22": [`node22-${platform}-${arch}/bin/node`],
  "node 24": [`node24-${platform}-${arch}/bin/node`],
  "node 26": [`node26-${platform}-${arch}/bin/node`],
  bun: [`${bun}/bin/bun`, `${bun}-musl/bin/bun`],
  deno: [`@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}/deno`],
} as const;

/** A runtime with a command. */
export type CommandRuntime = keyof typeof places;

/** The path of its binary, or `undefined` if there is none for this machine. */
export const binaryOf = (runtime: CommandRuntime): string | undefined =>
  places[runtime].map((place) => join(packages, place)).find((path) => existsSync(path));

/** The command that runs a Node.js program with every permission. */
export function commandOf(runtime: CommandRuntime, binary: string): [string, ...string[]] {
  if (runtime === "bun") return [binary, "--bun"];
  if (runtime === "deno") return [binary, "run", "--allow-all", "--no-lock"];
  return [binary];
}

/** The version that the binary reports. */
export const versionOf = (binary: string): string =>
  execFileSync(binary, ["--version"], { encoding: "utf8" }).match(/\d+\.\d+\.\d+/)?.[0] ?? "";

/** The version of an installed package. */
export const packageVersion = (name: string): string =>
  JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8")).version;
