import { parseDate } from './calendar.js';
import { MEASURE_UNITS, type MeasureFact, type RelationFact } from './knowledge-fact.js';
import { sourceOf, strings, type FileContext } from './knowledge-file.js';
import type { YamlCursor } from './yaml-cursor.js';

const YES_OR_NO = ['yes', 'no'] as const;
/** Factors a series may be written in, so that its values stay short. */
const SCALES: Readonly<Record<string, number>> = { one: 1, million: 1e6, billion: 1e9 };

/**
 * One fact for each value of a series. `values` is a mapping of dates (`1980`, `1980-04-01`) to numbers, written in
 * `scale`; with `lasts: true` a value holds until the day before the next one (a minimum wage), else for its own date.
 */
export function readSeries(entry: YamlCursor, file: FileContext): readonly MeasureFact[] {
  entry.keys([
    ...['subject', 'aliases', 'looseAliases', 'unit', 'scale'],
    ...['fiscal', 'lasts', 'values', 'source'],
  ]);
  const scale = entry.has('scale') ? entry.at('scale').oneOf(Object.keys(SCALES)) : 'one';
  const lasts = entry.has('lasts') && entry.at('lasts').oneOf(YES_OR_NO) === 'yes';
  const common = {
    predicate: 'measure',
    subject: entry.at('subject').string(),
    aliases: strings(entry, 'aliases'),
    looseAliases: strings(entry, 'looseAliases'),
    unit: entry.at('unit').oneOf(MEASURE_UNITS),
    isFiscal: entry.has('fiscal') && entry.at('fiscal').oneOf(YES_OR_NO) === 'yes',
    source: sourceOf(entry, file),
  } as const;
  const values = entry.at('values').entries();
  return values.map(([date, cursor], at) => {
    if (parseDate(date) === undefined)
      cursor.fail('KNOWLEDGE_DATE', `"${date}" is not a date. Write YYYY, YYYY-MM or YYYY-MM-DD.`);
    const previous = values[at - 1]?.[0];
    if (previous !== undefined && (parseDate(date)?.from ?? 0) <= (parseDate(previous)?.from ?? 0))
      cursor.fail(
        'KNOWLEDGE_DATE',
        `${date} does not come after ${previous}. Write the values in the order of time.`,
      );
    // A few digits more than were written would come from the multiplication alone.
    const value = Number((cursor.number() * (SCALES[scale] ?? 1)).toPrecision(12));
    const next = values[at + 1]?.[0];
    if (!lasts) return { ...common, value, validFrom: date, validTo: date };
    return next === undefined
      ? { ...common, value, validFrom: date, knownUntil: file.knownUntil }
      : { ...common, value, validFrom: date, validTo: dayBefore(next) };
  });
}

function dayBefore(date: string): string {
  const day = parseDate(date)?.from ?? 0;
  return new Date((day - 1) * 86_400_000).toISOString().slice(0, 10);
}

/** That a city is the capital of a place. Many places share the name of a city, so the bare name settles nothing alone. */
export function readCapital(entry: YamlCursor, file: FileContext): RelationFact {
  entry.keys([
    'place',
    'aliases',
    'looseAliases',
    'capital',
    'capitalAliases',
    'otherCities',
    'from',
    'source',
  ]);
  const place = entry.at('place').string();
  const city = entry.at('capital').string();
  return {
    predicate: 'relation',
    relation: 'capital',
    subject: `${city}, ${place}`,
    aliases: [],
    looseAliases: [city, ...strings(entry, 'capitalAliases')],
    object: place,
    objectAliases: strings(entry, 'aliases'),
    looseObjectAliases: strings(entry, 'looseAliases'),
    others: strings(entry, 'otherCities'),
    validFrom: entry.has('from') ? entry.at('from').date() : '1900',
    knownUntil: file.knownUntil,
    statement: `${city} is the capital of ${place}.`,
    source: sourceOf(entry, file),
  };
}

/** That the winner of an election defeated each of the others named. */
export function readElection(entry: YamlCursor, file: FileContext): readonly RelationFact[] {
  entry.keys(['year', 'winner', 'losers', 'source']);
  const year = String(entry.at('year').number());
  return entry
    .at('losers')
    .items()
    .map((cursor) => {
      const loser = cursor.string();
      const surname = loser.slice(loser.lastIndexOf(' ') + 1);
      return {
        predicate: 'relation',
        relation: 'defeated',
        subject: entry.at('winner').string(),
        aliases: [],
        looseAliases: [],
        object: loser,
        objectAliases: [],
        looseObjectAliases: surname === loser ? [] : [surname],
        // In November; the electors of early elections voted into December.
        validFrom: `${year}-11`,
        validTo: `${year}-12`,
        source: sourceOf(entry, file),
      };
    });
}
