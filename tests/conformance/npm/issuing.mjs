// A wallet made of software written by others, in the grants and options that it has. Speaks lines
// of JSON with whoever started it. First comes
// { offer, txCode, configurationId, clientId, redirectUri, keys }; by the authorization code grant
// it says { open } and is told { callback }. Before it asks for a credential it says
// { nonce, holders } and is told { attestation, attestedAlone }; while what it asked for is put off
// it says { waiting } and waits for a line. Last it says what it got and what its notification got.
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { createInterface } from "node:readline";
import { clientAuthenticationAnonymous, clientAuthenticationNone, setGlobalConfig } from "@openid4vc/oauth2";
import { Openid4vciClient } from "@openid4vc/openid4vci";

const ES256 = { name: "ECDSA", hash: "SHA-256" };
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const base64url = (data) => Buffer.from(data).toString("base64url");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => JSON.parse((await lines.next()).value);
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const keys = new Map();
async function newKey() {
  const pair = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", pair.publicKey);
  keys.set(x, pair.privateKey);
  return { kty, crv, x, y };
}

async function signJwt(signer, { header, payload }) {
  const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;
  const signature = await webcrypto.subtle.sign(ES256, keys.get(signer.publicJwk.x), Buffer.from(input));
  return { jwt: `${input}.${base64url(signature)}`, signerJwk: signer.publicJwk };
}

async function granted(client, asked, credentialOffer, issuerMetadata, dpop) {
  if (!asked.clientId) {
    const options = { credentialOffer, issuerMetadata, txCode: asked.txCode, dpop };
    return client.retrievePreAuthorizedCodeAccessTokenFromOffer(options);
  }
  const scope = asked.configurationId;
  const { authorizationRequestUrl, pkce, dpop: next } = await client.initiateAuthorization({
    credentialOffer, issuerMetadata, clientId: asked.clientId, redirectUri: asked.redirectUri, scope, dpop,
  });
  say({ open: authorizationRequestUrl });
  const { callback } = await heard();
  return client.retrieveAuthorizationCodeAccessTokenFromOffer({
    credentialOffer, issuerMetadata, redirectUri: asked.redirectUri,
    authorizationCode: new URL(callback).searchParams.get("code"),
    pkceCodeVerifier: pkce.codeVerifier, dpop: { ...dpop, ...next },
  });
}

async function proofsOf(client, issuerMetadata, asked, holders) {
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata });
  say({ nonce, holders });
  const { attestation, attestedAlone } = await heard();
  if (attestedAlone) return { attestation: [attestation] };
  const jwt = [];
  for (const publicJwk of attestation ? holders.slice(0, 1) : holders) {
    const signer = { method: "jwk", alg: "ES256", publicJwk };
    const made = await client.createCredentialRequestJwtProof({
      issuerMetadata, nonce, signer, credentialConfigurationId: asked.configurationId,
      clientId: asked.clientId, keyAttestationJwt: attestation,
    });
    jwt.push(made.jwt);
  }
  return { jwt };
}

setGlobalConfig({ allowInsecureUrls: true });
const asked = await heard();
const clientAuthentication = asked.clientId
  ? clientAuthenticationNone({ clientId: asked.clientId }) : clientAuthenticationAnonymous();
const hash = (data, algorithm) => createHash(algorithm.replace("-", "")).update(data).digest();
const callbacks = { hash, generateRandom: (size) => randomBytes(size), clientAuthentication, signJwt };
const client = new Openid4vciClient({ callbacks });
const credentialOffer = await client.resolveCredentialOffer(asked.offer);
const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
const signer = { method: "jwk", alg: "ES256", publicJwk: await newKey() };
const { accessTokenResponse, dpop } =
  await granted(client, asked, credentialOffer, issuerMetadata, { signer });
const accessToken = accessTokenResponse.access_token;
const holders = [];
for (let count = 0; count < asked.keys; count += 1) holders.push(await newKey());
const proofs = await proofsOf(client, issuerMetadata, asked, holders);
let { credentialResponse: got, dpop: next } = await client.retrieveCredentials({
  issuerMetadata, credentialConfigurationId: asked.configurationId, accessToken, proofs, dpop: { ...dpop, signer },
});
const waited = got.transaction_id;
if (waited) {
  say({ waiting: waited, interval: got.interval });
  await heard();
  const answer = await client.retrieveDeferredCredentials({
    issuerMetadata, accessToken, transactionId: waited, dpop: { ...dpop, ...next, signer },
  });
  got = answer.deferredCredentialResponse;
  next = answer.dpop;
}
let notified = null;
if (got.notification_id) {
  const notification = { notificationId: got.notification_id, event: "credential_accepted" };
  const { response } = await client.sendNotification({
    issuerMetadata, notification, accessToken, dpop: { ...dpop, ...next, signer },
  });
  notified = response.status;
}
say({ tokenType: accessTokenResponse.token_type, credentials: got.credentials, notified });
process.exit(0);
