import { sampleUsers } from "../../../examples/shared/sample-users.ts";

const [{ email: sample, password }] = sampleUsers;

/** As many accounts as the contract by URL may use up. */
export const people = Array.from({ length: 150 }, (_, index) => ({
  email: `person-${index + 1}@example.org`,
  password,
}));

/** Adds them to the example's table, as copies of its sample user: their password costs no hash. */
export const copies = `
  WITH RECURSIVE person (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM person WHERE n < ${people.length})
  INSERT INTO users (id, email, canonical_email, name, locale, password_hash, active)
  SELECT 'person-' || n, 'person-' || n || '@example.org', 'person-' || n || '@example.org', 'Person ' || n,
         locale, password_hash, active
  FROM users, person WHERE email = '${sample}'`;
