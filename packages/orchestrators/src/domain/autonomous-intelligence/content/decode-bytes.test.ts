import { describe, expect, it } from '@jest/globals';
import { decodeBytes } from './decode-bytes.js';

describe('decodeBytes', () => {
  it.each(['windows-1252', 'latin1', 'iso-8859-1', 'ascii'])(
    'reads %s as the Encoding Standard says',
    (encoding) => {
      const bytes = Uint8Array.from([0x93, 0x63, 0x61, 0x66, 0xe9, 0x94, 0x20, 0x96, 0x20, 0x80, 0x39]);
      expect(decodeBytes(bytes, encoding)).toBe('“café” – €9');
    },
  );

  it('leaves other encodings to Node', () => {
    expect(decodeBytes(Uint8Array.from([0xcf, 0xf0]), 'windows-1251')).toBe('Пр');
    expect(decodeBytes(new TextEncoder().encode('naïve\u0085'), 'utf-8')).toBe('naïve\u0085');
    expect(() => decodeBytes(Uint8Array.from([0xff]), 'utf-8', { fatal: true })).toThrow('not valid');
    expect(() => decodeBytes(new Uint8Array(), 'no-such-encoding')).toThrow('no-such-encoding');
  });
});
