/**
 * Runs kernels that are fragment shaders by WebGL 2. The manifest is the program of the host: `launches`, each a kernel,
 * which parts of which buffers, and numbers.
 *
 * A buffer is a texture of one number a texel, with rows of 2048; so is each part of the arena or the weights that a
 * launch is handed, since no draw may read the texture that it draws into. Parts of the arena that overlap are never in
 * use at the same time. A launch draws all of its last buffer; a shader that reads what it draws over reads a copy.
 */

import { ARRAYS, DeviceError, bytesOf, named } from "./stepwell.js";

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

export async function create({ manifest, weights, sources }) {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2", { antialias: false });
  if (!gl) throw new DeviceError("this browser has no WebGL 2 here", "switch hardware acceleration on");
  if (!gl.getExtension("EXT_color_buffer_float")) throw new DeviceError("this GPU does not draw into textures of floats");
  const programs = new Map([...sources].map(([name, code]) => [name.replace(/\.frag$/, ""), program(gl, name, code)]));
  return new WebGLRunner(gl, manifest, weights, programs);
}

/** One kernel. What the browser refuses is said with the lines that it means. */
function program(gl, name, code) {
  const made = gl.createProgram();
  const shaders = [[gl.VERTEX_SHADER, COVER], [gl.FRAGMENT_SHADER, code]].map(([kind, source]) => {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
    return shader;
  });
  gl.linkProgram(made);
  if (gl.getProgramParameter(made, gl.LINK_STATUS)) return made;
  if (gl.isContextLost()) throw new DeviceError("the GPU was lost", "load the model again");
  const lines = code.split("\n");
  const log = gl.getShaderInfoLog(shaders[1]) || gl.getProgramInfoLog(made);
  const said = log.trim().split("\n").map((message) => {
    const line = /^ERROR: \d+:(\d+): (.*)/.exec(message);
    return line ? `  ${name}:${line[1]}: ${line[2]}\n    ${(lines[line[1] - 1] ?? "").trim()}` : `  ${message}`;
  });
  throw new DeviceError([`the browser refused ${named(name, code)}`, ...said].join("\n"));
}

class WebGLRunner {
  constructor(gl, manifest, weights, programs) {
    this.gl = gl;
    this.manifest = manifest;
    this.textures = new Map();
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    manifest.inputs.forEach((spec, n) => this.#texture(whole(`input ${n}`, spec)));
    manifest.outputs.forEach((spec, n) => this.#texture(whole(`output ${n}`, spec)));
    this.draws = manifest.launches.map((launch) => this.#draw(launch, programs.get(launch.kernel), weights));
    gl.bindVertexArray(gl.createVertexArray());
  }

  /** The texture of a part of a buffer; `into`: where textures are kept by their parts. */
  #texture(part, data = null, into = this.textures) {
    const key = `${part.of} ${part.offset} ${part.bytes} ${part.dtype}`;
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
  #draw(launch, program, weights) {
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
    let numbers = null;
    if (launch.numbers.length) {
      numbers = gl.createBuffer();
      const words = new Int32Array(SLOT / 4);
      words.set(launch.numbers);
      gl.bindBuffer(gl.UNIFORM_BUFFER, numbers);
      gl.bufferData(gl.UNIFORM_BUFFER, words, gl.STATIC_DRAW);
    }
    return { program, target, reads, copy, numbers };
  }

  /** The bytes of all outputs. `feeds`: an array for each input, as the device keeps it. */
  async run(feeds) {
    const { gl, manifest } = this;
    this.#check();
    feeds.forEach((data, n) => this.#write(this.#texture(whole(`input ${n}`, manifest.inputs[n])), data));
    for (const { program, target, reads, copy, numbers } of this.draws) {
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
      if (numbers) gl.bindBufferBase(gl.UNIFORM_BUFFER, 0, numbers);
      gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
      gl.viewport(0, 0, WIDTH, target.height);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    }
    const made = manifest.outputs.map((spec, n) => this.#read(this.#texture(whole(`output ${n}`, spec)), bytesOf(spec)));
    this.#check();
    const error = gl.getError();
    if (error) throw new DeviceError(`the device refused a run: WebGL's error ${error}`);
    return made;
  }

  #read({ frame, height, dtype }, size) {
    const { gl } = this;
    const [, , type, format] = FORMATS[dtype](gl);
    const texels = new ARRAYS[dtype](WIDTH * height * 4); // of what a texture holds, only four numbers a texel can be had
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.readPixels(0, 0, WIDTH, height, format, type, texels);
    return new ARRAYS[dtype](size / 4).map((_, n) => texels[4 * n]).buffer;
  }

  #check() {
    if (this.gl.isContextLost()) throw new DeviceError("the GPU was lost", "load the model again");
  }

  destroy() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

function whole(of, spec) {
  return { of, offset: 0, bytes: bytesOf(spec), dtype: spec.stored };
}
