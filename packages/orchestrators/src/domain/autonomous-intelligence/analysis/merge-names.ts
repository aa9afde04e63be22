import type { Entity } from '../model.js';
import { initialsOf, nameKey } from './name-kinds.js';
import type { NameKind } from './name-kinds.js';

/** One mention of a name. */
export interface NamedThing {
  readonly text: string;
  readonly kind: NameKind;
}

interface Group {
  readonly key: string;
  readonly words: readonly string[];
  readonly kind: NameKind;
  readonly forms: Map<string, number>;
  count: number;
}

/** One entity per thing: mentions grouped by name, and variants of a name given to the fuller one. */
export function mergeNames(mentions: readonly NamedThing[]): readonly Entity[] {
  const groups = new Map<string, Group>();
  for (const { text, kind } of mentions) {
    const key = `${kind} ${nameKey(text)}`;
    const group = groups.get(key) ?? {
      key,
      words: nameKey(text).split(/[\s]+/),
      kind,
      forms: new Map<string, number>(),
      count: 0,
    };
    group.forms.set(text, (group.forms.get(text) ?? 0) + 1);
    group.count += 1;
    groups.set(key, group);
  }
  const fullest = [...groups.values()].sort((a, b) => b.words.length - a.words.length || b.count - a.count);
  const kept: Group[] = [];
  const byWord = new Map<string, Group[]>();
  for (const group of fullest) {
    const owner = ownerOf(group, byWord);
    if (owner !== undefined) {
      owner.count += group.count;
      continue;
    }
    kept.push(group);
    for (const word of indexWords(group)) byWord.set(word, [...(byWord.get(word) ?? []), group]);
  }
  return kept.map((group) => ({ text: shownForm(group), kind: group.kind, count: group.count }));
}

/** Where shorter variants will look for a group: first and last word, and the initials. */
function indexWords({ words }: Group): ReadonlySet<string> {
  return new Set([words[0] ?? '', words.at(-1) ?? '', initials(words)]);
}

const initials = (words: readonly string[]): string => `#${initialsOf(words.join(' '))}`;

/** The one fuller name a group is a variant of; nothing if there is none or more than one. */
function ownerOf(group: Group, byWord: ReadonlyMap<string, readonly Group[]>): Group | undefined {
  const first = group.words[0] ?? '';
  const last = group.words.at(-1) ?? '';
  const letters = (group.words.length === 1 ? first : '').replace(/\./g, '');
  const acronym = letters.length >= 2 && letters.length <= 5 ? `#${letters}` : '';
  const candidates = new Set([first, last, acronym].flatMap((word) => byWord.get(word) ?? []));
  const owners = [...candidates].filter((other) => isVariant(group, other, acronym));
  return owners.length === 1 ? owners[0] : undefined;
}

function isVariant(short: Group, full: Group, acronym: string): boolean {
  if (acronym !== '' && full.words.length > 1 && initials(full.words) === acronym && isAcronym(short)) {
    return short.kind === full.kind || short.kind !== 'person';
  }
  if (short.kind !== full.kind) return false;
  const sameEnds = short.words[0] === full.words[0] && short.words.at(-1) === full.words.at(-1);
  if (short.kind === 'person') {
    if (short.words.length === 1)
      return full.words.length > 1 && [full.words[0], full.words.at(-1)].includes(short.words[0]);
    return sameEnds;
  }
  // "United States" and "United States of America", but not "Bank" and "Bank of America".
  return (
    short.words.length > 1 &&
    full.words[short.words.length] === 'of' &&
    short.words.every((word, i) => word === full.words[i])
  );
}

const isAcronym = ({ forms }: Group): boolean =>
  [...forms.keys()].every((form) => /^(?:\p{Lu}\.?)+$/u.test(form));

/** The most frequent spelling, one that is not in capitals throughout where there is a choice. */
function shownForm({ forms }: Group): string {
  const capitals = (form: string): number => (form.length > 4 && form === form.toUpperCase() ? 1 : 0);
  return (
    [...forms].sort(
      (a, b) => capitals(a[0]) - capitals(b[0]) || b[1] - a[1] || (a[0] < b[0] ? -1 : 1),
    )[0]?.[0] ?? ''
  );
}
