// A wallet made of software written by others: answers a request of OpenID4VP 1.0. Reads one JSON
// object from standard input: { link | handed, origin, credential, holder }, where credential is an
// SD-JWT that ends in "~" and holder its private JWK; writes { request, version, answer } to
// standard output, where answer is what the verifier said or, by the browser's API, what goes to it.
import { createHash, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { setGlobalConfig } from "@openid4vc/oauth2";
import { Openid4vpClient } from "@openid4vc/openid4vp";
import { CompactEncrypt, importJWK } from "jose";

// The verifier's clock stands still at a moment of the tests; the wallet goes by the same one.
const moment = Number(process.env.NOW) * 1000;
globalThis.Date = class extends Date {
  constructor(...given) { super(...(given.length ? given : [moment])); }
  static now() { return moment; }
};

const ES256 = { name: "ECDSA", hash: "SHA-256" };
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const base64url = (data) => Buffer.from(data).toString("base64url");
const hash = (data, algorithm) =>
  createHash(algorithm.replace("-", "")).update(typeof data === "string" ? data : Buffer.from(data)).digest();

async function keyOf(signer) {
  if (signer.method === "x5c") {
    return new X509Certificate(Buffer.from(signer.x5c[0], "base64")).publicKey.export({ format: "jwk" });
  }
  const [did] = signer.didUrl.split("#");
  const [host, ...path] = did.replace("did:web:", "").split(":").map(decodeURIComponent);
  const document = await (await fetch(`http://${host}/${path.join("/")}/did.json`)).json();
  return document.verificationMethod.find((method) => method.id === signer.didUrl).publicKeyJwk;
}

async function verifyJwt(signer, { compact }) {
  const signerJwk = await keyOf(signer);
  const key = await webcrypto.subtle.importKey("jwk", signerJwk, P256, true, ["verify"]);
  const [header, payload, signature] = compact.split(".");
  const data = Buffer.from(`${header}.${payload}`);
  const verified = await webcrypto.subtle.verify(ES256, key, Buffer.from(signature, "base64url"), data);
  return { verified, signerJwk };
}

async function encryptJwe(encryptor, data) {
  const jwk = encryptor.publicJwk;
  const header = { alg: encryptor.alg, enc: encryptor.enc, kid: jwk.kid };
  const parties = {};
  for (const name of ["apu", "apv"]) if (encryptor[name]) parties[name] = Buffer.from(encryptor[name], "base64url");
  const jwe = await new CompactEncrypt(Buffer.from(data))
    .setKeyManagementParameters(parties)
    .setProtectedHeader(header)
    .encrypt(await importJWK(jwk, encryptor.alg));
  return { jwe, encryptionJwk: jwk };
}

const namesOf = (certificate) => {
  const names = new X509Certificate(Buffer.from(certificate, "base64")).subjectAltName.split(", ");
  const of = (kind) => names.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length));
  return { sanDnsNames: of("DNS:"), sanUriNames: of("URI:") };
};
const callbacks = {
  hash, fetch, verifyJwt, encryptJwe, getX509CertificateMetadata: namesOf,
  generateRandom: (size) => randomBytes(size),
};

async function bound({ credential, holder }, request, audience) {
  const hashes = (request.transaction_data ?? []).map((text) => base64url(hash(text, "sha-256")));
  const claims = {
    iat: Number(process.env.NOW), aud: audience, nonce: request.nonce,
    sd_hash: base64url(hash(credential, "sha-256")),
    ...(hashes.length ? { transaction_data_hashes: hashes, transaction_data_hashes_alg: "sha-256" } : {}),
  };
  const header = { alg: "ES256", typ: "kb+jwt" };
  const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`;
  const key = await webcrypto.subtle.importKey("jwk", holder, P256, true, ["sign"]);
  return `${credential}${input}.${base64url(await webcrypto.subtle.sign(ES256, key, Buffer.from(input)))}`;
}

async function present(input) {
  setGlobalConfig({ allowInsecureUrls: true });
  const client = new Openid4vpClient({ callbacks });
  const asked = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: input.handed ?? input.link });
  const { authorizationRequestPayload, version } = await client.resolveOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: asked.params, origin: input.origin,
  });
  const request = authorizationRequestPayload;
  const audience = input.origin ? `origin:${input.origin}` : request.client_id;
  const [{ id }] = request.dcql_query.credentials;
  const created = await client.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload, origin: input.origin,
    authorizationResponsePayload: { vp_token: { [id]: [await bound(input, request, audience)] } },
    jarm: request.response_mode.endsWith(".jwt") ? {
      encryption: { nonce: randomBytes(16).toString("base64url") },
      serverMetadata: {
        authorization_signing_alg_values_supported: [],
        authorization_encryption_alg_values_supported: ["ECDH-ES"],
        authorization_encryption_enc_values_supported: ["A128GCM", "A256GCM"],
      },
    } : undefined,
  });
  if (input.origin) {
    const answer = created.jarm ? { response: created.jarm.responseJwt } : created.authorizationResponsePayload;
    return { request, version, answer };
  }
  const sent = await client.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload,
    authorizationResponsePayload: created.authorizationResponsePayload,
    jarm: created.jarm ? { responseJwt: created.jarm.responseJwt } : undefined,
  });
  return { request, version, answer: { status: sent.response.status, body: await sent.response.json() } };
}

let text = "";
for await (const chunk of process.stdin) text += chunk;
process.stdout.write(JSON.stringify(await present(JSON.parse(text))));
