import type { Briefing, Claim, ClaimCrossCheck } from './model.js';
import type { BriefingStore } from './ports.js';
import { overlapOf, statementWords, type StatementWords } from './statement-words.js';

/** Claims that are compared at most, the most worth checking first. */
const MAX_CLAIMS = 20;
/** Briefings looked at for each claim. */
const MAX_HITS = 5;
/** Briefings read in all. */
const MAX_BRIEFINGS = 20;
/** From here on two statements are about the same matter. */
const SAME_MATTER = 0.6;
const LEAST_SHARED = 3;
/** Without figures that say so, statements agree only if they are nearly the same. */
const NEARLY_THE_SAME = 0.8;
/** Words of a claim that another text must hold to be looked at. */
const QUERY_WORDS = 3;

/** What claims are compared with. */
export interface OtherSources {
  readonly tenantId: string;
  readonly store: Pick<BriefingStore, 'search' | 'get'>;
  readonly signal: AbortSignal;
}

/**
 * What stored briefings of other contents say about the matters of the claims. Statements are about the same matter
 * where 60 % of the words of the shorter one are in both; they differ where each has figures that the other
 * lacks (some in common are allowed where nearly all words are), or one is negated; they agree where the figures of one
 * are all in the other, or where they have none and nearly the same words.
 */
export async function crossCheck(
  claims: readonly Claim[],
  { contentHash }: Pick<Briefing, 'contentHash'>,
  { tenantId, store, signal }: OtherSources,
): Promise<readonly ClaimCrossCheck[]> {
  const briefings = new Map<string, Briefing | undefined>();
  const found: ClaimCrossCheck[] = [];
  const worthiest = [...claims].sort((a, b) => b.checkworthiness - a.checkworthiness).slice(0, MAX_CLAIMS);
  for (const claim of worthiest) {
    const words = statementWords(claim.quote);
    const query = queryOf(claim.quote, words);
    if (query === undefined) continue;
    signal.throwIfAborted();
    for (const { summary } of await store.search(tenantId, query, { limit: MAX_HITS })) {
      if (summary.contentHash === contentHash) continue;
      if (!briefings.has(summary.id)) {
        if (briefings.size >= MAX_BRIEFINGS) continue;
        briefings.set(summary.id, await store.get(tenantId, summary.id));
      }
      const other = briefings.get(summary.id);
      const nearest = other === undefined ? undefined : nearestStatement(words, other);
      if (other === undefined || nearest === undefined) continue;
      const judged = compareStatements(words, nearest.words);
      if (judged === undefined) continue;
      found.push({
        claimId: claim.id,
        ...judged,
        briefingId: other.id,
        uri: other.document.uri,
        title: other.document.title,
        quote: nearest.quote,
        overlap: nearest.overlap,
      });
    }
  }
  return onePerContent(found);
}

/** How one statement stands to another about the same matter; nothing where that cannot be told. */
export function compareStatements(
  a: StatementWords,
  b: StatementWords,
): Pick<ClaimCrossCheck, 'stance' | 'reason'> | undefined {
  const overlap = overlapOf(a.words, b.words);
  if (overlap < SAME_MATTER) return undefined;
  const own = [...a.figures].filter((figure) => !b.figures.has(figure));
  const theirs = [...b.figures].filter((figure) => !a.figures.has(figure));
  if (a.figures.size > 0 && b.figures.size > 0) {
    const isDisjoint = own.length === a.figures.size;
    if (own.length > 0 && theirs.length > 0) {
      // Where some are the same, only nearly the same sentence is surely about the same things.
      if (!isDisjoint && overlap < NEARLY_THE_SAME) return undefined;
      return { stance: 'differs', reason: `${own.join(', ')} here, ${theirs.join(', ')} there.` };
    }
    if (a.isNegated !== b.isNegated) return NEGATED;
    const shared = [...a.figures].filter((figure) => b.figures.has(figure));
    return { stance: 'agrees', reason: `The same figures: ${shared.join(', ')}.` };
  }
  if (a.figures.size !== b.figures.size || overlap < NEARLY_THE_SAME) return undefined;
  return a.isNegated === b.isNegated ? { stance: 'agrees', reason: 'Nearly the same words.' } : NEGATED;
}

const NEGATED = { stance: 'differs', reason: 'One of them is negated.' } as const;

interface Nearest {
  readonly quote: string;
  readonly words: StatementWords;
  readonly overlap: number;
}

function nearestStatement(words: StatementWords, { claims, analysis }: Briefing): Nearest | undefined {
  const quotes = new Set([
    ...claims.map(({ claim }) => claim.quote),
    ...(analysis.claims ?? []).map(({ quote }) => quote),
  ]);
  let best: Nearest | undefined;
  for (const quote of quotes) {
    const other = statementWords(quote);
    const shared = [...words.words].filter((word) => other.words.has(word)).length;
    const overlap = overlapOf(words.words, other.words);
    if (shared >= LEAST_SHARED && overlap > (best?.overlap ?? 0)) best = { quote, words: other, overlap };
  }
  return best;
}

/** Names first, then the longest words: the ones that few other texts hold. */
function queryOf(quote: string, { words }: StatementWords): string | undefined {
  const names = new Set(
    [...quote.matchAll(/(?<=[\p{L}\p{N},;] )\p{Lu}[\p{L}'’]+/gu)]
      .map(([name]) => name.toLowerCase().replace(/['’]s$/u, ''))
      .filter((name) => words.has(name)),
  );
  const others = [...words].filter((word) => !names.has(word)).sort((a, b) => b.length - a.length);
  const chosen = [...names, ...others].slice(0, QUERY_WORDS);
  return chosen.length < QUERY_WORDS ? undefined : chosen.map((word) => `"${word}"`).join(' ');
}

/** The same content may be stored at several depths. */
function onePerContent(found: readonly ClaimCrossCheck[]): readonly ClaimCrossCheck[] {
  const seen = new Set<string>();
  return found.filter(({ claimId, uri, quote }) => {
    const key = JSON.stringify([claimId, uri, quote]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
