import { CARD, chooseButtonColors, measureContrast } from "../../messages/colors.ts";

/** Writes the style sheet for an accent of six digits. Every pair of colors meets WCAG 2.2 AA in light and in dark. */
export function writeStyles(accent: string): string {
  const { light, dark } = chooseButtonColors(accent);
  const isReadable = measureContrast(accent, CARD.light) >= 4.5;
  return `:root {
  color-scheme: light dark;
  --page: #f1f4f8; --card: ${CARD.light}; --line: #dfe3ea; --edge: #6f7a8b; --text: #16202e; --quiet: #515c6d;
  --bad: #b3261e; --bad-soft: #fdf0ef; --bad-line: #f0c3bf; --shade: rgb(22 32 46 / .14);
  ${writeAccent(light, isReadable ? accent : "#16202e")}
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111827; --card: ${CARD.dark}; --line: #374151; --edge: #8b97a8; --text: #f3f4f6; --quiet: #c1c8d2;
    --bad: #ffb1a9; --bad-soft: #3b2026; --bad-line: #7a3b3b; --shade: rgb(0 0 0 / .5);
    ${writeAccent(dark, dark.background)}
  }
  .brand img { padding: .5rem; border-radius: .5rem; background: ${CARD.light}; }
}
${RULES}`;
}

/** The colors of buttons, and those of links, marks and outlines. The last two of each are transparent. */
function writeAccent({ background, text, edge }: ReturnType<typeof chooseButtonColors>["light"], link: string): string {
  const push = text === "#ffffff" ? "rgb(0 0 0 / .16)" : "rgb(255 255 255 / .25)";
  return `--accent: ${background}; --ink: ${text}; --rim: ${edge}; --push: ${push};
  --link: ${link}; --tint: ${background}1f; --glow: ${background}2b;`;
}

// Nothing moves, so there is nothing to stop for those who prefer reduced motion. The username is out of sight and laid
// out, because password managers skip fields with display: none.
const RULES = `*, ::before, ::after { box-sizing: border-box; }
body {
  display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 1.25rem;
  margin: 0; min-height: 100vh; min-height: 100svh; padding: 1.25rem 1rem;
  background: radial-gradient(60rem 30rem at 50% -8rem, var(--glow), transparent) no-repeat var(--page);
  color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere; -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
}
:lang(ko) { word-break: keep-all; }
h1:lang(ja), .button:lang(ja) { word-break: auto-phrase; }
header, main { width: 100%; max-width: 27rem; }
header { text-align: center; }
.brand {
  display: inline-flex; align-items: center; min-height: 2.75rem; max-width: 100%; padding: 0 .5rem;
  border-radius: .5rem; color: inherit; font-size: 1.125rem; font-weight: 650; text-decoration: none;
}
.brand img { display: block; max-width: 100%; height: 2.75rem; object-fit: contain; }
main {
  padding: 2rem; border: 1px solid var(--line); border-radius: 1.25rem; background: var(--card);
  box-shadow: 0 1px 2px var(--shade), 0 16px 40px -16px var(--shade);
}
h1, .brand, .button, .actions { text-wrap: balance; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.3; font-weight: 700; }
h1:lang(ja), h1:lang(zh) { text-wrap: wrap; }
p { margin: .625rem 0 0; text-wrap: pretty; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .2em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.quiet, .hint { color: var(--quiet); }
.small, .notice { font-size: .9375rem; }
.account { margin-block-start: .375rem; color: var(--quiet); }
.account bdi { color: var(--text); font-weight: 600; }
form { display: grid; gap: 1.125rem; margin-block-start: 1.5rem; }
label { display: block; margin-block-end: .375rem; font-weight: 600; font-size: .9375rem; }
.field input, .field select {
  display: block; width: 100%; min-height: 3rem; padding: .625rem .875rem;
  border: 1px solid var(--edge); border-radius: .75rem; background: transparent; color: inherit; font: inherit;
}
[dir=rtl] .field input[dir=ltr] { text-align: end; }
.field input[inputmode] { font-variant-numeric: tabular-nums; letter-spacing: .12em; }
.field input[aria-invalid] { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
.hint { margin: 0 0 .5rem; font-size: .875rem; line-height: 1.5; }
.error {
  display: flex; gap: .45rem; margin-block-start: .5rem;
  color: var(--bad); font-size: .875rem; font-weight: 600; line-height: 1.45;
}
.error::before {
  content: "!"; content: "!" / ""; flex: none; width: 1.125rem; height: 1.125rem; margin-block-start: .0625rem;
  border: 1.5px solid; border-radius: 50%; font-size: .75rem; font-weight: 800; line-height: .9375rem; text-align: center;
}
.button {
  display: block; width: 100%; min-height: 3rem; padding: .625rem 1.25rem; border: 1px solid var(--rim);
  border-radius: .75rem; background: var(--accent); color: var(--ink);
  font: inherit; font-weight: 650; text-align: center; text-decoration: none; cursor: pointer;
}
.button:hover { box-shadow: inset 0 0 0 9rem var(--push); }
.next { margin-block-start: 1.5rem; }
.actions { margin: .75rem 0 0; text-align: center; }
.actions a { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0 .5rem; border-radius: .5rem; }
.actions + .actions { margin-block-start: 0; }
.actions:last-child { margin-block-end: -.75rem; }
.notice {
  margin: 0 0 1.5rem; padding: .875rem 1rem;
  border: 1px solid var(--bad-line); border-radius: .875rem; background: var(--bad-soft);
}
.notice p { margin: 0; }
.notice strong { color: var(--bad); font-weight: 650; }
.mark {
  display: grid; place-items: center; width: 3.5rem; height: 3.5rem; margin: 0 0 1.25rem;
  border-radius: 1rem; background: var(--tint); color: var(--link);
}
.mark svg { width: 1.75rem; height: 1.75rem; }
.username {
  position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; border: 0;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
@media (max-width: 30rem) {
  body { justify-content: flex-start; gap: .75rem; padding: .75rem; }
  main { padding: 1.375rem 1.125rem; border-radius: 1rem; }
  h1 { font-size: 1.375rem; }
}
`;
