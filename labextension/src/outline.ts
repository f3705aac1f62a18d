import { languageDataProp, type Language } from '@codemirror/language';
import { NodeSet, NodeType, Tree } from '@lezer/common';
import { styleTags, tags } from '@lezer/highlight';
import type { Magic } from './magics.js';
import type { Query } from './queries.js';
import type { Range } from './text.js';

const NAMES = ['IPython', 'Magic', 'MagicName', 'MagicOptions', 'QueryName', 'Query', 'Template'] as const;
type Name = (typeof NAMES)[number];
type Placed = readonly [tree: Tree, from: number];

const colours = styleTags({
  MagicName: tags.meta,
  MagicOptions: tags.attributeName,
  QueryName: tags.definition(tags.variableName),
  Template: tags.special(tags.string)
});

/**
 * The outer syntax tree of a cell with magics; Python and PromQL are parsed inside it, each on its own:
 *
 *     IPython(Magic(MagicName MagicOptions QueryName Query(Template ...) ...) ...)
 */
export class Outline {
  private readonly types: NodeSet;

  /** The top node carries Python's language data, else comments and brackets would not be Python's there. */
  constructor(python: Language) {
    const types = NAMES.map((name, id) =>
      id === 0
        ? NodeType.define({ id, name, top: true, props: [[languageDataProp, python.data]] })
        : NodeType.define({ id, name })
    );
    this.types = new NodeSet(types).extend(colours);
  }

  is(type: NodeType, name: Name): boolean {
    return type === this.type(name);
  }

  tree(length: number, magics: readonly Magic[]): Tree {
    return this.node('IPython', { from: 0, to: length }, magics.map(magic => this.magic(magic)))[0];
  }

  private magic(magic: Magic): Placed {
    const queries = magic.queries.flatMap(query => this.query(query));
    return this.node('Magic', magic, [
      this.node('MagicName', magic.name),
      ...(magic.options.to > magic.options.from ? [this.node('MagicOptions', magic.options)] : []),
      ...queries
    ]);
  }

  private query(query: Query): Placed[] {
    const templates = query.templates.map(range => this.node('Template', range));
    return [
      ...(query.target ? [this.node('QueryName', query.target)] : []),
      // A parser cannot be mounted on a node without length.
      ...(query.to > query.from ? [this.node('Query', query, templates)] : [])
    ];
  }

  private node(name: Name, { from, to }: Range, children: readonly Placed[] = []): Placed {
    const trees = children.map(([tree]) => tree);
    const positions = children.map(([, start]) => start - from);
    return [new Tree(this.type(name), trees, positions, to - from), from];
  }

  private type(name: Name): NodeType {
    return this.types.types[NAMES.indexOf(name)]!;
  }
}
