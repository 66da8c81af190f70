import { memoryHasher } from "relatch/memory";

/** Your own hasher. examples/hono/scrypt.ts has one for Workers. */
export const hasher = memoryHasher();
