import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64 } from "@oslojs/encoding";

/**
 * One hand-written sheet for all pages. It stands inside them, so that no page that knows of a link has to load
 * anything; the policy admits it by its hash. Colours come in pairs that meet WCAG AA in light and in dark.
 */
export const styles = `
:root {
  color-scheme: light dark;
  --page: #eef1f6; --glow: #dbe6ff; --card: #ffffff; --line: #dfe3ea; --field: #ffffff; --edge: #7b8494;
  --text: #16202e; --quiet: #515c6d; --accent: #1d4ed8; --accent-strong: #173fb0; --on-accent: #ffffff; --ring: #1d4ed840;
  --bad: #b3261e; --bad-soft: #fdf0ef; --bad-line: #f0c3bf; --good: #14653a; --good-soft: #ebf7f0; --good-line: #b4dcc5;
  --shadow: 0 1px 2px rgb(22 32 46 / .06), 0 16px 40px -12px rgb(22 32 46 / .16);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d131d; --glow: #17264a; --card: #161e2b; --line: #2a3547; --field: #0f1622; --edge: #74829a;
    --text: #edf1f7; --quiet: #a9b4c5; --accent: #9cc2ff; --accent-strong: #bcd6ff; --on-accent: #0b1524; --ring: #9cc2ff40;
    --bad: #ffb1a9; --bad-soft: #351a1b; --bad-line: #6d3331; --good: #93dfb3; --good-soft: #122d20; --good-line: #2b5c43;
    --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 16px 40px -12px rgb(0 0 0 / .6);
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
.brand svg { width: 2rem; height: 2rem; flex: none; }
main > :first-child { margin-top: 0; }
main { background: var(--card); border: 1px solid var(--line); border-radius: 1.25rem; box-shadow: var(--shadow); padding: 2rem; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.02em; font-weight: 700; text-wrap: balance; }
p { margin: .625rem 0 0; text-wrap: pretty; }
.quiet { color: var(--quiet); }
.small { font-size: .9375rem; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .2em; }
a:hover { color: var(--accent-strong); text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
form { margin-top: 1.5rem; display: grid; gap: 1.125rem; }
label { display: block; margin-bottom: .375rem; font-weight: 600; font-size: .9375rem; }
input:not(.username) {
  display: block; width: 100%; min-height: 3rem; padding: .625rem .875rem;
  border: 1px solid var(--edge); border-radius: .75rem; background: var(--field); color: inherit; font: inherit;
}
input:not(.username):focus-visible { outline: 4px solid var(--ring); outline-offset: 0; border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
input[aria-invalid]:not(.username) { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
.hint { margin: 0 0 .5rem; color: var(--quiet); font-size: .875rem; line-height: 1.5; }
.error { margin-top: .5rem; color: var(--bad); font-size: .875rem; font-weight: 600; line-height: 1.45; }
.error p { margin: .25rem 0 0; display: flex; gap: .45rem; }
.error p::before { content: "!"; flex: none; width: 1.125rem; height: 1.125rem; margin-top: .075rem; border-radius: 50%; background: var(--bad); color: var(--card); font-size: .75rem; font-weight: 800; line-height: 1.125rem; text-align: center; }
.button {
  display: inline-flex; align-items: center; justify-content: center; width: 100%; min-height: 3rem; padding: .625rem 1.25rem;
  border: 1px solid transparent; border-radius: .75rem; background: var(--accent); color: var(--on-accent);
  font: inherit; font-weight: 650; text-decoration: none; cursor: pointer;
}
.button:hover { background: var(--accent-strong); color: var(--on-accent); }
.button.second { background: transparent; border-color: var(--edge); color: var(--text); }
.button.second:hover { border-color: var(--text); }
.actions { margin: .75rem 0 0; text-align: center; }
.actions:last-child { margin-bottom: -.625rem; }
.actions a { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0 .5rem; border-radius: .5rem; }
.notice { margin: 0 0 1.5rem; padding: .875rem 1rem; border: 1px solid var(--line); border-radius: .875rem; font-size: .9375rem; }
.notice p { margin: 0; }
.notice p + p { margin-top: .25rem; color: var(--text); }
.notice .title { font-weight: 650; }
.notice.bad { background: var(--bad-soft); border-color: var(--bad-line); }
.notice.bad .title { color: var(--bad); }
.notice.good { background: var(--good-soft); border-color: var(--good-line); }
.notice.good .title { color: var(--good); }
.mark { display: grid; place-items: center; width: 3.5rem; height: 3.5rem; margin: 0 0 1.25rem; border-radius: 1rem; background: var(--glow); color: var(--accent); }
.mark svg { width: 1.75rem; height: 1.75rem; }
.account { margin-top: .375rem; color: var(--quiet); }
.account strong { color: var(--text); font-weight: 600; }
dl { margin: 1.5rem 0 0; border: 1px solid var(--line); border-radius: .875rem; }
dl div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .125rem 1rem; padding: .75rem 1rem; }
dl div + div { border-top: 1px solid var(--line); }
dt { color: var(--quiet); }
dd { margin: 0; font-weight: 600; min-width: 0; }
dl + p { margin-top: 1rem; }
/* Out of sight, but laid out: password managers skip fields with display: none. */
.username { position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; border: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.mails { margin: 1.5rem 0 0; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: .875rem; overflow: hidden; }
.mails li + li { border-top: 1px solid var(--line); }
.mails a { display: block; padding: .875rem 1rem; color: inherit; text-decoration: none; }
.mails a:hover { background: var(--page); }
.mails a:focus-visible { outline-offset: -3px; border-radius: .875rem; }
.mails strong { display: block; font-weight: 650; }
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
@media (forced-colors: active) { .error p::before { forced-color-adjust: none; } }
`;

/** What a Content-Security-Policy has to allow under `style-src`: this very sheet and no other. */
export const styleSource = `'sha256-${encodeBase64(sha256(new TextEncoder().encode(styles)))}'`;
