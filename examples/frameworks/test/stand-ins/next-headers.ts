/** The parts of `next/headers` that the actions use, for one request. */
export const request = { headers: new Headers(), cookies: new Map<string, string>() };

export const headers = async () => request.headers;

export const cookies = async () => ({
  get: (name: string) => (request.cookies.has(name) ? { name, value: request.cookies.get(name) ?? "" } : undefined),
  delete: ({ name }: { name: string; path: string; secure: boolean }) => void request.cookies.delete(name),
});
