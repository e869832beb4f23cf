// The kernels of a GPU language as one text, because a driver that compiles it knows no include path; and the header
// that carries it.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The text of each language begins with this file. */
export const gpuTexts = { opencl: 'native/backends/opencl/kernels.cl', metal: 'native/backends/metal/kernels.metal' };

/** Of this system. */
export const gpuLanguage = process.platform === 'darwin' ? 'metal' : 'opencl';

/** A file with the files that it includes by name in their places, each once; without comments that fill a line. */
export function paste(path, seen = new Set()) {
  if (seen.has(path)) return '';
  seen.add(path);
  const lines = readFileSync(join(root, path), 'utf8').split('\n');
  return lines
    .filter((line) => !/^\s*(\/\/.*)?$|^#pragma once$/.test(line))
    .map((line) => {
      const [, included] = /^#include "(.+)"$/.exec(line) ?? [];
      return included === undefined ? `${line}\n` : paste(join(dirname(path), included), seen);
    })
    .join('');
}

/** Over the text and over what decides how it is compiled and called. */
function digestOf(language, text) {
  const hash = createHash('sha256').update(text);
  for (const folder of ['native/backends/gpu', `native/backends/${language}`]) {
    const names = readdirSync(join(root, folder)).filter((name) => !name.endsWith('.md'));
    for (const name of names.sort()) hash.update(`${name}\0`).update(readFileSync(join(root, folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Writes `folder`/gpu_text.h. `change` is for tests that need another text. */
export function writeGpuText(language, folder, change = (text) => text) {
  const text = change(paste(gpuTexts[language]));
  const header = `#define ACCELD_GPU_TEXT_DIGEST "${digestOf(language, text)}"
constexpr char kGpuTextPasted[] = R"gpu(${text})gpu";
`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'gpu_text.h'), header);
}
