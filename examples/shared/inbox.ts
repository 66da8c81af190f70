import { html } from "./html.ts";
import type { Views } from "./views.ts";

interface Message {
  to: string;
  subject: string;
  text: string;
  html?: string | undefined;
}

/** A mail that was caught. */
export interface CaughtMail extends Message {
  id: number;
  at: Date;
  kind: string;
}

/** Keeps mails in memory instead of sending them, for development. Fits where relatch wants a `Mailer`. */
export function createInbox({ capacity = 100 } = {}) {
  const mails: CaughtMail[] = [];
  let lastId = 0;
  return {
    /** The newest first. */
    list: (): readonly CaughtMail[] => mails,
    find: (id: number): CaughtMail | undefined => mails.find((mail) => mail.id === id),

    async send(message: Message, { kind }: { kind: string }): Promise<void> {
      lastId += 1;
      mails.unshift({ id: lastId, at: new Date(), kind, ...message });
      mails.splice(capacity);
    },
  };
}

export type Inbox = ReturnType<typeof createInbox>;

/** The list of all mails. */
export function inboxPage(views: Views, inboxPath: string, mails: readonly CaughtMail[]): string {
  return views.inbox(
    "Development inbox",
    html`<h1>Development inbox</h1>
<p class="quiet">Mails are caught here because no <code>MAIL_SERVER</code> is set. Nothing leaves this machine.</p>
${
  mails.length === 0
    ? html`<p>No mail yet. Reload this page a second after you asked for a link.</p>`
    : html`<ul class="mails">${mails.map(
        (mail) => html`<li><a href="${inboxPath}/${mail.id}"><strong>${mail.subject}</strong>
<span class="quiet small">${mail.to} · ${clock(mail.at)}</span></a></li>`,
      )}</ul>`
}`,
  );
}

/** One mail: its HTML in a frame of its own, its text below. */
export function mailPage(views: Views, inboxPath: string, mail: CaughtMail): string {
  return views.inbox(
    mail.subject,
    html`<h1>${mail.subject}</h1>
<p class="quiet small">To ${mail.to} · ${clock(mail.at)}</p>
<iframe src="${inboxPath}/${mail.id}/html" title="The mail as HTML" sandbox="allow-top-navigation-by-user-activation"></iframe>
<details><summary>The mail as plain text</summary><pre tabindex="0">${mail.text}</pre></details>
<p class="actions"><a href="${inboxPath}">All mails</a></p>`,
  );
}

/** The HTML part as a document for the frame: its links open in the whole window, as a webmail's do. */
export const framedMail = (mail: CaughtMail): string =>
  (mail.html ?? "").replace("<head>", '<head>\n<base target="_top">');

/** The policy for {@link framedMail}: mails carry inline styles, and may do nothing else. */
export const FRAMED_MAIL_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation";

const clock = (at: Date): string => at.toLocaleTimeString("en-GB");
