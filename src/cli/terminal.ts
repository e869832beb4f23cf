// What the command line may do with the world around it: two streams, one input, tables and colour.
import { readFileSync } from 'node:fs';
import Table from 'cli-table3';
import { openScreen, type Screen } from './screen.js';

export interface Terminal {
  out(text: string): void;
  error(text: string): void;
  readInput(): string;
  readonly hasColor: boolean;
  /** Characters in a line of the screen; undefined where nobody looks at one. */
  readonly columns: number | undefined;
  /** Takes the whole screen. Unset: nobody sits at one. */
  readonly openScreen?: (() => Screen) | undefined;
  /** Environment for a program that a command starts. */
  readonly environment: NodeJS.ProcessEnv;
}

export const processTerminal = (): Terminal => ({
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  readInput: () => readFileSync(process.stdin.fd, 'utf8'),
  hasColor: process.stdout.isTTY && !process.env['NO_COLOR'],
  // 0 and undefined come from terminals that do not tell.
  columns: process.stdout.isTTY ? process.stdout.columns || 80 : undefined,
  openScreen: process.stdout.isTTY ? () => openScreen(process.stdout, process.stdin) : undefined,
  environment: process.env,
});

/** Control characters, and those that reorder or break lines: a name from elsewhere must not steer a terminal. */
const steering = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** A string of the daemon or of a file, safe to print. */
export const clean = (text: string): string => text.replace(steering, '');

/** JSON on one line. What could steer a terminal is escaped, so nothing is lost. */
export function jsonLine(value: unknown): string {
  const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replace(steering, escape)}\n`;
}

export interface Sheet {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns from this one on hold numbers and are aligned to the right. */
  readonly numbersFrom: number;
}

const borders = ['top', 'bottom', 'left', 'mid', 'right'];
const noLines = Object.fromEntries(
  borders.flatMap((side) => ['', '-left', '-mid', '-right'].map((end) => [`${side}${end}`, ''])),
);

/** A table without lines; its head is bold where the terminal has colour. */
export function table({ head, rows, numbersFrom }: Sheet, { hasColor }: Terminal): string {
  const sheet = new Table({
    // Not by the library: it goes by the environment, not by the terminal that is asked for.
    head: head.map(clean).map((word) => (hasColor ? `\u001b[1m${word}\u001b[22m` : word)),
    chars: { ...noLines, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, index) => (index >= numbersFrom ? 'right' : 'left')),
  });
  sheet.push(...rows.map((row) => row.map(clean)));
  return `${sheet.toString()}\n`;
}
