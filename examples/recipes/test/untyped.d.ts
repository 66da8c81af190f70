// Packages of the tests that bring no types: as much of them as is used.

declare module "dynalite" {
  import type { Server } from "node:http";
  export default function dynalite(options: { createTableMs: number }): Server;
}
