import type { RelatchError } from "../lib/errors.ts";
import { InFlight } from "../lib/in-flight.ts";
import type { Report } from "../ports/calls.ts";
import type { ResetEvent, UntimedEvent } from "./events.ts";
import { createPrinter } from "./stderr.ts";

/** How the application learns of outcomes and failures. */
export interface Listeners {
  emit(event: UntimedEvent): void;
  readonly report: Report;
  /** Resolves when no listener is running. */
  settled(): Promise<void>;
}

/**
 * Creates the listeners from `onEvent` and `onError`. Without them, the failures and the events that somebody has to act
 * on go to stderr. A listener that throws or rejects changes nothing.
 */
export function createListeners(
  onEvent: ((event: ResetEvent) => unknown) | undefined,
  onError: ((error: RelatchError, cause: unknown) => unknown) | undefined,
  now: () => Date,
): Listeners {
  const running = new InFlight();
  const reported = new WeakSet<RelatchError>();
  const printer = createPrinter();
  const call = running.track(async (listener: () => unknown) => {
    try {
      await listener();
    } catch {
      // The application's own mistake must not turn into a failure of the reset.
    }
  });
  return {
    emit(event) {
      if (!onEvent) return printer.printEvent(event);
      void call(() => onEvent(Object.freeze({ at: new Date(now()), ...event }) as ResetEvent));
    },
    report(error, cause, known) {
      if (reported.has(error)) return;
      reported.add(error);
      if (!onError) return printer.printFailure(error, cause, known);
      void call(() => onError(error, cause));
    },
    settled: () => running.settled(),
  };
}
