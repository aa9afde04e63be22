import { parseDate } from './calendar.js';
import {
  EVENT_KINDS,
  OFFICES,
  PARTIES,
  type CountFact,
  type EventFact,
  type Knowledge,
  type KnowledgeFact,
  type KnowledgeStatement,
  type OfficeFact,
} from './knowledge-fact.js';
import { sourceOf, strings, type FileContext } from './knowledge-file.js';
import { readCapital, readElection, readSeries } from './parse-series.js';
import { YamlCursor } from './yaml-cursor.js';

/** Reads a period and refuses one that ends before it begins. */
function period(entry: YamlCursor, fromKey: string, toKey: string): { validFrom: string; validTo?: string } {
  const validFrom = entry.at(fromKey).date();
  if (!entry.has(toKey)) return { validFrom };
  const end = entry.at(toKey);
  const validTo = end.date();
  if ((parseDate(validTo)?.to ?? 0) <= (parseDate(validFrom)?.from ?? 0)) {
    end.fail('KNOWLEDGE_DATE', `${validTo} is before ${validFrom}. Exchange or correct the two dates.`);
  }
  return { validFrom, validTo };
}

function statementOf(entry: YamlCursor): { statement?: string } {
  return entry.has('statement') ? { statement: entry.at('statement').string() } : {};
}

function readPerson(entry: YamlCursor, file: FileContext): readonly OfficeFact[] {
  entry.keys(['name', 'aliases', 'looseAliases', 'source', 'offices']);
  const who = {
    subject: entry.at('name').string(),
    aliases: strings(entry, 'aliases'),
    looseAliases: strings(entry, 'looseAliases'),
    source: sourceOf(entry, file),
  };
  return entry
    .at('offices')
    .items()
    .map((office) => {
      office.keys(['office', 'number', 'from', 'to', 'party', 'elected']);
      const span = period(office, 'from', 'to');
      return {
        predicate: 'held-office',
        ...who,
        office: office.at('office').oneOf(OFFICES),
        ...span,
        ...(span.validTo === undefined ? { knownUntil: file.knownUntil } : {}),
        ...(office.has('number') ? { ordinal: office.at('number').number() } : {}),
        ...(office.has('party') ? { party: office.at('party').oneOf(PARTIES) } : {}),
        ...(office.has('elected')
          ? {
              electedIn: office
                .at('elected')
                .items()
                .map((year) => year.number()),
            }
          : {}),
      };
    });
}

function readEvent(entry: YamlCursor, file: FileContext): EventFact {
  entry.keys([
    'subject',
    'aliases',
    'looseAliases',
    'event',
    'date',
    'end',
    'phrases',
    'by',
    'statement',
    'source',
  ]);
  const event = entry.at('event').oneOf(EVENT_KINDS);
  const phrases = strings(entry, 'phrases');
  if (event === 'other' && phrases.length === 0) {
    entry.fail(
      'KNOWLEDGE_FIELD_MISSING',
      'An event of kind "other" has no wording of its own. Add "phrases".',
    );
  }
  return {
    predicate: 'event',
    subject: entry.at('subject').string(),
    aliases: strings(entry, 'aliases'),
    looseAliases: strings(entry, 'looseAliases'),
    event,
    phrases,
    ...period(entry, 'date', 'end'),
    ...(entry.has('by') ? { by: entry.at('by').string() } : {}),
    ...statementOf(entry),
    source: sourceOf(entry, file),
  };
}

function readCount(entry: YamlCursor, file: FileContext): CountFact {
  entry.keys([
    'subject',
    'aliases',
    'looseAliases',
    'unit',
    'unitAliases',
    'value',
    'from',
    'to',
    'statement',
    'source',
  ]);
  const span = period(entry, 'from', 'to');
  return {
    predicate: 'count',
    subject: entry.at('subject').string(),
    aliases: strings(entry, 'aliases'),
    looseAliases: strings(entry, 'looseAliases'),
    unit: entry.at('unit').string(),
    unitAliases: strings(entry, 'unitAliases'),
    value: entry.at('value').number(),
    ...span,
    ...(span.validTo === undefined ? { knownUntil: file.knownUntil } : {}),
    ...statementOf(entry),
    source: sourceOf(entry, file),
  };
}

function readStatement(entry: YamlCursor, file: FileContext): KnowledgeStatement {
  entry.keys(['text', 'source']);
  return { text: entry.at('text').string(), source: sourceOf(entry, file) };
}

/**
 * Reads a knowledge file and checks every field of it; a misspelt key is an error, not a silent loss.
 *
 * The file is a mapping with `version: 1`, `title`, `knownUntil` (the date up to which open ends hold) and any of
 * `sources` (`name: citation`, used as `source: $name`), `people`, `events`, `counts`, `series`, `capitals`,
 * `elections` and `statements`.
 * Dates are `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
 *
 * @throws {@link KnowledgeError} with the entry and the line, for the first fault found.
 */
export function parseKnowledge(yamlText: string): Knowledge {
  const root = YamlCursor.read(yamlText);
  root.keys([
    ...['version', 'title', 'knownUntil', 'sources', 'people', 'events', 'counts', 'statements'],
    ...['series', 'capitals', 'elections'],
  ]);
  const version = root.at('version');
  if (version.number() !== 1)
    version.fail('KNOWLEDGE_VALUE', 'Only version 1 can be read. Write "version: 1".');
  const sources = new Map<string, string>();
  for (const source of root.list('sources')) {
    source.keys(['name', 'citation']);
    sources.set(source.at('name').string(), source.at('citation').string());
  }
  const file: FileContext = { knownUntil: root.at('knownUntil').date(), sources };
  const people = root.list('people');
  const facts: KnowledgeFact[] = [
    ...people.flatMap((entry) => readPerson(entry, file)),
    ...root.list('events').map((entry) => readEvent(entry, file)),
    ...root.list('counts').map((entry) => readCount(entry, file)),
    ...root.list('series').flatMap((entry) => readSeries(entry, file)),
    ...root.list('capitals').map((entry) => readCapital(entry, file)),
    ...root.list('elections').flatMap((entry) => readElection(entry, file)),
  ];
  const names = new Set(people.map((entry) => entry.at('name').string()));
  for (const entry of root.list('events')) {
    if (entry.has('by') && !names.has(entry.at('by').string())) {
      const by = entry.at('by');
      by.fail(
        'KNOWLEDGE_REFERENCE',
        `"${by.string()}" is not the name of one of "people". Add or correct it.`,
      );
    }
  }
  return {
    title: root.at('title').string(),
    facts,
    statements: root.list('statements').map((entry) => readStatement(entry, file)),
  };
}
