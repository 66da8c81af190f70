// Two lines a flaw: its ids, the product and what went wrong; then what stands against it here. See flaws.ts.

export const A = `
CVE-2019-19844 GHSA-vfq6-hq5r-27r6, Django: an address that equals the victim's after a change of case in Unicode got the victim's link
→ canonicalEmail changes the case of ASCII letters alone; mail goes to the address on file only
GHSA-qw9g-7549-7wg5, Directus: the database matched without accents, and the link went to what was typed
→ obstacleTo compares the canonical forms of what was typed and what is on file
CVE-2023-7028, GitLab: a list of addresses in the request, and the second one got the link too
→ requestReset takes one string; the adapters never turn a list into one
CVE-2022-35924 GHSA-xv97-c62v-4587, NextAuth: two addresses in one string went to the mailer as they were
→ canonicalEmail: one @, none of the characters that separate addresses or headers
CVE-2026-73420 GHSA-7rqj-j65f-68wh, Auth.js: the address was checked first and normalised later, which made a second @ of U+FF20
→ canonicalEmail refuses compatibility characters, code point by code point, and checks the canonical form
CVE-2025-13033 GHSA-mm7p-fcc7-pg87, Nodemailer: a quoted local part with an address in it sent the mail to that address
→ usableAddress: no mail to an address on file that canonicalEmail refuses
CVE-2017-18908, Mattermost: the request could name another address for the mail
→ requestReset reads email, ip, locale and tenant; mail goes to the address on file only
CVE-2008-4106, WordPress: a padded name that the database cut stood for somebody else's account
→ canonicalEmail: no white space inside, at most 64 bytes before the @ and 254 in all
GHSA-j9xq-j329-2xvg, Keycloak: one user's name could be another user's address, and the look-up took either
→ ports.ts: one account or none; obstacleTo: it has exactly this address on file
X20: an address is folded as one provider does it (dots, +tags), and reaches another mailbox at others
→ canonicalEmail folds nothing that a provider might tell apart
`;

export const B = `
CVE-2017-8295, WordPress: the Host header chose where mails and links lead
→ links are made of resetUrl alone, a template checked at construction
CVE-2012-4520, Django: credentials in the Host header ended up in links
→ links are made of resetUrl alone
CVE-2021-30185, Indico: the Host header chose the host of the link
→ links are made of resetUrl alone; library and adapters do not read Host
CVE-2025-64101 GHSA-mwmh-7px9-4c23, ZITADEL: Forwarded and X-Forwarded-Host chose the host of the link
→ links are made of resetUrl alone; no forwarding header is read
GHSA-93m4-mfpg-c3xf, ZITADEL: X-Forwarded-Proto was put into the link as it came
→ links are made of resetUrl alone; no forwarding header is read
CVE-2026-22794, Appsmith: the Origin header was the base of the links
→ links are made of resetUrl alone; Origin is compared, never used
CVE-2022-29933, Craft CMS: X-Forwarded-Host chose the link unless a base was configured
→ options.ts: resetUrl is required; there is no default to be derived from a request
CVE-2022-22690 GHSA-jrmq-rv9w-63rv, Umbraco: the host of the first request was kept as the base of everybody's links
→ links are made of resetUrl alone; nothing is learned from requests
GHSA-fqh6-6h6c-366m, CouchAuth: the Host header chose the host of the link
→ links are made of resetUrl alone, in the Express adapter too
CVE-2017-9303 GHSA-rc8x-jrrc-frfv, Laravel: the host of the link was whatever the request said
→ links are made of resetUrl alone, in the Hono adapter too
CVE-2025-43932, JobCenter: without a server name in the settings, links followed the Host header
→ parseResetUrl refuses what is relative, has credentials, or has no :token after the host
CVE-2017-12161, Keycloak: a client that lied about its host got a good token on a URL of its choice
→ no answer holds a URL made of what a request says
CVE-2026-48902, Joomla: links were plain http on sites that have https
→ parseResetUrl: https, or http on loopback
GHSA-x3f4-v83f-7wp2, Authorizer: the link went to a redirect_uri that nobody checked
→ no redirect parameter is read anywhere
CVE-2024-56734 GHSA-8jhw-6pjj-8723, better-auth: an open redirect by callbackURL, checked for POST alone
→ no redirect parameter is read anywhere
CVE-2025-27143, better-auth: //host passed for a path
→ no redirect parameter is read; redirects lead to fixed paths
CVE-2026-34751 GHSA-hp5w-3hxx-vmwf, Payload: parameters of the request reached the construction of the link
→ requestReset reads email, ip, locale and tenant by name
X23: a reset route signs somebody in, or plants a session
→ no reset route of the examples sets a cookie but the grant: HttpOnly, SameSite=Lax, path-limited
`;

export const C = `
CVE-2019-16303, JHipster: tokens from a generator that gives away its state: one told all the others
→ randomBytes: 32 bytes of crypto.getRandomValues for each token, and no other source
GHSA-p4cc-w597-6cpm, NodeBB: reset codes made with Math.random
→ randomBytes: crypto.getRandomValues
CVE-2016-5100 GHSA-qj6h-m7xc-r2v3, Froxlor: tokens made with rand()
→ randomBytes: 256 random bits
GHSA-382v-gxj9-ffhc, Moodle: tokens made with mt_rand()
→ randomBytes: no second source when the first one fails
CVE-2011-4321, Joomla: weak random numbers in tokens
→ base64url of 32 random bytes: 43 characters, no bias
CVE-2026-93868, Cotonti: the token was a digest of the time
→ no clock in the token
CVE-2012-5508, Plone: error pages gave away the state of the generator
→ errors and answers hold no random bytes
CVE-2025-63314, Acora CMS: the token was always the same
→ 256 fresh random bits for each token
CVE-2020-7378, openCRX: tokens made with java.util.Random
→ randomBytes: crypto.getRandomValues
X2: tokens that count up, or that tell when they were made
→ no clock and no counter in the token
`;

export const D = `
CVE-2026-62376 GHSA-r6w9-259g-gwrv, Vikunja: tokens were stored in clear
→ storedTokens: SHA-256 of the token, HMAC under the token
GHSA-wfm4-pq59-wg6r, Sulu: tokens in clear, and an answer that showed the user's address
→ requestReset answers { ok: true } to everybody
CVE-2025-58434, Flowise: the answer of the request held the token
→ requestReset has answered before a token is made
CVE-2026-26273 GHSA-78wq-6gcv-w28r, Known: the page for any address held the token
→ the token is in the mail alone
CVE-2026-32865, OPEXUS eCASE: the answer held the verification code
→ the token is in the mail alone; the grant cookie goes to who had it
CVE-2021-39919, GitLab: tokens were written to the log
→ events, errors and jobs hold no token, password or address
CVE-2023-22894 GHSA-jjqf-j4w7-92w8, Strapi: filters in a query let strangers guess the stored token
→ what is stored is no token; it is in a table of its own
CVE-2023-36472 GHSA-v8gg-4mq2-88q4, Strapi: a route for relations answered the stored token
→ what is stored is no token
CVE-2024-56143, Strapi: an operator of queries answered the stored token
→ what is stored is no token
CVE-2026-108337, Hitachi Vantara Remote Ops: a list of users showed their reset codes
→ what is stored is no token; no answer holds the user
CVE-2010-5080, SilverStripe: the token in the URL went to other sites by Referer
→ adapters: the token moves into a cookie; Referrer-Policy, Cache-Control, nothing from elsewhere
CVE-2022-40798, OcoMon: the answer showed the user's address, and then the link
→ requestReset answers { ok: true } to everybody
X6: the token leaks by Referer
→ adapters: the token moves into a cookie and the browser to a clean URL, without a Referer
X7: the token stays in logs and in the browser's history
→ adapters: the token is in the first URL alone
`;

export const E = `
CVE-2019-18818 GHSA-6xc2-mj39-q599, Strapi: the password was set without a valid token
→ couldBeToken: a string of the right form, or no look-up
CVE-2026-30941, Parse Server: operators of the database came in as the token
→ couldBeToken; a store is only ever asked for a SHA-256 in hex
CVE-2021-22911, Rocket.Chat: a helper method let strangers guess the token by regular expressions
→ verifyToken and completeReset share couldBeToken and prove
CVE-2013-0233, Devise: a number for a token matched rows in MySQL
→ couldBeToken: nothing is turned into a string
CVE-2009-2762, WordPress: a list for a token reset the first user's password
→ couldBeToken: nothing is turned into a string
CVE-2008-3681, Joomla: a token of any form was taken to the database
→ couldBeToken: 43 characters of base64url, the last one canonical
GHSA-2m5g-8xpw-42vp, OpenCFP: no token matched the accounts that had none
→ couldBeToken; no account has an empty token, for none is stored with the account
CVE-2026-115237, Grand Job: an empty code was accepted
→ couldBeToken
CVE-2026-105785 GHSA-8qm8-mp6h-qf35, Joplin Server: tokens that were made for other purposes set passwords
→ tokenHash and fingerprint begin with their purpose
CVE-2021-37693, Discourse: a link to verify an address, left over, could reset the password
→ tokenHash and fingerprint begin with their purpose; revokeTokens
CVE-2025-69614, Telekom: an activation token worked at the reset
→ tokenHash and fingerprint begin with their purpose
CVE-2025-50433, Monnit: the form named the account, and the token was good for any
→ the record says whose token it is; nothing else is read
GHSA-93x3-m7pw-ppqm, MantisBT: a parameter named the user whose password was set
→ the record says whose token it is; nothing else is read
CVE-2023-26481, authentik: who had a link could name any user for it
→ the record says whose token it is; nothing else is read
CVE-2015-2559, Drupal: the link was made of the password hash: equal hashes shared links
→ fingerprint: id, address, hash and tenant, keyed by the token itself
CVE-2026-72700, Grav: tokens were compared with ===
→ a look-up by digest, then sameDigest in constant time
CVE-2017-14775, Laravel: tokens were compared in a time that tells where they differ
→ sameDigest and constantTimeEqual are the only comparisons of digests
CVE-2010-4535, Django: an endless number in the link took all of the CPU
→ couldBeToken judges the length before anything is computed
CVE-2015-9235, jsonwebtoken: the token chose the algorithm of its signature
→ no JWT is read; signed tokens have one algorithm
CVE-2026-39923, Flarum: the expiry was checked by the page with the form alone
→ verifyToken and completeReset share prove: expired when now >= expiresAt
CVE-2026-18363, osTicket: without a timestamp no expiry was checked
→ isTokenRecord: a record without a valid instant is a fault; prove: none lives longer than the lifetime
CVE-2026-18963 GHSA-4gv3-mc9p-5wqc, Keycloak: a step of the flow could be left out
→ completeReset proves the token itself; no state between the steps
CVE-2021-43498, ATutor: when neither branch of a check held, the code went on
→ ports.ts: every answer of a store is checked, and what is odd is a fault
X1: a JWT with alg none, or a weak secret, for a reset token
→ opaque tokens; signed ones: HMAC-SHA-256 with keys of 32 bytes or more
X3: a polluted Object.prototype, or __proto__ in a body, passes for input
→ fields.ts: own properties only
X4: one field several times, in the query or twice in the body
→ adapters: the body alone; a field that comes twice is refused
X22: the text of an error tells what is inside
→ results are values; adapters answer faults with fixed words
`;

export const F = `
CVE-2026-28268 GHSA-rfjg-6m84-crj2, Vikunja: tokens worked for ever: the clean-up deleted the wrong ones
→ the commit changes what the token is bound to; deleteExpired deletes what has expired
CVE-2022-24743, Sylius: the token stayed good after it was used
→ the commit changes what the token is bound to
GHSA-2hp9-3xfr-r9w2, Serenity: a token worked twice
→ the commit changes what the token is bound to
CVE-2024-41888, Apache Answer: a link worked more than once
→ the commit changes what the token is bound to
CVE-2024-41890, Apache Answer: an older link stayed good after a newer one
→ TokenStore.save: one record a user
CVE-2023-1976, Answer: links did not expire
→ prove: expired when now >= expiresAt; tokenLifetime is one hour, and never over a day
CVE-2026-21622, hex.pm: tokens did not expire
→ prove: expired when now >= expiresAt
CVE-2026-52809, Gogs: the lifetime of another setting was used
→ one tokenLifetime, for the record and for the words of the mail
CVE-2016-11074, Mattermost: a reset left other links alive
→ the commit changes what every token is bound to; deleteByUser
CVE-2020-11027, WordPress: a link survived a change of the password
→ fingerprint: the password hash
CVE-2026-26060 GHSA-3458-r943-hmx4, Fleet: a link survived a change of the password for a day
→ fingerprint: the password hash; revokeTokens
CVE-2022-46177, Discourse: a link survived a change of the address, and put the old one back
→ fingerprint: the address on file; the commit compares it; no address is ever written
CVE-2026-73431, Vulnerability-Lookup: signed tokens, and nothing that noted their use
→ signed tokens too are bound to the password hash: the commit kills them
X13: a clock that goes back, or runs ahead, makes links live longer
→ prove refuses a record that claims more than the lifetime, and five minutes
`;

export const G = `
CVE-2026-32943, Parse Server: check and change were two steps: both of two callers won
→ replacePasswordHash: one compare-and-set on the user's row
CVE-2026-33624, Parse Server: a recovery code used twice at the same time
→ replacePasswordHash: one compare-and-set on the user's row
CVE-2026-43930, Parse Server: a one-time code was used twice at the same time
→ replacePasswordHash: one compare-and-set on the user's row
CVE-2026-107276, MISP: a code was read, checked and deleted in three steps
→ single use needs no token store: it is the compare-and-set; both contract suites refuse naive stores
CVE-2026-20779, Gitea: a code was checked, and its use noted later
→ replacePasswordHash: one compare-and-set on the user's row
CVE-2026-32700, Devise: two changes at the same time put the token and the address out of step
→ the token is bound to the address it was mailed to; the commit compares the address
CVE-2013-1895, py-bcrypt: passwords hashed at the same time were mixed up
→ each completion hashes its own password; hashers keep no state between calls
X17: a crash between the use of the token and the new password
→ there is no such gap: the commit is one statement
X18: a crash between the new password and the end of the sessions
→ the follow-up job is handed over before the commit, and revokes again
`;
