// SPDX-License-Identifier: BSD-3-Clause
// usage: node export.js CASES, with onnxruntime-node installed
// Cases are folders as tests/onnx_cases.sh makes them. Prints the largest error
// of each output, relative to the largest value predicted; fails above 1e-5.
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

function tensors(dir) {
  return fs.readFileSync(path.join(dir, 'tensors.txt'), 'utf8').trim()
      .split('\n').map(line => {
        const [way, name, ...dims] = line.split(' ');
        return {way, name, dims, data: floats(path.join(dir, name + '.f32'))};
      });
}

async function check(dir) {
  const session = await ort.InferenceSession.create(
      path.join(dir, 'net.onnx'), {intraOpNumThreads: 1});
  const all = tensors(dir), feeds = {};
  for (const t of all.filter(t => t.way === 'in'))
    feeds[t.name] = new ort.Tensor('float32', t.data, t.dims.map(Number));
  const out = await session.run(feeds);
  const wanted = all.filter(t => t.way === 'out');
  const size = wanted[0].data.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  for (const t of wanted) {
    if (String(out[t.name].dims) !== String(t.dims)) throw new Error('shape');
    const error = apart(out[t.name].data, t.data) / size;
    console.log(`${dir} ${t.name} ${error.toExponential(1)}`);
    if (!(error <= 1e-5)) process.exitCode = 1;
  }
}

(async () => {
  for (const dir of process.argv.slice(2)) await check(dir);
})().catch(e => {
  console.error(e.message);
  process.exit(1);
});
