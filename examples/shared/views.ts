import { Html, html } from "./html.ts";
import { type InboxContent, writeEmail, writeInbox } from "./inbox.ts";
import { layout, type Site } from "./layout.ts";
import { textsFor } from "./texts.ts";

interface LoginInput {
  locale: string;
  /** The address in the field. */
  email?: string | undefined;
  /** The event before this page: a reset, or a sign-in that was refused. */
  notice?: "password_set" | "refused" | undefined;
}

interface HomeInput {
  locale: string;
  name: string;
  email: string;
  /** How many sessions of the account are open. */
  sessions: number;
}

/** Creates the pages of the demo around the reset: sign-in, home, and the development inbox. */
export function createViews(site: Site) {
  return {
    login({ locale, email, notice }: LoginInput): string {
      const { tag, errorPrefix, login: texts } = textsFor(locale);
      const isRefused = notice === "refused";
      // A title and a focused field that tell what happened, for people who do not see the notice.
      const field = (name: "email" | "password", attributes: string, hasFocus: boolean, value = "") => html`<div>
<label for="${name}">${texts[name]}</label>
<input id="${name}" name="${name}" ${new Html(attributes)} required value="${value}"${
        hasFocus && new Html(` autofocus${notice ? ' aria-describedby="notice"' : ""}`)
      }>
</div>`;
      const content = html`${
        notice &&
        html`<div class="notice ${isRefused ? "bad" : "good"}" id="notice" role="${isRefused ? "alert" : "status"}"><p class="title">${isRefused ? texts.refused : texts.passwordSet}</p></div>`
      }
<h1>${texts.title}</h1>
<form method="post" action="/login" novalidate>
${field("email", 'type="email" autocomplete="username"', !email, email)}
${field("password", 'type="password" autocomplete="current-password"', Boolean(email))}
<button class="button">${texts.submit}</button>
</form>
<p class="actions"><a href="/password_reset">${texts.forgotten}</a></p>`;
      return layout(site, { locale: tag, title: `${isRefused ? `${errorPrefix}: ` : ""}${texts.title}`, content });
    },

    home({ locale, name, email, sessions }: HomeInput): string {
      const { tag, home: texts } = textsFor(locale);
      const content = html`<p class="quiet small">${texts.title}</p>
<h1>${texts.greeting(name)}</h1>
<dl>
<div><dt>${texts.account}</dt><dd>${email}</dd></div>
<div><dt>${texts.sessions}</dt><dd>${sessions}</dd></div>
</dl>
<p class="quiet small">${texts.hint}</p>
<form method="post" action="/logout"><button class="button second">${texts.signOut}</button></form>`;
      return layout(site, { locale: tag, title: texts.title, content });
    },

    inbox: (inbox: InboxContent): string =>
      layout(site, { locale: "en", title: "Development inbox", content: writeInbox(inbox), isWide: true }),

    email: (email: InboxContent["emails"][number]): string =>
      layout(site, { locale: "en", title: email.subject, content: writeEmail(email), isWide: true }),
  };
}

export type Views = ReturnType<typeof createViews>;
