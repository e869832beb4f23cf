import { documentPaths, documented } from './documents.js';
import type { Rule } from './files.js';
import { circles, walls } from './imports.js';
import { fileLengths, fileNames, functionLengths, unitTests } from './shapes.js';
import { bannedWords, operationNames, ownedWords } from './words.js';

/** Every rule of the house. test/fixtures/tidy/ holds a file of the same name for each, which it must refuse. */
export const rules: Readonly<Record<string, Rule>> = {
  walls,
  circles,
  'owned-words': ownedWords,
  'banned-words': bannedWords,
  'operation-names': operationNames,
  'file-names': fileNames,
  'file-lengths': fileLengths,
  'function-lengths': functionLengths,
  'unit-tests': unitTests,
  'document-paths': documentPaths,
  documented,
};
