/** The test files, by their path from the repository's root. */
declare module "relatch-runtimes:files" {
  export const files: Record<string, () => Promise<unknown>>;
}
