/** Numbers as people read them. */

const grouped = (value, digits) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Three significant digits at least, no more decimals than that takes. */
export function rounded(value) {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.01) return value.toPrecision(1);
  return grouped(value, size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2);
}

/** @param unit ns, ms, bytes, %, × or '' */
export function withUnit(value, unit) {
  if (unit === 'ns')
    return value < 1_000 ? `${rounded(Math.round(value))} ns` : `${rounded(value / 1_000)} µs`;
  if (unit === '%') return `${grouped(value * 100, 2)} %`;
  if (unit === 'bytes') {
    if (Math.abs(value) < 10_240) return `${grouped(value, 0)} B`;
    return `${grouped(value / 1_024, 0)} KiB`;
  }
  return unit === '' || unit === undefined ? rounded(value) : `${rounded(value)} ${unit}`;
}

export const plusMinus = (spread) => `± ${Math.round(spread * 100)} %`;

export const target = ({ limit, limitText, unit, exact }) =>
  `${exact === true || limit === 0 ? '' : '≤ '}${limitText === undefined ? withUnit(limit, unit) : `${limitText} ${unit}`}`;
