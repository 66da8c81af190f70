import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { build } from "esbuild";

// The package as it is built, in a folder of its own, so that a build beside this one takes nothing away.

export const root = join(import.meta.dirname, "..", "..");
export const work = join(import.meta.dirname, ".work");
const built = join(work, "relatch");
const aliasFile = join(work, "aliases.json");

/** Which file answers an import that matches. */
export interface Alias {
  find: RegExp;
  replacement: string;
}

/** Builds it, and notes what is to be imported from it. */
export async function buildPackage(): Promise<{ fromPackage: string[]; fromSource: string[] }> {
  mkdirSync(built, { recursive: true });
  const tsup = join(root, "node_modules/tsup/dist/cli-default.js");
  execFileSync(process.execPath, [tsup, "--out-dir", join(built, "dist"), "--no-dts", "--silent"], {
    cwd: root,
  });
  copyFileSync(join(root, "package.json"), join(built, "package.json"));

  const entries = Object.entries<{ default?: string }>(
    JSON.parse(readFileSync(join(built, "package.json"), "utf8")).exports,
  ).flatMap(([path, { default: file }]) =>
    file ? [{ name: `relatch${path.slice(1)}`, file: join(built, file) }] : [],
  );
  const missing = entries.filter(({ file }) => !existsSync(file));
  if (missing.length > 0) throw new Error(`not built: ${missing.map(({ file }) => file).join(", ")}`);

  const entriesWithNames = await Promise.all(
    entries.map(async (entry) => ({ ...entry, names: await exportsOf(entry.file) })),
  );
  const aliases = entries.map(({ name, file }) => ({ find: `^${name}$`, file }));
  const fromPackage: string[] = [];
  const fromSource: string[] = [];
  for (const module of await sources()) {
    // A unit test imports the source by its path: where the package exports all of it, that is what it gets.
    const entry = entriesWithNames.find(({ names }) => module.names.every((name) => names.includes(name)));
    (entry ? fromPackage : fromSource).push(module.path);
    if (entry) aliases.push({ find: `^(\\.\\./)+${module.path.replaceAll(".", "\\.")}$`, file: entry.file });
  }
  writeFileSync(aliasFile, JSON.stringify(aliases));
  return { fromPackage, fromSource };
}

export const readAliases = (): Alias[] =>
  JSON.parse(readFileSync(aliasFile, "utf8")).map(({ find, file }: { find: string; file: string }) => ({
    find: new RegExp(find),
    replacement: file,
  }));

/** The modules under src that have something at run time, with its names. */
async function sources() {
  const { metafile } = await build({
    entryPoints: [join(root, "src/**/*.ts")],
    absWorkingDir: root,
    outdir: work,
    format: "esm",
    metafile: true,
    write: false,
  });
  return Object.values(metafile.outputs)
    .map(({ entryPoint = "", exports }) => ({ path: entryPoint, names: exports }))
    .filter(({ names }) => names.length > 0);
}

async function exportsOf(file: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [file],
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "neutral",
    packages: "external",
    outdir: work,
    metafile: true,
    write: false,
    logLevel: "error",
  });
  return Object.values(metafile.outputs).flatMap(({ exports }) => exports);
}

export const fromRoot = (path: string): string => relative(root, path);
