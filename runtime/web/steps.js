/**
 * Runs the program of the host, as a manifest has it: launches, and control flow around them.
 *
 *     { "kernel": "scale", "numbers": [4, "v0"], ... }
 *     { "for": "v0", "from": 0, "to": "v7", "step": 1, "do": [...] }
 *     { "if": "v1", "then": [...], "else": [...] }
 *     { "while": "v2", "test": [...], "do": [...] }     the test gives v2
 *     { "read": "v3", "at": 3, "dtype": "int32", "buffer": { "of": "arena", "offset": 4096, "bytes": 64 } }
 *     { "let": "v4", "be": "addi", "of": ["v3", 4], "bits": 64 }
 *     { "set": { "v5": "v4", "v6": "v3" } }             all at once
 *
 * A number is known, or called by its name. Numbers are whole, with a sign, and as wide as `bits` says; of 1 bit: 0 or 1.
 */

import { ARRAYS, DeviceError } from "./stepwell.js";

const OPERATIONS = {
  addi: (a, b) => a + b,
  subi: (a, b) => a - b,
  muli: (a, b) => a * b,
  divsi: (a, b) => a / b, // towards 0, as that of whole numbers is
  remsi: (a, b) => a % b,
  floordivsi: (a, b) => a / b - (a % b !== 0n && (a < 0n) !== (b < 0n) ? 1n : 0n),
  maxsi: (a, b) => (a > b ? a : b),
  minsi: (a, b) => (a < b ? a : b),
  andi: (a, b) => a & b,
  ori: (a, b) => a | b,
  xori: (a, b) => a ^ b,
  select: (c, a, b) => (c ? a : b),
  index_cast: (a) => a,
  extsi: (a) => a,
  trunci: (a) => a,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  slt: (a, b) => a < b,
  sle: (a, b) => a <= b,
  sgt: (a, b) => a > b,
  sge: (a, b) => a >= b,
};
const UNSIGNED = {
  extui: (a) => a,
  ult: (a, b) => a < b,
  ule: (a, b) => a <= b,
  ugt: (a, b) => a > b,
  uge: (a, b) => a >= b,
};
/** Of operands that `bits` wide have no sign. */

function computed({ be, bits }, numbers) {
  if (be in UNSIGNED) return BigInt(UNSIGNED[be](...numbers.map((number) => BigInt.asUintN(bits, number))));
  const made = BigInt(OPERATIONS[be](...numbers));
  return bits > 1 ? BigInt.asIntN(bits, made) : BigInt.asUintN(1, made);
}

/** The launches among steps, those in loops and branches too. */
export function launchesOf(steps) {
  return steps.flatMap((step) =>
    [...("kernel" in step ? [step] : []), ...["test", "do", "then", "else"].flatMap((key) => launchesOf(step[key] ?? []))]);
}

/**
 * Run `steps`. `inputs`: arrays as the device has them. `launch(step, numbers)` runs a kernel; `read(part, at, kind)` gives
 * a promise of a number: of which part of a buffer, which of its numbers, of which kind of array.
 */
export async function runSteps(steps, inputs, launch, read, known = {}) {
  const number = (given) => (typeof given === "string" ? known[given] : BigInt(given));
  const run = (inner) => runSteps(inner, inputs, launch, read, known);
  for (const step of steps) {
    if ("kernel" in step) {
      const numbers = step.numbers.map(number);
      if (numbers.some((n) => BigInt.asIntN(32, n) !== n)) {
        throw new DeviceError(`kernel ${step.kernel} is handed the numbers ${numbers}, which do not fit 32 bits`);
      }
      launch(step, numbers.map(Number));
    } else if ("for" in step) {
      const [end, by] = [number(step.to), number(step.step)];
      for (let at = number(step.from); at < end; at += by) {
        known[step.for] = at;
        await run(step.do);
      }
    } else if ("if" in step) {
      await run(number(step.if) ? step.then : step.else);
    } else if ("while" in step) {
      await run(step.test);
      while (number(step.while)) {
        await run(step.do);
        await run(step.test);
      }
    } else if ("read" in step) {
      const [side, n] = step.buffer.of.split(" ");
      const kind = ARRAYS[step.dtype];
      const at = Number(number(step.at));
      known[step.read] = BigInt(side === "input" ? inputs[n][at] : await read(step.buffer, at, kind));
    } else if ("let" in step) {
      known[step.let] = computed(step, step.of.map(number));
    } else if ("set" in step) {
      Object.assign(known, Object.fromEntries(Object.entries(step.set).map(([name, given]) => [name, number(given)])));
    } else {
      throw new DeviceError(`the program of the host has a step that is not known: ${Object.keys(step)}`);
    }
  }
}
