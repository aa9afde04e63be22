/** What the rounds of a benchmark are summed up with. */

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Half the distance between the least and the greatest, as a share of the median: the ± of a row. */
export const spread = (numbers) => {
  const middle = median(numbers);
  return middle === 0 ? 0 : (Math.max(...numbers) - Math.min(...numbers)) / 2 / Math.abs(middle);
};

export const summary = (rounds) => ({ median: median(rounds), spread: spread(rounds), rounds });
