// Imports the installed package in Node and signs in to a server without network.
import assert from "node:assert/strict";
import * as divan from "divan-client";

const user = { id: "1", role: "employee", full_name: "First Last" };
const tokens = { access_token: "a", refresh_token: "r", token_type: "bearer", expires_in: 900, user };
const seen = [];
const transport = async (input, init) => {
  const request = new Request(input, init);
  seen.push([request.url, request.headers.get("Authorization")]);
  return Response.json(request.url.endsWith("/login") ? tokens : {});
};

assert.deepEqual(Object.keys(divan).sort(), ["DivanError", "createClient"]);
const client = divan.createClient({ server: "https://divan.example.com", transport, origins: ["https://api.example.com"] });
await assert.rejects(client.signIn(), divan.DivanError);
assert.deepEqual(await client.signIn({ phone: "+77011234567", password: "umbrella 77", initData: "signed" }), user);
await client.fetch("https://api.example.com/orders");
await client.fetch("https://other.example.com/");
assert.deepEqual(seen.slice(1), [["https://api.example.com/orders", "Bearer a"], ["https://other.example.com/", null]]);
