// Additions to markdown-it, the Markdown parser of typedoc. Only the parts of it that are used here are declared.

interface Token {
  type: string;
  content: string;
  children: Token[] | null;
}
interface Parser {
  renderer: { rules: Record<string, unknown> };
  core: { ruler: { push(name: string, rule: (state: { tokens: Token[] }) => void): void } };
}

export function extendMarkdown({ renderer, core }: Parser): void {
  // A wide table scrolls by itself, also by keyboard.
  renderer.rules["table_open"] = () => '<div class="table" role="group" aria-label="Table" tabindex="0"><table>';
  renderer.rules["table_close"] = () => "</table></div>";

  // typedoc makes the anchor of a heading of its text, and overlooks the code in it.
  core.ruler.push("code_in_headings", ({ tokens }) => {
    for (const [index, { children }] of tokens.entries()) {
      if (tokens[index - 1]?.type !== "heading_open") continue;
      for (const child of children ?? []) {
        if (child.type === "code_inline") child.children = [{ ...child, type: "text", children: null }];
      }
    }
  });
}
