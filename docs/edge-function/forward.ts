// A call handed on to legacy, and its answer handed back: everything but what belongs to the connection it came by.

/** Headers of one connection (RFC 9110, 7.6.1, and those that older proxies know); whatever `Connection` names, too. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Sends `request`, whose body is `raw`, to `base` with the same method, search and headers. Redirects are passed on. */
export async function forward(
  base: string,
  request: Request,
  raw: ArrayBuffer,
  fetching: (url: string, init: RequestInit) => Promise<Response> = fetch,
): Promise<Response> {
  const { search } = new URL(request.url);
  // fetch says itself where it goes, how long the body is, and what it can unpack.
  const headers = endToEnd(request.headers, ["host", "content-length", "accept-encoding", "expect"]);
  const init: RequestInit = { method: request.method, headers, redirect: "manual" };
  if (raw.byteLength > 0) init.body = raw;
  const response = await fetching(base + search, init);
  // fetch has unpacked the body: what the headers say of the packed one is no longer true.
  const kept = endToEnd(response.headers, ["content-encoding", "content-length"]);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers: kept });
}

/** A copy without what concerns one connection, and without `more`. */
export function endToEnd(headers: Headers, more: readonly string[] = []): Headers {
  const kept = new Headers(headers);
  const named = (headers.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  // A name that isn't one is somebody's nonsense, and no reason to drop the call.
  const names = named.filter((name) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name));
  for (const name of [...HOP_BY_HOP, ...names, ...more]) kept.delete(name);
  return kept;
}
