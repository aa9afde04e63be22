const STEP = 0x9e3779b9;
const RANGE = 2 ** 32;

/**
 * @internal Numbers from 0 to 1, 1 excluded, that follow from `seed`, itself such a number: one recorded draw
 * then stands for any number of them. A counter in steps of the golden ratio, mixed as in SplitMix (Steele, Lea
 * and Flood, "Fast splittable pseudorandom number generators", 2014) with the 32-bit finalizer of MurmurHash3.
 */
export function seededRandom(seed: number): () => number {
  let state = Math.floor(seed * RANGE) | 0;
  return () => {
    state = (state + STEP) | 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / RANGE;
  };
}
