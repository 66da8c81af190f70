import { Html, html } from "./html.ts";
import { styles } from "./styles.ts";
import type { Texts } from "./texts.ts";

/** Where the application's own pages are. */
export interface Site {
  appName: string;
  loginPath: string;
  logoutPath: string;
  homePath: string;
  resetPath: string;
  /** Shown in the form. Keep it in step with the password rules. */
  passwordMinLength: number;
  /** The development inbox, where there is one. */
  inboxPath: string | undefined;
}

export interface LayoutOptions {
  /** The page reports a mistake: screen readers hear of it first in the title. */
  failed?: boolean;
  wide?: boolean;
}

/** A whole document around the content of a page. */
export function layout(
  site: Site,
  texts: Texts,
  title: string,
  content: Html,
  { failed, wide }: LayoutOptions = {},
): string {
  return String(html`<!doctype html>
<html lang="${texts.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="theme-color" content="#dbe6ff" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#17264a" media="(prefers-color-scheme: dark)">
<title>${failed && `${texts.errorPrefix}: `}${title} · ${site.appName}</title>
<link rel="icon" href="${ICON_PATH}" type="image/svg+xml">
<style>${new Html(styles)}</style>
</head>
<body${wide && new Html(' class="wide"')}>
<header><a class="brand" href="${site.homePath}">${new Html(brandMark)}${site.appName}</a></header>
<main>
${content}
</main>
${site.inboxPath && html`<footer lang="en"><a href="${site.inboxPath}">Development inbox</a></footer>`}
</body>
</html>
`);
}

export const notice = (kind: "good" | "bad", { title, detail }: { title: string; detail?: string }): Html =>
  html`<div class="notice ${kind}" role="${kind === "bad" ? "alert" : "status"}"><p class="title">${title}</p>${
    detail && html`<p>${detail}</p>`
  }</div>`;

export const actions = (path: string, label: string): Html =>
  html`<p class="actions"><a href="${path}">${label}</a></p>`;

export const mark = (drawing: string): Html =>
  html`<div class="mark"><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${new Html(drawing)}</svg></div>`;

export const ICONS = {
  mail: '<rect x="3" y="5" width="18" height="14" rx="2.5"/><path d="m3.5 7.5 8.5 6 8.5-6"/>',
  clock: '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.25 2"/>',
  alert: '<path d="M12 3.5 2.5 20h19L12 3.5Z"/><path d="M12 10v4.5M12 17.25v.01"/>',
};

/** The application's sign, also its favicon: a latch that turns. */
export const brandMark = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9" fill="#1d4ed8"/><path d="M10.5 14.5v-2.75a5.5 5.5 0 0 1 10.6-2.05" fill="none" stroke="#fff" stroke-width="2.5" stroke-linecap="round"/><rect x="8" y="14" width="16" height="11" rx="3" fill="#fff"/><circle cx="16" cy="19.5" r="2" fill="#1d4ed8"/></svg>`;
export const ICON_PATH = "/favicon.svg";
