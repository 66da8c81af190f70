/** Thrown by `redirect` of `next/navigation`, in order to leave the action. */
export class Redirect extends Error {}

export function redirect(path: string): never {
  throw new Redirect(path);
}
