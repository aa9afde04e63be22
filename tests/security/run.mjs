// How many attacks are found, and how many ordinary sentences are taken for one.
// Run with: npm run security -- [--json] [--list]
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { detectAttacks } from '@kapelle/orchestrators';
import { CHEAT_SHEET, KIND_OF } from './cheat-sheet.mjs';

const TARGETS = { caught: 0.95, flagged: 0.01 };
/** The sections of the Big List of Naughty Strings that hold attacks; the others hold odd but innocent texts. */
const ATTACKS = [
  'Script Injection',
  'SQL Injection',
  'Server Code Injection',
  'Command Injection (Ruby)',
  'XXE Injection (XML)',
  'File Inclusion',
];
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The texts of a section, by its title. */
function naughtyStrings() {
  const file = createRequire(import.meta.url).resolve('big-list-of-naughty-strings/blns.txt');
  const lines = readFileSync(file, 'utf8').split('\n');
  const sections = new Map();
  let title = '';
  for (const [i, line] of lines.entries()) {
    if (line.startsWith('#')) {
      const text = line.replace(/^#\s*/, '');
      if (text !== '' && lines[i + 1]?.trim() === '#') title = text;
    } else if (line.trim() !== '') {
      sections.set(title, [...(sections.get(title) ?? []), line]);
    }
  }
  return sections;
}

/** The sentences of the bundled texts, without the marks of their formats. */
function sentences() {
  const folder = join(root, 'apps/intelligence-bot/samples');
  const all = [];
  for (const file of readdirSync(folder)) {
    let text = readFileSync(join(folder, file), 'utf8');
    if (file === 'SOURCES.md' || file.endsWith('.xml')) continue;
    if (file.endsWith('.json'))
      text = JSON.parse(text)
        .segments.map(({ body }) => body)
        .join(' ');
    if (file.endsWith('.html'))
      text = text.replace(/<(script|style)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]+>/g, ' ');
    if (/\.(vtt|srt)$/.test(file)) text = text.replace(/^.*-->.*$/gm, '').replace(/<[^>]+>/g, '');
    all.push(
      ...text
        .split(/(?<=[.!?])\s+/)
        .map((sentence) => sentence.trim())
        .filter((sentence) => sentence.length > 2),
    );
  }
  return all;
}

const isFlagged = (value, kind = 'text') => detectAttacks({ name: 'value', kind, value }).length > 0;

function caught(name, cases) {
  const missed = cases.filter(({ value, kind }) => !isFlagged(value, kind)).map(({ value }) => value);
  return { name, n: cases.length, found: cases.length - missed.length, missed };
}

const naughty = naughtyStrings();
const lists = [
  caught(
    'Big List of Naughty Strings, sections of attacks',
    ATTACKS.flatMap((title) => (naughty.get(title) ?? []).map((value) => ({ value }))),
  ),
  caught(
    'forms of the OWASP cheat sheets',
    Object.entries(CHEAT_SHEET).flatMap(([family, values]) =>
      values.map((value) => ({ value, kind: KIND_OF[family] })),
    ),
  ),
];
const all = sentences();
const flagged = all.filter((sentence) => isFlagged(sentence));
const report = {
  lists: lists.map(({ missed, ...rest }) => ({ ...rest, share: rest.found / rest.n, missed })),
  prose: { n: all.length, flagged: flagged.length, share: flagged.length / all.length, sentences: flagged },
  targets: TARGETS,
};
const isReached =
  report.lists.every(({ share }) => share >= TARGETS.caught) && report.prose.share <= TARGETS.flagged;
if (process.argv.includes('--json')) console.log(JSON.stringify(report, null, 2));
else {
  const percent = (share) => `${(share * 100).toFixed(2)} %`;
  for (const { name, n, found, share, missed } of report.lists) {
    console.log(`${name}: ${found} of ${n} found, ${percent(share)} (wanted: 95 % or more)`);
    if (process.argv.includes('--list'))
      for (const value of missed) console.log(`  missed ${JSON.stringify(value)}`);
  }
  console.log(
    `sentences of the bundled texts: ${flagged.length} of ${all.length} flagged, ${percent(report.prose.share)} (wanted: 1 % or less)`,
  );
  if (process.argv.includes('--list'))
    for (const sentence of flagged) console.log(`  flagged ${JSON.stringify(sentence.slice(0, 200))}`);
  console.log(isReached ? 'both reached' : 'missed');
}
process.exitCode = isReached ? 0 : 1;
