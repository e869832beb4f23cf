// The templates of launchd/ and systemd/, filled in.
import { ServiceFailure } from './service-failure.js';
import type { Layout, Owner } from './layout.js';

export type Words = Readonly<Record<string, string>>;

export function wordsOf(layout: Layout, owner: Owner): Words {
  const { current, config, state, run } = layout;
  const { name, group, uid, gid } = owner;
  return { current, config, state, run, logs: layout.logs ?? '', user: name, group, uid: `${uid}`, gid: `${gid}` };
}

/** `path` is that of the template: its ending says how a word is written. */
export function fill(path: string, text: string, words: Words): string {
  const written = writerOf(path);
  return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const word = words[name];
    if (word === undefined) throw new Error(`${path} asks for {{${name}}}, which nothing fills`);
    if (/[\n\r\0]/.test(word)) throw new ServiceFailure(`a path must not hold a line break: ${JSON.stringify(word)}`);
    return written(word);
  });
}

function writerOf(path: string): (word: string) => string {
  if (path.endsWith('.plist')) return inXml;
  if (path.endsWith('.conf')) return inTable;
  return inUnit;
}

const entities: Words = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const inXml = (word: string): string => word.replace(/[&<>]/g, (sign) => entities[sign]!);

/** Its columns end at a space, and it knows no quotes. */
function inTable(word: string): string {
  if (/[\s#]/.test(word)) throw new ServiceFailure(`newsyslog cannot name a file with a space: ${word}`);
  return word;
}

/** systemd expands % and $ in a unit, and reads quotes. */
function inUnit(word: string): string {
  if (/["\\$]/.test(word)) throw new ServiceFailure(`a unit cannot name ${word}`);
  return word.replaceAll('%', '%%');
}
