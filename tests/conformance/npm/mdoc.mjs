// @auth0/mdl over one line of JSON: verifies a device response, or issues and presents one.
// Buffers are hexadecimal; the session transcript is that of OpenID4VP 1.0, made by the caller.
import { readFileSync } from "node:fs";
import mdl from "@auth0/mdl";

const { Verifier, Document, MDoc, DeviceResponse, parse } = mdl;
const bytes = (hex) => Buffer.from(hex, "hex");

// Presents documents by an authentication of the device's key: a signature, or a MAC for a reader.
async function shown(document, { docType, nameSpace, chosen, deviceKey, transcript, readerKey }) {
  const asked = {
    id: "asked",
    input_descriptors: [
      {
        id: docType,
        format: { mso_mdoc: { alg: ["ES256"] } },
        constraints: {
          limit_disclosure: "required",
          fields: chosen.map((name) => ({
            path: [`$['${nameSpace}']['${name}']`],
            intent_to_retain: false,
          })),
        },
      },
    ],
  };
  const response = DeviceResponse.from(new MDoc([document]))
    .usingPresentationDefinition(asked)
    .usingSessionTranscriptBytes(bytes(transcript));
  const signed = readerKey
    ? response.authenticateWithMAC(deviceKey, bytes(readerKey), "HS256")
    : response.authenticateWithSignature(deviceKey, "ES256");
  return { response: Buffer.from((await signed.sign()).encode()).toString("hex") };
}

const commands = {
  async verify({ response, roots, transcript, readerKey }) {
    const failed = [];
    const passed = [];
    await new Verifier(roots).verify(bytes(response), {
      encodedSessionTranscript: bytes(transcript),
      ephemeralReaderKey: readerKey ? bytes(readerKey) : undefined,
      onCheck: ({ status, check }) => (status === "PASSED" ? passed : failed).push(check),
    });
    const elements = {};
    for (const document of parse(bytes(response)).documents)
      for (const space of document.issuerSignedNameSpaces)
        elements[space] = Object.fromEntries(
          Object.entries(document.getIssuerNameSpace(space)).map(([k, v]) => [k, String(v)]),
        );
    return { failed, passed, elements };
  },

  async present({ docType, nameSpace, elements, issuerKey, certificate, deviceKey, ...how }) {
    const { d, ...devicePublicKey } = deviceKey;
    const document = await new Document(docType)
      .addIssuerNameSpace(nameSpace, elements)
      .useDigestAlgorithm("SHA-256")
      .addValidityInfo({ signed: new Date() })
      .addDeviceKeyInfo({ deviceKey: devicePublicKey })
      .sign({ issuerPrivateKey: issuerKey, issuerCertificate: certificate, alg: "ES256", kid: "1" });
    return shown(document, { docType, nameSpace, deviceKey, ...how });
  },

  // Shows what somebody else issued: the one document of a response that holds all of it.
  async show({ held, ...how }) {
    return shown(parse(bytes(held)).documents[0], how);
  },
};

const { command, ...given } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(await commands[command](given)));
