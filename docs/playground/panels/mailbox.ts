import { button, byId, element, facts, timeOf } from "../dom.ts";
import { type DeliveredMail, LINK_BASE, tokenIn, type World } from "../world.ts";

/** The part behind the `#` when someone opens the link of an email in this page. */
export const LINK_ROUTE = "#/password_reset/";

/** Shows the emails as their owner sees them, with the HTML in a frame that cannot run scripts. */
export function mailboxPanel({ mails }: World): () => void {
  const list = byId("mail-list", HTMLElement);
  const frame = byId("mail-html", HTMLIFrameElement);
  const link = byId("mail-link", HTMLAnchorElement);
  const shown = new Map<DeliveredMail, HTMLButtonElement>();

  function open(mail: DeliveredMail): void {
    const token = tokenIn(mail);
    byId("mail", HTMLElement).hidden = false;
    byId("mail-head", HTMLElement).replaceChildren(...facts({ To: mail.to, Subject: mail.subject }).children);
    byId("mail-text", HTMLElement).textContent = mail.text;
    setDocument(frame, token === undefined ? mail : { html: leadingHere(mail, token) });
    link.hidden = token === undefined;
    link.href = token === undefined ? "#link" : LINK_ROUTE + token;
    for (const [each, choice] of shown) choice.setAttribute("aria-pressed", String(each === mail));
  }

  return () => {
    byId("mails-empty", HTMLElement).hidden = mails.length > 0;
    for (const mail of mails.filter((each) => !shown.has(each)).reverse()) {
      const choice = button("", () => open(mail));
      choice.append(element("strong", {}, mail.subject), element("span", {}, `${mail.to}, ${timeOf(mail.at)}`));
      shown.set(mail, choice);
      list.prepend(element("li", {}, choice));
      open(mail);
    }
  };
}

/** Returns the HTML of an email with its link leading into this page, because the application does not exist. */
const leadingHere = ({ html = "" }: DeliveredMail, token: string): string =>
  html.replaceAll(
    `href="${LINK_BASE}${token}"`,
    `target="_top" href="${location.href.split("#")[0]}${LINK_ROUTE}${token}"`,
  );

interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML(html: string): string }): { createHTML(html: string): string };
}

/** The one place where HTML is read, and only into the frame. */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("mail", {
  createHTML: (html) => html,
});

function setDocument(frame: HTMLIFrameElement, { html = "" }: { html?: string | undefined }): void {
  frame.srcdoc = policy ? policy.createHTML(html) : html;
}
