import { syntaxTree } from '@codemirror/language';
import { RangeSetBuilder } from '@codemirror/state';
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { NodeProp, type Tree } from '@lezer/common';

const NAMES = new Set(
  (
    'abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex delattr ' +
    'dict dir divmod enumerate eval exec filter float format frozenset getattr globals hasattr hash help hex id input ' +
    'int isinstance issubclass iter len list locals map max memoryview min next object oct open ord pow print property ' +
    'range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip'
  ).split(' ')
);
const mark = Decoration.mark({ class: 'cm-builtin' });

/** Marks Python's builtins as JupyterLab does; its own plugin walks nested trees whole, this one what is seen. */
class Builtins {
  decorations: DecorationSet;
  private tree: Tree;

  constructor(view: EditorView) {
    this.tree = syntaxTree(view.state);
    this.decorations = this.marks(view);
  }

  update(update: ViewUpdate): void {
    const tree = syntaxTree(update.state);
    if (tree !== this.tree || update.viewportChanged) {
      this.tree = tree;
      this.decorations = this.marks(update.view);
    }
  }

  private marks(view: EditorView): DecorationSet {
    const marks = new RangeSetBuilder<Decoration>();
    const mounted = this.tree.prop(NodeProp.mounted);
    const python = mounted?.overlay ? mounted.tree : this.tree;
    const start = mounted?.overlay?.[0]?.from ?? 0;
    for (const { from, to } of view.visibleRanges) {
      python.iterate({
        from: from - start,
        to: to - start,
        enter: ({ name, from, to }) => {
          if (name === 'VariableName' && NAMES.has(view.state.sliceDoc(start + from, start + to))) {
            marks.add(start + from, start + to, mark);
          }
        }
      });
    }
    return marks.finish();
  }
}

export const pythonBuiltins = ViewPlugin.fromClass(Builtins, { decorations: plugin => plugin.decorations });
