import type { ResetEvent } from "relatch";
import { type Html, html } from "./html.ts";

export const INBOX_PATH = "/dev/mail";

interface Message {
  to: string;
  subject: string;
  text: string;
  html?: string | undefined;
}

/** An email that was caught. */
export interface CaughtEmail extends Message {
  id: number;
  at: Date;
  kind: string;
}

/** A request that led to no email, and why. The visitor is not told. */
export interface Note {
  at: Date;
  text: string;
}

export interface InboxContent {
  emails: readonly CaughtEmail[];
  notes: readonly Note[];
}

/**
 * Reports whether a URL names this machine. Anyone who reads the inbox can use its links, and a page of another site can
 * reach a port of this machine under its own name (DNS rebinding).
 */
export const isLoopback = (url: string): boolean =>
  URL.canParse(url) && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(url).hostname);

/** Keeps emails in memory instead of sending them, for development. It is a `Mailer`. */
export function createInbox({ capacity = 100 } = {}) {
  const emails: CaughtEmail[] = [];
  const notes: Note[] = [];
  let lastId = 0;
  return {
    /** Returns everything, the newest first. */
    list: (): InboxContent => ({ emails, notes }),
    find: (id: number): CaughtEmail | undefined => emails.find((email) => email.id === id),

    async send(message: Message, { kind }: { kind: string }): Promise<void> {
      lastId += 1;
      emails.unshift({ id: lastId, at: new Date(), kind, ...message });
      emails.splice(capacity);
    },

    /** Notes a request that led to no email. It is an `onEvent`. */
    observe(event: ResetEvent): void {
      const text = explainSilence(event);
      if (text === undefined) return;
      notes.unshift({ at: event.at, text });
      notes.splice(capacity);
    },
  };
}

/** Emails that were caught, in memory or in a store. */
export interface Inbox {
  list(): InboxContent | Promise<InboxContent>;
  find(id: number): CaughtEmail | undefined | Promise<CaughtEmail | undefined>;
}

/** Explains why a request led to no email, or returns `undefined` for every other event. */
export function explainSilence(event: ResetEvent): string | undefined {
  if (event.type === "request_skipped") return `A request was not emailed (${event.reason}). ${SAME_PAGE}`;
  if (event.type !== "request_throttled" || event.reason !== "address") return undefined;
  const { rule, retryAfterSeconds } = event;
  const limit = `${rule.max} in ${rule.windowSeconds} seconds`;
  const retry = `try again in ${retryAfterSeconds} seconds`;
  return `Another request for the same address was not emailed. The limit is ${limit}: ${retry}. ${SAME_PAGE}`;
}

const SAME_PAGE = "The visitor saw the same page as everybody.";

/** Writes the list of emails. */
export const writeInbox = ({ emails, notes }: InboxContent): Html => html`<h1>Development inbox</h1>
<p class="quiet">Emails are kept here because no <code>MAIL_SERVER</code> is set. Nothing leaves this machine.</p>
${notes.map(({ at, text }) => html`<div class="notice"><p>${text}</p><p class="quiet small">${writeTime(at)}</p></div>`)}
${
  emails.length === 0
    ? html`<p>No email yet. Reload this page a second after you requested a link.</p>`
    : html`<ul class="emails">${emails.map(
        ({ id, subject, to, at }) => html`<li><a href="${INBOX_PATH}/${id}"><strong>${subject}</strong>
<span class="quiet small">${to} · ${writeTime(at)}</span></a></li>`,
      )}</ul>`
}`;

/** Writes one email: its HTML in a frame, and its text below. */
export const writeEmail = ({ id, subject, to, at, text }: CaughtEmail): Html => html`<h1>${subject}</h1>
<p class="quiet small">To ${to} · ${writeTime(at)}</p>
<iframe src="${INBOX_PATH}/${id}/html" title="The email as HTML" sandbox="allow-top-navigation-by-user-activation"></iframe>
<details><summary>The email as plain text</summary><pre tabindex="0">${text}</pre></details>
<p class="actions"><a href="${INBOX_PATH}">All emails</a></p>`;

/** Returns the HTML part as a document for the frame: its links open in the whole window, as in a webmail. */
export const frameEmail = (email: CaughtEmail): string =>
  (email.html ?? "").replace("<head>", '<head>\n<base target="_top">');

/** The policy for {@link frameEmail}: emails have inline styles, and may do nothing else. */
export const FRAME_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation";

const writeTime = (at: Date): string => at.toLocaleTimeString("en-GB");
