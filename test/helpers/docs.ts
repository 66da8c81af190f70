import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix } from "node:path";
import { afterAll } from "vitest";

// Reads the pages of the documentation: code blocks, headings and links.

export const root = join(import.meta.dirname, "..", "..");

const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => posix.join(folder, name));

/** The paths of the README, of the pages next to it, and of the guides. */
export const pages: readonly string[] = [".", "docs"].flatMap(markdownIn);

export const read = (page: string): string => readFileSync(join(root, page), "utf8");

/** Creates a folder inside the repository, so that files in it find its packages, until the tests of the file end. */
export function scratchFolder(stem: string): string {
  mkdirSync(join(root, "test", ".docs"), { recursive: true });
  const folder = mkdtempSync(join(root, "test", ".docs", `${stem}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A fenced block, with the words after its language and its index among the blocks of that language. */
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
 * Writes the TypeScript blocks of a page into a separate folder, where they can import one another. A block marked
 * `ts file app.ts` has that name. The commands of `sh setup` run there first. The repository is in `node_modules/relatch`.
 */
export function writeBlocks(page: string, scratch: string): (Block & { file: string })[] {
  const folder = join(scratch, page.replace(/\W/g, "-"));
  mkdirSync(folder, { recursive: true });
  const commands = blocksOf(page, "sh").filter(({ mark }) => mark === "setup");
  if (commands.length > 0) {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules", "relatch"));
  }
  for (const { code } of commands) execFileSync("bash", ["-eu", "-c", code], { cwd: folder });
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

/** Reports whether a block is marked `frameworks <path>`, which means that it is a file of examples/frameworks. */
export const isElsewhere = (mark: string): boolean => mark.startsWith("frameworks ");

/** Returns the relative links of a page whose file or heading does not exist. */
export function brokenLinks(page: string, markdown = read(page)): string[] {
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
  const patterns = [/\]\(([^()\s]+)(?: "[^"]*")?\)/g, /^\[[^\]]+\]:[ \t]*(\S+)/gm, /\s(?:href|src|srcset)="([^"]+)"/g];
  return patterns
    .flatMap((pattern) => [...prose.matchAll(pattern)].map(([, target = ""]) => target))
    .filter((target) => !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target));
}

/** Returns the anchors of the headings of a page, as GitHub names them. */
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
