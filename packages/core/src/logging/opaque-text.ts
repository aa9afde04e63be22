import { types } from 'node:util';

/** Longer ones are not written out: the time to do so grows with the square of their length. */
const MAX_BIGINT = 2n ** 256n;

const hrefOf = Object.getOwnPropertyDescriptor(URL.prototype, 'href')?.get;

function functionText(value: object): string {
  let name: unknown;
  try {
    name = (value as { name?: unknown }).name;
  } catch {
    name = undefined;
  }
  return typeof name === 'string' && name !== '' ? `[function ${name.slice(0, 64)}]` : '[function]';
}

function dateText(date: Date): string {
  const time = Date.prototype.getTime.call(date);
  return Number.isNaN(time) ? '[invalid date]' : new Date(time).toISOString();
}

function binaryText(bytes: ArrayBufferView | ArrayBufferLike): string {
  const label = Buffer.isBuffer(bytes) ? 'Buffer' : ArrayBuffer.isView(bytes) ? 'binary view' : 'binary';
  return `[${label}: ${String(bytes.byteLength)} bytes]`;
}

/** `new String('…')` and the like, which would otherwise be listed character by character. */
function boxedText(value: object): string {
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isNumberObject(value)) return String(Number.prototype.valueOf.call(value));
  if (types.isBooleanObject(value)) return String(Boolean.prototype.valueOf.call(value));
  if (types.isBigIntObject(value)) return bigintText(BigInt.prototype.valueOf.call(value));
  return types.isSymbolObject(value) ? String(Symbol.prototype.valueOf.call(value)) : '';
}

function bigintText(value: bigint): string {
  return value < MAX_BIGINT && value > -MAX_BIGINT ? `${String(value)}n` : '[bigint of more than 256 bits]';
}

function objectText(value: object): string {
  if (types.isDate(value)) return dateText(value);
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return binaryText(value);
  if (types.isPromise(value)) return '[promise]';
  if (types.isRegExp(value)) return RegExp.prototype.toString.call(value);
  if (types.isBoxedPrimitive(value)) return boxedText(value);
  if (types.isWeakMap(value) || types.isWeakSet(value)) return '[weak collection]';
  if (value instanceof URL && hrefOf !== undefined) return String(hrefOf.call(value));
  return '';
}

/** What a value without readable parts is shown as; an empty text for everything else. May throw for a Proxy. */
export function opaqueText(value: unknown): string {
  switch (typeof value) {
    case 'function':
      return functionText(value);
    case 'symbol':
      return String(value);
    case 'bigint':
      return bigintText(value);
    case 'object':
      return value === null ? '' : objectText(value);
    default:
      return String(value);
  }
}
