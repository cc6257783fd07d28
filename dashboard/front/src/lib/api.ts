/** POST to our own server. Throws an Error whose message is for a person. */
export async function post(path: string, body: unknown): Promise<void> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
      signal: AbortSignal.timeout(8000),
    });
  } catch {
    throw new Error("Not sent: the server cannot be reached. Try again.");
  }
  if (!response.ok) throw new Error(await problem(response));
}

/** GET JSON from our own server. Throws like post. */
export async function get<T>(path: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path);
  } catch {
    throw new Error("The server cannot be reached. Load the page again.");
  }
  if (!response.ok) throw new Error(await problem(response));
  return (await response.json()) as T;
}

async function problem(response: Response): Promise<string> {
  try {
    const said = (await response.json()) as { error?: string };
    return said.error ?? `The server answered ${response.status}.`;
  } catch {
    return `The server answered ${response.status}.`;
  }
}
