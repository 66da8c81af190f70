import { type ResetUser, sessionStamp } from "relatch";
import type { MemoryHasher, MemoryUsers } from "relatch/memory";

export interface Session {
  userId: string;
  device: string;
  stamp: string;
}

/** Changes that the rest of the application makes to its users while a link is valid. */
export interface Accounts {
  list(): readonly ResetUser[];
  sessionsOf(userId: string): readonly Session[];
  /** For `revokeSessions`: ends every session except those that were opened with the new password. */
  endSessions(userId: string, options: { except: string }): Promise<void>;
  changeEmail(id: string, email: string): void;
  /** Changes the password as its owner would after signing in. */
  changePassword(id: string): Promise<void>;
  setAllowed(id: string, resetAllowed: boolean): void;
}

export const PEOPLE = [
  { id: "42", name: "Mike", email: "mike@example.org", otherEmail: "mike@example.net" },
  { id: "43", name: "Jane", email: "jane@example.org", otherEmail: "jane@example.net" },
] as const;

/** Two people who are signed in at two devices each. */
export async function createAccounts(
  users: MemoryUsers,
  hasher: MemoryHasher,
  onChange: () => void,
): Promise<Accounts> {
  let sessions: Session[] = [];
  const newHash = () => hasher.hash(crypto.randomUUID());
  const get = (id: string): ResetUser => {
    const user = users.get(id);
    if (!user) throw new Error(`no user ${id}`);
    return user;
  };
  const change = (id: string, changes: Partial<ResetUser>) => {
    users.set({ ...get(id), ...changes });
    onChange();
  };

  for (const { id, name, email } of PEOPLE) {
    users.set({ id, name, email, passwordHash: await newHash(), resetAllowed: true });
    const stamp = sessionStamp(get(id));
    for (const device of ["laptop", "phone"]) sessions.push({ userId: id, device, stamp });
  }

  return {
    list: () => PEOPLE.map(({ id }) => get(id)),
    sessionsOf: (userId) => sessions.filter((session) => session.userId === userId),
    async endSessions(userId, { except }) {
      sessions = sessions.filter((session) => session.userId !== userId || session.stamp === except);
      onChange();
    },
    changeEmail: (id, email) => change(id, { email }),
    changePassword: async (id) => change(id, { passwordHash: await newHash() }),
    setAllowed: (id, resetAllowed) => change(id, { resetAllowed }),
  };
}
