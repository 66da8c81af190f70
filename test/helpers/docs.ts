import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

// What is in the pages of the documentation: blocks of code, headings, links.

export const root = join(import.meta.dirname, "..", "..");

const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => posix.join(folder, name));

/** The README and its neighbours, and the guides, by their paths from the root. */
export const pages: readonly string[] = [".", "docs"].flatMap(markdownIn);

export const read = (page: string): string => readFileSync(join(root, page), "utf8");

/** A fenced block: its language, what stands behind that, and its place among the blocks of the language. */
export interface Block {
  page: string;
  index: number;
  mark: string;
  code: string;
}

export const blocksOf = (page: string, language: string): Block[] =>
  [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\b *(.*)\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, mark = "", code = ""], index) => ({ page, index, mark, code }),
  );

/**
 * Writes the TypeScript blocks of a page into a folder of its own, where they can import one another: `ts file app.ts`
 * is a file by that name. What `sh copy` says is done there first, with the repository at `$RELATCH`.
 */
export function writeBlocks(page: string, scratch: string): (Block & { file: string })[] {
  const folder = join(scratch, page.replace(/\W/g, "-"));
  mkdirSync(folder, { recursive: true });
  for (const { code } of blocksOf(page, "sh").filter(({ mark }) => mark === "copy")) {
    execFileSync("bash", ["-eu", "-c", code], { cwd: folder, env: { ...process.env, RELATCH: root } });
  }
  return blocksOf(page, "ts")
    .filter(({ mark }) => !isElsewhere(mark))
    .map((block) => {
      const [, name = `${block.index}.ts`] = /^file (\S+)$/.exec(block.mark) ?? [];
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, block.code);
      return { ...block, file };
    });
}

/** Blocks marked `frameworks <path>` are files of examples/frameworks, and compiled there. */
export const isElsewhere = (mark: string): boolean => mark.startsWith("frameworks ");

/** The relative links of a page that lead to no file, or to no heading of it. */
export function deadLinks(page: string, markdown = read(page)): string[] {
  return targetsOf(markdown).filter((target) => {
    const [path = "", fragment] = target.split("#").map(decodeURIComponent);
    const there = path === "" ? page : posix.normalize(posix.join(posix.dirname(page), path));
    if (there.startsWith("..") || !existsSync(join(root, there))) return true;
    if (fragment === undefined || !there.endsWith(".md")) return false;
    return !anchorsOf(path === "" ? markdown : read(there)).has(fragment);
  });
}

const FENCE = /^(```|~~~)[\s\S]*?^\1[ \t]*$/gm;

function targetsOf(markdown: string): string[] {
  const prose = markdown.replaceAll(FENCE, "").replaceAll(/`[^`\n]+`/g, "code");
  const patterns = [
    /\]\(([^()\s]+)(?: "[^"]*")?\)/g,
    /^\[[^\]]+\]:[ \t]*(\S+)/gm,
    /\s(?:href|src|srcset)="([^"]+)"/g,
  ];
  return patterns
    .flatMap((pattern) => [...prose.matchAll(pattern)].map(([, target = ""]) => target))
    .filter((target) => !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target));
}

/** What the headings of a page are called in links, as GitHub does it. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of markdown.replaceAll(FENCE, "").matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "").replaceAll(" ", "-");
    let anchor = slug;
    for (let nth = 1; anchors.has(anchor); nth++) anchor = `${slug}-${nth}`;
    anchors.add(anchor);
  }
  return anchors;
}
