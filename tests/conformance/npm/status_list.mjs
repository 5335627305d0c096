// Reads lists that were made elsewhere and makes one, by @sd-jwt/jwt-status-list.
// In: lists and referring (compact JWTs), made ({ statuses, bits, payload }); out: read, written,
// references.
import {
  StatusList, createHeaderAndPayload, getListFromStatusListJWT, getStatusListFromJWT,
} from "@sd-jwt/jwt-status-list";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const input = JSON.parse(text);

const read = input.lists.map((jwt) => {
  const list = getListFromStatusListJWT(jwt);
  return { bits: list.getBitsPerStatus(), statuses: list.statusList };
});
const written = input.made.map(({ statuses, bits, payload }) =>
  createHeaderAndPayload(new StatusList(statuses, bits), payload, { alg: "ES256" }));
const references = input.referring.map((jwt) => getStatusListFromJWT(jwt));
process.stdout.write(JSON.stringify({ read, written, references }));
