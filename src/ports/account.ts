/** A `ResetUser` whose every field was checked. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string | null;
  readonly name: string | undefined;
  readonly locale: string | undefined;
  readonly tenant: string | undefined;
  readonly resetAllowed: boolean;
}
