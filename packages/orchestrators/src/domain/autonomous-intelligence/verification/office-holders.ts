import { yearOf, parseDate } from './calendar.js';
import type { Office, OfficeFact, Party } from './knowledge-fact.js';
import { YamlCursor } from './yaml-cursor.js';

const OFFICE_OF: Readonly<Record<string, Office>> = { prez: 'president', viceprez: 'vice-president' };
const PARTY_OF: Readonly<Record<string, Party>> = {
  Democrat: 'Democratic',
  Democratic: 'Democratic',
  Republican: 'Republican',
  Whig: 'Whig',
  Federalist: 'Federalist',
  'Democratic-Republican': 'Democratic-Republican',
  'Democratic Republican': 'Democratic-Republican',
  'National Union': 'National Union',
};
/** Begun by elections that no single year can be given for: 1788–89, and the two the House of Representatives settled. */
const STARTS_WITHOUT_ONE_ELECTION_YEAR: ReadonlySet<number> = new Set([1789, 1801, 1825]);

interface Term {
  readonly office: Office;
  readonly from: string;
  readonly to: string;
  readonly party?: Party;
  readonly elected: boolean;
}

interface Person {
  readonly full: string;
  readonly plain: string;
  readonly aliases: readonly string[];
  readonly surname: string;
  readonly terms: readonly Term[];
}

function readTerm(entry: YamlCursor): Term | undefined {
  const office = OFFICE_OF[entry.at('type').string()];
  if (office === undefined) return undefined;
  const party = entry.has('party') ? PARTY_OF[entry.at('party').string()] : undefined;
  return {
    office,
    from: entry.at('start').date(),
    to: entry.at('end').date(),
    ...(party === undefined ? {} : { party }),
    elected: entry.has('how') && entry.at('how').string() === 'election',
  };
}

function readPerson(entry: YamlCursor): Person {
  const name = entry.at('name');
  const part = (key: string): string | undefined => (name.has(key) ? name.at(key).string() : undefined);
  const surname = name.at('last').string();
  const first = name.at('first').string();
  const middle = part('middle');
  const nickname = part('nickname');
  const words = (...parts: readonly (string | undefined)[]): string => parts.filter(Boolean).join(' ');
  const initials = middle
    ?.split(' ')
    .map((word) => word.slice(0, 1))
    .join(' ');
  const full = words(first, middle, surname);
  return {
    full,
    plain: words(first, surname),
    surname,
    aliases: [
      part('official_full'),
      initials === undefined ? undefined : words(first, initials, surname),
      nickname === undefined ? undefined : words(nickname, surname),
    ].filter((alias) => alias !== undefined),
    terms: entry
      .at('terms')
      .items()
      .map(readTerm)
      .filter((term) => term !== undefined),
  };
}

interface Spell {
  readonly from: string;
  readonly to: string;
  readonly party?: Party;
  /** Absent where an election cannot be given one year. */
  readonly electedIn?: readonly number[];
}

function electionYears(term: Term): { readonly electedIn?: readonly number[] } {
  if (!term.elected) return { electedIn: [] };
  const start = yearOf(parseDate(term.from)?.from ?? 0);
  return STARTS_WITHOUT_ONE_ELECTION_YEAR.has(start) ? {} : { electedIn: [start - 1] };
}

function join(one: Spell, two: Spell): Spell {
  return {
    from: one.from,
    to: two.to,
    ...(one.party !== undefined && one.party === two.party ? { party: one.party } : {}),
    ...(one.electedIn !== undefined && two.electedIn !== undefined
      ? { electedIn: [...one.electedIn, ...two.electedIn] }
      : {}),
  };
}

/** Joins terms that follow each other without a gap into one time in office. */
function spells(terms: readonly Term[], office: Office): readonly Spell[] {
  const joined: Spell[] = [];
  for (const term of terms) {
    if (term.office !== office) continue;
    const { from, to, party } = term;
    const spell: Spell = { from, to, ...(party === undefined ? {} : { party }), ...electionYears(term) };
    const last = joined.at(-1);
    if (last?.to === from) joined[joined.length - 1] = join(last, spell);
    else joined.push(spell);
  }
  return joined;
}

/**
 * Facts from the format of `executive.yaml` in unitedstates/congress-legislators: presidents and vice presidents
 * with terms and parties. Terms in a row become one time in office; election years are derived from terms that
 * began by election. An end after `knownUntil` is only scheduled, so that time in office counts as open.
 *
 * @param source what evidence names as its source, for example the file and its licence.
 * @param knownUntil date of the snapshot; by default the latest start of any term in it.
 * @throws {@link KnowledgeError} where the text is not of that format.
 */
export function loadOfficeHolders(
  yamlText: string,
  source: string,
  knownUntil?: string,
): readonly OfficeFact[] {
  const people = YamlCursor.read(yamlText).items().map(readPerson);
  const horizon =
    knownUntil ??
    people
      .flatMap((person) => person.terms.map((term) => term.from))
      .reduce((a, b) => (a > b ? a : b), '0001-01-01');
  // "John Adams" is the full name of one president and the short name of another; the full name has it.
  const fullNames = new Set(people.map((person) => person.full));
  return people.flatMap((person) => {
    const aliases =
      person.plain === person.full || fullNames.has(person.plain)
        ? person.aliases
        : [...person.aliases, person.plain];
    return (['president', 'vice-president'] as const).flatMap((office) =>
      spells(person.terms, office).map((spell): OfficeFact => {
        const isOpen = spell.to > horizon;
        return {
          predicate: 'held-office',
          subject: person.full,
          aliases,
          looseAliases: [person.surname],
          office,
          validFrom: spell.from,
          ...(isOpen ? { knownUntil: horizon } : { validTo: spell.to }),
          ...(spell.party === undefined ? {} : { party: spell.party }),
          ...(spell.electedIn === undefined ? {} : { electedIn: spell.electedIn }),
          source,
        };
      }),
    );
  });
}
