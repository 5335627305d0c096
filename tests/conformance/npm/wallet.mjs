// A wallet made of software written by others: obtains a credential by OpenID4VCI 1.0 and verifies
// it and its status. Reads one JSON object from standard input:
// { offer, txCode, configurationId, issuerKey }; writes one to standard output. Without an issuer's
// key the credential is handed out as it came, for another library to verify.
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { clientAuthenticationAnonymous, setGlobalConfig } from "@openid4vc/oauth2";
import { Openid4vciClient } from "@openid4vc/openid4vci";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";

const ES256 = { name: "ECDSA", hash: "SHA-256" };
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const base64url = (data) => Buffer.from(data).toString("base64url");
const hash = (data, algorithm) =>
  createHash(algorithm.replace("-", "")).update(typeof data === "string" ? data : Buffer.from(data)).digest();

async function newHolder() {
  const keys = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", keys.publicKey);
  const sign = async (text) =>
    base64url(await webcrypto.subtle.sign(ES256, keys.privateKey, Buffer.from(text)));
  return { jwk: { kty, crv, x, y }, sign };
}

async function verifierOf(jwk) {
  const key = await webcrypto.subtle.importKey("jwk", jwk, P256, true, ["verify"]);
  return (text, signature) =>
    webcrypto.subtle.verify(ES256, key, Buffer.from(signature, "base64url"), Buffer.from(text));
}

function callbacks(holder) {
  return {
    hash,
    generateRandom: (size) => randomBytes(size),
    clientAuthentication: clientAuthenticationAnonymous(),
    signJwt: async (_signer, { header, payload }) => {
      const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;
      return { jwt: `${input}.${await holder.sign(input)}`, signerJwk: holder.jwk };
    },
  };
}

async function obtain(input, holder) {
  setGlobalConfig({ allowInsecureUrls: true });
  const client = new Openid4vciClient({ callbacks: callbacks(holder) });
  const credentialOffer = await client.resolveCredentialOffer(input.offer);
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
  const { accessTokenResponse } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
    credentialOffer, issuerMetadata, txCode: input.txCode,
  });
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata });
  const { jwt } = await client.createCredentialRequestJwtProof({
    issuerMetadata, nonce, credentialConfigurationId: input.configurationId,
    signer: { method: "jwk", alg: "ES256", publicJwk: holder.jwk },
  });
  const { credentialResponse } = await client.retrieveCredentials({
    issuerMetadata, credentialConfigurationId: input.configurationId,
    accessToken: accessTokenResponse.access_token, proofs: { jwt: [jwt] },
  });
  return credentialResponse.credentials[0].credential;
}

async function verify(input, holder, credential) {
  const issuer = await verifierOf(input.issuerKey);
  const bound = await verifierOf(holder.jwk);
  const library = new SDJwtVcInstance({
    hasher: hash,
    hashAlg: "sha-256",
    saltGenerator: (size) => base64url(randomBytes(size)),
    verifier: issuer,
    statusVerifier: issuer,
    kbVerifier: bound,
    kbSigner: holder.sign,
    kbSignAlg: "ES256",
    // Not loadTypeMetadataFormat: 0.19.0 compares the base64 of vct#integrity with a hex digest.
  });
  const whole = await library.verify(credential);
  const nonce = base64url(randomBytes(16));
  const shown = await library.present(credential, { birth_year: true }, {
    kb: { payload: { iat: Math.floor(Date.now() / 1000), aud: "verifier", nonce } },
  });
  const presented = await library.verify(shown, {
    requiredClaimKeys: ["birth_year"], keyBindingNonce: nonce,
  });
  return { whole: whole.payload, presented: presented.payload };
}

let text = "";
for await (const chunk of process.stdin) text += chunk;
const input = JSON.parse(text);
const holder = await newHolder();
const credential = await obtain(input, holder);
const verified = input.issuerKey ? await verify(input, holder, credential) : { holder: holder.jwk };
process.stdout.write(JSON.stringify({ credential, ...verified }));
