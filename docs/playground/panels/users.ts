import { PEOPLE } from "../accounts.ts";
import { button, byId, code, element, facts } from "../dom.ts";
import type { World } from "../world.ts";

/** The users, and what may happen to them while a link is out. Drawn once, so that a button keeps the focus. */
export function usersPanel({ accounts, passwordReset }: World): () => void {
  const cards = PEOPLE.map(({ id, name, email, otherEmail }) => {
    const state = element("div");
    const user = () => accounts.list().find((each) => each.id === id);
    const nextEmail = () => (user()?.email === email ? otherEmail : email);
    const isAllowed = () => user()?.resetAllowed !== false;
    const address = button("", () => accounts.changeEmail(id, nextEmail()));
    const allowed = button("", () => accounts.setAllowed(id, !isAllowed()));
    const actions = [
      address,
      button("Change password", () => accounts.changePassword(id)),
      allowed,
      button("Revoke links", () => passwordReset.revokeTokens(id)),
    ];
    const group = element("div", { class: "row", role: "group", "aria-label": `Account of ${name}` }, ...actions);

    return {
      card: element("li", {}, element("strong", {}, name), state, group),
      render() {
        const { passwordHash, email: current } = user() ?? { passwordHash: null, email: "" };
        const devices = accounts.sessionsOf(id).map(({ device }) => device);
        state.replaceChildren(
          facts({
            id: code(id),
            email: code(current),
            passwordHash: code(passwordHash ?? "null"),
            resetAllowed: code(String(isAllowed())),
            sessions: devices.join(", ") || "none",
          }),
        );
        address.textContent = `Move to ${nextEmail()}`;
        allowed.textContent = isAllowed() ? "Suspend" : "Allow again";
      },
    };
  });
  byId("user-list", HTMLElement).append(...cards.map(({ card }) => card));
  return () => {
    for (const { render } of cards) render();
  };
}
