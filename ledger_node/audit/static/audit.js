// Recomputes the proof on the page by WebCrypto, from the bytes that the page shows, and ticks each
// step. Nothing is fetched and nothing is believed but the page's own text.

const LEAF = 0x00;
const NODE = 0x01;
const ED25519 = 0x01;
const KEY_ID_BYTES = 4;

const encoder = new TextEncoder();

const concat = (...parts) => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};
const sha256 = async (...parts) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
const nodeHash = (left, right) => sha256([NODE], left, right);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const unbase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const equal = (one, other) => hex(one) === hex(other);
const half = (number) => Math.floor(number / 2); // sizes are wider than what >> takes
const odd = (number) => number % 2 === 1;

// A checkpoint is origin, size and root, an empty line, and signatures (C2SP tlog-checkpoint).
function readCheckpoint(note) {
  const split = note.lastIndexOf("\n\n");
  const text = note.slice(0, split + 1);
  const [origin, size, root] = text.split("\n");
  const lines = note.slice(split + 2).split("\n").filter(Boolean);
  return { text, origin, size: Number(size), root: unbase64(root), lines };
}

// True or false, or null when this browser knows no Ed25519.
async function signedBy(checkpoint, vkey) {
  const [name, id, ...rest] = vkey.split("+");
  const raw = unbase64(rest.join("+"));
  const mine = checkpoint.lines
    .map((line) => line.split(" "))
    .map(([, signer, signature]) => [signer, unbase64(signature)])
    .filter(([signer, raw]) => signer === name && hex(raw.slice(0, KEY_ID_BYTES)) === id);
  if (raw[0] !== ED25519 || name !== checkpoint.origin || mine.length === 0) return false;
  let key;
  try {
    key = await crypto.subtle.importKey("raw", raw.slice(1), "Ed25519", false, ["verify"]);
  } catch (error) {
    if (error.name === "NotSupportedError") return null;
    return false;
  }
  for (const [, signature] of mine) {
    const bytes = signature.slice(KEY_ID_BYTES);
    if (!(await crypto.subtle.verify("Ed25519", key, bytes, encoder.encode(checkpoint.text)))) {
      return false;
    }
  }
  return true;
}

// RFC 9162 section 2.1.3.2: where the siblings stand follows from index and size alone.
async function walkInclusion(index, size, leaf, siblings) {
  let node = index;
  let last = size - 1;
  const results = [leaf];
  const sides = [null];
  for (const sibling of siblings) {
    if (last === 0) return { results, sides, ends: false };
    const before = results.at(-1);
    const left = odd(node) || node === last;
    sides.push(left);
    results.push(left ? await nodeHash(sibling, before) : await nodeHash(before, sibling));
    if (left) while (!odd(node) && node !== 0) [node, last] = [half(node), half(last)];
    [node, last] = [half(node), half(last)];
  }
  return { results, sides, ends: last === 0 && index < size };
}

// RFC 9162 section 2.1.4.2: both roots from what the two trees share.
async function walkConsistency(old, size, shared, siblings) {
  if (old === size) {
    return { results: [shared], olds: [shared], sides: [null], ends: siblings.length === 0 };
  }
  let node = old - 1;
  let last = size - 1;
  while (odd(node)) [node, last] = [half(node), half(last)];
  const results = [shared];
  const olds = [shared];
  const sides = [null];
  for (const sibling of siblings) {
    if (last === 0) return { results, olds, sides, ends: false };
    const left = odd(node) || node === last;
    sides.push(left);
    if (left) {
      olds.push(await nodeHash(sibling, olds.at(-1)));
      results.push(await nodeHash(sibling, results.at(-1)));
      while (!odd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      olds.push(olds.at(-1));
      results.push(await nodeHash(results.at(-1), sibling));
    }
    [node, last] = [half(node), half(last)];
  }
  return { results, olds, sides, ends: last === 0 && old > 0 && old <= size };
}

class Sheet {
  constructor(section) {
    this.section = section;
    this.texts = section.dataset;
    this.steps = Array.from(section.querySelectorAll("[data-steps] > li"));
    this.good = true;
    this.open = false;
  }

  number(name) {
    return Number(this.section.dataset[name]);
  }

  checkpoint(which) {
    const wanted = which ? `[data-checkpoint="${which}"]` : "[data-checkpoint]";
    return readCheckpoint(this.section.querySelector(wanted).textContent);
  }

  get siblings() {
    return this.steps.slice(1).map((step) => unhex(step.dataset.sibling));
  }

  mark(place, holds) {
    if (holds === false) this.good = false;
    if (holds === null) this.open = true;
    place.textContent = holds === null ? "?" : holds ? "✓" : "✗";
    place.classList.add(holds === null ? "wait" : holds ? "good" : "bad");
  }

  tell(name, holds) {
    const line = this.section.querySelector(`[data-check="${name}"]`);
    this.mark(line.querySelector("[data-mark]"), holds);
    line.dataset.holds = String(holds);
  }

  // Holds what the server shows of each step against what was computed here.
  compare({ results, olds, sides }) {
    let all = results.length === this.steps.length;
    this.steps.forEach((step, number) => {
      const shown = step.dataset;
      const came = results[number] ? hex(results[number]) : "";
      const side = number === 0 || shown.left === (sides[number] ? "yes" : "no");
      const old = !olds || shown.old === hex(olds[number] ?? []);
      const holds = came === shown.result && side && old;
      all &&= holds;
      const place = step.querySelector("[data-mark]");
      this.mark(place, holds);
      place.textContent += ` ${holds ? this.texts.textStepGood : `${this.texts.textStepBad} ${came}`}`;
      const box = this.section.querySelector(`[data-box="${number}"]`);
      box.classList.add(holds ? "holds" : "fails");
      this.mark(this.section.querySelector(`[data-tick="${number}"]`), holds);
    });
    return all;
  }

  verdict(text, kind) {
    const place = this.section.querySelector("[data-verdict]");
    place.classList.remove("good", "bad", "wait");
    place.classList.add(kind);
    place.textContent = text;
    this.section.dataset.done = kind;
  }

  conclude() {
    const { textGood, textBad, textUnknown } = this.texts;
    if (!this.good) this.verdict(`✗ ${textBad}`, "bad");
    else if (this.open) this.verdict(`? ${textUnknown}`, "wait");
    else this.verdict(`✓ ${textGood}`, "good");
  }
}

async function checkInclusion(sheet) {
  const shown = sheet.section.querySelector("[data-entry]").textContent;
  const bytes = encoder.encode(shown);
  const index = sheet.number("index");
  const head = sheet.checkpoint();
  sheet.tell("entry", JSON.parse(shown).sequence === index);
  const leaf = await sha256([LEAF], bytes);
  const walk = await walkInclusion(index, head.size, leaf, sheet.siblings);
  const same = sheet.compare(walk);
  sheet.tell("path", same && walk.ends && head.size === sheet.number("size"));
  const { chainRoot, key } = sheet.section.dataset;
  sheet.tell("root", equal(walk.results.at(-1), head.root));
  if (chainRoot) sheet.tell("chain", hex(walk.results.at(-1)) === chainRoot);
  sheet.tell("signature", await signedBy(head, key));
}

async function checkConsistency(sheet) {
  const old = sheet.checkpoint("old");
  const head = sheet.checkpoint("new");
  const shared = unhex(sheet.steps[0].dataset.result);
  const walk = await walkConsistency(old.size, head.size, shared, sheet.siblings);
  const sizes = old.size === sheet.number("old") && head.size === sheet.number("new");
  sheet.tell("path", sheet.compare(walk) && walk.ends && sizes);
  sheet.tell("old_root", equal(walk.olds.at(-1), old.root));
  sheet.tell("new_root", equal(walk.results.at(-1), head.root));
  const { key } = sheet.section.dataset;
  const signed = [await signedBy(old, key), await signedBy(head, key)];
  sheet.tell("signatures", signed.includes(false) ? false : signed.includes(null) ? null : true);
}

const CHECKS = { inclusion: checkInclusion, consistency: checkConsistency };

async function checkProof(section) {
  const sheet = new Sheet(section);
  if (!globalThis.crypto?.subtle) {
    sheet.verdict(sheet.texts.textNone, "wait");
    return;
  }
  sheet.verdict(sheet.texts.textRunning, "wait");
  try {
    await CHECKS[section.dataset.proof](sheet);
  } catch {
    sheet.good = false; // what cannot be read proves nothing
  }
  sheet.conclude();
}

function watchSize(input) {
  input.addEventListener("change", () => {
    const large = input.files[0]?.size > Number(input.dataset.most);
    input.setCustomValidity(large ? input.dataset.textLarge : "");
    input.reportValidity();
  });
}

document.querySelectorAll("[data-proof]").forEach(checkProof);
document.querySelectorAll("input[data-most]").forEach(watchSize);
