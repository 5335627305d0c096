// A client made of openid-client, written by others: pushed request, PKCE, DPoP, refresh. Talks in
// lines of JSON: reads { issuer, clientId, key, redirectUri, parameters }, writes { open }, where a
// browser should go; reads { callback, body }, where it came back to and a credential request;
// writes what it obtained and what the credential endpoint told.
import { createInterface } from "node:readline";
import { webcrypto } from "node:crypto";
import * as client from "openid-client";

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const write = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function authentication(key) {
  if (!key) return client.None();
  const imported = await webcrypto.subtle.importKey("jwk", key, P256, false, ["sign"]);
  return client.PrivateKeyJwt({ key: imported, kid: key.kid });
}

async function asked(config, token, url, body, DPoP) {
  const headers = new Headers({ "content-type": "application/json" });
  const method = "POST";
  const answer = await client.fetchProtectedResource(
    config, token, new URL(url), method, JSON.stringify(body), headers, { DPoP },
  );
  return (await answer.json()).error;
}

const input = await read();
const insecure = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const how = await authentication(input.key);
const config = await client.discovery(new URL(input.issuer), input.clientId, {}, how, insecure);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const open = await client.buildAuthorizationUrlWithPAR(
  config,
  {
    ...input.parameters,
    redirect_uri: input.redirectUri,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  },
  { DPoP },
);
write({ open: open.href });
const { callback, body } = await read();
const checks = { pkceCodeVerifier, expectedState };
const tokens = await client.authorizationCodeGrant(config, new URL(callback), checks, {}, { DPoP });
const url = `${input.issuer}/credential`;
const first = await asked(config, tokens.access_token, url, body, DPoP);
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, {}, { DPoP });
write({ tokens, first, renewed, algorithms: config.serverMetadata().dpop_signing_alg_values_supported });
process.stdin.destroy();
