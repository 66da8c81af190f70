import { Html, html } from "./html.ts";
import { styles } from "./styles.ts";

/** The application around a page. */
export interface Site {
  appName: string;
  /** The development inbox, if there is one. */
  inboxPath: string | undefined;
}

interface Page {
  /** The language of the page, a BCP 47 tag. */
  locale: string;
  title: string;
  content: Html;
  isWide?: boolean;
}

/** Returns a whole document around the content of a page. */
export function layout({ appName, inboxPath }: Site, { locale, title, content, isWide = false }: Page): string {
  return String(html`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ${appName}</title>
<link rel="icon" href="data:,">
<style>${new Html(styles)}</style>
</head>
<body${isWide && new Html(' class="wide"')}>
<header><a class="brand" href="/">${appName}</a></header>
<main>
${content}
</main>
${inboxPath && html`<footer lang="en"><a href="${inboxPath}">Development inbox</a></footer>`}
</body>
</html>
`);
}
