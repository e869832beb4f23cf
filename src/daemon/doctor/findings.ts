/** One thing that was looked at. */
export interface Finding {
  /** What it belongs to: "cpu", "gpu", … */
  readonly area: string;
  readonly name: string;
  /** ok; lacking: the daemon works without it, and less well; broken: it does not work; unknown: nothing here can tell. */
  readonly state: 'ok' | 'lacking' | 'broken' | 'unknown';
  /** What was found, or why not. */
  readonly detail: string;
}

const marks = { ok: 'ok', lacking: 'lacks', broken: 'BROKEN', unknown: '?' } as const;

/** The report as people read it and send it: a line for each finding. */
export function reportOf(findings: readonly Finding[]): string {
  const width = (of: (finding: Finding) => string): number =>
    Math.max(...findings.map((finding) => of(finding).length));
  const [areas, names] = [width(({ area }) => area), width(({ name }) => name)];
  return findings
    .map(({ area, name, state, detail }) => {
      const head = `${marks[state].padEnd(6)}  ${area.padEnd(areas)}  ${name.padEnd(names)}`;
      return `${head}  ${detail}`.trimEnd();
    })
    .join('\n');
}

/** The daemon would start and give right answers here. */
export const isHealthy = (findings: readonly Finding[]): boolean => findings.every(({ state }) => state !== 'broken');

/** Who somebody is, where they are at home, and on which machine: nothing that a report needs. */
export interface Private {
  readonly user: string;
  readonly host: string;
  readonly home: string;
}

/** Without what is private. A name of one or two letters is in every text, and gives nobody away. */
export function redacted(findings: readonly Finding[], { user, host, home }: Private): Finding[] {
  const names = [
    [home.length > 1 ? home : '', '~'],
    [host, '<host>'],
    [user, '<user>'],
  ] as const;
  const hide = (text: string): string =>
    names.reduce((hidden, [name, instead]) => (name.length > 2 ? replaceWord(hidden, name, instead) : hidden), text);
  return findings.map((finding) => ({ ...finding, detail: hide(finding.detail) }));
}

function replaceWord(text: string, name: string, instead: string): string {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\w-])${literal}(?![\\w-])`, 'g'), instead);
}
