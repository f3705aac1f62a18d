import { Language, LanguageSupport } from '@codemirror/language';
import {
  Parser,
  parseMixed,
  type Input,
  type NestedParse,
  type PartialParse,
  type SyntaxNodeRef,
  type Tree,
  type TreeFragment
} from '@lezer/common';
import { pythonBuiltins } from './builtins.js';
import { keepIndent } from './indent.js';
import { magics, type Magic } from './magics.js';
import { Outline } from './outline.js';
import { promql, promqlLanguage } from './promql.js';
import { without } from './text.js';

/** IPython's language: Python, as JupyterLab supports it, with PromQL in the magics. */
export function ipythonWithPromQL(python: LanguageSupport): LanguageSupport {
  const parser = new MagicParser(python.language);
  const language = new Language(python.language.data, parser, [], 'ipython');
  return new LanguageSupport(language, [pythonBuiltins, keepIndent, promql().support]);
}

/**
 * Parses a cell. One without a magic goes to the Python parser as it is. In others, all Python is parsed as one piece
 * and each query as one of its own: a bracket that is left open in a query reaches neither the Python below it nor the
 * next query.
 */
class MagicParser extends Parser {
  private readonly outline: Outline;

  constructor(private readonly python: Language) {
    super();
    this.outline = new Outline(python);
  }

  override createParse(
    input: Input,
    fragments: readonly TreeFragment[],
    ranges: readonly { from: number; to: number }[]
  ): PartialParse {
    const text = input.read(0, input.length);
    const found = magics(text);
    if (!found.length) {
      return this.python.parser.startParse(input, fragments, ranges);
    }
    const nested = parseMixed(node => this.nested(node, text.length, found));
    return nested(parsed(this.outline.tree(text.length, found), text.length), input, fragments, ranges);
  }

  private nested(node: SyntaxNodeRef, length: number, found: readonly Magic[]): NestedParse | null {
    if (this.outline.is(node.type, 'IPython')) {
      const overlay = without({ from: 0, to: length }, found);
      return found[0]?.cell || !overlay.length ? null : { parser: this.python.parser, overlay };
    }
    return this.outline.is(node.type, 'Query') ? this.query(node, found) : null;
  }

  private query(node: SyntaxNodeRef, found: readonly Magic[]): NestedParse | null {
    const magic = found.find(({ from, to }) => from <= node.from && node.to <= to);
    const query = magic?.queries.find(({ from }) => from === node.from);
    const gaps = [...(query?.templates ?? []), ...(magic?.backslashes ?? [])].sort((a, b) => a.from - b.from);
    const overlay = without({ from: node.from, to: node.to }, gaps);
    if (!gaps.length) {
      return { parser: promqlLanguage.parser };
    }
    return overlay.length ? { parser: promqlLanguage.parser, overlay } : null;
  }
}

/** A parse that has been done. */
function parsed(tree: Tree, length: number): PartialParse {
  return { advance: () => tree, parsedPos: length, stoppedAt: null, stopAt: () => undefined };
}
