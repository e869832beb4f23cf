// What a command does, one step after the other, as values: the same list is printed, carried out and taken back.
import type { ManagerAction } from './service-manager.js';
import type { Owner } from './layout.js';

export type Step =
  | { readonly do: 'folder'; readonly path: string; readonly mode: number; readonly owner?: Owner | undefined }
  | { readonly do: 'write'; readonly path: string; readonly text: string; readonly mode: number }
  /** Lays a version beside the others, from this program's own files or from a package that was checked. */
  | { readonly do: 'stage'; readonly source: StageSource; readonly to: string }
  /** Nobody else can change what lies there. */
  | { readonly do: 'check'; readonly path: string }
  | { readonly do: 'move'; readonly from: string; readonly to: string }
  | { readonly do: 'copy'; readonly from: string; readonly to: string }
  /** Of a link, at once: no moment without one. */
  | { readonly do: 'link'; readonly path: string; readonly target: string }
  | { readonly do: 'remove'; readonly path: string }
  | { readonly do: 'manage'; readonly action: ManagerAction }
  /** Until the daemon answers and says this version. */
  | { readonly do: 'serving'; readonly version: string };

export type StageSource =
  | { readonly kind: 'own'; readonly appFolder: string; readonly node: string }
  | { readonly kind: 'package'; readonly path: string };

const octal = (mode: number): string => `0${mode.toString(8)}`;

/** For people; `commands` are those of the service manager. `withText`: what is written is printed, line by line. */
export function describeStep(
  step: Step,
  commands: (action: ManagerAction) => readonly string[],
  { withText }: { withText: boolean },
): string {
  switch (step.do) {
    case 'folder':
      return `folder   ${step.path} (${octal(step.mode)}${step.owner ? `, ${step.owner.name}` : ''})`;
    case 'write':
      return `write    ${step.path} (${octal(step.mode)})${withText ? `\n${step.text.trimEnd().replace(/^/gm, '         | ')}` : ''}`;
    case 'stage':
      return `unpack   ${step.source.kind === 'own' ? `${step.source.node} and ${step.source.appFolder}` : step.source.path} to ${step.to}`;
    case 'check':
      return `check    that nobody else can change ${step.path}`;
    case 'move':
      return `rename   ${step.from} to ${step.to}`;
    case 'copy':
      return `copy     ${step.from} to ${step.to}`;
    case 'link':
      return `link     ${step.path} to ${step.target}`;
    case 'remove':
      return `remove   ${step.path}`;
    case 'manage':
      return commands(step.action)
        .map((command) => `run      ${command}`)
        .join('\n');
    case 'serving':
      return `wait     until version ${step.version} serves`;
  }
}
