import { button, byId, instantOf } from "../dom.ts";
import type { World } from "../world.ts";

const STEPS = { "1 minute": 1, "30 minutes": 30, "1 hour": 60 } as const;

/** The application's time. */
export function clockPanel({ clock }: World, onChange: () => void): () => void {
  const face = byId("clock", HTMLTimeElement);
  const render = () => {
    face.textContent = instantOf(clock.now());
    face.dateTime = clock.now().toISOString();
  };
  byId("clock-buttons", HTMLElement).append(
    ...Object.entries(STEPS).map(([label, minutes]) =>
      button(`+ ${label}`, () => {
        clock.advance(minutes);
        onChange();
      }),
    ),
  );
  setInterval(render, 1000);
  return render;
}
