/**
 * Runs a model in a web page: what `stepwell compile MODEL --target wgsl --page -o model` wrote, by WebGPU; or by
 * WebGL 2, for --target webgl.
 *
 *     import { load } from "./model/stepwell.js";
 *     const program = await load("./model/");
 *     const { logits } = await program.run({ image: new Float32Array(64) });
 *     console.log(logits.shape, logits.data);   // [1, 10], a Float32Array
 *
 * A package is manifest.json (the inputs, the outputs, the program of the host), weights.bin, and a file for each kernel.
 * Arrays are in C order; names, dtypes and shapes stand in `program.inputs` and `program.outputs`. Whatever goes wrong
 * is a `DeviceError` whose text says what, and what to do.
 */

const RUNNERS = { WGSL: "./webgpu.js", "GLSL ES": "./webgl.js" };
/** What runs kernels of a language: a module with `create(package)`. */

export const ARRAYS = {
  float32: Float32Array, float64: Float64Array,
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  bool: Uint8Array, float16: globalThis.Float16Array,
};
/** The arrays that hold the values of each dtype. bool is 0 or 1. */

/** What a page's user can be told: what went wrong and, in brackets, what to do. */
export class DeviceError extends Error {
  name = "DeviceError";

  /**
   * @param {string} what
   * @param {string} [fix]
   */
  constructor(what, fix) {
    super(fix ? `${what} (${fix})` : what);
  }
}

/**
 * Fetch a package, compile its kernels and upload its weights.
 *
 * @param {string | URL} [folder] where the package is; relative to the page
 * @returns {Promise<Program>}
 * @throws {DeviceError} where a file cannot be fetched, or the browser or its GPU cannot run the model
 */
export async function load(folder = "./") {
  const base = new URL(folder, globalThis.document?.baseURI ?? location.href);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  if (base.protocol === "file:") {
    throw new DeviceError("a page that is opened from a file cannot fetch others", "serve the folder: python3 -m http.server");
  }
  const manifest = await (await get(base, "manifest.json")).json().catch(() => {
    throw new DeviceError(`${new URL("manifest.json", base)} is not the manifest of a package`, "is the folder right?");
  });
  const runner = RUNNERS[manifest.language];
  if (!runner) throw new DeviceError(`kernels in ${manifest.language} are not run in a page`, "compile for wgsl or webgl");
  for (const { name, dtype } of [...manifest.inputs, ...manifest.outputs]) {
    if (!ARRAYS[dtype]) throw new DeviceError(`'${name}' is of ${dtype}, for which a page has no arrays`, "use float32");
  }
  const [weights, ...texts] = await Promise.all([
    get(base, "weights.bin").then((answer) => answer.arrayBuffer()),
    ...manifest.files.map((name) => get(base, name).then((answer) => answer.text())),
  ]);
  if (weights.byteLength !== manifest.weights_size) {
    const said = `weights.bin has ${weights.byteLength} bytes where the manifest says ${manifest.weights_size}`;
    throw new DeviceError(said, "copy the whole folder as it was compiled");
  }
  const sources = new Map(manifest.files.map((name, n) => [name, texts[n]]));
  const { create } = await import(runner);
  return new Program(manifest, await create({ manifest, weights, sources }));
}

async function get(base, name) {
  const answer = await fetch(new URL(name, base)).catch((error) => {
    throw new DeviceError(`${new URL(name, base)} cannot be fetched: ${error.message}`, "is its server up, and reachable?");
  });
  if (!answer.ok) {
    const said = `${answer.status} ${answer.statusText}`.trim();
    throw new DeviceError(`${new URL(name, base)} cannot be fetched: ${said}`, "is the folder right?");
  }
  return answer;
}

/**
 * A model for fixed shapes. Runs follow one another, also where a page does not wait for one.
 *
 * @property {{ name: string, dtype: string, shape: number[] }[]} inputs what `run` takes
 * @property {{ name: string, dtype: string, shape: number[] }[]} outputs what `run` gives
 */
class Program {
  #device;
  #all;
  #last = Promise.resolve();

  constructor(manifest, device) {
    this.inputs = manifest.inputs;
    this.outputs = manifest.outputs.filter((spec) => !spec.hidden);
    this.#all = manifest.outputs;
    this.#device = device;
  }

  /**
   * Run the model once.
   *
   * @param {Object<string, ArrayBufferView>} feeds an array for every input, by name: of the input's dtype (`ARRAYS`), in C
   *   order, with as many values as its shape has
   * @returns {Promise<Object<string, { data: ArrayBufferView, shape: number[] }>>} the outputs by name
   * @throws {DeviceError} for a missing or wrong input, or where the GPU fails
   */
  run(feeds) {
    const done = this.#last.then(() => this.#run(feeds));
    this.#last = done.catch(() => {});
    return done;
  }

  async #run(feeds) {
    const names = this.inputs.map(({ name }) => name);
    for (const name of Object.keys(feeds ?? {})) {
      if (!names.includes(name)) throw new DeviceError(`the model has no input '${name}': it takes ${names.join(", ")}`);
    }
    const given = await this.#device.run(this.inputs.map((spec) => stored(feeds?.[spec.name], spec)));
    const made = new Map(this.#all.map((spec, n) => [spec.name, handedBack(given[n], spec)]));
    return Object.fromEntries(this.outputs.map((spec) => [spec.name, cut(spec, made, this.#all)]));
  }

  /** Give the device's memory back. No run follows. */
  destroy() {
    this.#device.destroy();
  }
}

function isFloat(dtype) {
  return dtype.startsWith("float");
}

export function count(spec) {
  return spec.shape.reduce((product, size) => product * size, 1);
}

/** What of the model a kernel was made of, which a line at the start of its source says, behind its file's name. */
export function named(name, code) {
  const said = code.split("\n").find((line) => line.startsWith("//"));
  return `${name} [${(said ?? "").replace(/^\/\/ */, "")}]`;
}

/** Bytes of an input or output on the device. */
export function bytesOf(spec) {
  return count(spec) * ARRAYS[spec.stored].BYTES_PER_ELEMENT;
}

/** An input as the device keeps it. */
function stored(array, spec) {
  const [given, kept] = [ARRAYS[spec.dtype], ARRAYS[spec.stored]];
  if (!(array instanceof given) || array.length !== count(spec)) {
    const said = array === undefined ? "missing" : `${array?.constructor?.name}(${array?.length})`;
    const shape = `${spec.dtype}[${spec.shape.join("x")}]`;
    throw new DeviceError(`input '${spec.name}' is ${said}: it takes a ${given.name}(${count(spec)}), of ${shape}`);
  }
  if (given === kept) return array;
  if (given.BYTES_PER_ELEMENT === kept.BYTES_PER_ELEMENT) {
    return new kept(array.buffer, array.byteOffset, array.length); // the same bits: the device has no such type
  }
  const made = kept.from(array, Number);
  if (!isFloat(spec.dtype) && made.some((value, n) => value !== Number(array[n]))) {
    throw new DeviceError(`input '${spec.name}': the device keeps ${spec.dtype} as ${spec.stored}, and a number does not fit`);
  }
  return made;
}

/** An output as the model has it, of the bytes that the device kept. */
function handedBack(bytes, spec) {
  const [given, kept] = [ARRAYS[spec.dtype], ARRAYS[spec.stored]];
  const values = new kept(bytes, 0, count(spec));
  if (given === kept) return values;
  if (given.BYTES_PER_ELEMENT === kept.BYTES_PER_ELEMENT) return new given(bytes, 0, count(spec));
  if (given === BigInt64Array || given === BigUint64Array) return given.from(values, BigInt);
  return given.from(values);
}

/** What counts of an output: where the data decide its size, how much stands in other outputs. */
function cut(spec, made, all) {
  const data = made.get(spec.name);
  if (!spec.sizes) return { data, shape: spec.shape };
  const shape = spec.sizes.map((n, dim) => (n < 0 ? spec.shape[dim] : Number(made.get(all[n].name)[0])));
  const total = shape.reduce((product, size) => product * size, 1);
  const kept = new data.constructor(total);
  for (let at = 0; at < total; at++) {
    let [left, from, stride] = [at, 0, 1];
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      from += (left % shape[dim]) * stride;
      left = Math.floor(left / shape[dim]);
      stride *= spec.shape[dim];
    }
    kept[at] = data[from];
  }
  return { data: kept, shape };
}
