/** Words in lower case, without stemming and with stop words, as ROUGE counts them by default. */
export function rougeTokens(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function grams(tokens: readonly string[], size: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + size <= tokens.length; at += 1) {
    const gram = tokens.slice(at, at + size).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function harmonic(overlap: number, found: number, right: number): number {
  return overlap === 0 ? 0 : (2 * overlap) / (found + right);
}

/** ROUGE-N F1 (Lin, 2004): clipped n-gram matches of a summary and its reference. */
export function rougeN(summary: string, reference: string, size: number): number {
  const found = grams(rougeTokens(summary), size);
  const right = grams(rougeTokens(reference), size);
  const total = (counts: Map<string, number>): number => [...counts.values()].reduce((sum, n) => sum + n, 0);
  let overlap = 0;
  for (const [gram, count] of found) overlap += Math.min(count, right.get(gram) ?? 0);
  return harmonic(overlap, total(found), total(right));
}

/** ROUGE-L F1: the longest common subsequence of both texts as a whole. */
export function rougeL(summary: string, reference: string): number {
  const a = rougeTokens(summary);
  const b = rougeTokens(reference);
  let before = new Int32Array(b.length + 1);
  for (const word of a) {
    const row = new Int32Array(b.length + 1);
    for (let at = 0; at < b.length; at += 1)
      row[at + 1] = word === b[at] ? (before[at] ?? 0) + 1 : Math.max(before[at + 1] ?? 0, row[at] ?? 0);
    before = row;
  }
  return harmonic(before[b.length] ?? 0, a.length, b.length);
}
