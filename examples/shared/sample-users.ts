/** The accounts of a demo that starts for the first time. */
export const sampleUsers = [{ name: "Mike", email: "mike@example.org", password: "old-lantern-by-the-river" }] as const;
