// An issuer with its authorization server made of software written by others: OpenID4VCI 1.0 by
// @openid4vc/openid4vci, OAuth by @openid4vc/oauth2, SD-JWT VC by @sd-jwt/sd-jwt-vc. Reads one JSON
// object from its first argument: { key (private JWK), x5c, vct, options }; writes
// { issuer } to standard output once it listens, and goes on until it is stopped.
// GET /issuer/told answers what it has seen.
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { createServer } from "node:http";
import {
  Oauth2AuthorizationServer, Oauth2ResourceServer, clientAuthenticationNone, setGlobalConfig,
} from "@openid4vc/oauth2";
import { Openid4vciIssuer } from "@openid4vc/openid4vci";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";

const ES256 = { name: "ECDSA", hash: "SHA-256" };
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const base64url = (data) => Buffer.from(data).toString("base64url");
const hash = (data, algorithm) =>
  createHash(algorithm.replace("-", "")).update(typeof data === "string" ? data : Buffer.from(data)).digest();
const fresh = () => base64url(randomBytes(16));

const { key, x5c, vct, options } = JSON.parse(process.argv[2]);
const { d: _secret, ...publicKey } = key;
const state = options.state === undefined ? "state-of-issuer" : options.state;
const signingKey = await webcrypto.subtle.importKey("jwk", key, P256, false, ["sign"]);
const signText = async (text) =>
  base64url(await webcrypto.subtle.sign(ES256, signingKey, Buffer.from(text)));

async function publicJwkOf(signer) {
  if (signer.method === "jwk") return signer.publicJwk;
  const { X509Certificate } = await import("node:crypto");
  return new X509Certificate(Buffer.from(signer.x5c[0], "base64")).publicKey.export({ format: "jwk" });
}

const callbacks = {
  hash,
  generateRandom: (size) => randomBytes(size),
  clientAuthentication: clientAuthenticationNone({ clientId: "none" }),
  signJwt: async (_signer, { header, payload }) => {
    const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;
    return { jwt: `${input}.${await signText(input)}`, signerJwk: publicKey };
  },
  verifyJwt: async (signer, { compact }) => {
    const jwk = await publicJwkOf(signer);
    const imported = await webcrypto.subtle.importKey("jwk", jwk, P256, true, ["verify"]);
    const at = compact.lastIndexOf(".");
    const signature = Buffer.from(compact.slice(at + 1), "base64url");
    const verified = await webcrypto.subtle.verify(ES256, imported, signature, Buffer.from(compact.slice(0, at)));
    return { verified, signerJwk: jwk };
  },
};
const oauth = new Oauth2AuthorizationServer({ callbacks });
const resources = new Oauth2ResourceServer({ callbacks });
const vci = new Openid4vciIssuer({ callbacks });
const sdJwt = new SDJwtVcInstance({
  signer: signText, signAlg: "ES256", hasher: hash, hashAlg: "sha-256", saltGenerator: () => fresh(),
});

setGlobalConfig({ allowInsecureUrls: true });
const server = createServer((request, response) => void serve(request, response));
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const origin = `http://127.0.0.1:${server.address().port}`;
const issuer = `${origin}/issuer`;

const serverMetadata = oauth.createAuthorizationServerMetadata({
  issuer,
  token_endpoint: `${issuer}/token`,
  authorization_endpoint: `${issuer}/authorize`,
  pushed_authorization_request_endpoint: `${issuer}/par`,
  require_pushed_authorization_requests: true,
  jwks_uri: `${issuer}/jwks`,
  grant_types_supported: [
    "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:pre-authorized_code",
  ],
  code_challenge_methods_supported: ["S256"],
  dpop_signing_alg_values_supported: options.dpop ? ["ES256"] : undefined,
  token_endpoint_auth_methods_supported: [options.attested ? "attest_jwt_client_auth" : "none"],
  "pre-authorized_grant_anonymous_access_supported": options.anonymous ?? false,
  authorization_response_iss_parameter_supported: true,
  ...(options.details ? { authorization_details_types_supported: ["openid_credential"] } : {}),
});
const proofs = { proof_signing_alg_values_supported: ["ES256"] };
if (options.keysAttested) proofs.key_attestations_required = { key_storage: ["iso_18045_basic"] };
const credentialIssuer = vci.createCredentialIssuerMetadata({
  credential_issuer: issuer,
  credential_endpoint: `${issuer}/credential`,
  nonce_endpoint: `${issuer}/nonce`,
  deferred_credential_endpoint: `${issuer}/deferred`,
  notification_endpoint: `${issuer}/notification`,
  batch_credential_issuance: { batch_size: 3 },
  credential_configurations_supported: {
    permit: {
      format: "dc+sd-jwt", vct, scope: "permit",
      cryptographic_binding_methods_supported: ["jwk"],
      credential_signing_alg_values_supported: ["ES256"],
      proof_types_supported: { [options.proof ?? "jwt"]: proofs },
      credential_metadata: { display: [{ name: "Permit", locale: "en" }] },
    },
  },
});
const issuerMetadata = {
  originalDraftVersion: "V1", credentialIssuer, authorizationServers: [serverMetadata],
  knownCredentialConfigurations: credentialIssuer.credential_configurations_supported,
};
const grants = options.grant === "code"
  ? { authorization_code: { issuer_state: state ?? undefined } }
  : {
      "urn:ietf:params:oauth:grant-type:pre-authorized_code": {
        "pre-authorized_code": "code-1",
        ...(options.txCode ? { tx_code: { input_mode: "numeric", length: 4 } } : {}),
      },
    };
const offered = await vci.createCredentialOffer({
  issuerMetadata, grants, credentialConfigurationIds: ["permit"],
  ...(options.reference ? { credentialOfferUri: `${issuer}/offer` } : {}),
});

const told = { events: [], proofs: [], details: false };
const pushed = new Map(), codes = new Map(), refreshTokens = new Map();
const nonces = new Set(), waiting = new Map(), identifiers = new Set();
let polls = options.deferred ? 1 : 0;

const requestLike = (request) => ({
  headers: new Headers(request.headers), method: request.method, url: `${origin}${request.url}`,
});
const bodyOf = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
};
const form = (text) => Object.fromEntries(new URLSearchParams(text));

async function par(request, text) {
  const { authorizationRequest, dpop, clientAttestation } = await oauth.parsePushedAuthorizationRequest({
    request: requestLike(request), authorizationRequest: form(text),
  });
  const verified = await oauth.verifyPushedAuthorizationRequest({
    authorizationServerMetadata: serverMetadata, authorizationRequest, request: requestLike(request),
    dpop: { ...dpop, required: options.dpop ?? false },
    clientAttestation: { ...clientAttestation, required: options.attested ?? false },
  });
  if ((authorizationRequest.issuer_state ?? null) !== state) throw new Error("issuer_state");
  const requestUri = `urn:ietf:params:oauth:request_uri:${fresh()}`;
  pushed.set(requestUri, { ...authorizationRequest, jkt: verified.dpop?.jwkThumbprint });
  const { pushedAuthorizationResponse } = oauth.createPushedAuthorizationResponse({
    requestUri, expiresInSeconds: 60,
  });
  return [201, pushedAuthorizationResponse];
}

function authorize(query) {
  const asked = pushed.get(query.get("request_uri"));
  pushed.delete(query.get("request_uri"));
  const code = fresh();
  codes.set(code, asked);
  const back = new URL(asked.redirect_uri);
  back.search = new URLSearchParams({ code, state: asked.state, iss: issuer });
  return [302, "", { location: back.href }];
}

async function token(request, text) {
  const parsed = oauth.parseAccessTokenRequest({
    request: requestLike(request), accessTokenRequest: form(text),
  });
  const common = {
    authorizationServerMetadata: serverMetadata, request: requestLike(request), grant: parsed.grant,
    accessTokenRequest: parsed.accessTokenRequest,
    clientAttestation: { ...parsed.clientAttestation, required: options.attested ?? false },
  };
  const dpop = { ...parsed.dpop, required: options.dpop ?? false };
  let verified, details;
  if (parsed.grant.grantType === "authorization_code") {
    const asked = codes.get(parsed.grant.code);
    codes.delete(parsed.grant.code);
    details = asked.authorization_details && JSON.parse(asked.authorization_details);
    verified = await oauth.verifyAuthorizationCodeAccessTokenRequest({
      ...common, expectedCode: parsed.grant.code, dpop: { ...dpop, expectedJwkThumbprint: asked.jkt },
      pkce: {
        codeVerifier: parsed.pkceCodeVerifier, codeChallenge: asked.code_challenge,
        codeChallengeMethod: asked.code_challenge_method,
      },
    });
  } else if (parsed.grant.grantType === "refresh_token") {
    const kept = refreshTokens.get(parsed.grant.refreshToken);
    refreshTokens.delete(parsed.grant.refreshToken);
    details = kept.details;
    verified = await oauth.verifyRefreshTokenAccessTokenRequest({
      ...common, dpop, expectedRefreshToken: parsed.grant.refreshToken,
    });
  } else {
    verified = await oauth.verifyPreAuthorizedCodeAccessTokenRequest({
      ...common, dpop, expectedPreAuthorizedCode: "code-1",
      expectedTxCode: options.txCode ? "1234" : undefined,
    });
  }
  told.details = details !== undefined;
  const refreshToken = fresh();
  refreshTokens.set(refreshToken, { details });
  const granted = details?.map((each) => ({ ...each, credential_identifiers: ["permit of 1996"] }));
  for (const each of granted ?? []) each.credential_identifiers.forEach((id) => identifiers.add(id));
  return [200, await oauth.createAccessTokenResponse({
    audience: issuer, authorizationServer: issuer, subject: "somebody", expiresInSeconds: 300,
    signer: { method: "jwk", alg: "ES256", publicJwk: publicKey }, refreshToken,
    dpop: verified.dpop ? { jwk: verified.dpop.jwk } : undefined,
    additionalAccessTokenResponsePayload: granted ? { authorization_details: granted } : {},
  })];
}

const allowed = async (request) => resources.verifyResourceRequest({
  request: requestLike(request), resourceServer: issuer, authorizationServers: [serverMetadata],
  allowedAuthenticationSchemes: [options.dpop ? "DPoP" : "Bearer"],
});

async function keysOf(parsed) {
  const use = (nonce) => {
    if (!nonces.delete(nonce)) throw new Error("invalid nonce");
  };
  const nonceOf = (jwt) => JSON.parse(Buffer.from(jwt.split(".")[1], "base64url")).nonce;
  const [type, several] = Object.entries(parsed.proofs)[0];
  told.proofs.push(type);
  const expectedNonce = nonceOf(several[0]);
  use(expectedNonce);
  if (type === "attestation") {
    const { payload } = await vci.verifyCredentialRequestAttestationProof({
      keyAttestationJwt: several[0], expectedNonce,
    });
    return payload.attested_keys;
  }
  const keys = [];
  for (const jwt of several) {
    const checked = await vci.verifyCredentialRequestJwtProof({ jwt, issuerMetadata, expectedNonce });
    if (options.keysAttested && !checked.keyAttestation) throw new Error("no key attestation");
    keys.push(checked.signer.publicJwk);
  }
  return keys;
}

const issue = (jwk) => {
  const now = Math.floor(Date.now() / 1000);
  const { kty, crv, x, y } = jwk;
  const claims = {
    iss: issuer, vct, iat: now, exp: now + 86400, cnf: { jwk: { kty, crv, x, y } }, parking: "resident",
  };
  return sdJwt.issue(claims, { _sd: ["parking"] }, { header: { typ: "dc+sd-jwt", x5c } });
};

async function credential(request, text) {
  await allowed(request);
  const credentialRequest = vci.parseCredentialRequest({
    issuerMetadata, credentialRequest: JSON.parse(text),
  });
  const named = credentialRequest.credentialIdentifier;
  if (told.details !== (named !== undefined)) throw new Error("named the wrong way");
  if (named !== undefined && !identifiers.has(named)) throw new Error("unknown identifier");
  const keys = await keysOf(credentialRequest);
  const credentials = await Promise.all(keys.map(async (jwk) => ({ credential: await issue(jwk) })));
  if (options.deferred) {
    const transactionId = fresh();
    waiting.set(transactionId, credentials);
    return [202, vci.createCredentialResponse({ credentialRequest, transactionId, interval: 1 })];
  }
  return [200, vci.createCredentialResponse({ credentialRequest, credentials, notificationId: fresh() })];
}

async function deferred(request, text) {
  await allowed(request);
  const { deferredCredentialRequest } = vci.parseDeferredCredentialRequest({
    deferredCredentialRequest: JSON.parse(text),
  });
  const transactionId = deferredCredentialRequest.transaction_id;
  const credentials = waiting.get(transactionId);
  if (polls-- > 0) {
    return [202, vci.createDeferredCredentialResponse({ transactionId, interval: 1 })];
  }
  // The library refuses a notification_id here, though section 9.2 of OpenID4VCI allows one.
  return [200, vci.createDeferredCredentialResponse({ credentials })];
}

async function answer(request) {
  const url = new URL(request.url, origin);
  const text = await bodyOf(request);
  switch (`${request.method} ${url.pathname}`) {
    case "GET /.well-known/openid-credential-issuer/issuer":
      if (options.signed && request.headers.accept.includes("application/jwt")) {
        const jwt = await vci.createSignedCredentialIssuerMetadataJwt({
          credentialIssuerMetadata: credentialIssuer, signer: { method: "x5c", x5c, alg: "ES256" },
        });
        return [200, jwt, { "content-type": "application/jwt" }];
      }
      return [200, credentialIssuer];
    case "GET /.well-known/oauth-authorization-server/issuer": return [200, serverMetadata];
    case "GET /issuer/offer": return [200, offered.credentialOfferObject];
    case "GET /issuer/jwks": return [200, { keys: [{ ...publicKey, use: "sig", alg: "ES256" }] }];
    case "GET /issuer/told": return [200, told];
    case "POST /issuer/par": return par(request, text);
    case "GET /issuer/authorize": return authorize(url.searchParams);
    case "POST /issuer/token": return token(request, text);
    case "POST /issuer/nonce": {
      const cNonce = fresh();
      nonces.add(cNonce);
      return [200, vci.createNonceResponse({ cNonce })];
    }
    case "POST /issuer/credential": return credential(request, text);
    case "POST /issuer/deferred": return deferred(request, text);
    case "POST /issuer/notification":
      await allowed(request);
      told.events.push(JSON.parse(text).event);
      return [204, ""];
    default: return [404, {}];
  }
}

async function serve(request, response) {
  const [status, body, headers] = await answer(request).catch((error) => {
    process.stderr.write(`${request.method} ${request.url}: ${error.stack}\n`);
    return [400, { error: "invalid_request", error_description: String(error.message).slice(0, 200) }];
  });
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(text);
}

process.stdout.write(`${JSON.stringify({ issuer, offer: offered.credentialOffer })}\n`);
