/**
 * FNV-1a over UTF-16 units, 32 bits; the same in every process. Fowler, Noll and Vo (1991), with a final mix.
 *
 * @param basis What it goes on from: the hash of another text, to hash two without putting them together.
 */
export function textHash(text: string, basis = 0x811c9dc5): number {
  let hash = basis;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * Numbers of the normal distribution that belong to a name: mean 0, the given deviation. Box and Muller (1958) over
 * a Weyl sequence that the name begins.
 */
export function normalsOf(name: string, count: number, deviation: number): Float64Array {
  let state = textHash(name);
  const uniform = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296;
  };
  return Float64Array.from(
    { length: count },
    () => deviation * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}
