import { posix } from "node:path";

// Relative links in Markdown, as far as they have to be known to bring the pages into the site.

/** A fenced block, or code within a line: nothing in it is a link. */
const CODE = /(^(?:```|~~~)[^\n]*\n[\s\S]*?^(?:```|~~~)[ \t]*$|`[^`\n]+`)/m;

/** The target in `[text](target)`, after `[label]: `, or in an attribute. */
const TARGETS = [/(\]\()([^()\s]+)(?=[)\s])/g, /^(\[[^\]]+\]:[ \t]*)(\S+)/gm, /(\s(?:href|src|srcset)=")([^"]+)/g];

const IS_RELATIVE = /^(?![a-z][a-z0-9+.-]*:|\/\/|#)/i;

/** The page with its relative targets replaced by what `replace` makes of them. */
export function withLinks(markdown: string, replace: (target: string) => string): string {
  const change = (text: string) =>
    TARGETS.reduce(
      (changed, pattern) =>
        changed.replace(pattern, (whole, before: string, target: string) =>
          IS_RELATIVE.test(target) ? before + replace(target) : whole,
        ),
      text,
    );
  // Split at a pattern that captures, every other piece is what was captured.
  return markdown
    .split(CODE)
    .map((piece, index) => (index % 2 === 0 ? change(piece) : piece))
    .join("");
}

/** Returns the path that a target on a page leads to, from the top of the repository, and its fragment. */
export function resolveLink(page: string, target: string): { path: string; fragment: string } {
  const [path = "", fragment] = target.split("#");
  return {
    path: posix.normalize(posix.join(posix.dirname(page), decodeURI(path))).replace(/\/$/, ""),
    fragment: fragment === undefined ? "" : `#${fragment}`,
  };
}
