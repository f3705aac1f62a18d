// Completes the bundle's licence report: the builder does not see packages whose modules it joined into one.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const ALLOWED = ['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'MIT'];
const report = '../monitorkit/labextension/static/third-party-licenses.json';

const json = file => JSON.parse(readFileSync(file, 'utf8'));

function entry(name) {
  const folder = `node_modules/${name}`;
  const { version, license } = json(`${folder}/package.json`);
  if (!ALLOWED.includes(license)) {
    throw new Error(`${name} is under ${license}; only ${ALLOWED.join(', ')} go into the bundle`);
  }
  const file = readdirSync(folder).find(file => /^licen[cs]e/i.test(file));
  return { name, versionInfo: version, licenseId: license, extractedText: readFileSync(`${folder}/${file}`, 'utf8') };
}

const found = json(report).packages.map(({ name }) => name);
const names = [...new Set([...found, ...Object.keys(json('package.json').dependencies)])].sort();
writeFileSync(report, `${JSON.stringify({ packages: names.map(entry) }, null, 2)}\n`);
