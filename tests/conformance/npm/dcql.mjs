// Runs queries by dcql. In: cases ({ query, credentials, presented }); out: per case refused, or
// satisfied, matched (per query id the indexes of credentials), and accepted (of the presentation).
import { DcqlPresentationResult, DcqlQuery } from "dcql";

let text = "";
for await (const chunk of process.stdin) text += chunk;

function answer({ query, credentials, presented }) {
  let parsed;
  try {
    parsed = DcqlQuery.parse(query);
    DcqlQuery.validate(parsed);
  } catch {
    return { refused: true };
  }
  const found = DcqlQuery.query(parsed, credentials);
  const matched = Object.fromEntries(Object.entries(found.credential_matches).map(([id, match]) =>
    [id, (match.valid_credentials ?? []).map((each) => each.input_credential_index)]));
  let accepted;
  try {
    accepted = DcqlPresentationResult.fromDcqlPresentation(presented, { dcqlQuery: parsed })
      .can_be_satisfied;
  } catch {
    accepted = false;
  }
  return { refused: false, satisfied: Boolean(found.can_be_satisfied), matched,
    accepted: Boolean(accepted) };
}

process.stdout.write(JSON.stringify(JSON.parse(text).map(answer)));
