import { matchAt } from './text.js';

/** The options of the magic that take a value; the others are switches. Its table in Python is the original. */
export const VALUED = ['last', 'start', 'end', 'step', 'at', 'as', 'url', 'legend', 'cache'] as const;

const BLANK = /[ \t]*/y;
const VALUE = String.raw`(?:"[^"\n]*"|'[^'\n]*'|\{\{[^{}\n]*\}\}|[^\s"'])+`;
const OPTION = new RegExp(
  String.raw`--(?:(?:${VALUED.join('|')})(?:=|[ \t])[ \t]*${VALUE}|[a-zA-Z][\w-]*(?:=${VALUE})?)(?=\s|$)`,
  'y'
);

/** Where the options that begin at `at` end: before the blanks in front of what follows them. */
export function optionsEnd(text: string, at: number): number {
  let end = at;
  for (;;) {
    const start = end + matchAt(BLANK, text, end)![0].length;
    const option = start > end ? matchAt(OPTION, text, start) : null;
    if (!option) {
      return end;
    }
    end = start + option[0].length;
  }
}
