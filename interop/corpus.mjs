import fs from 'node:fs';

export const lines = file => fs.readFileSync(file, 'utf8').trimEnd().split('\n');

// bodies are the lines of a corpus: {name, status, valid, body}.
export const bodies = file => lines(file).map(line => JSON.parse(line));
