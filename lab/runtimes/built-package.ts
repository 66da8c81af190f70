import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { entries } from "../../entries.ts";

// Builds the package into its own folder, so that another build at the same time removes nothing here.

export const root = join(import.meta.dirname, "..", "..");
export const work = join(import.meta.dirname, ".work");
const built = join(work, "relatch");
const aliasFile = join(work, "aliases.json");

/** Replaces an import that matches by a file. */
export interface Alias {
  find: RegExp;
  replacement: string;
}

/** Builds the package, and saves the aliases that lead the tests into it. */
export async function buildPackage(): Promise<{ fromPackage: string[]; fromSource: string[] }> {
  mkdirSync(built, { recursive: true });
  const tsup = join(root, "node_modules/tsup/dist/cli-default.js");
  execFileSync(process.execPath, [tsup, "--out-dir", join(built, "dist"), "--no-dts", "--silent"], {
    cwd: root,
  });
  copyFileSync(join(root, "package.json"), join(built, "package.json"));

  const entriesWithNames = await Promise.all(
    entries.map(async ({ name, source }) => {
      const file = join(built, source.replace(/^src(.+)\.ts$/, "dist$1.js"));
      return { name, file, names: await exportsOf(file) };
    }),
  );
  const aliases = entriesWithNames.map(({ name, file }) => ({ find: `^${name}$`, file }));
  const fromPackage: string[] = [];
  const fromSource: string[] = [];
  for (const module of await sources()) {
    // A unit test imports a source file by its path. It gets an entry instead if that exports the same names.
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

/** The modules in src that export something at run time, and the names they export. */
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
