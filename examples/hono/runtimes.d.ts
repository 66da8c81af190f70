// The parts of each runtime that the entry files use. An application of one runtime has that runtime's own types instead:
// @types/bun, deno types, or the file that `wrangler types` writes.

declare module "cloudflare:workers" {
  export const env: {
    DB: import("./d1.ts").D1Database;
    ORIGIN?: string;
    DEVELOPMENT?: string;
    RESEND_KEY?: string;
    MAIL_FROM?: string;
  };
  export function waitUntil(work: Promise<unknown>): void;
}

declare module "bun:sqlite" {
  export { DatabaseSync as Database } from "node:sqlite";
}

// Node has it from version 22 on.
declare module "node:sqlite" {
  export class DatabaseSync {
    constructor(file: string);
    exec(statements: string): void;
    prepare(statement: string): {
      get(...values: (string | number)[]): unknown;
      run(...values: (string | number)[]): { changes: number | bigint };
    };
    close(): void;
  }
}

declare module "bun" {
  interface Server {
    requestIP(request: Request): { address: string } | null;
    stop(): Promise<void>;
  }
  export function serve(options: {
    port: number;
    hostname: string;
    fetch(request: Request): Response | Promise<Response>;
  }): Server;
  export const password: {
    hash(password: string): Promise<string>;
    verify(password: string, hash: string): Promise<boolean>;
  };
}
