/**
 * Runs kernels that are fragment shaders by WebGL 2. The manifest is the program of the host: `launches`, each a kernel,
 * which parts of which buffers, and numbers, with control flow around them, see steps.js.
 *
 * A buffer is a texture of one number a texel, with rows of 2048; so is each part of the arena or the weights that a
 * launch is handed, since no draw may read the texture that it draws into. Parts of the arena that overlap are never in
 * use at the same time. A launch draws all of its last buffer; a shader that reads what it draws over reads a copy.
 * Whole numbers stand in textures of integers, where each of 32 bits is kept.
 */

import { ARRAYS, DeviceError, bytesOf, named } from "./stepwell.js";
import { launchesOf, runSteps } from "./steps.js";

const WIDTH = 2048;
/** Elements of a row of a texture. */
const SLOT = 256;
/** Bytes of the numbers of a launch; a multiple of what every device asks for. */

const COVER = `#version 300 es
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1, 0, 1); }
`;
/** A triangle that covers everything. */

const FORMATS = {
  float32: (gl) => [gl.R32F, gl.RED, gl.FLOAT, gl.RGBA],
  int32: (gl) => [gl.R32I, gl.RED_INTEGER, gl.INT, gl.RGBA_INTEGER],
  uint32: (gl) => [gl.R32UI, gl.RED_INTEGER, gl.UNSIGNED_INT, gl.RGBA_INTEGER],
};
/** Of a dtype: a texture's format inside, what is written to it, of which type; what can be read from it. */

const ERRORS = ["INVALID_ENUM", "INVALID_VALUE", "INVALID_OPERATION", "INVALID_FRAMEBUFFER_OPERATION", "OUT_OF_MEMORY"];
/** What `getError` gives, by name. */

export async function create({ manifest, weights, sources }) {
  const canvas = globalThis.OffscreenCanvas ? new OffscreenCanvas(1, 1) : document.createElement("canvas");
  const gl = canvas.getContext("webgl2", { antialias: false });
  if (!gl) throw new DeviceError("this browser has no WebGL 2 here", "switch hardware acceleration on, or take another browser");
  if (!gl.getExtension("EXT_color_buffer_float")) {
    throw new DeviceError("this GPU does not draw into textures of floats (EXT_color_buffer_float)", "take another device");
  }
  return new WebGLRunner(gl, manifest, weights, compiled(gl, sources));
}

/** All kernels, by name. Browsers compile several at a time, as long as none is asked how it went. */
function compiled(gl, sources) {
  const started = [...sources].map(([name, code]) => [name, code, start(gl, code)]);
  return new Map(started.map(([name, code, [program, shader]]) => {
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw refusal(gl, name, code, program, shader);
    return [name.replace(/\.frag$/, ""), program];
  }));
}

function start(gl, code) {
  const program = gl.createProgram();
  const [, shader] = [[gl.VERTEX_SHADER, COVER], [gl.FRAGMENT_SHADER, code]].map(([kind, source]) => {
    const made = gl.createShader(kind);
    gl.shaderSource(made, source);
    gl.compileShader(made);
    gl.attachShader(program, made);
    return made;
  });
  gl.linkProgram(program);
  return [program, shader];
}

/** What the browser refuses is said with the lines that it means. */
function refusal(gl, name, code, program, shader) {
  if (gl.isContextLost()) return new DeviceError("the GPU was lost", "load the model again");
  const lines = code.split("\n");
  const log = gl.getShaderInfoLog(shader) || gl.getProgramInfoLog(program) || "it does not say why";
  const said = log.trim().split("\n").map((message) => {
    const line = /^ERROR: \d+:(\d+): (.*)/.exec(message);
    return line ? `  ${name}:${line[1]}: ${line[2]}\n    ${(lines[line[1] - 1] ?? "").trim()}` : `  ${message}`;
  });
  return new DeviceError([`the browser refused ${named(name, code)}`, ...said].join("\n"));
}

class WebGLRunner {
  constructor(gl, manifest, weights, programs) {
    this.gl = gl;
    this.manifest = manifest;
    this.textures = new Map();
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const launches = launchesOf(manifest.launches);
    this.draws = new Map(launches.map((launch) => [launch, this.#bind(launch, programs.get(launch.kernel), weights)]));
    gl.bindVertexArray(gl.createVertexArray());
    this.#check("to hold the model");
  }

  /** The texture of a part of a buffer that launches have; `into`: where textures are kept by their parts. */
  #texture(part, data = null, into = this.textures) {
    const key = keyOf(part);
    if (!into.has(key)) {
      const { gl } = this;
      const [inside] = FORMATS[part.dtype](gl);
      const height = Math.max(Math.ceil(part.bytes / 4 / WIDTH), 1);
      const most = gl.getParameter(gl.MAX_TEXTURE_SIZE);
      if (height > most) throw new DeviceError(`a texture of ${height} rows is needed; this device has ${most}`);
      const texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, inside, WIDTH, height);
      for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
        gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
      }
      const frame = gl.createFramebuffer();
      gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
      into.set(key, { texture, frame, height, dtype: part.dtype });
      if (data) this.#write(into.get(key), data);
    }
    return into.get(key);
  }

  /** Fill a texture from its start. */
  #write({ texture, height, dtype }, data) {
    const { gl } = this;
    const [, format, type] = FORMATS[dtype](gl);
    const rows = new ARRAYS[dtype](WIDTH * height);
    rows.set(data);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, WIDTH, height, format, type, rows);
  }

  /** What a launch draws, into what, the textures that it reads, by unit, where its target is copied to, its numbers. */
  #bind(launch, program, weights) {
    const { gl } = this;
    const textures = launch.buffers.map((part) => this.#texture(part, part.of !== "weights" ? null
      : new ARRAYS[part.dtype](weights.slice(part.offset, part.offset + part.bytes))));
    const target = textures.at(-1);
    let copy = null;
    const reads = [];
    gl.useProgram(program);
    textures.forEach((texture, unit) => {
      const place = gl.getUniformLocation(program, `buffer${unit}`);
      if (!place) return;
      gl.uniform1i(place, unit);
      if (texture === target) copy = this.#texture(launch.buffers.at(-1), null, new Map());
      reads.push([unit, (texture === target ? copy : texture).texture]);
    });
    const numbers = launch.numbers.length ? gl.createBuffer() : null;
    if (numbers) {
      gl.bindBuffer(gl.UNIFORM_BUFFER, numbers);
      gl.bufferData(gl.UNIFORM_BUFFER, SLOT, gl.DYNAMIC_DRAW);
    }
    return { program, target, reads, copy, numbers, held: null };
  }

  #launch(draw, numbers) {
    const { gl } = this;
    const { program, target, reads, copy } = draw;
    if (copy) {
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, target.frame);
      gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, copy.frame);
      gl.blitFramebuffer(0, 0, WIDTH, target.height, 0, 0, WIDTH, target.height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    }
    gl.useProgram(program);
    for (const [unit, texture] of reads) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    }
    gl.activeTexture(gl.TEXTURE0);
    if (numbers.length) {
      gl.bindBufferBase(gl.UNIFORM_BUFFER, 0, draw.numbers);
      if (draw.held !== numbers.join()) gl.bufferSubData(gl.UNIFORM_BUFFER, 0, new Int32Array(numbers));
      draw.held = numbers.join();
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
    gl.viewport(0, 0, WIDTH, target.height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** The bytes of all outputs. `feeds`: an array for each input, as the device keeps it. */
  async run(feeds) {
    const { manifest } = this;
    this.#check("a run");
    feeds.forEach((data, n) => {
      const texture = this.textures.get(keyOf(whole(`input ${n}`, manifest.inputs[n])));
      if (texture) this.#write(texture, data); // else no kernel reads it, and it may be of a type that no texture has
    });
    await runSteps(manifest.launches, feeds, (step, numbers) => this.#launch(this.draws.get(step), numbers),
      async (part, n) => this.#read(this.#texture(part), n + 1)[n]);
    const made = manifest.outputs.map((spec, n) => {
      const count = bytesOf(spec) / 4;
      return count ? this.#read(this.#texture(whole(`output ${n}`, spec)), count).buffer : new ArrayBuffer(0);
    });
    this.#check("a run");
    return made;
  }

  /** The first numbers of a texture. */
  #read({ frame, dtype }, count) {
    const { gl } = this;
    const [, , type, format] = FORMATS[dtype](gl);
    const height = Math.max(Math.ceil(count / WIDTH), 1);
    const texels = new ARRAYS[dtype](WIDTH * height * 4); // of what a texture holds, only four numbers a texel can be had
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.readPixels(0, 0, WIDTH, height, format, type, texels);
    return new ARRAYS[dtype](count).map((_, n) => texels[4 * n]);
  }

  #check(what) {
    const { gl } = this;
    if (gl.isContextLost()) throw new DeviceError("the GPU was lost", "load the model again");
    const error = gl.getError();
    if (!error) return;
    const name = ERRORS.find((word) => gl[word] === error) ?? error;
    const fix = name === "OUT_OF_MEMORY" ? "close other pages, or take a smaller model" : "";
    throw new DeviceError(`the device refused ${what}: ${name}`, fix);
  }

  destroy() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

function keyOf({ of, offset, bytes, dtype }) {
  return `${of} ${offset} ${bytes} ${dtype}`;
}

function whole(of, spec) {
  return { of, offset: 0, bytes: bytesOf(spec), dtype: spec.stored };
}
