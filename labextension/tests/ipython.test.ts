import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LanguageSupport } from '@codemirror/language';
import { pythonLanguage } from '@codemirror/lang-python';
import { type Tree, TreeFragment } from '@lezer/common';
import { classHighlighter, highlightTree } from '@lezer/highlight';
import { ipythonWithPromQL } from '../src/ipython.js';

const { parser } = ipythonWithPromQL(new LanguageSupport(pythonLanguage)).language;

function colours(text: string, tree: Tree = parser.parse(text)): [string, string][] {
  const found: [string, string][] = [];
  highlightTree(tree, classHighlighter, (from, to, classes) => found.push([text.slice(from, to), classes]));
  return found;
}

test('a cell without a magic is what Python makes of it', () => {
  const text = 'for i in range(3):\n    print("%s" % i)  # comment';
  assert.deepEqual(colours(text), colours(text, pythonLanguage.parser.parse(text)));
});

test('the kinds of words in a query have colours of their own', () => {
  const kinds = new Map(colours('%%promql\nq = sum by (job) (rate(up{code=~"5..", job={{job}}}[5m])) / 2'));
  const words = ['%%promql', 'q', 'sum', 'job', 'rate', 'up', '"5.."', '5m', '2', '{{job}}'];
  const classes = words.map(word => kinds.get(word));
  assert.ok(!classes.includes(undefined), JSON.stringify([...kinds]));
  assert.equal(new Set(classes).size, new Set(words).size, JSON.stringify([...kinds]));
});

test('an open bracket in a query reaches neither Python nor the next query', () => {
  const python = 'for i in range(10):\n    print(i, "text")';
  const whole = colours(`%promql rate(x[\n${python}`);
  assert.deepEqual(whole.slice(-colours(python).length), colours(python));
  const queries = colours('%%promql\na = rate(x[\nb = sum(y)');
  assert.deepEqual(queries.slice(-2), colours('%%promql\nb = sum(y)').slice(-2));
});

test('editing gives the colours that parsing from scratch gives', () => {
  const pieces = [
    ...['%promql ', '%%promql\n', '\n', 'up', 'rate(x[5m])', '{job="a"}', '"', '"""', "'", '(', ')', '[', ']', '{', '}', 'x = '],
    ...['    ', 'for i in y:\n', '# c', '\\\n', ' --last 1h', '-', '%promql', 'é😀', 'def f(x):\n', 'sum by (a) (b)', '\n\n'],
    ...['print(1)\n', '%promql up\n', '{{name}}', '\na =', '`']
  ];
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return (seed >> 8) % below;
  };
  for (let run = 0; run < 60; run++) {
    let text = '';
    let tree = parser.parse(text);
    let fragments = TreeFragment.addTree(tree);
    for (let edit = 0; edit < 40; edit++) {
      const from = random(text.length + 1);
      const to = random(4) === 0 ? Math.min(text.length, from + random(12)) : from;
      const piece = random(5) === 0 && to > from ? '' : pieces[random(pieces.length)]!;
      text = text.slice(0, from) + piece + text.slice(to);
      const change = { fromA: from, toA: to, fromB: from, toB: from + piece.length };
      fragments = TreeFragment.applyChanges(fragments, [change]);
      tree = parser.parse(text, fragments);
      fragments = TreeFragment.addTree(tree, fragments);
      assert.equal(tree.length, text.length);
      assert.deepEqual(colours(text, tree), colours(text), JSON.stringify(text));
    }
  }
});
