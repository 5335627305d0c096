// An OpenID provider of software written by others, with acr values and claims of its own. Reads one
// JSON object from standard input: { port, clients, accounts, pushed, alg, asked }; writes a line when it
// listens, and stops when its standard input ends. Its log-in is one form: account, acr, or an error.
import { createInterface } from "node:readline";
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const lines = createInterface({ input: process.stdin });
const { port, clients, accounts, pushed, alg, asked } = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
const issuer = `http://127.0.0.1:${port}`;
const kinds = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
};
const key = { ...kinds[alg]().privateKey.export({ format: "jwk" }), kid: "1", use: "sig", alg };

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [key] },
  acrValues: ["urn:nuri:card", "urn:nuri:phone"],
  claims: { acr: null, auth_time: null, openid: ["sub"], card: ["name", "birthdate", "card_number"] },
  cookies: { keys: ["for a test alone"] },
  enabledJWA: { idTokenSigningAlgValues: [alg] },
  features: {
    claimsParameter: { enabled: asked },
    devInteractions: { enabled: false },
    pushedAuthorizationRequests: { enabled: pushed },
  },
  interactions: { url: (_ctx, interaction) => `/log-in/${interaction.uid}` },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid card");
    grant.addOIDCClaims(["name", "birthdate", "card_number", "acr", "auth_time"]);
    await grant.save();
    return grant;
  },
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/log-in/")) return next();
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === "GET") {
    ctx.type = "html";
    ctx.body = `<!doctype html><html lang="en"><title>Nuri</title><main><h1>Nuri</h1>
      <p>${params.ui_locales} ${params.acr_values}</p><form method="post">
      <label>Account <input name="account"></label><label>acr <input name="acr"></label>
      <label>Error <input name="error"></label><button>Log in</button></form></main></html>`;
    return undefined;
  }
  let body = "";
  for await (const chunk of ctx.req) body += chunk;
  const { account, acr, error } = Object.fromEntries(new URLSearchParams(body));
  const result = error ? { error } : { login: { accountId: account, acr } };
  await provider.interactionFinished(ctx.req, ctx.res, result);
  ctx.respond = false;
  return undefined;
});

const server = provider.listen(port, "127.0.0.1", () => console.log("listens"));
lines.on("close", () => server.close(() => process.exit(0)));
