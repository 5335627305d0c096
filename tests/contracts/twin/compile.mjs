// Compiles ProofTwin.sol into ProofTwin.json; run again after a change of the source.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import solc from "solc";

const here = new URL(".", import.meta.url);
const source = readFileSync(new URL("ProofTwin.sol", here), "utf8");
const output = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: "Solidity",
      sources: { "ProofTwin.sol": { content: source } },
      settings: {
        evmVersion: "london",
        optimizer: { enabled: true, runs: 200 },
        metadata: { appendCBOR: false },
        outputSelection: { "*": { ProofTwin: ["abi", "evm.bytecode.object"] } },
      },
    }),
  ),
);
if (output.errors?.length) {
  console.error(output.errors.map((each) => each.formattedMessage).join("\n"));
  process.exit(1);
}
const contract = output.contracts["ProofTwin.sol"].ProofTwin;
const artifact = {
  compiler: `solc ${solc.version()}`,
  sourceSha256: createHash("sha256").update(source).digest("hex"),
  abi: contract.abi,
  bytecode: contract.evm.bytecode.object,
};
writeFileSync(new URL("ProofTwin.json", here), `${JSON.stringify(artifact, null, 1)}\n`);
