// @ts-check
// Bare Node.js: an import of nothing.
export {};
