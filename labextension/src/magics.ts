import { optionsEnd } from './options.js';
import { PythonLines } from './python.js';
import { cellQueries, lineQuery, type Query } from './queries.js';
import { lineEnd, matchAt, type Range } from './text.js';

/** A `%promql` line or a `%%promql` cell, from the first percent sign to its end. */
export interface Magic extends Range {
  /** `%promql` or `%%promql`, with the percent signs. */
  readonly name: Range;
  /** What stands between the name and the query; it may be empty. */
  readonly options: Range;
  readonly queries: readonly Query[];
  /** What the line was continued with: no part of the query. */
  readonly backslashes: readonly Range[];
  /** Whether it takes the whole cell. */
  readonly cell: boolean;
}

const NEEDLE = '%promql';
// IPython drops blank lines and indentation before it looks for "%%".
const CELL = /\s*(%%promql)(?![\w.])/y;
// Perhaps "name = " or "a, b = " before the magic.
const LINE = /[ \t]*(?:[A-Za-z_][\w.]*(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*)*[ \t]*=[ \t]*)?(%promql)(?=[ \t]|\r?$)/my;

/** The PromQL magics in the text of an IPython cell, as IPython sees them. */
export function magics(text: string): Magic[] {
  if (!text.includes(NEEDLE)) {
    return [];
  }
  const cell = matchAt(CELL, text, 0);
  return cell ? [cellMagic(text, cell[0].length)] : [...lineMagics(text)];
}

/** The magic in whose options or queries a position is. */
export function magicAt(text: string, at: number): Magic | null {
  return magics(text).find(magic => magic.name.to < at && at <= magic.to) ?? null;
}

function cellMagic(text: string, nameEnd: number): Magic {
  const options = { from: nameEnd, to: optionsEnd(text, nameEnd) };
  return {
    from: nameEnd - NEEDLE.length - 1,
    to: text.length,
    name: { from: nameEnd - NEEDLE.length - 1, to: nameEnd },
    options,
    queries: cellQueries(text, { from: options.to, to: text.length }),
    backslashes: [],
    cell: true
  };
}

function* lineMagics(text: string): Generator<Magic> {
  const lines = new PythonLines(text);
  while (!lines.done) {
    const found = lines.atStatement ? matchAt(LINE, text, lines.pos) : null;
    if (found) {
      const magic = lineMagic(text, lines.pos + found[0].length);
      yield magic;
      lines.pos = magic.to + 1;
    } else {
      lines.skipLine();
    }
  }
}

function lineMagic(text: string, nameEnd: number): Magic {
  const options = { from: nameEnd, to: optionsEnd(text, nameEnd) };
  const backslashes: Range[] = [];
  let to = lineEnd(text, options.to);
  while (to < text.length && text[to - 1] === '\\') {
    backslashes.push({ from: to - 1, to });
    to = lineEnd(text, to + 1);
  }
  return {
    from: nameEnd - NEEDLE.length,
    to,
    name: { from: nameEnd - NEEDLE.length, to: nameEnd },
    options,
    queries: [lineQuery(text, { from: options.to, to })],
    backslashes,
    cell: false
  };
}
