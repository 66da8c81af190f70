import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/**
 * Writes the playground as one page, `index.html` in `out`. The library is built as for a release and bundled with the
 * script of the page. The page's policy allows this script, this style sheet and the styles of the emails by their
 * hashes, and nothing else.
 */
export async function writePlayground(root: string, out: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "relatch-playground-"));
  try {
    const library = join(work, "dist");
    execFileSync(
      process.execPath,
      [
        join(root, "node_modules/tsup/dist/cli-default.js"),
        ...["--out-dir", library, "--format", "esm", "--no-dts", "--silent"],
      ],
      { cwd: root },
    );
    const source = join(root, "docs", "playground");
    const script = await bundle(root, library, join(source, "main.ts"), "iife");
    const style = await minify(join(source, "style.css"));
    const samples = join(work, "sample-mails.mjs");
    writeFileSync(samples, await bundle(root, library, join(source, "sample-mails.ts"), "esm"));
    const { sampleMails }: { sampleMails: () => Promise<string[]> } = await import(pathToFileURL(samples).href);

    const values = {
      "{{policy}}": policy(script, [style, ...stylesIn(await sampleMails())]),
      "{{icon}}": encodeURIComponent(readFileSync(join(root, "docs/site/favicon.svg"), "utf8").trim()),
      "<style></style>": `<style>${style}</style>`,
      "<script></script>": `<script>${script}</script>`,
    };
    let page = readFileSync(join(source, "index.html"), "utf8");
    for (const [mark, value] of Object.entries(values)) page = page.replace(mark, () => value);
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, "index.html"), page);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** For browsers: an import of `node:` is an error. */
async function bundle(root: string, library: string, entry: string, format: "iife" | "esm"): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    alias: { relatch: join(library, "index.js"), "relatch/memory": join(library, "testing/memory.js") },
    absWorkingDir: root,
    bundle: true,
    write: false,
    minify: true,
    format,
    target: "es2022",
    platform: "browser",
    tsconfigRaw: "{}",
    logLevel: "error",
  });
  return outputFiles[0]?.text.trim() ?? "";
}

async function minify(sheet: string): Promise<string> {
  // Older targets would have `light-dark()` rewritten.
  const { outputFiles } = await build({
    entryPoints: [sheet],
    bundle: true,
    write: false,
    minify: true,
    target: ["chrome123", "firefox120", "safari17.5"],
  });
  return outputFiles[0]?.text.trim() ?? "";
}

/** The contents of all style elements and attributes: what a policy counts as inline styles. */
function stylesIn(documents: readonly string[]): string[] {
  const styles = documents.flatMap((html) => [
    ...[...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, sheet = ""]) => sheet),
    ...[...html.matchAll(/\sstyle="([^"]*)"/g)].map(([, style = ""]) => unescapeHtml(style)),
  ]);
  return [...new Set(styles)];
}

const unescapeHtml = (text: string): string =>
  text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");

/** Returns the policy. It allows the styles of the emails as well, because their frame inherits it. */
function policy(script: string, styles: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src 'unsafe-hashes' ${styles.map(hashOf).join(" ")}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types mail",
  ].join("; ");
}

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
