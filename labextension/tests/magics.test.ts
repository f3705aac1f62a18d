import assert from 'node:assert/strict';
import { test } from 'node:test';
import { magicAt, magics } from '../src/magics.js';
import { VALUED } from '../src/options.js';
import type { Range } from '../src/text.js';

const cut = (text: string, { from, to }: Range): string => text.slice(from, to);

function seen(text: string): { options: string; queries: string[]; names: (string | null)[] }[] {
  return magics(text).map(magic => ({
    options: cut(text, magic.options).trim(),
    queries: magic.queries.map(query => cut(text, query).trim()),
    names: magic.queries.map(query => query.target && cut(text, query.target))
  }));
}

test('text without a magic has none', () => {
  for (const text of ['', 'up', 'x = 5 % promql', '%promqlx up', '%%promqlx\nup', '# %promql up']) {
    assert.deepEqual(magics(text), [], text);
  }
});

test('a cell magic takes the whole cell below its line', () => {
  const text = '\n\n  %%promql --last 1h\nsum(up)\n%promql down\n';
  assert.deepEqual(seen(text), [{ options: '--last 1h', queries: ['sum(up)\n%promql down'], names: [null] }]);
});

test('a cell with names has a query for each', () => {
  const text = '%%promql\na = rate(x[5m]\nb = y{\n  job = "z"\n} == 1\n';
  const [magic] = seen(text);
  assert.deepEqual(magic?.queries, ['', 'rate(x[5m]', 'y{\n  job = "z"\n} == 1']);
  assert.deepEqual(magic?.names, [null, 'a', 'b']);
});

test('a line magic stands where a statement begins', () => {
  const line = { options: '', queries: ['up'], names: [null] };
  for (const text of ['%promql up', '  %promql up', 'x = %promql up', 'a, b.c = %promql up', 'if x:\n    y = %promql up']) {
    assert.deepEqual(seen(text), [line], text);
  }
  for (const text of ['"""\n%promql up\n"""', "'''\n%promql up", '(\n%promql up\n)', 'x = 1 + \\\n%promql up', 'f(%promql up']) {
    assert.deepEqual(seen(text), [], text);
  }
});

test('Python goes on below an unfinished query', () => {
  const text = 's = "it\'s"\n%promql rate(x[\ny = %promql "open\n';
  assert.deepEqual(seen(text).map(magic => magic.queries), [['rate(x['], ['"open']]);
});

test('a query without a name begins where the one before has ended', () => {
  const text = '%%promql --plot up\nrate(x[5m])  # both\n  / y\n"z"\n\nsum by (a)\n(b) offset\n5m\nq = w and\nv\n{u="1"}\n';
  const [magic] = seen(text);
  assert.deepEqual(magic?.queries, ['up', 'rate(x[5m])  # both\n  / y', '"z"', 'sum by (a)\n(b) offset\n5m', 'w and\nv\n{u="1"}']);
});

test('every option that takes a value takes it', () => {
  for (const name of VALUED) {
    for (const option of [`--${name} 5m`, `--${name}=5m`, `--${name} "a b"`, `--${name} '{{job}} x'`, `--${name} {{ x }}`]) {
      assert.deepEqual(seen(`%promql ${option} up`), [{ options: option, queries: ['up'], names: [null] }]);
    }
  }
});

test('switches take none, and a minus is no option', () => {
  assert.deepEqual(seen('%promql --plot --last 5m --tidy up'), [
    { options: '--plot --last 5m --tidy', queries: ['up'], names: [null] }
  ]);
  assert.deepEqual(seen('%promql -up'), [{ options: '', queries: ['-up'], names: [null] }]);
});

test('a backslash continues a line', () => {
  const [magic] = magics('%promql up \\\n + 1\nx = 1');
  assert.deepEqual(magic?.backslashes, [{ from: 11, to: 12 }]);
  assert.equal(magic?.to, 17);
});

test('templates are found, PromQL braces are none', () => {
  const text = '%promql rate({{ m }}{job="{{x"}[{{w}}]) + up{{{where}}}';
  const [magic] = magics(text);
  const templates = magic?.queries[0]?.templates.map(range => cut(text, range));
  assert.deepEqual(templates, ['{{ m }}', '{{w}}', '{{where}}']);
});

test('what is behind the name is in its magic', () => {
  const inside = (text: string): boolean => magicAt(text.replace('|', ''), text.indexOf('|')) !== null;
  for (const text of ['%promql |', '%promql up|', 'x = %promql --pl|', '%%promql |\nup', '%%promql\n|', '%%promql\na =|']) {
    assert.equal(inside(text), true, text);
  }
  for (const text of ['%promql|', '%pro|mql up', '%%promql|\nup', 'x| = 1\n%promql up', '%promql up\n|', 'x = "%promql |"']) {
    assert.equal(inside(text), false, text);
  }
});
