/** A number from 0 to 1 of a source that somebody gave; 0.5 where it gives something else, or throws. */
export function shareOf(random: () => number): number {
  try {
    const share = random();
    return share >= 0 && share <= 1 ? share : 0.5;
  } catch {
    return 0.5;
  }
}
