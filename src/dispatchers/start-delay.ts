/**
 * Milliseconds between the response and the work, drawn at random. Work that started with the response would slow down the
 * next request of the same process, and so reveal who has an account.
 */
export const START_DELAY = [50, 500] as const;
