import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64 } from "@oslojs/encoding";

/**
 * The style sheet of the demo's own pages, with the look of the default pages of the package. It is inline, and the policy
 * admits it by its hash. Colors come in pairs that meet WCAG AA in light and in dark.
 */
export const styles = `
:root {
  color-scheme: light dark;
  --page: #f1f4f8; --glow: #1d4ed82b; --card: #fdfdfd; --line: #dfe3ea; --edge: #6f7a8b; --text: #16202e; --quiet: #515c6d;
  --accent: #1d4ed8; --ink: #ffffff; --shade: rgb(22 32 46 / .14);
  --bad: #b3261e; --bad-soft: #fdf0ef; --bad-line: #f0c3bf; --good: #14653a; --good-soft: #ebf7f0; --good-line: #b4dcc5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111827; --glow: #6c8ce62b; --card: #1f2937; --line: #374151; --edge: #8b97a8; --text: #f3f4f6; --quiet: #c1c8d2;
    --accent: #6c8ce6; --ink: #111827; --shade: rgb(0 0 0 / .5);
    --bad: #ffb1a9; --bad-soft: #3b2026; --bad-line: #7a3b3b; --good: #93dfb3; --good-soft: #14312a; --good-line: #2f6649;
  }
}
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; min-height: 100svh; padding: 1.25rem 1rem;
  display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 1.25rem;
  background: radial-gradient(60rem 30rem at 50% -8rem, var(--glow), transparent) no-repeat var(--page);
  color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: break-word; -webkit-text-size-adjust: 100%;
}
header, main, footer { width: 100%; max-width: 27rem; }
.wide header, .wide main, .wide footer { max-width: 46rem; }
header { display: flex; justify-content: center; }
.brand { display: inline-flex; align-items: center; gap: .6rem; min-height: 2.75rem; padding: 0 .5rem; border-radius: .75rem; color: inherit; font-size: 1.125rem; font-weight: 650; letter-spacing: -.01em; text-decoration: none; }
main > :first-child { margin-top: 0; }
main { background: var(--card); border: 1px solid var(--line); border-radius: 1.25rem; box-shadow: 0 1px 2px var(--shade), 0 16px 40px -16px var(--shade); padding: 2rem; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.02em; font-weight: 700; text-wrap: balance; }
p { margin: .625rem 0 0; text-wrap: pretty; }
.quiet { color: var(--quiet); }
.small { font-size: .9375rem; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .2em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
form { margin-top: 1.5rem; display: grid; gap: 1.125rem; }
label { display: block; margin-bottom: .375rem; font-weight: 600; font-size: .9375rem; }
input {
  display: block; width: 100%; min-height: 3rem; padding: .625rem .875rem;
  border: 1px solid var(--edge); border-radius: .75rem; background: var(--card); color: inherit; font: inherit;
}
input:focus-visible { outline: 4px solid var(--glow); outline-offset: 0; border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.button {
  display: inline-flex; align-items: center; justify-content: center; width: 100%; min-height: 3rem; padding: .625rem 1.25rem;
  border: 1px solid transparent; border-radius: .75rem; background: var(--accent); color: var(--ink);
  font: inherit; font-weight: 650; text-decoration: none; cursor: pointer;
}
.button:hover { box-shadow: inset 0 0 0 4rem rgb(0 0 0 / .16); }
.button.second { background: transparent; border-color: var(--edge); color: var(--text); }
.button.second:hover { border-color: var(--text); box-shadow: none; }
.actions { margin: .75rem 0 0; text-align: center; }
.actions a { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0 .5rem; border-radius: .5rem; }
.notice { margin: 1.5rem 0; padding: .875rem 1rem; border: 1px solid var(--line); border-radius: .875rem; font-size: .9375rem; }
.notice p { margin: 0; }
.notice p + p { margin-top: .25rem; color: var(--text); }
.notice .title { font-weight: 650; }
.notice.bad { background: var(--bad-soft); border-color: var(--bad-line); }
.notice.bad .title { color: var(--bad); }
.notice.good { background: var(--good-soft); border-color: var(--good-line); }
.notice.good .title { color: var(--good); }
dl { margin: 1.5rem 0 0; border: 1px solid var(--line); border-radius: .875rem; }
dl div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .125rem 1rem; padding: .75rem 1rem; }
dl div + div { border-top: 1px solid var(--line); }
dt { color: var(--quiet); }
dd { margin: 0; font-weight: 600; min-width: 0; }
dl + p { margin-top: 1rem; }
.emails { margin: 1.5rem 0 0; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: .875rem; overflow: hidden; }
.emails li + li { border-top: 1px solid var(--line); }
.emails a { display: block; padding: .875rem 1rem; color: inherit; text-decoration: none; }
.emails a:hover { background: var(--page); }
.emails a:focus-visible { outline-offset: -3px; border-radius: .875rem; }
.emails strong { display: block; font-weight: 650; }
iframe { display: block; width: 100%; height: 40rem; margin-top: 1.5rem; border: 1px solid var(--line); border-radius: .875rem; background: var(--page); }
pre { margin: 1rem 0 0; padding: 1rem; border: 1px solid var(--line); border-radius: .875rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .875rem; }
summary { margin-top: .75rem; padding: .625rem 0; cursor: pointer; color: var(--accent); }
footer { text-align: center; font-size: .875rem; }
footer a { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0 .5rem; }
@media (max-width: 30rem) {
  body { justify-content: flex-start; gap: .75rem; padding: .75rem; }
  main { padding: 1.375rem 1.125rem; border-radius: 1rem; }
  h1 { font-size: 1.375rem; }
  iframe { height: 55rem; }
}
`;

/** The source that a Content-Security-Policy must allow under `style-src`: this style sheet and no other. */
export const styleSource = `'sha256-${encodeBase64(sha256(new TextEncoder().encode(styles)))}'`;
