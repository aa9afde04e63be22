/**
 * Numbers from 0 to 1 (1 excluded) that a seed determines: the generator `sfc32` of C. Doty-Humphrey (PractRand), seeded by
 * mixing the seed's text with FNV-1a.
 */
export function seededRandom(seed: string): () => number {
  let hash = 0x811c9dc5;
  for (const character of seed) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  let a = hash | 0;
  let b = Math.imul(hash, 0x9e3779b1) | 0;
  let c = Math.imul(hash ^ 0x5bf03635, 0x85ebca6b) | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  // The state of similar seeds differs little at first.
  for (let round = 0; round < 12; round += 1) next();
  return next;
}
