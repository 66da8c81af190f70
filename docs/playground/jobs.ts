import type { Dispatcher, Job } from "relatch";

export interface WatchedJob {
  readonly job: Job;
  state: "held" | "waiting" | "running" | "done" | "dropped";
}

export interface WatchedDispatcher extends Dispatcher {
  /** The newest first. */
  readonly jobs: readonly WatchedJob[];
  readonly held: boolean;
  /** Keeps new jobs from their start, or starts what was kept. */
  hold(on: boolean): void;
}

/** Shows what a dispatcher does with its jobs, and can keep them back. */
export function watchedDispatcher(inner: Dispatcher, onChange: () => void): WatchedDispatcher {
  const jobs: WatchedJob[] = [];
  const kept: (() => unknown)[] = [];
  let held = false;

  return {
    jobs,
    get held() {
      return held;
    },

    hold(on) {
      held = on;
      if (!on) for (const start of kept.splice(0)) start();
      onChange();
    },

    drain: async () => inner.drain?.(),

    async dispatch(job, deliver, dropped) {
      const watched: WatchedJob = { job, state: "held" };
      const become = (state: WatchedJob["state"]) => {
        watched.state = state;
        onChange();
      };
      const start = () => {
        become("waiting");
        return inner.dispatch(
          job,
          async (each) => {
            become("running");
            await deliver(each).catch((error: unknown) => {
              become("waiting");
              throw error;
            });
            become("done");
          },
          (each, reason) => {
            become("dropped");
            dropped(each, reason);
          },
        );
      };
      jobs.unshift(watched);
      if (held) {
        kept.push(start);
        onChange();
      } else {
        await start();
      }
    },
  };
}
