/**
 * Runs kernels in WGSL by WebGPU. The manifest is the program of the host: `launches`, each a kernel, how many blocks
 * of threads, which parts of which buffers, and numbers, with control flow around them, see steps.js. Launches go to the
 * device together, up to where a number is read back. Weights are uploaded once.
 */

import { DeviceError, bytesOf, named } from "./stepwell.js";
import { launchesOf, runSteps } from "./steps.js";

const SLOT = 256;
/** Bytes at multiples of which the numbers of a launch may start. */
const SLOTS = 1024;
/** Launches with different numbers that go to the device together. */

const FEATURES = { float16: "shader-f16" };
/** What a device must have for kernels that store numbers of a dtype. */

const NEEDED = {
  maxBufferSize: (manifest) => Math.max(manifest.arena_size, manifest.weights_size, ...parts(manifest)),
  maxStorageBufferBindingSize: (manifest) => Math.max(...parts(manifest)),
};
/** Limits of which a model may need more than every device has. */

function parts(manifest) {
  return [4, ...launchesOf(manifest.launches).flatMap((launch) => launch.buffers.map((buffer) => buffer.bytes))];
}

/** Bytes of a buffer, or of a part of one, that holds `size`: WebGPU counts in words. */
function padded(size) {
  return Math.max(Math.ceil(size / 4) * 4, 4);
}

export async function create({ manifest, weights, sources }) {
  const device = await requestDevice(manifest);
  const kinds = new Map(launchesOf(manifest.launches).map((launch) => [`${launch.kernel}.wgsl`, launch]));
  const pipelines = new Map();
  await Promise.all([...sources].filter(([name]) => kinds.has(name)).map(async ([name, code]) => {
    const launch = kinds.get(name);
    pipelines.set(launch.kernel, await pipeline(device, name, code, launch));
  }));
  return new WebGPURunner(device, manifest, new Uint8Array(weights), pipelines);
}

/** A device that can hold the model. */
async function requestDevice(manifest) {
  if (!navigator.gpu) {
    const insecure = "open the page by https:// or from http://localhost";
    throw new DeviceError("this browser has no WebGPU here", isSecureContext ? "take another browser" : insecure);
  }
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new DeviceError("there is no GPU for WebGPU", "switch hardware acceleration on, update the driver");
  const requiredLimits = {};
  for (const [limit, needed] of Object.entries(NEEDED)) {
    const bytes = needed(manifest);
    if (bytes > adapter.limits[limit]) {
      throw new DeviceError(`the model needs a ${limit} of ${bytes}; this device has ${adapter.limits[limit]}`);
    }
    requiredLimits[limit] = Math.max(bytes, SLOT);
  }
  const requiredFeatures = (manifest.requires ?? []).map((dtype) => {
    if (!adapter.features.has(FEATURES[dtype])) {
      throw new DeviceError(`the model has tensors of ${dtype}, which this device has not`, "use float32 in the model");
    }
    return FEATURES[dtype];
  });
  return adapter.requestDevice({ requiredFeatures, requiredLimits });
}

/**
 * One kernel, and the layout of what it is handed: buffers, then the numbers, which stand at a place of a buffer that
 * each launch says. What the browser refuses is said with the lines that it means.
 */
async function pipeline(device, name, code, { buffers, numbers }) {
  const module = device.createShaderModule({ code, label: name });
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter((message) => message.type === "error");
  if (errors.length) throw new DeviceError(refusal(name, code, errors));
  const visibility = GPUShaderStage.COMPUTE;
  const entries = buffers.map((_, binding) => ({ binding, visibility, buffer: { type: "storage" } }));
  if (numbers.length) entries.push({ binding: buffers.length, visibility, buffer: { type: "uniform", hasDynamicOffset: true } });
  const handed = device.createBindGroupLayout({ entries });
  const layout = device.createPipelineLayout({ bindGroupLayouts: [handed] });
  try {
    const made = await device.createComputePipelineAsync({ layout, compute: { module, entryPoint: "main" }, label: name });
    return { pipeline: made, handed };
  } catch (error) {
    throw new DeviceError(`the device refused ${named(name, code)}: ${error.message}`);
  }
}

function refusal(name, code, errors) {
  const lines = code.split("\n");
  const said = errors.map(({ lineNum, linePos, message }) =>
    `  ${name}:${lineNum}:${linePos}: ${message}\n    ${(lines[lineNum - 1] ?? "").trim()}`);
  return [`the browser refused ${named(name, code)}`, ...said].join("\n");
}

class WebGPURunner {
  #lost = null;
  #places = new Map(); // numbers that stand in a slot
  #written = null; // launches that the device has not been handed yet: an encoder and its pass

  constructor(device, manifest, weights, pipelines) {
    this.device = device;
    this.manifest = manifest;
    device.lost.then((info) => { this.#lost = `the GPU was lost: ${info.message || info.reason}`; });
    const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = GPUBufferUsage;
    const buffer = (bytes, usage = STORAGE | COPY_SRC | COPY_DST) => device.createBuffer({ size: padded(bytes), usage });
    this.buffers = { arena: buffer(manifest.arena_size), weights: buffer(manifest.weights_size) };
    manifest.inputs.forEach((spec, n) => { this.buffers[`input ${n}`] = buffer(bytesOf(spec)); });
    manifest.outputs.forEach((spec, n) => { this.buffers[`output ${n}`] = buffer(bytesOf(spec)); });
    this.numbers = buffer(SLOTS * SLOT, UNIFORM | COPY_DST);
    this.#write(this.buffers.weights, weights);
    this.bound = new Map(launchesOf(manifest.launches).map((launch) => [launch, this.#bind(launch, pipelines)]));
  }

  /** What a launch is handed, and its pipeline. */
  #bind(launch, pipelines) {
    const { pipeline, handed } = pipelines.get(launch.kernel);
    const parts = launch.buffers.map(({ of, offset, bytes }) => ({ buffer: this.buffers[of], offset, size: padded(bytes) }));
    const { length } = launch.numbers;
    if (length) parts.push({ buffer: this.numbers, offset: 0, size: Math.ceil(length / 4) * 16 });
    const entries = parts.map((resource, binding) => ({ binding, resource }));
    return { pipeline, group: this.device.createBindGroup({ layout: handed, entries }) };
  }

  /** Fill a buffer from its start, in whole words. */
  #write(buffer, array) {
    let bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    if (bytes.length % 4) {
      const whole = new Uint8Array(padded(bytes.length));
      whole.set(bytes);
      bytes = whole;
    }
    if (bytes.length) this.device.queue.writeBuffer(buffer, 0, bytes);
  }

  #launch(step, numbers) {
    const places = numbers.length ? [this.#place(numbers)] : [];
    if (!this.#written) {
      const encoder = this.device.createCommandEncoder();
      this.#written = { encoder, pass: encoder.beginComputePass() };
    }
    const { pass } = this.#written;
    const { pipeline, group } = this.bound.get(step);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group, places);
    pass.dispatchWorkgroups(...step.blocks);
  }

  /** Where in the buffer of numbers these stand, in bytes. The same numbers have one place. */
  #place(numbers) {
    const key = numbers.join();
    if (!this.#places.has(key)) {
      if (this.#places.size === SLOTS) {
        this.#submit(); // behind it, places may be overwritten
        this.#places.clear();
      }
      const place = this.#places.size * SLOT;
      this.device.queue.writeBuffer(this.numbers, place, new Int32Array(numbers));
      this.#places.set(key, place);
    }
    return this.#places.get(key);
  }

  #submit() {
    if (!this.#written) return;
    const { encoder, pass } = this.#written;
    this.#written = null;
    pass.end();
    this.device.queue.submit([encoder.finish()]);
  }

  /** The bytes of all outputs. `feeds`: an array for each input, as the device keeps it. */
  async run(feeds) {
    const { device, manifest } = this;
    this.#check();
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    feeds.forEach((data, n) => this.#write(this.buffers[`input ${n}`], data));
    const read = async ({ of, offset }, n, kind) => {
      const size = kind.BYTES_PER_ELEMENT;
      return new kind(await this.#bytes(of, offset + n * size, size))[0];
    };
    let refused = [];
    try {
      await runSteps(manifest.launches, feeds, (step, numbers) => this.#launch(step, numbers), read);
    } finally {
      this.#submit();
      refused = [device.popErrorScope(), device.popErrorScope()];
    }
    for (const error of await Promise.all(refused)) {
      if (error) throw new DeviceError(`the device refused a run: ${error.message}`);
    }
    return Promise.all(manifest.outputs.map((spec, n) => this.#bytes(`output ${n}`, 0, bytesOf(spec))));
  }

  /** A part of a buffer, once all launches are done. */
  async #bytes(of, at, size) {
    this.#submit();
    const { device } = this;
    const { MAP_READ, COPY_DST } = GPUBufferUsage;
    const into = device.createBuffer({ size: padded(size), usage: MAP_READ | COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.buffers[of], at, into, 0, into.size);
    device.queue.submit([encoder.finish()]);
    try {
      await into.mapAsync(GPUMapMode.READ);
    } catch (error) {
      await Promise.race([device.lost, null]);
      this.#check();
      throw new DeviceError(`what was computed cannot be read: ${error.message}`);
    }
    const bytes = into.getMappedRange().slice(0, size);
    into.destroy();
    return bytes;
  }

  #check() {
    if (this.#lost) throw new DeviceError(this.#lost, "load the model again");
  }

  destroy() {
    this.device.destroy();
  }
}
