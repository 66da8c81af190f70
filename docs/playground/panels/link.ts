import { byId, code, facts, json } from "../dom.ts";
import { LINK_BASE, type World } from "../world.ts";
import { LINK_ROUTE } from "./mailbox.ts";

/** The page that a link leads to. */
export function linkPanel({ passwordReset, clock }: World): void {
  const section = byId("link", HTMLElement);
  const form = byId("link-form", HTMLFormElement);
  const password = byId("password", HTMLInputElement);
  const error = byId("password-error", HTMLElement);
  const answer = byId("link-answer", HTMLElement);
  let token = "";

  function refuse(messages: readonly string[]): void {
    error.textContent = messages.join(" ");
    if (messages.length > 0) password.setAttribute("aria-invalid", "true");
    else password.removeAttribute("aria-invalid");
  }

  function tell(call: string, result: unknown, state?: string): void {
    answer.textContent = `${call}: ${json(result)}`;
    if (state === undefined) return;
    byId("link-head", HTMLElement).replaceChildren(
      ...facts({ Address: code(`${LINK_BASE}${token.slice(0, 6)}…`), Link: state }).children,
    );
  }

  async function look(): Promise<void> {
    const result = await passwordReset.verifyToken({ token });
    const minutes = result.ok && Math.ceil((result.expiresAt.getTime() - clock.now().getTime()) / 60_000);
    tell("verifyToken", result, minutes ? `valid for ${minutes} min` : "invalid");
  }

  async function openFromAddress(): Promise<void> {
    if (!location.hash.startsWith(LINK_ROUTE)) return;
    token = location.hash.slice(LINK_ROUTE.length);
    // Out of the address bar, the history and every Referer, as the adapters of the examples do it.
    history.replaceState(null, "", location.pathname + location.search);
    byId("link-empty", HTMLElement).hidden = true;
    byId("link-page", HTMLElement).hidden = false;
    refuse([]);
    await look();
    section.scrollIntoView();
    section.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const result = await passwordReset.completeReset({ token, newPassword: password.value });
    const isRefused = !result.ok && result.reason === "password_rejected";
    tell("completeReset", result, isRefused ? undefined : result.ok ? "used" : "invalid");
    refuse(isRefused ? result.violations.map(({ message }) => message) : []);
    if (isRefused) password.focus();
  });
  byId("link-again", HTMLButtonElement).addEventListener("click", look);
  window.addEventListener("hashchange", openFromAddress);
  void openFromAddress();
}
