import { PEOPLE } from "../accounts.ts";
import { button, byId, json } from "../dom.ts";
import type { World } from "../world.ts";

/** The form that a visitor fills in. */
export function askPanel({ passwordReset }: World): void {
  const email = byId("email", HTMLInputElement);
  const answer = byId("ask-answer", HTMLElement);

  byId("ask-form", HTMLFormElement).addEventListener("submit", async (event) => {
    event.preventDefault();
    // One client, as its server sees it: after 30 requests in 15 minutes it is throttled.
    const result = await passwordReset.requestReset({ email: email.value, ip: "192.0.2.1" });
    answer.textContent = json(result);
  });

  const samples = [...PEOPLE.map((person) => person.email), "nobody@example.org"];
  byId("ask-samples", HTMLElement).append(
    ...samples.map((sample) =>
      button(sample, () => {
        email.value = sample;
        email.focus();
      }),
    ),
  );
  email.value = PEOPLE[0].email;
}
