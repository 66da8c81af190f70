import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

// npm takes of each package in package.json only the one of this platform. The packages `node`, `bun` and `deno`
// would be put together by their install scripts; the binaries are in the packages that those pick from.

const packages = join(import.meta.dirname, "node_modules");
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

/** A runtime with a command of its own. */
export type CommandRuntime = keyof typeof places;

/** Where its binary is, if there is one for this machine. */
export const binaryOf = (runtime: CommandRuntime): string | undefined =>
  places[runtime].map((place) => join(packages, place)).find((path) => existsSync(path));

/** How it runs a program of Node's: with everything the program may ask of the machine. */
export function commandOf(runtime: CommandRuntime, binary: string): [string, ...string[]] {
  if (runtime === "bun") return [binary, "--bun"];
  if (runtime === "deno") return [binary, "run", "--allow-all", "--no-lock"];
  return [binary];
}

/** What it says of itself. */
export const versionOf = (binary: string): string =>
  execFileSync(binary, ["--version"], { encoding: "utf8" }).match(/\d+\.\d+\.\d+/)?.[0] ?? "";

/** The version of an installed package. */
export const packageVersion = (name: string): string =>
  JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8")).version;
