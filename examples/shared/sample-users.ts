/** Who exists when a demo starts for the first time. */
export const sampleUsers = [
  { name: "Mike", email: "mike@example.org", password: "old-lantern-by-the-river" },
] as const;
