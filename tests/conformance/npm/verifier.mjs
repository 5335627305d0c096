// A verifier made of software written by others: asks by OpenID4VP 1.0 with @openid4vc/openid4vp and
// reads the answer; @sd-jwt/sd-jwt-vc checks the presentation with its key binding. One JSON object
// on standard input, one on standard output. In: { command: "ask", payload, signer?, requestUri? } or
// { command: "read", payload, response, decryption?, origin?, issuerKey }.
import { createHash, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { setGlobalConfig } from "@openid4vc/oauth2";
import { Openid4vpVerifier } from "@openid4vc/openid4vp";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { compactDecrypt, importJWK } from "jose";

const ES256 = { name: "ECDSA", hash: "SHA-256" };
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const base64url = (data) => Buffer.from(data).toString("base64url");
const hash = (data, algorithm) =>
  createHash(algorithm.replace("-", "")).update(typeof data === "string" ? data : Buffer.from(data)).digest();

async function sign(jwk, text) {
  const key = await webcrypto.subtle.importKey("jwk", jwk, P256, true, ["sign"]);
  return base64url(await webcrypto.subtle.sign(ES256, key, Buffer.from(text)));
}

async function check(jwk, text, signature) {
  const key = await webcrypto.subtle.importKey("jwk", jwk, P256, true, ["verify"]);
  return webcrypto.subtle.verify(ES256, key, Buffer.from(signature, "base64url"), Buffer.from(text));
}

const callbacks = (input) => ({
  hash,
  signJwt: async (_signer, { header, payload }) => {
    const text = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;
    const { d, ...signerJwk } = input.signer.key;
    return { jwt: `${text}.${await sign(input.signer.key, text)}`, signerJwk };
  },
  decryptJwe: async (jwe) => {
    const { plaintext } = await compactDecrypt(jwe, await importJWK(input.decryption, "ECDH-ES"));
    return { decrypted: true, decryptionJwk: input.decryption, payload: Buffer.from(plaintext).toString() };
  },
});

async function ask(input) {
  const verifier = new Openid4vpVerifier({ callbacks: callbacks(input) });
  const jar = input.signer && {
    jwtSigner: input.signer.jwtSigner,
    requestUri: input.requestUri,
    additionalJwtPayload: { aud: "https://self-issued.me/v2" },
  };
  const made = await verifier.createOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: input.payload, jar,
  });
  return { link: made.authorizationRequest, object: made.jar?.authorizationRequestJwt, payload: made.authorizationRequestPayload };
}

async function read(input) {
  const verifier = new Openid4vpVerifier({ callbacks: callbacks(input) });
  const parsed = await verifier.parseOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: input.payload,
    authorizationResponse: input.response,
    origin: input.origin,
    callbacks: callbacks(input),
  });
  const presentations = parsed.dcql.presentations;
  const claims = {};
  for (const [id, [presented]] of Object.entries(presentations)) {
    if (!presented.includes("~")) continue;
    const library = new SDJwtVcInstance({
      hasher: hash,
      hashAlg: "sha-256",
      verifier: (text, signature) => check(input.issuerKey, text, signature),
      kbVerifier: (text, signature, payload) => check(payload.cnf.jwk, text, signature),
    });
    const verified = await library.verify(presented, { keyBindingNonce: input.payload.nonce });
    claims[id] = { claims: verified.payload, binding: verified.kb.payload };
  }
  return { presentations, claims, nonce: parsed.expectedNonce };
}

setGlobalConfig({ allowInsecureUrls: true });
const input = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await { ask, read }[input.command](input)));
