/**
 * Runs kernels in WGSL by WebGPU. The manifest is the program of the host: `launches`, each a kernel, how many blocks
 * of threads, which parts of which buffers, and numbers. Weights are uploaded once.
 */

import { DeviceError, bytesOf } from "./stepwell.js";

const SLOT = 256;
/** Bytes at multiples of which the numbers of a launch may start. */

const NEEDED = {
  maxBufferSize: (manifest) => Math.max(manifest.arena_size, manifest.weights_size, ...parts(manifest)),
  maxStorageBufferBindingSize: (manifest) => Math.max(...parts(manifest)),
};
/** Limits of which a model may need more than every device has. */

const FEATURES = { float16: "shader-f16" };
/** What an adapter must have for kernels that store numbers of a dtype. */

function parts(manifest) {
  return [4, ...manifest.launches.flatMap((launch) => launch.buffers.map((buffer) => buffer.bytes))];
}

export async function create({ manifest, weights, sources }) {
  const device = await requestDevice(manifest);
  const pipelines = new Map();
  await Promise.all([...sources].map(async ([name, code]) => {
    pipelines.set(name.replace(/\.wgsl$/, ""), await pipeline(device, name, code));
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

/** The pipeline of one kernel. What the browser refuses is said with the lines that it means. */
async function pipeline(device, name, code) {
  const module = device.createShaderModule({ code, label: name });
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter((message) => message.type === "error");
  if (errors.length) throw new DeviceError(refusal(name, code, errors));
  try {
    return await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" }, label: name });
  } catch (error) {
    throw new DeviceError(`the device refused ${named(name, code)}: ${error.message}`);
  }
}

/** A file's name, and what of the model it was made of, which its first line says. */
function named(name, code) {
  return `${name} [${code.split("\n", 1)[0].replace(/^\/\/ */, "")}]`;
}

function refusal(name, code, errors) {
  const lines = code.split("\n");
  const said = errors.map(({ lineNum, linePos, message }) =>
    `  ${name}:${lineNum}:${linePos}: ${message}\n    ${(lines[lineNum - 1] ?? "").trim()}`);
  return [`the browser refused ${named(name, code)}`, ...said].join("\n");
}

class WebGPURunner {
  #lost = null;

  constructor(device, manifest, weights, pipelines) {
    this.device = device;
    this.manifest = manifest;
    device.lost.then((info) => { this.#lost = `the GPU was lost: ${info.message || info.reason}`; });
    const { STORAGE, COPY_SRC, COPY_DST, UNIFORM, MAP_READ } = GPUBufferUsage;
    const buffer = (bytes, usage = STORAGE | COPY_SRC | COPY_DST) =>
      device.createBuffer({ size: Math.max(Math.ceil(bytes / 4) * 4, 4), usage });
    this.buffers = { arena: buffer(manifest.arena_size), weights: buffer(manifest.weights_size) };
    manifest.inputs.forEach((spec, n) => { this.buffers[`input ${n}`] = buffer(bytesOf(spec)); });
    manifest.outputs.forEach((spec, n) => { this.buffers[`output ${n}`] = buffer(bytesOf(spec)); });
    this.read = manifest.outputs.map((spec) => buffer(bytesOf(spec), MAP_READ | COPY_DST));
    if (weights.length) device.queue.writeBuffer(this.buffers.weights, 0, weights);
    this.numbers = buffer(Math.max(manifest.launches.length, 1) * SLOT, UNIFORM | COPY_DST);
    this.launches = manifest.launches.map((launch, n) => this.#bound(launch, n, pipelines.get(launch.kernel)));
  }

  /** A launch with what is bound for it. */
  #bound(launch, n, pipeline) {
    const parts = launch.buffers.map(({ of, offset, bytes }) =>
      ({ buffer: this.buffers[of], offset, size: Math.max(Math.ceil(bytes / 4) * 4, 4) }));
    if (launch.numbers.length) {
      this.device.queue.writeBuffer(this.numbers, n * SLOT, new Int32Array(launch.numbers));
      parts.push({ buffer: this.numbers, offset: n * SLOT, size: Math.ceil(launch.numbers.length / 4) * 16 });
    }
    const entries = parts.map((resource, binding) => ({ binding, resource }));
    const group = this.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    return { pipeline, group, blocks: launch.blocks };
  }

  /** The bytes of all outputs. `feeds`: an array for each input, as the device keeps it. */
  async run(feeds) {
    const { device, manifest } = this;
    this.#check();
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    feeds.forEach((data, n) => { if (data.length) device.queue.writeBuffer(this.buffers[`input ${n}`], 0, data); });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, blocks } of this.launches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...blocks);
    }
    pass.end();
    this.read.forEach((into, n) => encoder.copyBufferToBuffer(this.buffers[`output ${n}`], 0, into, 0, into.size));
    device.queue.submit([encoder.finish()]);
    for (const error of [await device.popErrorScope(), await device.popErrorScope()]) {
      if (error) throw new DeviceError(`the device refused a run: ${error.message}`);
    }
    return Promise.all(this.read.map((buffer, n) => this.#bytes(buffer, bytesOf(manifest.outputs[n]))));
  }

  async #bytes(buffer, size) {
    try {
      await buffer.mapAsync(GPUMapMode.READ);
    } catch (error) {
      await Promise.race([this.device.lost, null]);
      this.#check();
      throw new DeviceError(`an output cannot be read: ${error.message}`);
    }
    const bytes = buffer.getMappedRange().slice(0, size);
    buffer.unmap();
    return bytes;
  }

  #check() {
    if (this.#lost) throw new DeviceError(this.#lost, "load the model again");
  }

  destroy() {
    this.device.destroy();
  }
}
