import { type AppOptions, createApp as createExample } from "../../../examples/hono/app.ts";

/**
 * The example's `createApp`, behind a proxy that names its clients: the tests that ask by URL are many clients at one
 * address, and would soon have used up its share.
 */
export const createApp: typeof createExample = (options: AppOptions) =>
  createExample({ ...options, clientIp: (c) => c.req.header("X-Forwarded-For") });
