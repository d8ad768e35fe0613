// SPDX-License-Identifier: BSD-3-Clause
// usage: node export.js CASES, with onnxruntime-node installed
// A case is a folder with net.onnx, shape.txt (the batch and a state's shape),
// in.f32, next.f32 and, of an ensemble, spread.f32. Prints the largest error of
// each, relative to the largest value of a state; fails above 1e-5.
'use strict';
const fs = require('fs');
const path = require('path');
const ort = require('onnxruntime-node');

function floats(file) {
  const b = fs.readFileSync(file);
  return new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.length));
}

function apart(got, wanted) {
  if (got.length !== wanted.length) throw new Error('another size');
  return wanted.reduce((a, w, i) => Math.max(a, Math.abs(got[i] - w)), 0);
}

async function check(dir) {
  const dims = fs.readFileSync(path.join(dir, 'shape.txt'), 'utf8')
      .trim().split(/\s+/).map(Number);
  const session = await ort.InferenceSession.create(
      path.join(dir, 'net.onnx'), {intraOpNumThreads: 1});
  const state = new ort.Tensor('float32', floats(path.join(dir, 'in.f32')), dims);
  const out = await session.run({state});
  const size = out.next.data.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  for (const name of ['next', 'spread']) {
    const file = path.join(dir, name + '.f32');
    if (!fs.existsSync(file)) continue;
    if (String(out[name].dims) !== String(dims)) throw new Error('shape');
    const error = apart(out[name].data, floats(file)) / size;
    console.log(`${dir} ${name} ${error.toExponential(1)}`);
    if (!(error <= 1e-5)) process.exitCode = 1;
  }
}

(async () => {
  for (const dir of process.argv.slice(2)) await check(dir);
})().catch(e => {
  console.error(e.message);
  process.exit(1);
});
