/** The time in the playground: that of the computer, and what it was advanced by. */
export interface Clock {
  now(): Date;
  advance(minutes: number): void;
}

export function createClock(): Clock {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    advance(minutes) {
      ahead += minutes * 60_000;
    },
  };
}
