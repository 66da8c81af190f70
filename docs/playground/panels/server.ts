import type { ResetEvent } from "relatch";
import { byId, code, element, facts, instantOf, json, timeOf } from "../dom.ts";
import type { WatchedJob } from "../jobs.ts";
import type { World } from "../world.ts";

// The state of the server, as lists that are drawn again with every change. Nothing in them can have the focus.

/** How many entries of each list are shown. */
const NEWEST = 8;

const STATES: Readonly<Record<WatchedJob["state"], string>> = {
  held: "held back",
  waiting: "waiting",
  running: "running",
  done: "done",
  dropped: "dropped",
};

export function jobsPanel({ dispatcher }: World): () => void {
  const hold = byId("hold", HTMLButtonElement);
  hold.addEventListener("click", () => dispatcher.hold(!dispatcher.held));
  return () => {
    hold.setAttribute("aria-pressed", String(dispatcher.held));
    show("job", dispatcher.jobs, ({ job, state }) => {
      const { type, ...rest } = job;
      const title = element("strong", {}, type, " ", element("span", { class: `state ${state}` }, STATES[state]));
      return element("li", {}, title, element("pre", {}, json(rest)));
    });
  };
}

export function tokensPanel({ tokens, clock, purge }: World): () => void {
  byId("purge", HTMLButtonElement).addEventListener("click", purge);
  return () =>
    show("token", tokens(), ({ tokenHash, userId, fingerprint, expiresAt }) => {
      const isExpired = clock.now() >= expiresAt;
      const expiry = element("span", {}, instantOf(expiresAt), " ");
      if (isExpired) expiry.append(element("span", { class: "state dropped" }, "expired"));
      return element(
        "li",
        {},
        facts({
          userId: code(userId),
          tokenHash: code(tokenHash),
          fingerprint: code(fingerprint),
          expiresAt: expiry,
        }),
      );
    });
}

export function eventsPanel({ events }: World): () => void {
  return () =>
    show("event", events, ({ type, at, ...rest }: ResetEvent) => {
      const details = json(rest) === "{}" ? [] : [" ", code(json(rest))];
      return element("li", {}, element("time", {}, timeOf(at)), element("strong", {}, type), ...details);
    });
}

function show<Item>(name: string, items: readonly Item[], draw: (item: Item) => HTMLElement): void {
  byId(`${name}s-empty`, HTMLElement).hidden = items.length > 0;
  byId(`${name}-list`, HTMLElement).replaceChildren(...items.slice(0, NEWEST).map(draw));
}

/** The counts at the top. */
export function stripPanel({ dispatcher, mails, tokens, events }: World): () => void {
  const count = (name: string, text: string) => {
    byId(`strip-${name}`, HTMLElement).textContent = text;
  };
  return () => {
    const unfinished = dispatcher.jobs.filter(({ state }) => state !== "done" && state !== "dropped");
    count("jobs", unfinished[0] ? STATES[unfinished[0].state] : String(dispatcher.jobs.length));
    count("mails", String(mails.length));
    count("tokens", String(tokens().length));
    count("events", String(events.length));
  };
}
