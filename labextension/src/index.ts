import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { type IEditorLanguage, IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { PromQLCompletion } from './completion.js';
import { ipythonWithPromQL } from './ipython.js';
import { promql } from './promql.js';

const language: JupyterFrontEndPlugin<void> = {
  id: '@monitorkit/jupyterlab-promql:language',
  description: 'PromQL as an editor language, and in the magics of IPython cells.',
  autoStart: true,
  requires: [IEditorLanguageRegistry],
  activate: (_app: JupyterFrontEnd, languages: IEditorLanguageRegistry) => {
    languages.addLanguage({
      name: 'promql',
      displayName: 'PromQL',
      mime: 'text/x-promql',
      extensions: ['promql'],
      load: () => Promise.resolve(promql())
    });
    // A MIME type cannot be registered twice, so the language that is there is wrapped.
    const ipython = languages.findByMIME('text/x-ipython');
    if (ipython) {
      wrap(ipython as Writable<IEditorLanguage>);
    }
  }
};

const completion: JupyterFrontEndPlugin<void> = {
  id: '@monitorkit/jupyterlab-promql:completion',
  description: 'Completion in PromQL, with documentation.',
  autoStart: true,
  requires: [ICompletionProviderManager],
  activate: (_app: JupyterFrontEnd, manager: ICompletionProviderManager) => {
    manager.registerProvider(new PromQLCompletion());
  }
};

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function wrap(ipython: Writable<IEditorLanguage>): void {
  const { load } = ipython;
  if (ipython.support) {
    ipython.support = ipythonWithPromQL(ipython.support);
  } else if (load) {
    ipython.load = async () => ipythonWithPromQL(await load.call(ipython));
  }
}

export default [language, completion];
