// A front end in small. It never runs: that it compiles shows that the types made from the document are good to work with, and that
// what the document forbids does not compile.
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/v1";

type Schemas = components["schemas"];

const api = createClient<paths>({ baseUrl: "http://127.0.0.1:8080" });

class Refused extends Error {
  constructor(readonly problem: Schemas["Problem"]) {
    super(problem.detail ?? problem.title);
  }
}

export async function signIn(coalition: string, email: string, password: string): Promise<string> {
  const { data, error } = await api.POST("/v1/auth/login", { body: { coalition, email, password } });
  if (error) throw new Refused(error);
  return data.access_token;
}

// A CRM has an id and a secret of its own, and gets a new token every ten minutes.
export async function clientToken(id: string, secret: string): Promise<string> {
  const { data, error } = await api.POST("/oauth/token", {
    headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: { grant_type: "client_credentials", scope: "members:read members:write" },
    bodySerializer: (form) => new URLSearchParams({ ...form }),
  });
  if (error) throw "error" in error ? new Error(error.error_description) : new Refused(error);
  return data.access_token;
}

export async function moveOffice(time_zone: string): Promise<Schemas["Coalition"]> {
  const read = await api.GET("/v1/coalition");
  if (read.error) throw new Refused(read.error);
  const etag = read.response.headers.get("ETag") ?? "*";
  const { data, error } = await api.PATCH("/v1/coalition", {
    params: { header: { "If-Match": etag } },
    body: { time_zone, website: null },
  });
  if (error) throw new Refused(error);
  return data;
}

export async function* events(after: number): AsyncGenerator<Schemas["Event"]> {
  for (let position = after; ; ) {
    const { data, error } = await api.GET("/v1/events", { params: { query: { after: position, limit: 200 } } });
    if (error) throw new Refused(error);
    yield* data.items;
    const last = data.items.at(-1);
    if (!last || data.next_cursor === undefined) return;
    position = last.position;
  }
}

// A code is one of a closed list, so a front end can say something better about each.
export function advice(code: Schemas["Code"]): string {
  return code === "precondition_failed" ? "Somebody else has changed it meanwhile." : "";
}

export async function whatDoesNotCompile(): Promise<void> {
  // @ts-expect-error There is no such address.
  await api.GET("/v1/coalitions");
  // @ts-expect-error A change needs the version that it changes.
  await api.PATCH("/v1/coalition", { body: { name: "DCSC" } });
  // @ts-expect-error There is no such member.
  const login: Schemas["Login"] = { coalition: "dcsc", email: "a@b.org", password: "secret", remember: true };
  await api.POST("/v1/auth/login", { body: login });
  // @ts-expect-error There is no such code.
  advice("no_such_code");
}
