import { lineEnd, matchAt, quotedEnd, type Range } from './text.js';

/** One query of a magic. */
export interface Query extends Range {
  /** The name in `name = query`, where there is one. */
  readonly target: Range | null;
  /** `{{name}}`, filled in by the magic: no PromQL. */
  readonly templates: readonly Range[];
}

// In PromQL a name before a single "=" stands only in braces, so that an unclosed parenthesis cannot hide the next query.
const TARGET = /[ \t]*([A-Za-z_]\w*)[ \t]*=(?![=~])/y;
const TEMPLATE = /\{\{[ \t]*[A-Za-z_]\w*[ \t]*\}\}/y;
const CONTINUING =
  'and|or|unless|atan2|by|without|on|ignoring|group_left|group_right|bool|offset|anchored|smoothed|fill|fill_left|fill_right';
const BEGINS = new RegExp(String.raw`[ \t]*(?!(?:${CONTINUING})\b)[\w:."'\x60]`, 'iy');
const GOES_ON = new RegExp(String.raw`(?:^|[^\w:])(?:${CONTINUING})$|[^\w:)\]}"'\x60]$`, 'i');
const LONGEST_WORD = 16;

/**
 * The queries in a cell: one, or several. One with a name begins with `name =`; another where a line begins with an
 * operand and the line before has ended with one. They cover the whole range, blank ones too.
 */
export function cellQueries(text: string, range: Range): Query[] {
  const found: Query[] = [];
  let open = new OpenQuery(text, range.from);
  let pos = range.from;
  while (pos < range.to) {
    const atLineStart = text[pos - 1] === '\n';
    const named = atLineStart && open.braces === 0 ? matchAt(TARGET, text, pos) : null;
    if (named) {
      found.push(open.closed(pos));
      const name = pos + named[0].indexOf(named[1]!);
      pos += named[0].length;
      open = new OpenQuery(text, pos, { from: name, to: name + named[1]!.length });
      continue;
    }
    if (atLineStart && open.ended && matchAt(BEGINS, text, pos)) {
      found.push(open.closed(pos));
      open = new OpenQuery(text, pos);
    }
    pos = open.advance(pos);
  }
  return [...found, open.closed(range.to)];
}

/** The query of a line: all that follows the options. */
export function lineQuery(text: string, range: Range): Query {
  const open = new OpenQuery(text, range.from);
  for (let pos = range.from; pos < range.to; ) {
    pos = open.advance(pos);
  }
  return open.closed(range.to);
}

/** A query that is being walked over. */
class OpenQuery {
  braces = 0;
  private brackets = 0;
  /** Where the last thing ends that is neither blank nor a comment. */
  private last: number;
  private readonly templates: Range[] = [];

  constructor(
    private readonly text: string,
    private readonly from: number,
    private readonly target: Range | null = null
  ) {
    this.last = from;
  }

  /** Whether what has been walked over may be a whole query, which an operand would not continue. */
  get ended(): boolean {
    const end = this.text.slice(Math.max(this.from, this.last - LONGEST_WORD), this.last);
    return this.last > this.from && this.braces === 0 && this.brackets === 0 && !GOES_ON.test(end);
  }

  /** Go over one template, string, comment or character, and say where it ends. */
  advance(at: number): number {
    const template = matchAt(TEMPLATE, this.text, at);
    if (template) {
      this.last = at + template[0].length;
      this.templates.push({ from: at, to: this.last });
      return this.last;
    }
    const character = this.text[at]!;
    this.count(character);
    const to = end(this.text, at);
    if (character !== '#' && character.trim()) {
      this.last = to;
    }
    return to;
  }

  closed(to: number): Query {
    return { from: this.from, to, target: this.target, templates: this.templates };
  }

  private count(character: string): void {
    if (character === '{' || character === '}') {
      this.braces = Math.max(0, this.braces + (character === '{' ? 1 : -1));
    } else if ('()[]'.includes(character)) {
      this.brackets = Math.max(0, this.brackets + ('(['.includes(character) ? 1 : -1));
    }
  }
}

/** The end of the string, the comment or the single character at `at`. */
function end(text: string, at: number): number {
  switch (text[at]) {
    case '"':
    case "'":
      return quotedEnd(text, at);
    case '`': {
      const found = text.indexOf('`', at + 1);
      return found < 0 ? text.length : found + 1;
    }
    case '#':
      return lineEnd(text, at);
    default:
      return at + 1;
  }
}
