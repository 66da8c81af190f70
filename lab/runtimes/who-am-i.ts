/** Returns the name and version that this runtime reports of itself. */
export function whoAmI(): string {
  const { Deno, Bun, navigator } = globalThis as unknown as {
    Deno?: { version: { deno: string } };
    Bun?: { version: string };
    navigator?: { userAgent?: string };
  };
  if (Deno) return `deno ${Deno.version.deno}`;
  if (Bun) return `bun ${Bun.version}`;
  if (navigator?.userAgent === "Cloudflare-Workers") return "workerd";
  return `node ${process.versions.node}`;
}
